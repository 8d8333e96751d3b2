"""A repository's objects by their ids, each hashed again, through `git cat-file` (git-cat-file(1), "BATCH OUTPUT").

How large an object is decides whether it is asked for. One process answers every read, and a second one every question
for sizes; each is started at its first.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from subprocess import PIPE

from wikipin.wiki.deadline import Deadline
from wikipin.wiki.git import Git, unreadable
from wikipin.wiki.objects import is_object

LARGEST_TREE = 8 * 1024 * 1024

_AT_ONCE = 128  # requests in flight: their lines fit the smallest buffer of a pipe (16 KiB on macOS, pipe(7))

_ROOM = 32 * 1024 * 1024
"""Bytes of trees and commits that are kept, those that came first: all skills are found through the same few."""

_CONTENTS, _SIZES = "--batch", "--batch-check"


def at_most(limit: int) -> Callable[[int], bool]:
    """Return what refuses an object larger than `limit` bytes."""

    def is_wanted(size: int) -> bool:
        if size > limit:
            raise unreadable(f"an object of {size} bytes is larger than any that a wiki of skills has")
        return True

    return is_wanted


class Objects:
    """The objects of one repository."""

    def __init__(self, git_dir: Path, deadline: Deadline) -> None:
        self._git_dir = git_dir
        self._deadline = deadline
        self._processes: dict[str, Git] = {}
        self._unanswered = 0
        self._kept: dict[tuple[str, str], bytes] = {}
        self._room = _ROOM
        self.oid_bytes = 20

    def find(self, name: str, kind: str, is_wanted: Callable[[int], bool]) -> tuple[str, bytes] | None:
        """Return id and content of the object that `name` names, or None if there is none of that kind."""
        for header in self._ask(_CONTENTS, [name]):
            return self._content(header, kind, is_wanted)
        return None

    def read(self, oid: str, kind: str, is_wanted: Callable[[int], bool]) -> bytes:
        """Return the content of one object; `wiki-unreadable` if it is missing or is not what its id says."""
        if (content := self._kept.get((oid, kind))) is None:
            content = next(self.read_all([oid], kind, is_wanted))
            if kind != "blob":
                self.keep(oid, kind, content)
        elif not is_wanted(len(content)):
            raise unreadable(f"the wiki lacks the {kind} {oid}")
        return content

    def keep(self, oid: str, kind: str, content: bytes) -> bool:
        """Keep what was read, to be read again; return False if there is no room for it."""
        if (oid, kind) in self._kept:
            return True
        if self._room < len(content):
            return False
        self._kept[oid, kind] = content
        self._room -= len(content)
        return True

    def read_all(self, oids: Iterable[str], kind: str, is_wanted: Callable[[int], bool]) -> Iterator[bytes]:
        """Yield the content of each object in turn, asking for many at a time."""
        return self.read_each(((oid, is_wanted) for oid in oids), kind)

    def read_each(self, wanted: Iterable[tuple[str, Callable[[int], bool]]], kind: str) -> Iterator[bytes]:
        """Yield the same, of objects each of which has a size that is judged by itself."""
        waiting = iter(wanted)
        while batch := list(islice(waiting, _AT_ONCE)):
            headers = self._ask(_CONTENTS, [oid for oid, _ in batch])
            for (oid, is_wanted), header in zip(batch, headers, strict=True):
                found = self._content(header, kind, is_wanted)
                if found is None or found[0] != oid:
                    raise unreadable(f"the wiki lacks the {kind} {oid}")
                yield found[1]

    def sizes(self, oids: Iterable[str], kind: str) -> Iterator[int]:
        """Yield the size of each object in turn, as git says it, which has not looked into it for that."""
        waiting = iter(oids)
        while batch := list(islice(waiting, _AT_ONCE)):
            for oid, header in zip(batch, self._ask(_SIZES, batch), strict=True):
                self._unanswered -= 1
                if header[:2] != [oid, kind]:
                    raise unreadable(f"the wiki lacks the {kind} {oid}")
                yield int(header[2])

    def close(self) -> None:
        """End the processes."""
        while self._processes:
            self._processes.popitem()[1].close()
        self._unanswered = 0

    def _ask(self, how: str, names: Sequence[str]) -> Iterator[list[str]]:
        """Yield the words of git's answer to each name: id, kind and size of an object, or something else."""
        if self._unanswered:  # somebody stopped half-way: what is in the pipe answers another question
            self.close()
        if how not in self._processes:
            self._processes[how] = Git(self._git_dir, ["cat-file", how], given=PIPE)
        process = self._processes[how]
        self._unanswered = len(names)
        process.send("".join(f"{name}\n" for name in names))
        for _ in names:
            yield process.line(self._deadline).decode("ascii", "replace").split()

    def _content(self, header: list[str], kind: str, is_wanted: Callable[[int], bool]) -> tuple[str, bytes] | None:
        if len(header) != 3 or not header[2].isdecimal():  # noqa: PLR2004 - "<oid> <kind> <size>"
            self._unanswered -= 1
            return None
        oid, size = header[0], int(header[2])
        if header[1] != kind or not is_wanted(size):
            return None  # its content stays in the pipe, and the process is not asked again
        content = self._processes[_CONTENTS].take(size + 1, self._deadline)[:-1]
        self._unanswered -= 1
        if not is_object(oid, kind, content):
            raise unreadable(f"the {kind} {oid} is damaged: its bytes are not those of its id")
        self.oid_bytes = len(oid) // 2
        return oid, content

"""A git repository, read from its objects: which commit a name means, and which commits one descends from.

What git says is held against the objects, each hashed again, wherever more would be allowed for it.
"""

import re
from collections.abc import Callable, Container, Generator, Iterable, Iterator
from contextlib import closing
from functools import cached_property, wraps
from itertools import tee
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit

from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.names import HEAD, NAME_A_COMMIT, Commit, Revision, is_commit
from wikipin.wiki.batch import LARGEST_TREE, Objects, at_most
from wikipin.wiki.deadline import Deadline
from wikipin.wiki.git import Git, find_git_dir, run_git, unreadable
from wikipin.wiki.history import reached
from wikipin.wiki.objects import TreeEntry, find_entries, parse_commit_tree, parse_parents, parse_tree

_LARGEST_COMMIT = 1024 * 1024
_LONGEST_ORIGIN = 200

_R = TypeVar("_R", bound="Repository")
_P = ParamSpec("_P")
_T = TypeVar("_T")


def counted(method: Callable[Concatenate[_R, _P], _T]) -> Callable[Concatenate[_R, _P], _T]:
    """Count the time that a method takes against the call's deadline."""

    @wraps(method)
    def with_clock(repository: _R, /, *arguments: _P.args, **keywords: _P.kwargs) -> _T:
        with repository.deadline.counting():
            return method(repository, *arguments, **keywords)

    return with_clock


class Repository:
    """A repository open for reading: one git process answers every read of the `with` block; all have one deadline.

    It is looked for when it is first asked; that raises `wiki-not-found`, or `wiki-unreadable` without git.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.deadline = Deadline()
        self._commits: set[Commit] = set()

    @cached_property
    def git_dir(self) -> Path:
        """Its git directory."""
        return find_git_dir(self.path)

    @cached_property
    def objects(self) -> Objects:
        """Its objects."""
        return Objects(self.git_dir, self.deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "objects" in vars(self):  # else nothing was asked
            self.objects.close()

    @counted
    def resolve(self, revision: Revision = HEAD) -> Commit:
        """Return the full id of the commit that `revision` names now.

        Raises `ref-not-found`, `wiki-empty` or `wiki-unreadable`.
        """
        found = self.objects.find(f"{revision}^{{commit}}", "commit", at_most(_LARGEST_COMMIT))
        if found is not None and is_commit(found[0]):
            return Commit(found[0])
        if self._is_damaged(revision):
            raise unreadable(f"'{revision}' names a commit that is damaged or missing in the wiki")
        if not self._id_of(HEAD):
            raise WikipinError(
                "wiki-empty",
                "the wiki has no commit yet",
                "Commit a skill there as skills/NAME/SKILL.md, and try again",
            )
        raise WikipinError(
            "ref-not-found",
            f"'{revision}' is not a commit in the wiki",
            NAME_A_COMMIT,
        )

    @counted
    def has_commit(self, commit: Commit) -> bool:
        """Tell whether the wiki has that commit."""
        if commit not in self._commits and self.objects.find(commit, "commit", at_most(_LARGEST_COMMIT)) is not None:
            self._commits.add(commit)
        return commit in self._commits

    @counted
    def ancestors(self, commits: Iterable[Commit], of: Commit) -> set[Commit]:
        """Return those of `commits`, all of them in the wiki, from which `of` descends, or which it is."""
        wanted = set(commits)
        if not wanted:
            return set()
        lines = "\n".join([*sorted(wanted), f"^{of}", ""])
        code, answer = run_git(self.git_dir, ["rev-list", "--stdin"], self.deadline, given=lines)
        if code != 0:
            raise unreadable("git cannot walk the wiki's history")
        likely = wanted - set(answer.split())
        with closing(self._history(of)) as history:
            return {Commit(commit) for commit in reached(of, set(likely), history)}

    @counted
    def changes_of(self, path: str, at: Commit, *, most: int) -> list[Commit]:
        """Return the newest commits up to `at` that changed what is at `path`, at most `most`, the newest first."""
        code, answer = run_git(self.git_dir, ["rev-list", f"--max-count={most}", at, "--", path], self.deadline)
        if code != 0:
            raise unreadable("git cannot walk the wiki's history")
        return [Commit(line) for line in answer.split()]

    @counted
    def origin(self) -> str:
        """Return where the wiki was cloned from, as a person should see it (`shown_origin`)."""
        arguments = ["config", "--local", "--no-includes", "--get", "remote.origin.url"]
        return shown_origin(run_git(self.git_dir, arguments, self.deadline)[1].strip())

    def read_root(self, commit: Commit) -> bytes:
        """Return the bytes of a commit's tree."""
        try:
            root = parse_commit_tree(self.objects.read(commit, "commit", at_most(_LARGEST_COMMIT)))
        except ValueError:
            raise unreadable(f"git holds a damaged commit {commit}") from None
        return self.objects.read(root, "tree", at_most(LARGEST_TREE))

    def find_entries(self, content: bytes, names: Container[bytes]) -> dict[bytes, TreeEntry]:
        """Return by name the first entry of each of these names in a tree."""
        try:
            return find_entries(content, self.objects.oid_bytes, names)
        except ValueError:
            raise unreadable("git holds a damaged tree") from None

    def parse_tree(self, content: bytes) -> Iterator[TreeEntry]:
        """Yield the entries of a tree."""
        try:
            yield from parse_tree(content, self.objects.oid_bytes)
        except ValueError:
            raise unreadable("git holds a damaged tree") from None

    def _history(self, of: Commit) -> Generator[tuple[str, list[str]]]:
        """Yield the commits that `of` descends from, with their parents: those that git names, each hashed again."""
        with Git(self.git_dir, ["rev-list", of]) as git:
            ids, again = tee(line.decode("ascii", "replace") for line in git.lines(self.deadline))
            commits = self.objects.read_all(ids, "commit", at_most(_LARGEST_COMMIT))
            for oid, content in zip(again, commits, strict=True):
                try:
                    yield oid, parse_parents(content)
                except ValueError:
                    raise unreadable(f"git holds a damaged commit {oid}") from None
            if git.has_failed():
                raise unreadable("git cannot walk the wiki's history")

    def _id_of(self, revision: str) -> str:
        arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision]
        return run_git(self.git_dir, arguments, self.deadline)[1].strip()

    def _is_damaged(self, revision: str) -> bool:
        """Tell whether `revision` is the name of an object that git does not have, or not whole."""
        oid = self._id_of(revision)
        if oid in {"", revision}:  # git takes any full id for a name
            return False
        is_other = any(self.objects.find(oid, kind, at_most(LARGEST_TREE)) for kind in ("tag", "tree", "blob"))
        return not is_other  # a commit would have been found, were it whole


def shown_origin(url: str) -> str:
    """Return a remote's URL without user, password, query and fragment; of a path only that it is one."""
    if not url:
        return "no remote: it was made on this machine"
    try:
        parts = urlsplit(url)
    except ValueError:  # half an IPv6 address, or a host that looks like a path
        return "an address that cannot be read"
    if parts.scheme and parts.netloc:
        return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", limit=_LONGEST_ORIGIN)
    if (match := re.fullmatch(r"(?:[^/@:]+@)?([^/@:]+):((?!//).+)", url)) is not None:  # host:path, as ssh(1) has it
        return printable(f"{match[1]}:{match[2]}", limit=_LONGEST_ORIGIN)
    return "a directory on this machine"

"""Running git, and only what of it runs nothing that a repository's own config names. The only module that does.

`cat-file --batch`, `rev-parse --verify`, `rev-list` and `config --get` are such commands; `status`, `diff`, `archive`,
`ls-files` and `describe` are not. Their environment is built from nothing, because a `GIT_DIR` or `GIT_CONFIG_COUNT`
left in ours would make them read another repository. Every object is re-hashed: git hands out a tampered one without a
word.
"""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from wikipin.errors import WikipinError
from wikipin.objects import is_object

LARGEST_TREE = 8 * 1024 * 1024

_SECONDS_FOR_GIT = 20.0
_AT_ONCE = 128  # requests in flight: their lines fit the smallest buffer of a pipe (16 KiB on macOS, pipe(7))


def at_most(limit: int) -> Callable[[int], bool]:
    """Return what refuses an object larger than `limit` bytes."""

    def is_wanted(size: int) -> bool:
        if size > limit:
            raise unreadable(f"an object of {size} bytes is larger than any that a wiki of skills has")
        return True

    return is_wanted


def unreadable(problem: str) -> WikipinError:
    """Return the refusal of a wiki that git cannot read."""
    return WikipinError(
        "wiki-unreadable",
        problem,
        "Clone the wiki anew ('wikipin --wiki DIR init --from GIT_URL'), and call again with --wiki DIR",
    )


def find_git_dir(path: Path) -> Path:
    """Return the git directory of the work tree or bare repository at `path` (gitrepository-layout(5)).

    It is looked for nowhere else: a directory below some other repository is not a wiki.
    """
    try:
        found = _git_dir_at(path)
    except OSError as error:
        raise unreadable(f"the wiki's directory cannot be read: {error.strerror}") from None
    if found is None:
        raise WikipinError(
            "wiki-not-found",
            "there is no git repository where the wiki should be",
            "Run 'wikipin init' to make one, 'wikipin init --from GIT_URL' to clone one, or give its place with --wiki",
        )
    return found


def _git_dir_at(path: Path) -> Path | None:
    inside = path / ".git"
    if inside.is_dir():
        return inside
    if inside.is_file():
        with inside.open("rb") as file:
            first = file.read(4096).decode("utf-8", "replace").strip()
        target = path / first.removeprefix("gitdir:").strip()
        return target if first.startswith("gitdir:") and (target / "HEAD").exists() else None
    is_bare = (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    return path if is_bare else None


def git_program() -> str:
    """Return the path of git, found on our own PATH, but not below the working directory: that is a stranger's."""
    git = shutil.which("git", path=os.pathsep.join(filter(os.path.isabs, os.get_exec_path())))
    if git is None:
        raise WikipinError("wiki-unreadable", "git is not on the PATH", "Install git, and call again")
    return git


def _command(git_dir: Path, arguments: list[str]) -> list[str]:
    return [git_program(), f"--git-dir={git_dir.resolve()}", *arguments]


# git(1), "Environment Variables". An empty GIT_ALLOW_PROTOCOL stops a partial clone from fetching what it lacks.
# A graft file changes who is whose parent, as a replacement changes what an object is (gitrepository-layout(5)).
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
    "HOME": "/nonexistent",
}


def run_git(git_dir: Path, arguments: list[str], *, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run one git command to its end, for what it prints; `wiki-unreadable` where it does not end."""
    try:
        return subprocess.run(
            _command(git_dir, arguments),
            check=False,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            cwd="/",
            env=_ENVIRONMENT,
            timeout=_SECONDS_FOR_GIT,
        )
    except subprocess.TimeoutExpired:
        raise unreadable(f"git did not answer within {_SECONDS_FOR_GIT:.0f} seconds") from None


class Objects:
    """One `git cat-file --batch` process, started at the first request (git-cat-file(1), "BATCH OUTPUT")."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline: threading.Timer | None = None
        self._started = 0.0
        self._unanswered = 0
        self.oid_bytes = 20

    def find(self, name: str, kind: str, is_wanted: Callable[[int], bool]) -> tuple[str, bytes | None] | None:
        """Return id and content of the object that `name` names, or None where there is none of that kind."""
        source, sink = self._pipes()
        self._send(sink, [name])
        return self._receive(source, kind, is_wanted)

    def read(self, oid: str, kind: str, is_wanted: Callable[[int], bool]) -> bytes:
        """Return the content of one object; `wiki-unreadable` where it is missing or is not what its id says."""
        return next(self.read_all([oid], kind, is_wanted)) or b""

    def read_all(self, oids: Iterable[str], kind: str, is_wanted: Callable[[int], bool]) -> Iterator[bytes | None]:
        """Yield the content of each object in turn, None where it is not wanted, asking for many at a time."""
        waiting = list(oids)
        while waiting:
            batch, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
            source, sink = self._pipes()
            self._send(sink, batch)
            for oid in batch:
                found = self._receive(source, kind, is_wanted)
                if found is None or found[0] != oid:
                    raise unreadable(f"the wiki lacks the {kind} {oid}")
                yield found[1]

    def close(self) -> None:
        """End the process."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self._unanswered = 0

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        is_old = time.monotonic() - self._started > _SECONDS_FOR_GIT / 2  # its deadline may come before its answer
        if self._unanswered or is_old:  # somebody stopped half-way: what is in the pipe answers another question
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(
                _command(self._git_dir, ["cat-file", "--batch"]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_ENVIRONMENT,
            )
            self._started = time.monotonic()
            # A repository may have a FIFO where git reads a file: what hangs is killed, and then reads as ended.
            self._deadline = threading.Timer(_SECONDS_FOR_GIT, self._process.kill)
            self._deadline.daemon = True
            self._deadline.start()
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both pipes were asked for")
        return self._process.stdout, self._process.stdin

    def _send(self, sink: IO[bytes], names: list[str]) -> None:
        self._unanswered = len(names)
        try:
            sink.write("".join(f"{name}\n" for name in names).encode())
            sink.flush()
        except BrokenPipeError:
            raise unreadable("git cannot read the wiki") from None

    def _receive(
        self, source: IO[bytes], kind: str, is_wanted: Callable[[int], bool]
    ) -> tuple[str, bytes | None] | None:
        header = source.readline().decode("ascii", "replace").split()
        if not header:
            raise unreadable("git cannot read the wiki")
        if len(header) != 3 or not header[2].isdecimal():  # noqa: PLR2004 - "<oid> <type> <size>"
            self._unanswered -= 1
            return None
        oid, found_kind, size = header[0], header[1], int(header[2])
        if found_kind != kind or not is_wanted(size):
            while size > 0:
                size -= len(source.read(min(size, LARGEST_TREE))) or size
            source.read(1)
            self._unanswered -= 1
            return (oid, None) if found_kind == kind else None
        content = source.read(size)
        source.read(1)
        self._unanswered -= 1
        if not is_object(oid, kind, content):
            raise unreadable(f"the {kind} {oid} is damaged: its bytes are not those of its id")
        self.oid_bytes = len(oid) // 2
        return oid, content

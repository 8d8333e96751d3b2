"""Running git, and only what of it runs nothing that a repository's own config names. The only module that does.

`cat-file --batch` and `--batch-check`, `rev-parse --verify`, `rev-list` and `config --get` are such commands; `status`,
`diff`, `archive`, `ls-files` and `describe` are not. Their environment is built from nothing, because a `GIT_DIR` or
`GIT_CONFIG_COUNT` left in ours would make them read another repository. Every object is re-hashed: git hands out a
tampered one without a word.
"""

import os
import resource
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from wikipin.errors import WikipinError
from wikipin.remedy import ByDoor, Call, Remedy
from wikipin.wiki.deadline import Deadline
from wikipin.wiki.location import where

_CHUNK = 1024 * 1024

_MOST_MEMORY = 2 * 1024 * 1024 * 1024
"""Bytes of its own that a git process may have, not counting what it maps of packs. macOS has no such limit."""


def unreadable(problem: str) -> WikipinError:
    """Return the refusal of a wiki that git cannot read."""
    return WikipinError(
        "wiki-unreadable",
        problem,
        Remedy(
            ByDoor("have the user move the wiki's directory away", "move the wiki's directory away"),
            "; to clone it anew, ",
            Call("init", source="GIT_URL"),
        ),
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
            where("there is no git repository at", path),
            Remedy(
                "To make one, ",
                Call("init"),
                "; to clone one, ",
                Call("init", source="GIT_URL"),
                "; if it is elsewhere, ",
                ByDoor("have the user start wikipin-mcp with --wiki DIR", "name it with --wiki DIR"),
            ),
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
        raise WikipinError("wiki-unreadable", "git is not on the PATH", "Install git, and try again")
    return git


def _command(git_dir: Path, arguments: list[str]) -> list[str]:
    return [git_program(), f"--git-dir={git_dir.resolve()}", *arguments]


# git(1), "Environment Variables". An empty GIT_ALLOW_PROTOCOL stops a partial clone from fetching what it lacks.
# A graft file changes who is whose parent, as a replacement changes what an object is (gitrepository-layout(5)).
# A commit-graph says who is whose parent too, and nothing holds that against the commits (git-config(1)).
_ENVIRONMENT = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.commitGraph",
    "GIT_CONFIG_VALUE_0": "false",
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


def run_git(git_dir: Path, arguments: list[str], deadline: Deadline, *, given: str = "") -> tuple[int, str]:
    """Run one git command to its end; return its exit code and what it prints. TooSlowError if it does not end."""
    with Git(git_dir, arguments, given=subprocess.PIPE) as git:
        return git.finish(given, deadline)


class Git(AbstractContextManager["Git"]):
    """One git process that reads; it is killed at the end of the `with`, if it has not ended by itself."""

    def __init__(self, git_dir: Path, arguments: list[str], *, given: int = subprocess.DEVNULL) -> None:
        self._process = subprocess.Popen(
            _command(git_dir, arguments),
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_ENVIRONMENT,
        )
        if sys.platform == "linux":
            with suppress(OSError):  # it has ended, or we have a lower limit ourselves
                resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
        self._answer = bytearray()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def finish(self, given: str, deadline: Deadline) -> tuple[int, str]:
        """Give the process all of its input, and return its exit code and all that it prints."""
        text: bytes | None = given.encode()

        def end(seconds: float) -> bytes | None:
            nonlocal text
            try:
                return self._process.communicate(text, timeout=seconds)[0]
            except subprocess.TimeoutExpired:
                text = None  # it is called again, which goes on with what was given and read so far
                return None

        answer = deadline.wait(end).decode("utf-8", "replace")
        return self._process.returncode, answer

    def send(self, text: str) -> None:
        """Ask something, at once no more than a pipe's buffer holds; `wiki-unreadable` if the process has ended."""
        sink = _pipe(self._process.stdin)
        try:
            sink.write(text.encode())
            sink.flush()
        except BrokenPipeError:
            raise unreadable("git cannot read the wiki") from None

    def line(self, deadline: Deadline) -> bytes:
        """Return the next line, without its end; `wiki-unreadable` if the process has ended."""
        for line in self.lines(deadline):
            return line
        raise unreadable("git cannot read the wiki")

    def lines(self, deadline: Deadline) -> Iterator[bytes]:
        """Yield the lines that come, without their ends, until the process has ended."""
        seen = 0
        while True:
            if (end := self._answer.find(b"\n", seen)) >= 0:
                yield self.take(end + 1, deadline)[:-1]
                seen = 0
                continue
            seen = len(self._answer)
            if not self._fill(deadline):
                return

    def take(self, size: int, deadline: Deadline) -> bytes:
        """Return so many bytes; `wiki-unreadable` if the process has ended before."""
        while len(self._answer) < size:
            if not self._fill(deadline):
                raise unreadable("git cannot read the wiki")
        taken = bytes(self._answer[:size])
        del self._answer[:size]
        return taken

    def has_failed(self) -> bool:
        """Tell whether the process, which has printed all that it had to, failed."""
        return self._process.wait() != 0

    def _fill(self, deadline: Deadline) -> bool:
        """Wait for more; return whether there was any."""
        descriptor = _pipe(self._process.stdout).fileno()
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        deadline.wait(lambda seconds: waiting.poll(seconds * 1000) or None)
        more = os.read(descriptor, _CHUNK)
        self._answer += more
        return bool(more)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("this pipe was not asked for")
    return pipe

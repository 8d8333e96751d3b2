"""Wikis of any size, with history, made by `git fast-import`: equal sizes give equal commit ids on every machine."""

import hashlib
import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

COMMITS = 50
"""Commits between the first and the last, each of which changes its share of the skills: every skill changes once."""

_WHO = "Ada <ada@example.org>"
_WHEN = 1700000000
_PROSE = (
    "ask before you change a file and say what the change is for then run the tests of this project read the log "
    "when one fails keep each step small name the branch after the issue write the release notes in plain words "
    "check the table against the schema draw the chart from the data never guess a number quote the source"
)
_WORDS = _PROSE.split()
ENVIRONMENT: Mapping[str, str] = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
"""What git is told when it is not measured: nothing of this machine's configuration."""

Files = dict[str, bytes]


@dataclass(frozen=True)
class Wiki:
    """A wiki of `size` skills. Its last commit changed the first `changed` of them, and nothing else."""

    path: Path
    size: int
    changed: int

    @property
    def names(self) -> list[str]:
        """All its skills."""
        return [_name(index) for index in range(self.size)]

    @cached_property
    def head(self) -> str:
        """The id of the last commit."""
        return git(self.path, "rev-parse", "HEAD")

    @cached_property
    def before(self) -> str:
        """The id of the commit before the last."""
        return git(self.path, "rev-parse", "HEAD^")

    def files(self, name: str, commit: str) -> Files:
        """Return the files of a skill at `head` or `before`: path -> bytes."""
        index = int(name.rpartition("-")[2])
        return _files(index, version=2 if commit == self.head and index < self.changed else 1)


EXECUTABLE = "scripts/run.sh"
"""The one file of each skill that is executable."""


def make_wiki(path: Path, size: int, changed: int) -> Wiki:
    """Make a wiki at `path`, with its work tree."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch=main", "--object-format=sha1")
    importing = subprocess.Popen(
        ["git", "-C", path, "fast-import", "--quiet"], stdin=subprocess.PIPE, env=dict(ENVIRONMENT)
    )
    assert importing.stdin is not None  # noqa: S101 - it is a pipe
    with importing.stdin as stream:
        for part in _history(size, changed):  # part by part: a parent that grows is in each child's peak memory
            stream.write(part)
    if importing.wait() != 0:
        raise OSError(f"git fast-import failed in {path}")
    git(path, "reset", "--hard", "--quiet")
    return Wiki(path, size, changed)


def git(at: Path, *arguments: str) -> str:
    """Run git in the repository at `at`, unmeasured, and return what it prints."""
    done = subprocess.run(
        ["git", "-C", at, *arguments], check=True, stdout=subprocess.PIPE, env=dict(ENVIRONMENT), text=True
    )
    return done.stdout.strip()


def digest(data: bytes) -> str:
    """Return the digest of a file, as a lockfile has it."""
    return hashlib.sha256(data).hexdigest()


def _history(size: int, changed: int) -> Iterator[bytes]:
    yield from _commit(0, "Add all skills", range(size), version=0)
    for number in range(COMMITS):
        yield from _commit(1 + number, "Change a share of them", range(number, size, COMMITS), version=1)
    yield from _commit(1 + COMMITS, "Change the first ones", range(changed), version=2)


def _commit(number: int, message: str, indexes: range, version: int) -> Iterator[bytes]:
    yield f"commit refs/heads/main\ncommitter {_WHO} {_WHEN + number} +0000\n".encode() + _data(message.encode())
    for index in indexes:
        old = _files(index, version - 1) if version else {}
        for path, data in _files(index, version).items():
            if old.get(path) != data:
                mode = "100755" if path == EXECUTABLE else "100644"
                yield f"M {mode} inline skills/{_name(index)}/{path}\n".encode() + _data(data)


def _data(data: bytes) -> bytes:
    return f"data {len(data)}\n".encode() + data + b"\n"


def _name(index: int) -> str:
    return f"skill-{index:05}"


def _files(index: int, version: int) -> Files:
    """Return five small files. Two of them differ from version to version."""
    always, now = random.Random(f"{index}"), random.Random(f"{index} {version}")  # noqa: S311 - not a secret
    title = _text(always, 3)
    header = f"---\nname: {_name(index)}\ndescription: {_text(always, 16).capitalize()}.\n---\n"
    script = f"#!/bin/sh\nset -eu\necho '{title}'\n"
    return {
        "SKILL.md": f"{header}# {title}\n\n{_paragraphs(now, 4)}".encode(),
        "reference.md": _paragraphs(always, 6).encode(),
        "examples/first.md": _paragraphs(now, 2).encode(),
        "data/table.csv": "".join(f"{row},{always.randrange(1000)}\n" for row in range(20)).encode(),
        EXECUTABLE: script.encode(),
    }


def _paragraphs(source: random.Random, count: int) -> str:
    return "".join(f"{_text(source, 18).capitalize()}.\n\n" for _ in range(count))


def _text(source: random.Random, words: int) -> str:
    return " ".join(source.choices(_WORDS, k=words))

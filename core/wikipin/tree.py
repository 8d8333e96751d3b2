"""The files of a skill as values: those of a commit, those on disk, and the digests that compare them.

No I/O. Only a `TreeBuilder` makes the `Tree` of a commit. It refuses, with `unsafe-skill`, the first entry that breaks
a limit, so every tree may be written.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from wikipin.names import RelPath

MOST_FILES = 512
MOST_BYTES = 16 * 1024 * 1024
LARGEST_FILE = 4 * 1024 * 1024
LARGEST_SKILL_MD = 1024 * 1024
MOST_ENTRIES = 4 * MOST_FILES  # files, directories and what is left out: a tree of empty trees must end too
LARGEST_SKILL_TREE = MOST_ENTRIES * 256
"""Bytes of one git tree: a larger one has more entries than a skill may have, or longer names."""

SKILL_MD = RelPath("SKILL.md")
DS_STORE = ".DS_Store"
BYTECODE_DIRECTORY = "__pycache__"

NEVER_CONTENT = frozenset({DS_STORE, BYTECODE_DIRECTORY})
"""Names that programs leave in a directory. In a commit they are no part of a skill, so they are never installed."""


@dataclass(frozen=True)
class FileDigest:
    """The SHA-256 of one file's bytes, and whether its owner may execute it."""

    sha256: str
    executable: bool


UNREAD = FileDigest("", executable=False)
"""The digest of a file that is not read: it is larger than any that is installed, or its mode forbids it."""

Listing = Mapping[str, FileDigest]
"""Path below the skill's directory -> FileDigest, for every file."""


@dataclass(frozen=True)
class File:
    """One regular file of a skill."""

    path: RelPath
    content: bytes
    executable: bool

    @cached_property
    def mark(self) -> FileDigest:
        """Digest and mode."""
        return FileDigest(hashlib.sha256(self.content).hexdigest(), self.executable)


@dataclass(frozen=True)
class Tree:
    """The files of one skill at one commit, sorted by path, and what was left out of it (path, what it is)."""

    files: tuple[File, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @cached_property
    def listing(self) -> Listing:
        """The digests by path."""
        return {file.path: file.mark for file in self.files}

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by path, as the lockfile has them."""
        return {file.path: file.mark.sha256 for file in self.files}

    @cached_property
    def digest(self) -> str:
        """The digest of exactly what would be written."""
        return digest_of(self.listing)

    def content(self, path: RelPath) -> bytes | None:
        """Return the bytes of the file at `path`; None if there is no such file."""
        return next((file.content for file in self.files if file.path == path), None)


@dataclass(frozen=True)
class Copy:
    """A skill's copy as it is on disk: its files, and by path what is neither file nor directory."""

    listing: Listing
    odd: Mapping[str, str] = field(default_factory=dict[str, str])
    unread: frozenset[str] = frozenset()
    """The directories that were not read; `.` is the copy itself."""

    bytecode: Sequence[str] = ()
    """The files that Python left beside its sources. They are no part of the copy, and not trusted."""

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by path, as the lockfile has them."""
        return {path: mark.sha256 for path, mark in self.listing.items()}

    @cached_property
    def digest(self) -> str:
        """The digest that equals a tree's exactly if the copy is that tree."""
        return digest_of(self.listing, {**self.odd, **dict.fromkeys(self.unread, "unread")})


@dataclass(frozen=True)
class FileChange:
    """How one path differs between two listings."""

    path: str
    change: Literal["added", "removed", "modified", "mode", "type", "unread"]
    """`mode`: the same bytes, but another executable bit; `type`: a file became something else; `unread`: a directory
    that was not read."""


def is_left_behind(path: str) -> bool:
    """Tell whether a regular file at `path` on disk is one that programs leave there, and no part of a copy."""
    return path.rpartition("/")[2] == DS_STORE or is_bytecode(path)


def is_bytecode(path: str) -> bool:
    """Tell whether a regular file at `path` is Python's bytecode (PEP 3147)."""
    directory, _, name = path.rpartition("/")
    return name.endswith(".pyc") and directory.rpartition("/")[2] == BYTECODE_DIRECTORY


def compare(old: Listing, new: Copy) -> list[FileChange]:
    """Return the changes from `old` to `new`, sorted by path.

    A directory that was not read is one change; nothing is said of the files in it.
    """
    if old == new.listing and not new.odd and not new.unread:
        return []
    directories = {path[:at] for path in (*new.listing, *new.unread) for at, sign in enumerate(path) if sign == "/"}
    directories |= new.unread
    changes: dict[str, FileChange] = {path: FileChange(path, "added") for path in (*new.listing, *new.odd)}
    changes |= {path: FileChange(path, "unread") for path in new.unread}
    for path, mark in old.items():
        now = new.listing.get(path)
        if now == mark:
            del changes[path]
        elif now is not None:
            changes[path] = FileChange(path, "modified" if now.sha256 != mark.sha256 else "mode")
        elif path in new.odd or path in directories:
            changes[path] = FileChange(path, "type")
        elif not any(directory == "." or path.startswith(f"{directory}/") for directory in new.unread):
            changes[path] = FileChange(path, "removed")
    return [change for _, change in sorted(changes.items())]


def digest_of(listing: Listing, odd: Mapping[str, str] | None = None) -> str:
    """Return the SHA-256, in hexadecimal, over mode, digest and path of every file, sorted by path.

    A NUL ends each record, and no path holds one, so two listings have the same digest only if they are equal.
    """
    digest = hashlib.sha256()
    for path, mark in sorted(listing.items()):
        mode = "100755" if mark.executable else "100644"
        digest.update(f"{mode} {mark.sha256} {path}\0".encode("utf-8", "surrogateescape"))
    for path, kind in sorted((odd or {}).items()):
        digest.update(f"{kind} {path}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()

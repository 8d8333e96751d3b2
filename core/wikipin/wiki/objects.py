"""Git's objects as bytes: their ids re-computed, their trees and commits parsed (git-hash-object(1)).

No I/O. Nothing of an object is believed before `is_object` has said yes.
"""

import hashlib
import re
from collections.abc import Container, Iterator
from typing import NamedTuple

_SHA1_HEX = 40
_MODE = re.compile(rb"[0-7]{1,6}")
_PARENTS = re.compile(rb"tree [0-9a-f]+\n((?:parent [0-9a-f]+\n)*)")


class TreeEntry(NamedTuple):
    """One entry of a git tree."""

    mode: int
    name: bytes
    oid: str


def is_object(oid: str, kind: str, content: bytes) -> bool:
    """Tell whether `oid` is the id of an object of this kind with this content."""
    algorithm = "sha1" if len(oid) == _SHA1_HEX else "sha256"
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(f"{kind} {len(content)}\0".encode())
    digest.update(content)
    return digest.hexdigest() == oid


def parse_tree(content: bytes, oid_bytes: int) -> Iterator[TreeEntry]:
    """Yield the entries of a tree object; raise ValueError if it is not one."""
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        oid = content[end + 1 : end + 1 + oid_bytes]
        if len(oid) < oid_bytes:
            raise ValueError("a tree entry ends early")
        if not _MODE.fullmatch(content, at, space):
            raise ValueError("a mode is not an octal number")
        yield TreeEntry(int(content[at:space], 8), content[space + 1 : end], oid.hex())
        at = end + 1 + oid_bytes


def find_entries(content: bytes, oid_bytes: int, names: Container[bytes]) -> dict[bytes, TreeEntry]:
    """Return the first entry of each of these names in a tree object; raise ValueError if it is not one.

    The others are passed over: a wiki may have twenty thousand, and one is looked for.
    """
    found: dict[bytes, TreeEntry] = {}
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        if (name := content[space + 1 : end]) in names:
            found.setdefault(name, next(parse_tree(content[at : end + 1 + oid_bytes], oid_bytes)))
        at = end + 1 + oid_bytes
    if at > len(content):
        raise ValueError("a tree entry ends early")
    return found


def parse_commit_tree(content: bytes) -> str:
    """Return the id of a commit's tree; raise ValueError if `content` is not a commit."""
    first, _, _ = content.partition(b"\n")
    key, _, oid = first.partition(b" ")
    if key != b"tree":
        raise ValueError("a commit does not begin with its tree")
    return oid.decode("ascii")


def parse_parents(content: bytes) -> list[str]:
    """Return the ids of a commit's parents; raise ValueError if `content` is not a commit."""
    if (match := _PARENTS.match(content)) is None:
        raise ValueError("a commit does not begin with its tree and its parents")
    return match[1].decode().replace("parent ", "").split()

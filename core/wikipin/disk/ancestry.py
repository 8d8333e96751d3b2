"""A directory and all that are above it, each held open.

The directory that a person named is opened once, through whatever links lead to it. From there on it goes by
descriptor: down, no link is followed; up, it is `..`. Whatever is renamed meanwhile, these are what was opened.
"""

import errno
import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from wikipin.disk.file_type import FileType, Identity, NotOrdinaryError
from wikipin.disk.folder import Folder

# O_PATH, if there is one: a directory on the way may be one that can be searched and not listed.
_ON_THE_WAY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_NO_DIRECTORY = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})


class LinkOnTheWayError(OSError):
    """A link stands on the way down; `filename` is its path from the directory that was named."""


@dataclass(frozen=True)
class Ancestor:
    """One directory, held open. `path` is for a reader: nothing is opened by it."""

    folder: Folder
    identity: Identity
    path: Path


@contextmanager
def open_ancestry(named: Path, below: Sequence[str] = ()) -> Generator[tuple[list[Ancestor], int]]:
    """Open the directory `named`, the one at `below` in it (names, and `..` not above `named`), and all above them.

    Yields the directory, then what is above it, up to `/` or as far as may be searched; and which of them is `named`.
    Raises LinkOnTheWayError, and OSError if there is no directory.
    """
    with ExitStack() as stack:
        folder = Folder(os.open(named, _ON_THE_WAY))
        down = [_held(stack, folder, _resolved(named, folder.identity))]
        for number, name in enumerate(below, 1):
            if name != "..":
                folder = _step(down[-1].folder, name, "/".join(below[:number]))
                down.append(_held(stack, folder, down[-1].path / name))
            elif len(down) > 1:
                down.pop()
            else:
                raise ValueError(f"{'/'.join(below)} leads above {named}")
        yield [*reversed(down), *_above(stack, down[0])], len(down) - 1


def _held(stack: ExitStack, folder: Folder, path: Path) -> Ancestor:
    stack.enter_context(folder)
    return Ancestor(folder, folder.identity, path)


def _step(folder: Folder, name: str, path: str) -> Folder:
    try:
        return Folder(os.open(name, _ON_THE_WAY | os.O_NOFOLLOW, dir_fd=folder.descriptor))
    except OSError as error:
        if error.errno not in _NO_DIRECTORY:
            raise
        # What is a directory by now was a link a moment ago.
        is_link = folder.what(name) in {FileType.LINK, FileType.DIRECTORY}
        kind = LinkOnTheWayError if is_link else NotOrdinaryError
        raise kind(error.errno, error.strerror, path) from None


def _above(stack: ExitStack, lowest: Ancestor) -> list[Ancestor]:
    above: list[Ancestor] = []
    while True:
        child = above[-1] if above else lowest
        try:
            folder = Folder(os.open("..", _ON_THE_WAY, dir_fd=child.folder.descriptor))
        except PermissionError:
            return above
        parent = _held(stack, folder, child.path.parent)
        if parent.identity == child.identity:
            return above
        above.append(parent)


def _resolved(named: Path, identity: Identity) -> Path:
    """Return the path without links, if it still leads to what was opened; a link on the way may have changed."""
    try:
        path = Path(os.path.realpath(named))
        status = path.stat()
    except OSError:  # a working directory that has lost its name
        return named
    return path if (status.st_dev, status.st_ino) == identity else named

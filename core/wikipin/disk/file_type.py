"""What stands at a name in a directory, and which directory one is."""

import os
import stat
from enum import Enum

Identity = tuple[int, int]
"""Device and inode: which directory it is, by whatever path it was reached."""


class FileType(Enum):
    """What stands at a name."""

    NOTHING = "nothing"
    FILE = "a file"
    DIRECTORY = "a directory"
    LINK = "a symbolic link"
    SPECIAL = "a special file"


_TYPES = {stat.S_IFREG: FileType.FILE, stat.S_IFDIR: FileType.DIRECTORY, stat.S_IFLNK: FileType.LINK}


def type_of_mode(mode: int) -> FileType:
    """Return what something is by its mode (inode(7))."""
    return _TYPES.get(stat.S_IFMT(mode), FileType.SPECIAL)


def name_of(entry: os.DirEntry[str]) -> str:
    """Return the name of an entry, to sort by."""
    return entry.name


def type_of(entry: os.DirEntry[str]) -> FileType:
    """Return what an entry of a directory is; most file systems say so without being asked for it (readdir(3))."""
    if entry.is_symlink():
        return FileType.LINK
    if entry.is_dir(follow_symlinks=False):
        return FileType.DIRECTORY
    return FileType.FILE if entry.is_file(follow_symlinks=False) else FileType.SPECIAL


class NotOrdinaryError(OSError):
    """A link or a special file stands where a directory or a regular file should be."""

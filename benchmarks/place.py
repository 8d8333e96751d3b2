"""Where a run works: a file system of its own, new and on a loop device, or else the temporary directory.

After thousands of removals ext4 is slow at making files for half a minute. So each run begins with an empty file
system, and removes nothing before its end.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MKFS = ("mkfs.ext4", "-q", "-F", "-i", "8192", "-E", "lazy_itable_init=0,lazy_journal_init=0")
"""Many inodes; and all tables are written now, not by the kernel in the background while something is measured."""


class _NoMountError(Exception):
    """No file system can be made and mounted here; the text says why."""


@dataclass(frozen=True)
class Place:
    """An empty directory to work in."""

    path: Path
    is_fresh: bool
    """Whether it is a file system of its own."""
    what: str
    """What it is, in words for the report."""

    def settle(self) -> None:
        """Write out what earlier turns left to be written, so that the next one does not wait for it."""
        subprocess.run(sync(self.path), check=True)


def sync(at: Path) -> list[str | Path]:
    """Return the command that syncs one file system. The `sync` of macOS knows only all of them."""
    return ["sync", "-f", at] if sys.platform == "linux" else ["sync"]


@contextmanager
def open_place(parent: Path, size: int) -> Generator[Place]:
    """Make a place below `parent`, of `size` bytes if it is a file system, and leave nothing of it."""
    with tempfile.TemporaryDirectory(prefix="wikipin-benchmarks-", dir=parent) as made:
        directory, below = Path(made), _type_of(parent)
        try:
            mounted_at = _mount(directory, size)
        except _NoMountError as why:
            yield Place(directory, is_fresh=False, what=f"a directory on {below}, not a new file system: {why}")
            return
        try:
            yield Place(mounted_at, is_fresh=True, what=f"a new ext4 on a loop device, its image on {below}")
        finally:
            _unmount(mounted_at)


def _mount(directory: Path, size: int) -> Path:
    if sys.platform != "linux":
        raise _NoMountError("this takes Linux")
    if os.geteuid() != 0:
        raise _NoMountError("only root may mount one")
    if shutil.disk_usage(directory).free < size:
        raise _NoMountError(f"{size >> 20} MiB are not free")
    image, mounted_at = directory / "image", directory / "disk"
    with image.open("wb") as file:
        file.truncate(size)
    mounted_at.mkdir()
    try:
        _do(*_MKFS, image)
        _do("mount", "-o", "loop", image, mounted_at)
    except OSError as error:
        image.unlink()
        mounted_at.rmdir()
        raise _NoMountError(str(error)) from error
    return mounted_at


def _unmount(mounted_at: Path) -> None:
    try:
        _do("umount", mounted_at)
    except OSError:  # a process that was interrupted may still be at work in it
        _do("umount", "--lazy", mounted_at)


def _type_of(directory: Path) -> str:
    """Return what kind of file system this is."""
    if sys.platform != "linux":
        return "this system's disk"
    return _do("df", "--output=fstype", directory).split()[-1]


def _do(*command: str | Path) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"'{command[0]}' failed: {done.stderr.strip()}")
    return done.stdout.strip()

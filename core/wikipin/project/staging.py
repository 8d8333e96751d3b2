"""Staging directories: trees are written to `.memtomem/.staging/<random>`, which no agent searches.

No project lock is held here. A staging directory belongs to the process that holds the `flock` on its `owner` file.
Once that process is gone, another may remove it.
"""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from wikipin.checkpoint import checkpoint
from wikipin.disk.deletion import delete_tree
from wikipin.disk.durable import sync_file_system
from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder
from wikipin.tree import Tree

STAGING = ".staging"
OWNER = "owner"
_PROBE = "probe"
_MANY = 64
"""From so many files on, one sync of the file system costs less than one of each. It also waits for others' data."""

_OPEN_OWNER = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass
class Staging:
    """One staging directory of ours. `keep` is set while a journal refers to it."""

    name: str
    folder: Folder
    keep: bool = False
    digests: dict[str, str] = field(default_factory=dict[str, str])
    """The digest of each tree that was written, by name."""

    files: int = 0

    def write(self, name: str, tree: Tree) -> None:
        """Write `tree` at `name`; it is not synced yet."""
        with self.folder.make_child(name) as root:
            for file in tree.files:
                checkpoint()
                _write(root, file.path.split("/"), file.content, 0o777 if file.executable else 0o666)
        self.digests[name] = tree.digest
        self.files += len(tree.files)

    def sync(self) -> None:
        """Return when all that was written is on the medium: first the files, then the directories that name them.

        If they are many, the whole file system is synced instead, if that can be relied upon.
        """
        if self.files < _MANY or not sync_file_system(self.folder.descriptor):
            for name in self.digests:
                with self.folder.child(name) as root:
                    root.sync_tree()
            self.folder.sync()

    def probe(self) -> str:
        """Return the name of a directory in it that is not empty; the first call makes it."""
        with self.folder.make_child(_PROBE) as probe, suppress(FileExistsError):
            probe.write_new(_PROBE, b"")
        return _PROBE


def _write(folder: Folder, parts: list[str], content: bytes, mode: int) -> None:
    if len(parts) == 1:
        folder.write_new(parts[0], content, mode=mode)
        return
    with folder.make_child(parts[0]) as child:
        _write(child, parts[1:], content, mode)


@contextmanager
def open_staging(memtomem: Folder) -> Generator[Staging]:
    """Make a staging directory, and remove it at the end unless it is to be kept."""
    with memtomem.make_child(STAGING) as area:
        memtomem.sync()
        name, folder, owner = _create(area)
        staging = Staging(name, folder)
        try:
            area.sync()
            yield staging
        finally:
            if not staging.keep:
                # The next writer tries again to remove what cannot be removed now.
                with suppress(OSError):
                    _remove(area, name, folder)
            folder.__exit__(None, None, None)
            os.close(owner)


def sweep(memtomem: Folder) -> None:
    """Remove every staging directory whose owner is gone. The project's lock is held, and no journal is left."""
    if memtomem.what(STAGING) is not FileType.DIRECTORY:
        return
    with memtomem.child(STAGING) as area:
        for name in area.names():
            if area.what(name) is FileType.DIRECTORY:
                # What cannot be removed stays, and the next writer tries again: it stops nobody.
                with suppress(OSError):
                    _sweep_one(area, name)


def _sweep_one(area: Folder, name: str) -> None:
    with area.child(name) as folder:
        try:
            owner = os.open(OWNER, _OPEN_OWNER, dir_fd=folder.descriptor)
        except FileNotFoundError:
            # Its maker is between two steps, or died there. It is empty, and the first of them would make another.
            with suppress(OSError):
                os.rmdir(name, dir_fd=area.descriptor)
            return
        try:
            if _is_ours(owner):
                _remove(area, name, folder)
        finally:
            os.close(owner)


def _remove(area: Folder, name: str, folder: Folder) -> None:
    """Remove a staging directory, its owner file last: after an interruption it can still be removed."""
    for inside in folder.names():
        if inside != OWNER:
            delete_tree(folder, inside)
    folder.discard(OWNER)
    os.rmdir(name, dir_fd=area.descriptor)


def _create(area: Folder) -> tuple[str, Folder, int]:
    while True:
        name = secrets.token_hex(8)
        os.mkdir(name, dir_fd=area.descriptor)
        try:
            folder = area.child(name)
        except FileNotFoundError:
            continue
        try:
            owner = os.open(OWNER, _OPEN_OWNER | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder.descriptor)
        except FileNotFoundError:
            folder.__exit__(None, None, None)
            continue
        if _is_ours(owner) and os.fstat(owner).st_nlink == 1:
            return name, folder, owner
        os.close(owner)
        folder.__exit__(None, None, None)


def _is_ours(owner: int) -> bool:
    from filelock import lock_descriptor  # noqa: PLC0415 - its import takes longer than a whole read-only call

    return lock_descriptor(owner, blocking=False)

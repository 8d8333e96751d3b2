"""Hindrances: what would prevent a change, found under the lock, before anything is decided.

A copy may be one that cannot be moved: it is somebody else's, or protected, or something is mounted on it. Once a
journal says that it goes, every later command would have to move it first.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from wikipin.asset import MEMTOMEM, Asset
from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder
from wikipin.disk.mounts import read_mounts
from wikipin.plan.change import Change
from wikipin.project import failure
from wikipin.project.layout import BACKUP, LOCKFILE
from wikipin.project.staging import Staging


class Hindrances:
    """Checks under one lock of everything that changes are to move. The list of mounts is read once."""

    def __init__(self, root: Folder, memtomem: Folder, staging: Staging) -> None:
        self._root, self._memtomem, self._staging = root, memtomem, staging
        self._mounts = [mount.path for mount in read_mounts()]

    def check_lockfile(self) -> None:
        """Refuse, with `io-error`, if the lockfile cannot be replaced, or if displaced edits cannot be kept."""
        self._check(self._memtomem, LOCKFILE, f"{MEMTOMEM}/{LOCKFILE}", None)
        if self._memtomem.what(BACKUP) is not FileType.NOTHING:
            with self._memtomem.child(BACKUP) as backup:
                # A name that is not there is not moved; but an error about another file system comes before that one.
                if (error := self._staging.folder.hindrance("none", backup, "none")) is not None:
                    raise failure.immovable(f"{MEMTOMEM}/{BACKUP}", None, error) from error

    def check(self, change: Change) -> None:
        """Refuse, with `io-error`, a change that has to move a directory that cannot be moved."""
        for slot in change.displaced:
            path = change.path_of(slot)
            directory, _, name = path.rpartition("/")
            with self._root.descendant(directory) as parent:
                self._check(parent, name, path, change.asset)

    def _check(self, parent: Folder, name: str, path: str, asset: Asset | None) -> None:
        if parent.what(name) is FileType.NOTHING:
            return
        for inside in _mounted_below(parent, name, self._mounts):
            raise failure.mounted(path + inside, asset)
        if (error := parent.hindrance(name, self._staging.folder, self._staging.probe())) is not None:
            raise failure.immovable(path, asset, error) from error


def _mounted_below(parent: Folder, name: str, mounts: Sequence[str]) -> Iterator[str]:
    """Yield the mount points at `name` or below it, by what follows its path.

    Linux moves a directory with what is mounted in it, and deleting the directory then deletes that too.
    """
    try:
        path = f"{Path(f'/proc/self/fd/{parent.descriptor}').readlink()}/{name}"
    except OSError:
        return
    yield from (place.removeprefix(path) for place in mounts if place == path or place.startswith(f"{path}/"))

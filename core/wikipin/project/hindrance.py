"""What would keep a change from being carried through, found under the lock, before anything is decided.

A copy that is in nobody's way as long as it stays may be one that cannot be moved: it is somebody else's, or protected,
or something is mounted on it. Once a journal says that it goes, every later command would have to move it first.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from wikipin.disk.folder import FileType, Folder
from wikipin.plan import refusal
from wikipin.plan.change import COPY, Change
from wikipin.plan.exposure import CANONICAL, exposed_path
from wikipin.project.layout import BACKUP, LOCKFILE, MEMTOMEM
from wikipin.project.staging import Staging

_ESCAPED = re.compile(r"\\([0-7]{3})")


def check_movable(root: Folder, memtomem: Folder, staging: Staging, change: Change) -> None:
    """Refuse, with `io-error`, a change for which a directory or the lockfile cannot be moved. The lock is held."""
    mounts = _mounts()
    _check(memtomem, LOCKFILE, f"{MEMTOMEM}/{LOCKFILE}", staging, mounts)
    for slot in change.old:
        path = f"{CANONICAL}/{change.name}" if slot == COPY else exposed_path(slot, change.name)
        directory, _, name = path.rpartition("/")
        with root.descendant(directory) as parent:
            _check(parent, name, path, staging, mounts)
    if change.old and memtomem.what(BACKUP) is not FileType.NOTHING:
        with memtomem.child(BACKUP) as backup:
            # What is not there is not moved; but that it would come into another file system is said first.
            if (error := staging.folder.hindrance("none", backup, "none")) is not None:
                raise refusal.immovable(f"{MEMTOMEM}/{BACKUP}", error) from error


def _check(parent: Folder, name: str, path: str, staging: Staging, mounts: Sequence[str]) -> None:
    if parent.what(name) is FileType.NOTHING:
        return
    for inside in _mounted_below(parent, name, mounts):
        raise refusal.mounted(path + inside)
    if (error := parent.hindrance(name, staging.folder, staging.probe())) is not None:
        raise refusal.immovable(path, error) from error


def _mounts() -> list[str]:
    """Return where anything is mounted (proc_pid_mountinfo(5)); nothing on macOS, where no directory is bound."""
    try:
        with Path("/proc/self/mountinfo").open(encoding="utf-8", errors="surrogateescape") as lines:
            return [_ESCAPED.sub(lambda match: chr(int(match[1], 8)), line.split(" ")[4]) for line in lines]
    except OSError:
        return []


def _mounted_below(parent: Folder, name: str, mounts: Sequence[str]) -> Iterator[str]:
    """Yield where something is mounted at `name` or below it, as what follows its path.

    Linux moves a directory with what is mounted in it, and whoever empties it then empties that.
    """
    try:
        path = f"{Path(f'/proc/self/fd/{parent.descriptor}').readlink()}/{name}"
    except OSError:
        return
    yield from (place.removeprefix(path) for place in mounts if place == path or place.startswith(f"{path}/"))

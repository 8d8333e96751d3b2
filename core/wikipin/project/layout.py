"""The names below a project's `.memtomem`, and what may stand at them."""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext

from wikipin.asset import KINDS, MEMTOMEM
from wikipin.disk.file_type import FileType, NotOrdinaryError
from wikipin.disk.folder import Folder
from wikipin.project import failure
from wikipin.project.staging import OWNER, STAGING

LOCK = ".lock.json.lock"
LOCKFILE = "lock.json"
TXN = ".txn"
REDO = "redo.json"
BACKUP = ".backup"

FILES = {
    ".gitignore": ".staging/\n.txn/\n.backup/\n.lock.json.lock\n",
    # A checkout that rewrote line endings would change every digest.
    ".gitattributes": "* -text\n",
}
"""The files that the first install writes beside the lockfile, for git."""

_DIRECTORIES = (*(kind.section for kind in KINDS.values()), STAGING, TXN, BACKUP)


def check_layout(memtomem: Folder) -> None:
    """Refuse a link or a special file at any name of ours, before anything is done there."""
    expected = dict.fromkeys(_DIRECTORIES, FileType.DIRECTORY) | dict.fromkeys((LOCKFILE, LOCK, *FILES), FileType.FILE)
    for name, what in expected.items():
        _check(memtomem, name, name, what)
    with _opened(memtomem, TXN) as txn:
        if txn is not None:
            for name in txn.names():
                _check(txn, name, f"{TXN}/{name}", FileType.FILE)
    with _opened(memtomem, STAGING) as area:
        if area is not None:
            for name in area.names():
                _check_staging(area, name)


def _check_staging(area: Folder, name: str) -> None:
    with _opened(area, name) as staging:
        if staging is not None:
            _check(staging, OWNER, f"{STAGING}/{name}/{OWNER}", FileType.FILE)


def _check(folder: Folder, name: str, path: str, expected: FileType) -> None:
    if folder.what(name) not in {expected, FileType.NOTHING}:
        raise NotOrdinaryError(0, "", path)


@contextmanager
def _opened(folder: Folder, name: str) -> Generator[Folder | None]:
    """Give the open directory `name`; None if there is none, or none any more."""
    try:
        child = folder.child(name) if folder.what(name) is FileType.DIRECTORY else None
    except FileNotFoundError:
        child = None
    with child or nullcontext() as opened:
        yield opened


def check_writable(memtomem: Folder) -> None:
    """Refuse to begin if a directory of ours may not be written to."""
    if not memtomem.is_writable():
        raise failure.unwritable(MEMTOMEM)
    for name in _DIRECTORIES:
        with _opened(memtomem, name) as place:
            if place is not None and not place.is_writable():
                raise failure.unwritable(f"{MEMTOMEM}/{name}")

"""The names below a project's `.memtomem`, and what may stand at them."""

from wikipin.folder import Folder, NotOrdinaryError, What
from wikipin.staging import STAGING

MEMTOMEM = ".memtomem"
LOCK = ".lock.json.lock"
LOCKFILE = "lock.json"
SKILLS = "skills"
TXN = ".txn"
REDO = "redo.json"
BACKUP = ".backup"

FILES = {
    ".gitignore": ".staging/\n.txn/\n.backup/\n.lock.json.lock\n",
    # A checkout that rewrote line endings would change every digest.
    ".gitattributes": "* -text\n",
}
"""What the first install writes beside the lockfile, for git."""

_DIRECTORIES = (SKILLS, STAGING, TXN, BACKUP)


def check_layout(memtomem: Folder) -> None:
    """Refuse a link or a special file at any name that is ours, before anything is done with it."""
    expected = dict.fromkeys(_DIRECTORIES, What.DIRECTORY) | dict.fromkeys((LOCKFILE, LOCK, *FILES), What.FILE)
    for name, what in expected.items():
        if memtomem.what(name) not in {what, What.NOTHING}:
            raise NotOrdinaryError(0, "", name)

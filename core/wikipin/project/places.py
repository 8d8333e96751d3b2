"""The directories that a transaction works in: each is opened once, and synced once a phase.

The next `sync` brings to the medium what was made in any of them; it syncs each that was changed, and no other.
"""

from contextlib import ExitStack

from wikipin.asset import MEMTOMEM
from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder


class Places:
    """Directories of one project by their path below it, open until `stack` is closed.

    With `is_found`, another process may have made any of them, and have died before it was synced.
    """

    def __init__(self, root: Folder, memtomem: Folder, stack: ExitStack, *, is_found: bool = False) -> None:
        self._stack = stack
        self._is_found = is_found
        self._open = {"": root, MEMTOMEM: memtomem}
        self._changed: dict[int, Folder] = {}

    def open(self, path: str, *, make: bool = False) -> Folder:
        """Return the open directory at `path`, without a link on the way; with `make`, it is made if there is none.

        Raises FileNotFoundError, or NotOrdinaryError if it is something else.
        """
        if path not in self._open:
            above, _, name = path.rpartition("/")
            parent = self.open(above, make=make)
            if make and (self._is_found or parent.what(name) is FileType.NOTHING):
                self.changed(parent)
            self._open[path] = self._stack.enter_context(parent.make_child(name) if make else parent.child(name))
        return self._open[path]

    def changed(self, *folders: Folder) -> None:
        """Note that names in these directories were changed, or may have been by a process that is dead."""
        self._changed |= {folder.descriptor: folder for folder in folders}

    def sync(self) -> None:
        """Return when the names in all directories that were changed are on the medium."""
        for folder in self._changed.values():
            folder.sync()
        self._changed.clear()

"""A copy on disk becomes a value. Nothing is read that is larger, or in a larger number, than what could be installed.

What is beyond the limits, or may not be read, is in the value as something that no skill has: so it counts as an edit.
"""

from wikipin.checkpoint import checkpoint
from wikipin.disk.folder import FileType, Folder
from wikipin.tree import LARGEST_FILE, MOST_BYTES, MOST_ENTRIES, UNREAD, Copy, FileDigest, is_bytecode, is_left_behind

_MOST_ON_DISK = 4 * MOST_ENTRIES  # each version of Python leaves bytecode of its own beside a source
_DEEPEST = 64


def scan(folder: Folder) -> Copy:
    """Return what stands in the directory."""
    reading = _Reading()
    reading.read(folder, "")
    return reading.copy()


def scan_at(parent: Folder, name: str) -> Copy:
    """Return what stands in the directory `name`; a FileNotFoundError or NotOrdinaryError if it is none."""
    reading = _Reading()
    reading.read_child(parent, name, "")
    return reading.copy()


def digest_at(parent: Folder, name: str) -> str | None:
    """Return the digest of the directory `name`; None if there is none."""
    return scan_at(parent, name).digest if parent.what(name) is FileType.DIRECTORY else None


class _Reading:
    """What was read of one copy, and how much may still be."""

    def __init__(self) -> None:
        self._listing: dict[str, FileDigest] = {}
        self._odd: dict[str, str] = {}
        self._unread: set[str] = set()
        self._bytecode: list[str] = []
        self._entries, self._bytes = _MOST_ON_DISK, MOST_BYTES

    def copy(self) -> Copy:
        """Return all that was read."""
        return Copy(self._listing, self._odd, frozenset(self._unread), tuple(self._bytecode))

    def read(self, folder: Folder, prefix: str) -> None:
        """Read a directory; `prefix` is empty, or its path with a `/` behind it."""
        found = folder.types(most=self._entries + 1)
        if len(found) > self._entries:
            self._unread.add(prefix[:-1] or ".")
            return
        self._entries -= len(found)
        for name, what in found.items():
            checkpoint()
            self._read_entry(folder, name, what, prefix + name)

    def read_child(self, parent: Folder, name: str, prefix: str) -> None:
        """Read the directory `name` of `parent`, as `read` does; one that may not be read is known as that."""
        try:
            with parent.child(name) as folder:
                self.read(folder, prefix)
        except PermissionError:
            if parent.is_readable(name):  # then the disk says so, and not the directory's mode
                raise
            self._unread.add(prefix[:-1] or ".")

    def _read_entry(self, folder: Folder, name: str, what: FileType, path: str) -> None:
        match what:
            case FileType.FILE if is_left_behind(path):
                self._bytecode += [path] if is_bytecode(path) else []
            case FileType.FILE:
                self._listing[path] = self._read_file(folder, name)
            case FileType.DIRECTORY if name != ".git" and path.count("/") < _DEEPEST:
                self.read_child(folder, name, f"{path}/")
            case other:
                self._odd[path] = other.value

    def _read_file(self, folder: Folder, name: str) -> FileDigest:
        try:
            mark, count = folder.mark(name, limit=min(LARGEST_FILE, self._bytes))
        except PermissionError:
            if folder.is_readable(name):
                raise
            return UNREAD
        self._bytes -= count
        return mark

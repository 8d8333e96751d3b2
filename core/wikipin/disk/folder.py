"""A directory held open: every path below it is reached by descriptor, and no link is followed on the way.

A `Folder` is what makes it safe to write into a directory that somebody else may be rearranging: whatever its name
leads to by now, the descriptor leads to what was opened (openat(2), O_NOFOLLOW).
"""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from wikipin.disk.durable import sync
from wikipin.disk.file_type import FileType, Identity, NotOrdinaryError, name_of, type_of, type_of_mode
from wikipin.disk.rename import exchange, rename_directory
from wikipin.tree import UNREAD, FileDigest

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that somebody put there must not wait for a writer.
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1024 * 1024
# Nothing is renamed over a directory that is not empty, and no file over a directory; what is not there is not moved.
_REFUSED_LAST = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOENT})

_T = TypeVar("_T")


class Folder(AbstractContextManager["Folder"]):
    """One open directory. Close it, or use it in a `with`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the directory at `path`, following links: for a directory that a person named."""
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    @property
    def identity(self) -> Identity:
        """Which directory this is, whatever its name leads to by now."""
        status = os.fstat(self.descriptor)
        return status.st_dev, status.st_ino

    @property
    def is_deleted(self) -> bool:
        """Whether this directory has been removed: nothing can be made in it any more."""
        return os.fstat(self.descriptor).st_nlink == 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)

    def what(self, name: str) -> FileType:
        """Say what stands at `name`, without following it."""
        try:
            return type_of_mode(os.lstat(name, dir_fd=self.descriptor).st_mode)
        except FileNotFoundError:
            return FileType.NOTHING

    def child(self, name: str) -> "Folder":
        """Open the directory `name`; FileNotFoundError, or NotOrdinaryError if it is something else."""
        try:
            return Folder(os.open(name, _OPEN_DIRECTORY, dir_fd=self.descriptor))
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}:
                raise NotOrdinaryError(errno.ENOTDIR, "not a directory", name) from None
            raise

    def descendant(self, path: str) -> "Folder":
        """Open the directory at `path`, some names with `/` between them, none of them a link; as `child` does."""
        folder = self.child(path.partition("/")[0])
        for part in path.split("/")[1:]:
            with folder as parent:
                folder = parent.child(part)
        return folder

    def make_child(self, name: str) -> "Folder":
        """Open the directory `name`, made now if there is none. Its making is not synced."""
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=self.descriptor)
        return self.child(name)

    def is_writable(self) -> bool:
        """Tell whether this process may make, rename and remove names in this directory."""
        return self._may(".", os.W_OK)

    def is_readable(self, name: str) -> bool:
        """Tell whether this process may read the file `name`, or the directory with what is in it."""
        return self._may(name, os.R_OK | (os.X_OK if self.what(name) is FileType.DIRECTORY else 0))

    def _may(self, name: str, how: int) -> bool:
        return os.access(
            name,
            how,
            dir_fd=self.descriptor,
            effective_ids=os.access in os.supports_effective_ids,
            follow_symlinks=os.access not in os.supports_follow_symlinks,
        )

    def names(self, *, most: int | None = None) -> list[str]:
        """Return the names in this directory, sorted; with `most`, not more than so many, whichever come first."""
        with os.scandir(self.descriptor) as entries:
            return sorted(entry.name for entry in islice(entries, most))

    def types(self, *, most: int | None = None) -> dict[str, FileType]:
        """Return what stands at each of these names, as `what` says it."""
        with os.scandir(self.descriptor) as entries:
            return {entry.name: type_of(entry) for entry in sorted(islice(entries, most), key=name_of)}

    def read(self, name: str, *, limit: int) -> bytes:
        """Return the bytes of the regular file `name`, at most `limit` + 1 of them; NotOrdinaryError if it is none."""
        with self._open_file(name) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit + 1)

    def mode(self, name: str) -> int:
        """Return the permission bits of the regular file `name`; NotOrdinaryError if it is none."""
        with self._open_file(name) as descriptor:
            return stat.S_IMODE(os.fstat(descriptor).st_mode)

    def read_link(self, name: str) -> str:
        """Return what the symbolic link `name` points to."""
        return os.readlink(name, dir_fd=self.descriptor)

    def write_new(self, name: str, content: bytes, *, mode: int = 0o666, exact_mode: bool = False) -> None:
        """Create `name` with `content`, not yet synced; FileExistsError if anything stands there.

        The process's umask applies to `mode`, as it does to what git checks out, unless `exact_mode` is asked for.
        """
        descriptor = os.open(name, _CREATE_FILE, mode, dir_fd=self.descriptor)
        try:
            if exact_mode:
                os.fchmod(descriptor, mode)
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)

    def link(self, name: str, target: str) -> None:
        """Create the symbolic link `name` -> `target`; FileExistsError if something stands there."""
        os.symlink(target, name, dir_fd=self.descriptor)

    def rename(self, name: str, into: "Folder", to: str) -> None:
        """Rename `name`, over the file or the empty directory that stands at `to`."""
        os.rename(name, to, src_dir_fd=self.descriptor, dst_dir_fd=into.descriptor)

    def place(self, name: str, into: "Folder", to: str) -> None:
        """Rename the directory `name`; FileExistsError if anything stands at `to`."""
        self.moving(name, lambda: rename_directory(name, to, source_fd=self.descriptor, target_fd=into.descriptor))

    def exchange(self, name: str, other: "Folder", its: str) -> bool:
        """Exchange what stands at `name` here and at `its` there, at one stroke; False if this cannot be done."""
        return other.moving(its, lambda: exchange(name, its, source_fd=self.descriptor, target_fd=other.descriptor))

    def hindrance(self, name: str, into: "Folder", full: str) -> OSError | None:
        """Return why what stands at `name` cannot be moved into another directory; None if it can.

        `full` is a directory there that is not empty: rename(2) puts nothing over one, and says that last of all.
        """
        try:
            self.moving(name, lambda: self.rename(name, into, full))
        except OSError as error:
            return None if error.errno in _REFUSED_LAST else error
        into.place(full, self, name)  # somebody emptied it
        return None

    def moving(self, name: str, move: Callable[[], _T]) -> _T:
        """Do `move`, if need be with the right to write into the directory `name`: its `..` changes with its place."""
        try:
            return move()
        except PermissionError:
            with self._unprotected(name) as is_changed:
                if is_changed:
                    return move()
            raise

    @contextmanager
    def _unprotected(self, name: str) -> Generator[bool]:
        if self.what(name) is not FileType.DIRECTORY:
            yield False
            return
        with self.child(name) as child:
            found = os.fstat(child.descriptor)
            if found.st_mode & stat.S_IWUSR or found.st_uid != os.geteuid():
                yield False
                return
            mode = stat.S_IMODE(found.st_mode)
            os.fchmod(child.descriptor, mode | stat.S_IWUSR)
            try:
                yield True
            finally:
                os.fchmod(child.descriptor, mode)

    def discard(self, name: str) -> None:
        """Remove the file `name`, if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Return when the names in this directory are on the medium."""
        sync(self.descriptor)

    def sync_file(self, name: str) -> None:
        """Return when the bytes of the regular file `name` are on the medium."""
        with self._open_file(name) as descriptor:
            sync(descriptor)

    def sync_tree(self) -> None:
        """Return when everything in this directory, and below it, is on the medium."""
        for name in self.names():
            if self.what(name) is FileType.DIRECTORY:
                with self.child(name) as child:
                    child.sync_tree()
            else:
                self.sync_file(name)
        self.sync()

    def mark(self, name: str, *, limit: int) -> tuple[FileDigest, int]:
        """Return digest and mode of the regular file `name`, and its bytes; UNREAD if they are more than `limit`."""
        digest, count = hashlib.sha256(), 0
        with self._open_file(name) as descriptor:
            found = os.fstat(descriptor)
            if found.st_size > limit:  # with holes it may be larger than what can be read in a day
                return UNREAD, 0
            while count <= limit and (chunk := os.read(descriptor, min(_CHUNK, limit + 1 - count))):
                digest.update(chunk)
                count += len(chunk)
        return (UNREAD if count > limit else FileDigest(digest.hexdigest(), bool(found.st_mode & stat.S_IXUSR))), count

    @contextmanager
    def _open_file(self, name: str) -> Generator[int]:
        try:
            descriptor = os.open(name, _OPEN_FILE, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENXIO}:
                raise NotOrdinaryError(error.errno, "not a regular file", name) from None
            raise
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotOrdinaryError(errno.EINVAL, "not a regular file", name)
            yield descriptor
        finally:
            os.close(descriptor)

"""Making a write survive a power cut: the one module that knows how each platform flushes its disk cache.

fsync(2) on Linux reaches the medium; on macOS only `F_FULLFSYNC` does (fcntl(2) there), and not on every file system.
"""

import os
import sys

if sys.platform == "darwin":
    import fcntl

    def sync(descriptor: int) -> None:
        """Return when what was written through `descriptor`, a file or a directory, is on the medium."""
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:
            os.fsync(descriptor)

    def sync_file_system(_: int) -> bool:
        """Sync nothing, and return False: macOS can only sync one file, or all disks and without a word of errors."""
        return False

else:
    import ctypes
    from functools import cache

    from wikipin.disk.mounts import read_mounts

    # Those on which syncfs(2) is known to reach the medium; a FUSE server, for one, is not told of it.
    _RELIABLE = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "tmpfs", "xfs"})
    _REPORTS_ERRORS = (5, 8)  # the Linux from which syncfs(2) does

    def sync(descriptor: int) -> None:
        """Return when what was written through `descriptor`, a file or a directory, is on the medium."""
        os.fsync(descriptor)

    def sync_file_system(descriptor: int) -> bool:
        """Return True when all that was written to the file system of `descriptor` is on the medium.

        Return False if that cannot be relied upon, and nothing was synced. Raises OSError as syncfs(2) does.
        """
        if _type_of(os.fstat(descriptor).st_dev) not in _RELIABLE or _version() < _REPORTS_ERRORS:
            return False
        if _libc().syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return True

    @cache
    def _libc() -> ctypes.CDLL:
        return ctypes.CDLL(None, use_errno=True)

    def _version() -> tuple[int, ...]:
        return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2] if part.isdigit())

    def _type_of(device: int) -> str | None:
        """Return the type of a mounted file system; None if it is not listed."""
        number = f"{os.major(device)}:{os.minor(device)}"
        return next((mount.type for mount in read_mounts() if mount.device == number), None)

"""Renaming that never replaces, and exchanging: the one module that knows each platform's system call for it.

Linux has renameat2(2) with RENAME_NOREPLACE and RENAME_EXCHANGE, macOS renameatx_np(2) with RENAME_EXCL and
RENAME_SWAP. A file system that has neither answers EINVAL, ENOSYS or ENOTSUP; there we look first and rename then. For
a directory that is as safe, but for one case: rename(2) puts a directory over an *empty* one, in which nothing is lost.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache

_NOREPLACE, _EXCHANGE = 1, 2  # linux/fs.h
_EXCL, _SWAP = 4, 2  # macOS sys/stdio.h
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})

_Native = Callable[[int, bytes, int, bytes, int], int]


@cache
def _native() -> _Native | None:
    name = "renameatx_np" if sys.platform == "darwin" else "renameat2"
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    function.restype = ctypes.c_int
    native: _Native = function
    return native


def _rename(source: str, target: str, source_fd: int, target_fd: int, flag: int) -> bool:
    """Rename with a flag; False if this system or this file system has no such thing."""
    if (native := _native()) is None:
        return False
    if native(source_fd, os.fsencode(source), target_fd, os.fsencode(target), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code not in _NOT_SUPPORTED:
        raise OSError(code, os.strerror(code), target)
    return False


def rename_directory(source: str, target: str, *, source_fd: int, target_fd: int) -> None:
    """Rename the directory `source` to `target`, each below its descriptor; FileExistsError if anything is there."""
    flag = _EXCL if sys.platform == "darwin" else _NOREPLACE
    if _rename(source, target, source_fd, target_fd, flag):
        return
    try:
        os.lstat(target, dir_fd=target_fd)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)


def exchange(source: str, target: str, *, source_fd: int, target_fd: int) -> bool:
    """Exchange two names at one stroke, whatever stands at them; False if this cannot be done here."""
    flag = _SWAP if sys.platform == "darwin" else _EXCHANGE
    return _rename(source, target, source_fd, target_fd, flag)

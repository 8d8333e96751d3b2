"""Renaming that never replaces: the one module that knows each platform's system call for it.

Linux has renameat2(2) with RENAME_NOREPLACE, macOS renameatx_np(2) with RENAME_EXCL. A file system that has neither
answers EINVAL, ENOSYS or ENOTSUP; there we look first and rename then. For a directory that is as safe, but for one
case: rename(2) puts a directory over an *empty* one, in which there is nothing to lose.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache

_NOREPLACE = 1  # linux/fs.h
_EXCL = 4  # macOS sys/stdio.h
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})

_Native = Callable[[int, bytes, int, bytes, int], int]


@cache
def _native() -> tuple[_Native, int] | None:
    name, flag = ("renameatx_np", _EXCL) if sys.platform == "darwin" else ("renameat2", _NOREPLACE)
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    function.restype = ctypes.c_int
    return function, flag


def rename_directory(source: str, target: str, *, source_fd: int, target_fd: int) -> None:
    """Rename the directory `source` to `target`, each below its descriptor; FileExistsError where something stands."""
    if (native := _native()) is not None:
        function, flag = native
        if function(source_fd, os.fsencode(source), target_fd, os.fsencode(target), flag) == 0:
            return
        code = ctypes.get_errno()
        if code not in _NOT_SUPPORTED:
            raise OSError(code, os.strerror(code), target)
    try:
        os.lstat(target, dir_fd=target_fd)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)

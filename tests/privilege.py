"""What keeps a person from a file, for a test that runs as root; and what keeps root from one: flags and mounts."""

import ctypes
import fcntl
import os
import shutil
import stat
import subprocess
import sys
from array import array
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

_VERSION_3 = 0x20080522
_GET_FLAGS, _SET_FLAGS, _IMMUTABLE = 0x80086601, 0x40086602, 0x10  # linux/fs.h, where a long has 8 bytes
_DAC_OVERRIDE, _DAC_READ_SEARCH, _FOWNER = 1, 2, 3


class _Header(ctypes.Structure):
    """As capget(2) has it."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Set(ctypes.Structure):
    """As capget(2) has it: one half of a set of capabilities, 32 of them in each number."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def as_anyone() -> Generator[None]:
    """Let this thread read and write only where owners and modes allow it; skip where root cannot be held to that."""
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root may write everywhere, and gives that up on Linux alone")
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), (_Set * 2)()

    def call(name: str) -> None:
        if getattr(libc, name)(ctypes.byref(header), sets):
            raise OSError(ctypes.get_errno(), name)

    call("capget")
    had = sets[0].effective
    sets[0].effective &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH | 1 << _FOWNER)
    call("capset")
    try:
        yield
    finally:
        sets[0].effective = had
        call("capset")


@contextmanager
def unwritable(directory: Path) -> Generator[None]:
    """Take the right to write into a directory from everybody, this thread included."""
    mode = stat.S_IMODE(directory.stat().st_mode)
    directory.chmod(0o555)
    try:
        with as_anyone():
            yield
    finally:
        directory.chmod(mode)


@contextmanager
def immutable(path: Path) -> Generator[None]:
    """Set the flag that keeps even root from changing what is at `path`; skip the test where there is no such thing."""
    descriptor = os.open(path, os.O_RDONLY)  # what it is in may be moved
    try:
        _flag(descriptor, is_set=True)
        yield
    finally:
        _flag(descriptor, is_set=False)
        os.close(descriptor)


def _flag(descriptor: int, *, is_set: bool) -> None:
    flags = array("L", [0])
    try:
        fcntl.ioctl(descriptor, _GET_FLAGS, flags)
        flags[0] = flags[0] & ~_IMMUTABLE | (_IMMUTABLE if is_set else 0)
        fcntl.ioctl(descriptor, _SET_FLAGS, flags)
    except OSError as error:
        if is_set:
            pytest.skip(f"nothing can be made immutable here: {error.strerror}")


@contextmanager
def mounted(source: Path, path: Path) -> Generator[None]:
    """Mount the directory or file `source` at `path` too; skip the test where that is not allowed."""
    _as_root("mount", "--bind", str(source), str(path))
    number = next(number for number, at in _mounts() if at == str(path))
    try:
        yield
    finally:
        # A directory that was moved has taken along what is mounted in it.
        for at in [at for same, at in _mounts() if same == number]:
            subprocess.run(["umount", at], check=False, capture_output=True)


def _mounts() -> list[tuple[str, str]]:
    """Return the number of each mount, and where it is (proc_pid_mountinfo(5))."""
    lines = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [(words[0], words[4]) for words in lines]


def _as_root(*words: str) -> None:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which(words[0]) is None:
        pytest.skip(f"'{words[0]}' takes root on Linux")
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"'{words[0]}' is refused here: {done.stderr.strip()}")

"""A disk whose power can be cut: a real file system on a loop device, shut down as if somebody had pulled the plug.

The one module that knows ioctl numbers, and the programs that make a disk. What was synced before a cut is there after
it. Of what was only written, names and sizes may be there or not, as the cut says, and bytes are not.
"""

import errno
import fcntl
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

# _IOR('X', 125, __u32): EXT4_IOC_SHUTDOWN (fs/ext4/ext4.h) and XFS_IOC_GOINGDOWN (xfs_fs.h) are one number.
_SHUTDOWN = 0x8004587D
_NO_SHUTDOWN = frozenset({errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL})


class Cut(Enum):
    """What a disk still gets to do: the flags of the ioctl, the same numbers for both file systems."""

    LOG_FLUSHED = 1
    """The file system's log is written out: names and sizes are there, without the bytes that were not synced."""
    LOG_LOST = 2
    """What was not synced is lost altogether."""

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class FileSystem:
    """One kind of disk, and the Debian package that makes it."""

    name: str
    kind: str
    package: str
    size: int
    """No smaller than mkfs allows; the image is sparse."""
    how: tuple[str, ...]
    options: str = "defaults"
    has_log: bool = True

    def __str__(self) -> str:
        return self.name


_EXT4 = ("-q", "-F", "-b", "4096")
FILE_SYSTEMS = (
    FileSystem("ext4", "ext4", "e2fsprogs", 64 << 20, _EXT4),
    FileSystem("ext4-writeback", "ext4", "e2fsprogs", 64 << 20, _EXT4, "data=writeback,noauto_da_alloc"),
    FileSystem("xfs", "xfs", "xfsprogs", 300 << 20, ("-q", "-f")),
)
WITHOUT_LOG = FileSystem(
    "ext4-without-journal", "ext4", "e2fsprogs", 32 << 20, (*_EXT4, "-O", "^has_journal"), has_log=False
)
"""One that writes names down in any order, but for what is synced."""


class UnavailableError(Exception):
    """This machine has no disk whose power can be cut; the text says why."""


class Disk:
    """One mounted file system. `project` is a directory on it."""

    def __init__(self, file_system: FileSystem, image: Path, device: str, mounted_at: Path) -> None:
        self.project = mounted_at / "project"
        self._image = image
        self._file_system = file_system
        self._device = device
        self._mounted_at = mounted_at

    def start_from(self, start: Path) -> None:
        """Make `project` a copy of `start`, synced."""
        shutil.rmtree(self.project, ignore_errors=True)
        shutil.copytree(start, self.project, symlinks=True)
        _run("sync", "--file-system", str(self._mounted_at))

    def cut(self, cut: Cut) -> None:
        """Cut the power, and switch it on again: the file system replays its log, or is mended if it has none."""
        if self._file_system.has_log:
            self._shut_down(cut)
            self.unmount()
        else:
            self._lose_what_was_not_synced()
        self.mount()

    def _shut_down(self, cut: Cut) -> None:
        descriptor = os.open(self._mounted_at, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", cut.value))
        finally:
            os.close(descriptor)

    def _lose_what_was_not_synced(self) -> None:
        """Go back to what has reached the image: without a log, a shutdown still writes out what names there are."""
        reached = self._image.read_bytes()
        self.unmount()
        self._image.write_bytes(reached)
        mended = subprocess.run(
            ["e2fsck", "-f", "-y", self._device], check=False, capture_output=True, env={**os.environ, "PATH": _PATH}
        )
        if mended.returncode not in {0, 1}:  # e2fsck(8): clean, mended
            raise RuntimeError(f"the file system cannot be mended: {mended.stdout.decode(errors='replace')}")

    def mount(self) -> None:
        """Mount it."""
        how = ["-t", self._file_system.kind, "-o", self._file_system.options]
        _run("mount", *how, self._device, str(self._mounted_at))

    def unmount(self) -> None:
        """Unmount it."""
        _run("umount", str(self._mounted_at))
        # While a mount namespace that was made meanwhile holds it too, a mount would find the one that was shut down.
        if Path("/sys/fs", self._file_system.kind, Path(self._device).name).exists():
            raise RuntimeError(f"{self._device} is unmounted here, but another mount namespace still holds it")


@contextmanager
def open_disk(file_system: FileSystem, place: Path) -> Generator[Disk]:
    """Make a disk whose image and mount point are in `place`, and leave nothing of it, whatever happens."""
    _require(file_system)
    image, mounted_at = place / "image", place / "disk"
    mounted_at.mkdir()
    with image.open("wb") as file:
        file.truncate(file_system.size)
    _run(f"mkfs.{file_system.kind}", *file_system.how, str(image))
    try:
        device = _run("losetup", "--find", "--show", str(image))
    except OSError as error:
        raise UnavailableError(f"no loop device can be had: {error}") from error
    try:
        disk = Disk(file_system, image, device, mounted_at)
        _try_out(disk)
        yield disk
    finally:
        if mounted_at.is_mount():
            _run("umount", "--lazy", str(mounted_at))  # it succeeds, whoever has a file open
        _run("losetup", "--detach", device)


def _require(file_system: FileSystem) -> None:
    if sys.platform != "linux":
        raise UnavailableError(f"loop devices and their file systems are Linux's, and this is {sys.platform}")
    if os.geteuid() != 0:
        raise UnavailableError("only root may mount a loop device")
    needed = {"losetup": "mount", "mount": "mount", f"mkfs.{file_system.kind}": file_system.package}
    for program, package in needed.items():
        if shutil.which(program, path=_PATH) is None:
            raise UnavailableError(f"there is no {program} (Debian package {package})")
    if not Path("/dev/loop-control").exists():
        raise UnavailableError("there is no /dev/loop-control: no loop devices")


def _try_out(disk: Disk) -> None:
    try:
        disk.mount()
    except OSError as error:
        raise UnavailableError(f"the file system cannot be mounted: {error}") from error
    try:
        disk.cut(Cut.LOG_LOST)
    except OSError as error:
        if error.errno not in _NO_SHUTDOWN:
            raise
        raise UnavailableError(f"the file system cannot be shut down (ioctl {_SHUTDOWN:#x}): {error}") from error


# mkfs and losetup are where an ordinary user's PATH does not lead, and root's may be one that was inherited.
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def _run(*command: str) -> str:
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "PATH": _PATH, "LC_ALL": "C"}
    )
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()

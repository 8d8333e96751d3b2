"""The project's lock: an exclusive `flock` on `.memtomem/.lock.json.lock`, the file that memtomem locks too.

The file is never removed and never replaced: a lock on a file that has lost its name guards nothing. memtomem also
locks `.memtomem/skills/.NAME.lock`, for as long as it writes a copy, and takes the project's lock after it.
"""

import os
import random
import stat
import time
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress

from wikipin.asset import Asset
from wikipin.checkpoint import checkpoint
from wikipin.disk.file_type import FileType, NotOrdinaryError
from wikipin.disk.folder import Folder
from wikipin.errors import WikipinError
from wikipin.project.layout import LOCK

LOCK_SECONDS = 30.0

_POLL_SECONDS = 0.005


@contextmanager
def locked(memtomem: Folder, *, seconds: float = LOCK_SECONDS) -> Generator[None]:
    """Hold the project's lock; refuse with `busy` if it is not free within `seconds`."""
    with _locked_file(memtomem, LOCK, os.O_CREAT, seconds):
        yield


@contextmanager
def locked_copies(memtomem: Folder, assets: Iterable[Asset]) -> Generator[None]:
    """Hold memtomem's lock of each asset that has one. The project's lock is to be taken after them.

    No lock file is made: only assets belong among the assets.
    """
    wanted: dict[str, set[str]] = {}
    for asset in assets:
        wanted.setdefault(asset.kind.section, set()).add(f".{asset.name}.lock")
    with ExitStack() as stack:
        for section, locks in sorted(wanted.items()):
            if memtomem.what(section) is FileType.DIRECTORY:
                copies = stack.enter_context(memtomem.child(section))
                for lock in sorted(locks.intersection(copies.names())):
                    if copies.what(lock) is FileType.FILE:
                        with suppress(FileNotFoundError):
                            stack.enter_context(_locked_file(copies, lock, 0, LOCK_SECONDS))
        yield


@contextmanager
def _locked_file(folder: Folder, name: str, creating: int, seconds: float) -> Generator[None]:
    from filelock import lock_descriptor  # noqa: PLC0415 - its import takes longer than a whole read-only call

    deadline = time.monotonic() + seconds
    while True:
        flags = os.O_RDWR | creating | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o666, dir_fd=folder.descriptor)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotOrdinaryError(0, "", name)
            while not lock_descriptor(descriptor, blocking=False):
                checkpoint()
                if time.monotonic() >= deadline:
                    raise WikipinError(
                        "busy",
                        f"another program has held the project's lock for {seconds:.0f} seconds",
                        "Wait until it has ended, and try again",
                    )
                # Waiters that sleep equally long wake together, and one wins a turn.
                time.sleep(random.uniform(0, 2 * _POLL_SECONDS))  # noqa: S311 - not a secret
            if os.fstat(descriptor).st_nlink > 0:  # otherwise somebody removed it, and the lock guards nothing
                yield
                return
        finally:
            os.close(descriptor)

"""The project's lock: an exclusive `flock` on `.memtomem/.lock.json.lock`, the file that memtomem locks too.

It is never removed and never replaced: whoever holds the descriptor of a file that has lost its name guards nothing.
"""

import os
import random
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager

from wikipin.errors import WikipinError
from wikipin.folder import Folder, NotOrdinaryError
from wikipin.layout import LOCK

LOCK_SECONDS = 30.0

_POLL_SECONDS = 0.005


@contextmanager
def locked(memtomem: Folder, *, seconds: float = LOCK_SECONDS) -> Generator[None]:
    """Hold the lock; `busy` where it is not free within `seconds`."""
    from filelock import lock_descriptor  # noqa: PLC0415 - its import takes longer than a whole read-only call

    deadline = time.monotonic() + seconds
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(LOCK, flags, 0o666, dir_fd=memtomem.descriptor)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotOrdinaryError(0, "", LOCK)
            while not lock_descriptor(descriptor, blocking=False):
                if time.monotonic() >= deadline:
                    raise WikipinError(
                        "busy",
                        f"another program has held the project's lock for {seconds:.0f} seconds",
                        "Wait until it has ended, and call again",
                    )
                # Who sleeps equally long wakes together, and one wins a turn.
                time.sleep(random.uniform(0, 2 * _POLL_SECONDS))  # noqa: S311 - not a secret
            if os.fstat(descriptor).st_nlink > 0:  # else somebody removed it, and a lock on it guards nothing
                yield
                return
        finally:
            os.close(descriptor)

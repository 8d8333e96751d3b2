"""Ctrl-C ends the run at once, but a change that has begun is finished first.

A second Ctrl-C does not wait for that either; the next command finishes the change.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from wikipin.checkpoint import cancellable, is_shielded


class InterruptedByUser(BaseException):
    """A person pressed Ctrl-C. Nothing that handles errors may take this for one, as for KeyboardInterrupt."""


@contextmanager
def interruptible() -> Generator[None]:
    """Have Ctrl-C raise InterruptedByUser; in the middle of a change, only at its end."""
    is_pending = False

    def interrupt(_: int, __: FrameType | None) -> None:
        nonlocal is_pending
        if is_pending or not is_shielded():
            raise InterruptedByUser
        is_pending = True

    def go_on() -> None:
        if is_pending:
            raise InterruptedByUser

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # a job in the background of a script
        signal.signal(signal.SIGINT, interrupt)
    try:
        with cancellable(go_on):
            yield
        go_on()
    finally:
        signal.signal(signal.SIGINT, before)

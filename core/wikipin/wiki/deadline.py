"""How long one call may be at work on a wiki, all of it together: waiting for git, and making something of its answers.

A repository decides how much that is, and a stranger may have made it. What a call does besides, staging a tree or
waiting for a project's lock, is not counted.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from wikipin.checkpoint import checkpoint
from wikipin.errors import WikipinError

SECONDS = 20.0

_TICK = 0.05
"""Seconds until whoever waits asks again whether anybody still waits for it."""

_T = TypeVar("_T")


class TooSlowError(WikipinError):
    """`wiki-unreadable`, because the time is up: what is asked of the wiki next is refused too."""

    def __init__(self) -> None:
        super().__init__(
            "wiki-unreadable",
            f"the wiki is too slow or too large: reading it took more than {SECONDS:.0f} seconds",
            "Look at what it holds, and try again, with the name of one skill if it was about many",
        )


class Deadline:
    """A clock that runs within `counting` and `wait` alone: there by the processor's time, here by the wall's."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._since: float | None = None

    def renew(self) -> None:
        """Begin again: another skill of many is read."""
        self._spent = 0.0

    def check(self) -> None:
        """Return if there is time left and the call is to go on; raise TooSlowError if the time is up."""
        checkpoint()
        working = 0.0 if self._since is None else time.thread_time() - self._since
        if self._spent + working > SECONDS:
            raise TooSlowError

    @contextmanager
    def counting(self) -> Generator[None]:
        """Count the time of this thread on the processor; within another `counting`, do nothing."""
        if self._since is not None:
            yield
            return
        self._since = time.thread_time()
        try:
            yield
        finally:
            self._spent += time.thread_time() - self._since
            self._since = None

    def wait(self, ready: Callable[[float], _T | None]) -> _T:
        """Return what `ready` returns, when it is not None; it is called again and again, with seconds to wait."""
        while True:
            self.check()
            began = time.monotonic()
            found = ready(_TICK)
            self._spent += time.monotonic() - began
            if found is not None:
                return found

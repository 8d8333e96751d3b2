"""Where long work asks whether anybody still waits for it. No I/O.

Who makes a call says how that is asked (`cancellable`), and whoever works long asks it between two steps
(`checkpoint`): what it raises ends the call. From where a change of a project has begun, nobody asks (`shielded`).
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar


def _go_on() -> None:
    """Return: nobody can cancel the call."""


def _finish() -> None:
    """Return: what has begun is finished."""


_ask: ContextVar[Callable[[], None]] = ContextVar("ask", default=_go_on)


def checkpoint() -> None:
    """Return if the call is to go on; raise what says that it was cancelled if it is not."""
    _ask.get()()


@contextmanager
def cancellable(ask: Callable[[], None]) -> Generator[None]:
    """Have every `checkpoint` of this thread call `ask`, which returns, or raises what ends the call."""
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


def shielded() -> AbstractContextManager[None]:
    """Have every `checkpoint` of this thread return: what has begun is finished."""
    return cancellable(_finish)


def is_shielded() -> bool:
    """Tell whether what is under way in this thread has begun, and is finished."""
    return _ask.get() is _finish

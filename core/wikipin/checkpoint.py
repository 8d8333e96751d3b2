"""Cancelling: long work asks whether anybody still waits for it. No I/O.

The door that makes a call says how to ask (`cancellable`). Long work asks between two steps (`checkpoint`), and an
exception then ends the call. Once a change of a project has begun, nothing asks any more (`shielded`).
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
    """Return if the call is to go on; raise if it was cancelled."""
    _ask.get()()


@contextmanager
def cancellable(ask: Callable[[], None]) -> Generator[None]:
    """Have every `checkpoint` of this thread call `ask`, which returns, or raises to end the call."""
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


def shielded() -> AbstractContextManager[None]:
    """Have every `checkpoint` of this thread return: a change that has begun is finished."""
    return cancellable(_finish)


def is_shielded() -> bool:
    """Tell whether this thread is in the middle of a change, which it will finish."""
    return _ask.get() is _finish

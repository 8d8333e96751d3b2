"""Every step by which wikipin changes a disk, as something at which a process can be made to die.

A child process is forked, and in it the functions through which all writes go are wrapped: the n-th call ends the
process at once, before it is made, as a kill would. Nothing of the program knows of it.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import wikipin.disk.folder
from wikipin.disk.rename import exchange, rename_directory

KILLED = 9
# Else each child would import it anew, which takes longer than all that it does.
importlib.import_module("filelock")

_CHANGING = ("mkdir", "open", "write", "fsync", "fchmod", "rename", "symlink", "unlink", "rmdir")


def run_until(step: int | None, action: Callable[[], object]) -> int:
    """Run `action` in a child that dies before its `step`-th change (None: never); return the child's exit code.

    The exit code is 0 where `action` came to its end, KILLED where the child died, 1 where it raised.
    """
    child = os.fork()
    if child == 0:
        try:
            _arm(step)
            action()
        except BaseException:  # noqa: BLE001 - whatever it is, the parent must not see this stack unwind
            traceback.print_exc(file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _arm(step: int | None) -> None:
    left = step

    def count() -> None:
        nonlocal left
        if left is not None:
            if left == 0:
                os._exit(KILLED)
            left -= 1

    def wrapped(function: Callable[..., Any], is_change: Callable[..., bool] = lambda *_: True) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - it stands for any of them
            if is_change(*arguments):
                count()
            return function(*arguments, **options)

        return call

    for name in _CHANGING:
        function = getattr(os, name)
        setattr(os, name, wrapped(function, _creates) if name == "open" else wrapped(function))
    setattr(wikipin.disk.folder, "rename_directory", wrapped(rename_directory))  # noqa: B010 - as folder imported it
    setattr(wikipin.disk.folder, "exchange", wrapped(exchange))  # noqa: B010 - as folder imported it


def _creates(_: object, flags: int, *__: object) -> bool:
    return bool(flags & os.O_CREAT)

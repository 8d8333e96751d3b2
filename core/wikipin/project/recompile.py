"""The program that compiles sources again and compares: run by the Python that made the bytecode, from 3.7 on.

It imports nothing of wikipin's and runs nothing that it reads. On stdin come pieces: three numbers of four bytes, the
level of optimisation and the sizes of bytecode and source, then both. On stdout goes for each of them one byte: `y` if
the source compiles to exactly that, `n` if not, `?` if this Python cannot tell. Each piece has a process of its own,
because what a stranger wrote may crash an interpreter that reads it, or keep it busy.
"""

import marshal
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from importlib.util import MAGIC_NUMBER
from types import CodeType

_SECONDS = 10
_LIMITS = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: _SECONDS, resource.RLIMIT_AS: 2 << 30}
_HEADER = 16
_SAME, _OTHER = 0, 1
# What `==` on code leaves out, or left out in some version. It also takes an instruction that was specialised for some
# types for the general one (PEP 659), and whoever writes bytecode can put the one of `+` where the source has a `-`.
_ATTRIBUTES = (
    "_co_code_adaptive",
    "co_stacksize",
    "co_flags",
    "co_nlocals",
    "co_varnames",
    "co_cellvars",
    "co_freevars",
    "co_linetable",
    "co_exceptiontable",
    "co_qualname",
)


def _is_same(ours: CodeType, theirs: CodeType, file: str) -> bool:
    """Tell whether both are the same code; of `theirs` all has to be of one `file`, which Python renames at import."""
    if ours != theirs or theirs.co_filename != file:
        return False
    if any(getattr(ours, name, None) != getattr(theirs, name, None) for name in _ATTRIBUTES):
        return False
    pairs = zip(ours.co_consts, theirs.co_consts)  # noqa: B905 - equal code has as many; Python 3.9 knows no `strict`
    return all(_is_same(one, other, file) for one, other in pairs if isinstance(one, CodeType))


def _compare(level: int, bytecode: bytes, source: bytes) -> int:
    theirs = marshal.loads(bytecode[_HEADER:])  # noqa: S302 - that is what this process is for
    ours = compile(source, "source", "exec", dont_inherit=True, optimize=level)
    return _SAME if isinstance(theirs, CodeType) and _is_same(ours, theirs, theirs.co_filename) else _OTHER


def _in_a_process(level: int, bytecode: bytes, source: bytes) -> bytes:
    child = os.fork()
    if child == 0:
        code = _OTHER
        try:
            signal.alarm(_SECONDS)  # which ends it: Python handles no SIGALRM unless it is told to
            for limit, most in _LIMITS.items():
                with suppress(OSError, ValueError):  # macOS has no such limit of memory
                    resource.setrlimit(limit, (most, most))
            code = _compare(level, bytecode, source)
        finally:
            os._exit(code)
    return b"y" if os.waitpid(child, 0)[1] == _SAME else b"n"


def _main() -> None:
    numbers = struct.Struct(">III")
    pieces = sys.stdin.buffer
    while head := pieces.read(numbers.size):
        level, size, source_size = numbers.unpack(head)
        bytecode, source = pieces.read(size), pieces.read(source_size)
        is_ours = bytecode.startswith(MAGIC_NUMBER)
        os.write(sys.stdout.fileno(), _in_a_process(level, bytecode, source) if is_ours else b"?")


if __name__ == "__main__":
    _main()

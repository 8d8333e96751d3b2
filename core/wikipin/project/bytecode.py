"""Bytecode that Python left in a copy: what its path and its header say.

No I/O. Python writes `__pycache__/NAME.TAG.pyc` beside `NAME.py` (PEP 3147, PEP 488), with a header of 16 bytes: a
number for each version, flags, then time and size of the source, or its hash (PEP 552). Nothing of that is believed:
bytecode is proven if its source compiles to it again.
"""

import re
from dataclasses import dataclass

from wikipin.tree import LARGEST_FILE

NO_SOURCE = "it has no source in the copy"
NO_HEADER = "it does not begin as bytecode of Python 3.7 or later does"
UNCHECKED = "Python never holds it against its source"
OTHER_CODE = "it is not what its source compiles to"
NO_PYTHON = "no Python on PATH could check it"
NOT_READ = f"it or its source cannot be read, or has more than {LARGEST_FILE} bytes"

_NAME = re.compile(r"(?P<stem>.+)\.(?P<tag>(?!opt-)[^.]+)(?:\.opt-(?P<level>[12]))?\.pyc")
_CPYTHON = re.compile(r"cpython-(?P<major>[0-9])(?P<minor>[0-9]+t?)")
_MAGIC, _HEADER = 4, 16
_HASH, _CHECKED = 1, 2


@dataclass(frozen=True)
class Bytecode:
    """One file in a `__pycache__`, as its path says."""

    path: str
    source: str
    """The path of its source."""

    level: int
    """How far it was optimised: 0, 1 or 2."""

    python: str | None
    """The command of the Python that made it, `python3.12`; None if the path does not say."""


@dataclass(frozen=True)
class Unproven:
    """One file of bytecode that is not proven, by its path in the copy, and the reason."""

    path: str
    why: str


def parse_path(path: str) -> Bytecode | None:
    """Return what the path of a file in a `__pycache__` says; None if Python gives files no such name."""
    directory, _, name = path.rpartition("/")
    if (match := _NAME.fullmatch(name)) is None:
        return None
    python = _CPYTHON.match(match["tag"])
    return Bytecode(
        path,
        f"{directory.rpartition('/')[0]}/{match['stem']}.py".removeprefix("/"),
        int(match["level"] or 0),
        None if python is None else f"python{python['major']}.{python['minor']}",
    )


def header_fault(content: bytes) -> str | None:
    """Return what is wrong with the header of bytecode; None if its code has to be compared."""
    flags = int.from_bytes(content[_MAGIC : 2 * _MAGIC], "little")
    if len(content) < _HEADER or flags not in {0, _HASH, _HASH | _CHECKED}:
        return NO_HEADER
    return UNCHECKED if flags == _HASH else None


def magic(content: bytes) -> bytes:
    """Return the number of the version that can read the code."""
    return content[:_MAGIC]

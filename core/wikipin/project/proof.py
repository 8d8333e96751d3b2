"""Bytecode is held against its source, by the Python that made it, in a process of its own; nothing of it is run."""

import importlib.util
import os
import shutil
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from wikipin.disk.file_type import Identity
from wikipin.project import bytecode
from wikipin.project.bytecode import Bytecode, Unproven
from wikipin.tree import LARGEST_FILE, Copy

_PROGRAM = Path(__file__).with_name("recompile.py")
_SECONDS = 60.0
_SAID = {ord("y"): None, ord("n"): bytecode.OTHER_CODE, ord("?"): bytecode.NO_PYTHON}
_TOO_SLOW = f"it was not checked within {_SECONDS:.0f} seconds"


class Prover:
    """Holds bytecode of a project against sources, for a minute at most in all. No Python in the project is run."""

    def __init__(self, project: Identity) -> None:
        self._project = project
        self._deadline = time.monotonic() + _SECONDS

    def unproven(self, copy: Copy, contents: Mapping[str, bytes]) -> list[Unproven]:
        """Return the bytecode of a copy that its source does not prove; `contents` has both, by path."""
        why: dict[str, str | None] = {}
        to_compile = defaultdict[str, list[Bytecode]](list)
        for path in copy.bytecode:
            piece = bytecode.parse_path(path)
            if piece is None or piece.source not in copy.listing:
                why[path] = bytecode.NO_SOURCE
            elif (fault := _fault(piece, contents)) is not None:
                why[path] = fault
            elif (python := _python(piece, contents[path], self._project)) is None:
                why[path] = bytecode.NO_PYTHON
            else:
                to_compile[python].append(piece)
        for python, pieces in to_compile.items():
            said = self._ask(python, pieces, contents)
            why |= {piece.path: reason for piece, reason in zip(pieces, said, strict=True)}
        return [Unproven(path, reason) for path, reason in sorted(why.items()) if reason is not None]

    def _ask(self, python: str, pieces: list[Bytecode], contents: Mapping[str, bytes]) -> list[str | None]:
        asked = b"".join(_question(piece, contents) for piece in pieces)
        seconds = max(self._deadline - time.monotonic(), 0.01)
        # -I and -S: no variable of the environment and no file of the project or of the user can change what runs.
        words = [python, "-I", "-S", str(_PROGRAM)]
        try:
            done = subprocess.run(
                words,
                input=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                cwd="/",
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            answered, otherwise = error.stdout or b"", _TOO_SLOW
        except OSError:
            answered, otherwise = b"", bytecode.NO_PYTHON
        else:
            answered, otherwise = done.stdout, bytecode.NO_PYTHON
        said = [_SAID.get(byte, bytecode.NO_PYTHON) for byte in answered[: len(pieces)]]
        return [*said, *[otherwise] * (len(pieces) - len(said))]


def _fault(piece: Bytecode, contents: Mapping[str, bytes]) -> str | None:
    found = [contents.get(path) for path in (piece.path, piece.source)]
    if any(content is None or len(content) > LARGEST_FILE for content in found):
        return bytecode.NOT_READ
    return bytecode.header_fault(contents[piece.path])


def _python(piece: Bytecode, content: bytes, project: Identity) -> str | None:
    """Return the path of a Python that can read it; None if there is none."""
    if bytecode.magic(content) == importlib.util.MAGIC_NUMBER and sys.executable:
        return sys.executable
    return None if piece.python is None else _find_program(piece.python, project)


def _find_program(name: str, project: Identity) -> str | None:
    """Return the path of a program on PATH that is not in the project; None if there is none.

    A relative directory of PATH may be one of the project.
    """
    for place in filter(os.path.isabs, os.get_exec_path()):
        if (found := shutil.which(name, path=place)) is not None:
            program = os.path.realpath(found)
            if not _is_in(program, project):
                # Through the link of a virtual environment, Python would read a `pyvenv.cfg` of the project.
                return program if _is_in(os.path.realpath(place), project) else found
    return None


def _is_in(path: str, project: Identity) -> bool:
    """Tell whether the directory `project` is what is at `path`, a path without links, or is above it."""
    found = (each.stat() for each in (Path(path), *Path(path).parents))
    return any((status.st_dev, status.st_ino) == project for status in found)


def _question(piece: Bytecode, contents: Mapping[str, bytes]) -> bytes:
    content, source = contents[piece.path], contents[piece.source]
    return struct.pack(">III", piece.level, len(content), len(source)) + content + source

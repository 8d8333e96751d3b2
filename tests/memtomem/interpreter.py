"""Finds a Python that memtomem can run on: `python tests/memtomem/interpreter.py` prints it, or fails and says why."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 12)
NAMES = ("python3.12", "python3.13", "python3.14", "python3")


class NoInterpreterError(Exception):
    """No Python here is new enough for memtomem; the text says where it was looked for."""


def find_interpreter() -> Path:
    """Return the first Python that is new enough and can make an environment with pip in it."""
    for candidate in _candidates():
        if _is_fit(candidate):
            return candidate
    raise NoInterpreterError(
        f"memtomem needs Python {'.'.join(map(str, OLDEST))} or later, and none was found: not the one that runs the "
        f"tests ({'.'.join(map(str, sys.version_info[:3]))}), none of {', '.join(NAMES)} on PATH, none in {_pyenv()}"
    )


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    yield from sorted(_pyenv().glob("3.*/bin/python3"))


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"


def _is_fit(python: Path) -> bool:
    """Ask the program itself: pyenv puts a python3.12 on PATH that only says that there is none."""
    question = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.run([python, "-c", question], check=False, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_interpreter()}\n")
    except NoInterpreterError as why:
        sys.exit(str(why))

"""Installs memtomem from PyPI at a pinned version, in an environment of its own in a cache."""

import fcntl
import os
import subprocess
from pathlib import Path

from memtomem.interpreter import find_interpreter

VERSION = "0.6.12"

_SECONDS = 240


class UnavailableError(Exception):
    """memtomem could not be installed, though there is a Python for it; the text says why."""


def cache() -> Path:
    """Return where memtomem is kept; about 100 MB."""
    return Path(os.environ.get("WIKIPIN_MEMTOMEM_DIR") or Path.home() / ".cache/wikipin-memtomem").absolute()


def install_memtomem() -> Path:
    """Return the Python of an environment with memtomem in it; where it is there already, nobody is asked for it."""
    environment = cache() / VERSION
    python = environment / "bin/python"
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of the tests make it once
        if not _has_memtomem(python):
            _do([find_interpreter(), "-m", "venv", "--clear", environment])
            _do([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"memtomem=={VERSION}"])
    return python


def _has_memtomem(python: Path) -> bool:
    """Tell whether it runs: a pip that was killed, or a Python that has gone since, leaves what looks like it."""
    question = f"import memtomem.cli, importlib.metadata as m; assert m.version('memtomem') == {VERSION!r}"
    try:
        return subprocess.run([python, "-c", question], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _do(command: list[str | Path]) -> None:
    shown = " ".join(map(str, command))
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"not done within {_SECONDS} s: {shown}") from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-500:]
        raise UnavailableError(f"failed: {shown}: {said or 'it gave no reason'}")

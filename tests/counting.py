"""How often a verb took the project's lock, and what it asked git to do."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wikipin.disk.folder import Folder
from wikipin.project.lock import LOCK_SECONDS, locked


def count_locks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that grows with each time that the lock is asked for: how many seconds it was waited for."""
    windows: list[float] = []

    @contextmanager
    def counted(memtomem: Folder, *, seconds: float = LOCK_SECONDS) -> Generator[None]:
        windows.append(seconds)
        with locked(memtomem, seconds=seconds):
            yield

    monkeypatch.setattr("wikipin.project.change_set.locked", counted)
    return windows


class Gits:
    """The git processes that were started since the last look, a line of arguments each."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def take(self) -> list[str]:
        """Return them, and forget them."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return [line.partition(" ")[2] for line in lines]


def count_gits(monkeypatch: pytest.MonkeyPatch, place: Path) -> Gits:
    """Put a git in front of the PATH that writes down its arguments, and then is git."""
    real, log, directory = shutil.which("git"), place / "git.log", place / "counted-git"
    directory.mkdir()
    (directory / "git").write_text(f"#!/bin/sh\necho \"$@\" >> '{log}'\nexec '{real}' \"$@\"\n")
    (directory / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    return Gits(log)

"""What one turn took: runs processes and says their wall time, processor time and peak memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB on Linux


class TurnError(Exception):
    """A turn did not do what it is measured for. The text says what was run, and what it said."""


@dataclass(frozen=True)
class Sample:
    """What one turn took."""

    wall: float
    """Seconds."""
    cpu: float | None
    """Seconds of all processors, child processes included; None if this system does not say."""
    peak: int | None
    """Bytes that the largest of the processes had in memory; None if nothing says it."""

    def per(self, count: int) -> "Sample":
        """Return the share of one of `count` equal pieces of work that were done one after another."""
        return Sample(self.wall / count, None if self.cpu is None else self.cpu / count, self.peak)


@dataclass(frozen=True)
class Command:
    """A command line, the directory that it is run in, and its whole environment."""

    words: Sequence[str | Path]
    at: Path
    environment: Mapping[str, str]


def run(command: Command) -> Sample:
    """Return what this command took.

    Raises:
        TurnError: It did not end with 0.
    """
    return run_at_once([command])


def run_in_a_row(commands: Sequence[Command]) -> Sample:
    """Return what these commands took, one after another.

    Raises:
        TurnError: One of them did not end with 0.
    """
    return _measure(lambda: [usage for command in commands for usage in _run_all([command])])


def run_at_once(commands: Sequence[Command]) -> Sample:
    """Return what these commands took, from the start of the first to the end of the last.

    Raises:
        TurnError: One of them did not end with 0.
    """
    return _measure(lambda: _run_all(commands))


def timed(work: Callable[[], object]) -> Sample:
    """Return what this work of our own process took. Its memory is not known."""
    cpu, begun = time.process_time(), time.perf_counter()
    work()
    return Sample(time.perf_counter() - begun, time.process_time() - cpu, None)


def peak_of(usage: struct_rusage) -> int:
    """Return the bytes that the largest of a process and the children that it waited for had in memory."""
    return usage.ru_maxrss * _RSS_UNIT


def _measure(work: Callable[[], list[struct_rusage]]) -> Sample:
    begun = time.perf_counter()
    usages = work()
    wall = time.perf_counter() - begun
    return Sample(wall, sum(usage.ru_utime + usage.ru_stime for usage in usages), max(map(peak_of, usages)))


def _run_all(commands: Sequence[Command]) -> list[struct_rusage]:
    running = [_Running(command) for command in commands]
    usages = [process.wait() for process in running]
    for process in running:
        process.require_success()
    return usages


class _Running:
    """A process that was started. Its output goes to a file, so that nobody has to read while it runs."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - require_success closes it
        self._process = subprocess.Popen(
            command.words,
            cwd=command.at,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> struct_rusage:
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return usage

    def require_success(self) -> None:
        with self._output:
            if self._process.returncode != 0:
                self._output.seek(0)
                said = self._output.read().decode(errors="replace").strip()[-500:]
                line = " ".join(map(str, self._command.words))
                raise TurnError(f"exit code {self._process.returncode}: {line}: {said}")

"""strace(1) as the hand that breaks the program: at the n-th system call of a kind it is killed, or the call fails.

Nothing stands between the interpreter and the kernel. A dry run shows which calls a program makes to its project: each
is a `Point`, and a run that is broken there must show in its own trace that it was that call which was hit.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import pytest
from torture.scenario import Bounds, Scenario, bounds

CHANGING = (
    *("mkdir", "mkdirat", "openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2"),
    *("symlink", "symlinkat", "link", "linkat", "unlink", "unlinkat", "rmdir"),
    *("chmod", "fchmod", "fchmodat", "ftruncate", "flock"),
)
"""What may change a disk, or take the lock; `openat` where it creates."""

Json = dict[str, Any]

WAYS = {"native": (), "fallback": ("-e", "inject=renameat2:error=EINVAL")}
"""Both ways to rename: with the system call that never replaces, and without it."""

_CALL = re.compile(r'(?P<thread>\d+) +(?P<call>\w+)\((?:[^"]*?"(?P<name>[^"]*)")?')
_SECONDS = 60
# A name of its own each time; and the directory itself, for which strace takes all that is done in it.
_CANNOT_BE_NAMED = re.compile(r"[0-9a-f]{16}|/.*|\.")
_ATTEMPTS = 12
"""A server wakes its own event loop by writing to itself, now and then once more than in the dry run."""


_NOTICE = re.compile(r"^strace: Requested path .* resolved into .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Point:
    """The `kth` call of its kind to the project, which for strace is the `nth` of its thread.

    With `names` both count only calls with one of these as path argument. A program opens hundreds of files while it
    starts, and strace counts for each thread: a number alone could hit one of those.
    """

    call: str
    nth: int
    kth: int
    names: tuple[str, ...] = ()

    def among(self, run: "Run", project: Path) -> list[str]:
        """Return the lines of a trace that are calls of this kind to the project; the `kth` is this point."""
        return [
            line
            for line in run.trace
            if (match := _CALL.match(line)) is not None
            and match["call"] == self.call
            and (not self.names or match["name"] in self.names)
            and f"{project}" in line
        ]


@dataclass(frozen=True)
class Break:
    """What strace does at a point, such as `error=EIO`, and, with `until="+"`, at each such call after it."""

    point: Point
    what: str = "signal=SIGKILL"
    until: str = ""

    def words(self) -> list[str]:
        """Return what strace is told."""
        only = [word for name in self.point.names for word in ("-P", name)]
        return [*only, "-e", f"inject={self.point.call}:{self.what}:when={self.point.nth}{self.until}"]

    def is_hit(self, run: "Run", project: Path) -> bool:
        """Tell whether it was this call of this run that was broken, and no other."""
        calls = self.point.among(run, project)
        if self.what == "signal=SIGKILL":
            return run.code == -signal.SIGKILL and len(calls) == self.point.kth
        injected = [number for number, line in enumerate(calls, 1) if line.endswith("(INJECTED)")]
        return injected[:1] == [self.point.kth]


@dataclass(frozen=True)
class Run:
    """What a caller got to see, and what strace saw: the exit code, success (None: no word was said), the word."""

    code: int
    success: bool | None
    text: str
    complaints: str
    trace: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Broken:
    """A run that was broken, and the project that it left."""

    at: Break
    project: Path
    run: Run


@dataclass(frozen=True)
class Door:
    """The program as one of its two users starts it; `instead` is Python to run first, for a control."""

    name: str
    instead: str = ""

    def run(self, scenario: Scenario, wiki: Path, project: Path, words: Sequence[str] = ()) -> Run:
        """Make the scenario's change under strace, which is given `words`."""
        trace = project.with_name(f"{project.name}.trace")
        calls = ",".join(f"?{call}" for call in CHANGING)
        strace = ["strace", "-f", "-y", *_follow(words), "-o", str(trace), "-e", f"trace={calls}", *words]
        if self.name == "command":
            _, module, *arguments = scenario.command(wiki, project)[1:]
        else:
            module = "wikipin_mcp.__main__"
            arguments = ["--wiki", str(wiki), "--project", str(project), *scenario.server_flags]
        start = f"{self.instead}\nimport sys\nfrom {module} import main\nsys.exit(main())"
        python = [sys.executable, *(("-c", start) if self.instead else ("-m", module)), *arguments]
        said = _converse([*strace, *python], scenario if self.name == "server" else None, project.parent)
        return replace(said, trace=_calls(trace.read_text().splitlines()))


def points_of(dry: Run, project: Path, *, opens: bool = False) -> list[Point]:
    """Return every call that a dry run made to change the project; with `opens`, those too that open what is there."""
    calls = [match.group("thread", "call", "name") for line in dry.trace if (match := _CALL.match(line))]
    renamed = {name for _, call, name in calls if call == "renameat2"}
    found: list[Point] = []
    for number, (line, (thread, call, name)) in enumerate(zip(dry.trace, calls, strict=True)):
        is_point = call != "openat" or "O_CREAT" in line or (opens and not _CANNOT_BE_NAMED.fullmatch(name))
        if not is_point or f"{project}" not in line:
            continue
        # A filter by name is for all calls: it must let pass those that the fallback has to fail.
        names = tuple(sorted({name} | renamed)) if call == "openat" else ()
        same = [
            f"{project}" in dry.trace[earlier]
            for earlier, (its_thread, its_call, its_name) in enumerate(calls[: number + 1])
            if (its_thread, its_call) == (thread, call) and (not names or its_name in names)
        ]
        found.append(Point(call, len(same), sum(same), names))
    return found


def dry_run(
    door: Door, scenario: Scenario, wiki: Path, at: Path, way: str, *, opens: bool = False
) -> tuple[Bounds, list[Point]]:
    """Make the change undisturbed under strace: the two states, and every call that the change takes."""
    runs: list[Run] = []
    allowed = bounds(scenario, wiki, at, lambda project: runs.append(door.run(scenario, wiki, project, WAYS[way])))
    assert runs[0].success, runs[0]
    points = points_of(runs[0], at, opens=opens)
    # What fails in any case cannot be made to.
    return allowed, [point for point in points if way == "native" or point.call != "renameat2"]


def sample(points: Sequence[Point], every: int) -> list[Point]:
    """Return every `every`-th point, and the last of each kind of call on which all depends."""
    needed = {point.call: point for point in points if point.call in {"renameat", "renameat2", "fsync"}}
    return [point for number, point in enumerate(points) if number % every == 0 or point in needed.values()]


def run_all(door: Door, scenario: Scenario, wiki: Path, start: Path, breaks: Sequence[Break], way: str) -> list[Broken]:
    """Make the change in a copy of `start` for each break, several at a time.

    Nothing but processes is started meanwhile: a lock that this process held would be inherited by what it forks.
    """

    def run(number: int) -> Broken:
        project = start.with_name(f"project{number}")
        for _ in range(_ATTEMPTS):
            shutil.rmtree(project, ignore_errors=True)
            shutil.copytree(start, project, symlinks=True)
            try:
                run = door.run(scenario, wiki, project, [*WAYS[way], *breaks[number].words()])
            except TimeoutError:
                continue  # a write to itself was hit, by which an event loop is woken; one that always hangs is not hit
            if breaks[number].is_hit(run, project):
                return Broken(breaks[number], project, run)
        raise AssertionError(f"not hit: {breaks[number]}")

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        return list(threads.map(run, range(len(breaks))))


def need_strace() -> None:
    """Skip the test where strace cannot do its work; on CI that is a failure, or nobody would ever notice."""
    if sys.platform != "linux":
        pytest.skip("strace is a Linux program")
    missing = "strace is not installed"
    if shutil.which("strace") is not None:
        probe = ["strace", "-f", "-b", "execve", "-o", os.devnull, "-e", "inject=fsync:error=EIO", "true"]
        done = subprocess.run(probe, check=False, capture_output=True, text=True)
        missing = f"strace may not trace here: {done.stderr}" if done.returncode else ""
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


def _follow(words: Sequence[str]) -> list[str]:
    """Let go of git, another program, which changes nothing; where it makes no such call, be three times as fast.

    A filter in the kernel stops the program at the calls that count, and no other; but strace cannot kill it there.
    """
    injected = [word.split(":", 2) for word in words if word.startswith("inject=")]
    slow = any(call in {"inject=openat", "inject=write"} or "signal=" in what for call, what, *_ in injected)
    return ["--seccomp-bpf"] if injected and not slow else ["-b", "execve"]


def _calls(lines: Sequence[str]) -> list[str]:
    """Return a line for each call, where the trace of several threads has two."""
    found: list[str] = []
    open_in: dict[str, int] = {}
    for line in lines:
        thread, _, rest = line.partition(" ")
        if " resumed>" in rest:
            found[open_in[thread]] += rest.partition(" resumed>")[2]
        elif _CALL.match(line):
            open_in[thread] = len(found)
            found.append(line.removesuffix(" <unfinished ...>"))
    return found


def _converse(argv: Sequence[str], calls: Scenario | None, at: Path) -> Run:
    """Run a program to its end; one that serves is first asked for the change that `calls` names."""
    env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    pipe = subprocess.PIPE
    with TemporaryDirectory(dir=at) as cwd, (Path(cwd) / "stderr").open("w+") as complaints:
        process = subprocess.Popen(
            argv, cwd=cwd, env=env, text=True, stdin=pipe, stdout=pipe, stderr=complaints, start_new_session=True
        )
        # The program would outlive strace alone.
        watch = threading.Timer(_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        watch.start()
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            answer = _ask(calls, process.stdin, process.stdout) if calls else None
            with suppress(BrokenPipeError):
                process.stdin.close()
            output = process.stdout.read()
            code = process.wait()
        if not watch.is_alive():
            raise TimeoutError(f"it did not end in {_SECONDS} seconds: {' '.join(argv)}")
        watch.cancel()
        complaints.seek(0)
        errors = _NOTICE.sub("", complaints.read())
    if calls is None:
        return Run(code, code == 0, errors if code else output, errors)
    if answer is None:
        return Run(code, None, "", errors)
    result = answer["result"]
    text = result["content"][0]["text"]
    # A restore is no error where single skills fail; here it is of one skill alone.
    success = not result.get("isError", False) and not json.loads(text).get("failed")
    return Run(code, success, text, errors)


def _ask(scenario: Scenario, to: IO[str], of: IO[str]) -> Json | None:
    """Greet the server and call the scenario's tool; None where it is gone before it answers."""

    def send(method: str, **more: object) -> None:
        with suppress(BrokenPipeError):
            to.write(json.dumps({"jsonrpc": "2.0", "method": method, **more}) + "\n")
            to.flush()

    client = {"name": "torture", "version": "1"}
    send("initialize", id=1, params={"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
    of.readline()
    send("notifications/initialized")
    send("tools/call", id=2, params={"name": scenario.tool, "arguments": dict(scenario.arguments)})
    line = of.readline()
    return json.loads(line) if line else None

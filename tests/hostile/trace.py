"""The real programs under strace(1): what they start, which sockets they open, which files they get to open.

One process answers a whole table of calls. What it does is judged over all of them: nothing escapes between two.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp import Client, StdioServerParameters
from surfaces import Json, Outcome, outcome_of, outcome_of_command

_OPENING = "open,openat,openat2,open_by_handle_at"
_ACTING = "execve,execveat,socket,connect,bind,listen,io_uring_setup"  # `socketpair` is how an event loop wakes itself
_READING = frozenset({"cat-file", "rev-parse", "rev-list", "config"})
"""The subcommands of git that run nothing which a repository names; `config` only with `--get`."""

_EXECUTED = re.compile(r'\d+ +execve(?:at)?\((?:[^"]*)"(?P<program>[^"]*)", \[(?P<words>.*?)\](?:\.\.\.)?,')
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?')
_SOCKET = re.compile(r"\d+ +(?:socket|connect|bind|listen|io_uring_setup)\(")
_OPENED = re.compile(r"\) += \d+<(?P<path>[^>]*)>")
_BY_PATH = re.compile(r'\d+ +open(?:at2?)?\((?:AT_FDCWD(?:<[^>]*>)?, )?"(?P<path>[^"]*)", (?P<flags>[A-Z_|]+)')
_LONGEST_WORD = "4096"

_SERVE = """
import sys
import wikipin.wiki.deadline
{before}
from wikipin_mcp.__main__ import main
sys.exit(main())
"""
_COMMANDS = """
import contextlib, io, json, sys
import wikipin.wiki.deadline
{before}
from wikipin.cli import main
for line in sys.stdin:
    sys.argv[1:] = json.loads(line)
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""
"""The command, called many times in one process: an interpreter needs longer to start than all the rest takes."""


@dataclass(frozen=True)
class Trace:
    """What strace wrote down."""

    lines: Sequence[str]

    def programs(self) -> list[list[str]]:
        """Return the words of each program that was started, or tried, but for the interpreter that was asked for."""
        found = [match for line in self.lines if (match := _EXECUTED.match(line)) is not None]
        assert sum(bool(re.search(r" execve(?:at)?\(", line)) for line in self.lines) == len(found)
        assert found[0]["program"] == sys.executable
        return [_WORD.findall(match["words"]) for match in found[1:]]

    def wrongs(self, never: str) -> list[str]:
        """Name each program that is not git reading, each socket, and each open of what is, or is below, a `never`."""
        return [
            *(f"it ran {words[:6]}" for words in self.programs() if not _is_reading(words)),
            *(f"it used a socket: {line}" for line in self.lines if _SOCKET.match(line)),
            *(f"it followed: {line}" for line in self.lines if _leads_to(line, never)),
        ]

    def by_path(self, below: Path) -> list[tuple[str, str]]:
        """Return path and flags of what was opened below a directory by a path, and not from a descriptor."""
        found = [match for line in self.lines if (match := _BY_PATH.match(line)) is not None]
        return [(match["path"], match["flags"]) for match in found if match["path"].startswith(f"{below}/")]


def _is_reading(words: Sequence[str]) -> bool:
    return (
        words[0].endswith("/git")
        and words[1].startswith("--git-dir=/")
        and words[2] in _READING
        and (words[2] != "config" or words[3:6] == ["--local", "--no-includes", "--get"])
    )


def _leads_to(line: str, never: str) -> bool:
    match = _OPENED.search(line)
    return match is not None and never in match["path"].split("/")


def strace(trace: Path) -> list[str]:
    """Return the words that run what follows them under strace."""
    calls = ",".join(f"?{call}" for call in f"{_OPENING},{_ACTING}".split(","))
    return ["strace", "-f", "--seccomp-bpf", "-y", "-s", _LONGEST_WORD, "-o", str(trace), "-e", f"trace={calls}"]


def read_trace(trace: Path) -> Trace:
    """Return what strace wrote, each call on one line."""
    lines: list[str] = []
    open_in: dict[str, int] = {}
    for line in trace.read_text(errors="replace").splitlines():
        thread, _, rest = line.partition(" ")
        if " resumed>" in rest:
            lines[open_in[thread]] += rest.partition(" resumed>")[2]
        else:
            open_in[thread] = len(lines)
            lines.append(line.removesuffix(" <unfinished ...>"))
    return Trace(lines)


Ask = Callable[[str, Json], Awaitable[Outcome]]


@asynccontextmanager
async def traced_server(trace: Path, wiki: Path, projects: Path, era: str, *, before: str = "") -> AsyncGenerator[Ask]:
    """Serve under strace, `before` being Python to run first; yields what calls a tool."""
    words = [*strace(trace), sys.executable, "-c", _SERVE.format(before=before)]
    words += ["--wiki", str(wiki), "--project", str(projects)]
    parameters = StdioServerParameters(command=words[0], args=words[1:], cwd=projects, env=dict(os.environ))
    async with Client(parameters, mode=era) as client:

        async def ask(tool: str, arguments: Json) -> Outcome:
            return outcome_of(await client.call_tool(tool, arguments))

        yield ask


Run = Callable[[Sequence[str]], Outcome]


@contextmanager
def traced_command(trace: Path, cwd: Path, *, before: str = "") -> Generator[Run]:
    """Yield what runs the command with some words, again and again in one process under strace."""
    words = [*strace(trace), sys.executable, "-c", _COMMANDS.format(before=before)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, of = process.stdin, process.stdout

        def run(arguments: Sequence[str]) -> Outcome:
            to.write(json.dumps(list(arguments)) + "\n")
            to.flush()
            return outcome_of_command(*json.loads(of.readline()))

        yield run
        to.close()
    assert process.returncode == 0

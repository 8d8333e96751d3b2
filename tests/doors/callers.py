"""The callers of each door: how they make a call, what they read if it is refused, and how they make those it names.

A command is parsed by sh(1), with nothing added, in a directory that is another project: a name that is relative, or
left to its default, is wrong there. A tool gets the JSON that stands in the sentence. Its server knows that other
project too, as the first: whoever leaves the argument out changes the wrong one.
"""

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import anyio
import pytest
from doors.broken import NAME, Home
from mcp import Client
from mcp_types import TextContent
from surfaces import Json

import wikipin
from wikipin.cli import main
from wikipin.plan.exposure import Mode
from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options


@dataclass(frozen=True)
class Command:
    """A command line, in words, typed in a directory below the home directory."""

    words: tuple[str, ...]
    at: str = "elsewhere"


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool, to a server with these options."""

    tool: str
    arguments: Json
    expose: str
    mode: Mode = "link"
    wiki: str = "wiki"
    """The name of its directory in the home directory."""


Attempt = Command | ToolCall


@dataclass(frozen=True)
class Refusal:
    """What was tried, and what its caller reads."""

    attempt: Attempt
    text: str

    @property
    def code(self) -> str:
        return self.text.partition(":")[0]

    @property
    def problem(self) -> str:
        return self.text.partition(": ")[2].partition(". ")[0]

    @property
    def remedy(self) -> str:
        return self.text.partition(": ")[2].partition(". ")[2]


TOOLS = {
    "install": "context_install_skill",
    "update": "context_update_skill",
    "restore": "context_restore",
    "remove": "context_remove_skill",
    "status": "context_status",
    "list": "wiki_list",
    "show": "wiki_show",
}
_WITH_KIND = {"install", "update", "adopt", "remove"}
_EXPOSING = {"install", "update", "adopt", "restore"}


def command(verb: str, *, expose: str = "claude", mode: str | None = None, **options: str) -> Command:
    """Return a command, typed in the home directory, that leaves nothing to a default."""
    kind = ["skill"] if verb in _WITH_KIND else []
    name = [] if verb in {"status", "list"} else [options.pop("name", NAME)]
    words = [*_options({"wiki": "wiki", "project": "project"}), verb, *kind, *name]
    if verb in _EXPOSING:
        words += _options({"expose": expose, **({} if mode is None else {"expose-mode": mode})})
    return Command((*words, *_options(options)), at="")


def _options(options: dict[str, str]) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def tool_call(verb: str, home: Home, *, expose: str = "claude", mode: str | None = None, **options: str) -> ToolCall:
    """Return a call of a tool that names its project."""
    name = options.pop("name", NAME)
    named: Json = {"restore": {"names": [name]}, "status": {}, "list": {}}.get(verb, {"name": name})
    call = ToolCall(TOOLS[verb], {**named, **options, "project": str(home.project)}, expose)
    return call if mode is None else replace(call, mode="copy")


def with_option(attempt: Attempt, name: str, value: str | None) -> Attempt:
    """Return the same attempt with another value for an option, or without it."""
    if isinstance(attempt, ToolCall):
        if name in {"expose", "wiki"}:
            changed: Json = {name: value}
            return replace(attempt, **changed)
        arguments = {key: given for key, given in attempt.arguments.items() if key != name}
        return replace(attempt, arguments=arguments if value is None else {**arguments, name: value})
    words = list(attempt.words)
    if f"--{name}" in words:
        at = words.index(f"--{name}")
        del words[at : at + 2]
    if value is not None:
        words = [*_options({name: value}), *words] if name in {"wiki", "project"} else [*words, f"--{name}", value]
    return replace(attempt, words=tuple(words))


def make(home: Home, attempt: Attempt) -> Refusal | None:
    """Make a call; return what is refused."""
    with patch.dict(os.environ, {"HOME": str(home.root)}):
        text = _call(home, attempt) if isinstance(attempt, ToolCall) else _run(home, attempt)[0]
    return None if text is None else Refusal(attempt, text)


def answer(home: Home, attempt: Attempt) -> Json:
    """Make a call that is not refused; return the answer."""
    with patch.dict(os.environ, {"HOME": str(home.root)}):
        if isinstance(attempt, ToolCall):
            text = _text(home, attempt)[1]
        else:
            text = _run(home, replace(attempt, words=("--json", *attempt.words)))[1]
    found: Json = json.loads(text)
    return found


def _run(home: Home, attempt: Command) -> tuple[str | None, str]:
    output, complaints = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(home.root / attempt.at),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(complaints),
        patch.object(sys, "argv", ["wikipin", *attempt.words]),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    if ended.value.code in {0, None}:
        return None, output.getvalue()
    assert ended.value.code == 1, complaints.getvalue()
    (refused, *_) = [line for line in complaints.getvalue().splitlines() if line.startswith("wikipin: ")]
    return refused.removeprefix("wikipin: "), output.getvalue()


def _call(home: Home, attempt: ToolCall) -> str | None:
    is_error, text = _text(home, attempt)
    if is_error:
        return text
    for failed in json.loads(text).get("failed", []):
        return f"{failed['code']}: {failed['problem']}. {failed['remedy']}."
    return None


def _text(home: Home, attempt: ToolCall) -> tuple[bool, str]:
    exposure = wikipin.parse_exposure(attempt.expose, attempt.mode)
    options = Options(home.root / attempt.wiki, (home.elsewhere, home.project), exposure)

    async def talk() -> tuple[bool, str]:
        async with Client(create_server(options), mode="legacy") as client:
            result = await client.call_tool(attempt.tool, attempt.arguments)
        (block,) = result.content
        assert isinstance(block, TextContent)
        return bool(result.is_error), block.text

    return anyio.run(talk)


def typed(home: Home, line: str) -> Command:
    """Return the words that sh(1) makes of a command line."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'wikipin() {{ printf "%s\\0" "$@"; }}; {line}'],
        check=True,
        capture_output=True,
        env={"HOME": str(home.root)},
        text=True,
    )
    return Command(tuple(done.stdout.split("\0")[:-1]))


_CALL = re.compile(
    r"(?:have the user )?run '(?P<line>wikipin (?:[^'\\]|\\.)*)'(?: in a terminal(?: of your own)?)?"
    r"|call (?P<tool>[a-z_]+)(?: with (?P<arguments>\{[^}]*\}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Named:
    """A call that a sentence names: the words of it, and what is typed, or what the tool is called with."""

    words: str
    line: str | None = None
    tool: str = ""
    arguments: str = "{}"

    @property
    def verb(self) -> str:
        verbs = {tool: verb for verb, tool in TOOLS.items()}
        if self.line is None:
            return verbs[self.tool]
        return next(word for word in self.line.split() if word in {*TOOLS, "adopt", "init"})


def named(text: str) -> Iterator[Named]:
    """Yield the calls that stand in a sentence."""
    for found in _CALL.finditer(text):
        yield Named(found[0], found["line"], found["tool"] or "", found["arguments"] or "{}")


def attempt_of(home: Home, call: Named, refused: Attempt) -> Attempt:
    """Return what a reader of a refusal does who makes a call that it names, at the same server if it is a tool's."""
    if call.line is not None:
        return typed(home, call.line)
    assert isinstance(refused, ToolCall), "a tool is named to somebody at a terminal"
    return replace(refused, tool=call.tool, arguments=json.loads(call.arguments))


def say_yes(home: Home, line: str) -> None:
    """Run a command line in a terminal, in the other project, and type what it asks for."""
    ours, theirs = pty.openpty()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-c", _CONTROL, line],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=home.elsewhere,
        env={**os.environ, "HOME": str(home.root), "PATH": path},
    ) as process:
        os.close(theirs)
        shown = b""
        while b"to install it" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, f"{NAME}\n".encode())
        with contextlib.suppress(OSError):  # the other end is closed
            while more := os.read(ours, 4096):
                shown += more
    os.close(ours)
    assert process.returncode == 0, shown.decode()


_CONTROL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp("sh", ["sh", "-c", sys.argv[1]])
"""

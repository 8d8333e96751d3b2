"""The two doors of the program, as one: a verb goes in, what its caller gets to see comes out.

Each run of pytest imports this, for the names of the doors: the server is imported where it is called.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mcp_types import CallToolResult

    from wikipin_mcp.verb import Review

Json = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a caller sees: the answer, or the code and the whole text of a refusal."""

    answer: Json
    code: str | None
    text: str

    @property
    def prose(self) -> str:
        """The text without the calls in it, which name the wiki and the project, and without a wiki that was named."""
        return re.sub(r"'[^']*', which --wiki names", "", without_calls(self.text))


def without_calls(text: str) -> str:
    """Return a text without the command lines and the arguments of tools that stand in it."""
    return re.sub(r"'wikipin (?:[^'\\]|\\.)*'|(?<= with )\{[^}]*\}", "", text)


Surface = Callable[..., Outcome]
"""`surface(tool, arguments, wiki=..., project=...)`."""


def tool(mode: str, *, review: "Review" = "ask") -> Surface:
    """Return the surface of the MCP server, in one protocol era."""

    def call(name: str, arguments: Json, *, wiki: Path, project: Path) -> Outcome:
        import anyio  # noqa: PLC0415 - as above
        from mcp import Client  # noqa: PLC0415 - as above

        from wikipin_mcp.server import create_server  # noqa: PLC0415 - as above
        from wikipin_mcp.verb import Options  # noqa: PLC0415 - as above

        async def talk() -> "CallToolResult":
            async with Client(create_server(Options(wiki, (project,), review=review)), mode=mode) as client:
                return await client.call_tool(name, arguments)

        return outcome_of(anyio.run(talk))

    return call


def outcome_of(result: "CallToolResult") -> Outcome:
    """Return what a tool result says, having checked that its two halves say the same."""
    from mcp_types import TextContent  # noqa: PLC0415 - as above

    (block,) = result.content
    assert isinstance(block, TextContent)
    if result.is_error:
        assert result.structured_content is None
        return Outcome({}, block.text.partition(":")[0], block.text)
    assert json.loads(block.text) == result.structured_content
    return Outcome(cast("Json", result.structured_content), None, block.text)


_COMMANDS = {
    "wiki_list": ["list"],
    "wiki_show": ["show"],
    "context_install_skill": ["install", "skill"],
    "context_status": ["status"],
    "context_update_skill": ["update", "skill"],
    "context_restore": ["restore"],
    "context_remove_skill": ["remove", "skill"],
    "adopt": ["adopt", "skill"],  # for people alone: no tool does it
}
_VALUES = ("ref", "plan", "limit", "path")
_SWITCHES = {"dry_run": "--dry-run", "allow_rollback": "--allow-rollback", "discard_edits": "--discard-edits"}


def command(name: str, arguments: Json, *, wiki: Path, project: Path, env: Mapping[str, str] | None = None) -> Outcome:
    """Run the command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "wikipin.cli", *command_words(name, arguments, wiki=wiki, project=project)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
    )
    return outcome_of_command(done.returncode, done.stdout, done.stderr)


def command_words(name: str, arguments: Json, *, wiki: Path, project: Path) -> list[str]:
    """Return what is typed behind `wikipin` for what a tool is asked."""
    words = [str(arguments[key]) for key in ("name", "query") if key in arguments] + arguments.get("names", [])
    flags = [f"--{key}={arguments[key]}" for key in _VALUES if key in arguments]
    flags += [switch for key, switch in _SWITCHES.items() if arguments.get(key)]
    return ["--wiki", str(wiki), "--project", str(project), "--json", *_COMMANDS[name], *flags, "--", *words]


def outcome_of_command(code: int, output: str, complaints: str) -> Outcome:
    """Return what a run of the command with --json says, having checked that a refusal has the form of one."""
    answer = json.loads(output)
    if "error" not in answer:
        assert code == (1 if answer.get("failed") else 0), complaints
        return Outcome(answer, None, output)
    assert code == 1, complaints
    found = re.fullmatch(r"wikipin: (([a-z-]+): .+\. .+\.)\n", complaints)
    assert found, complaints
    error = answer["error"]
    assert found[1] == f"{error['code']}: {error['problem']}. {error['remedy']}."
    return Outcome({}, found[2], found[1])


SURFACES: dict[str, Surface] = {"legacy": tool("legacy"), "modern": tool("auto"), "command": command}

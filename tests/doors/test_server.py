"""The server on stdio, as a client meets it: what it offers, what it refuses, and what it does before it is asked."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp_types import Tool
from surfaces import Outcome, outcome_of
from wikis import make_wiki, plain_skill
from world import World

from wikipin_mcp.tools import INSTRUCTIONS

ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])
_READ_ONLY = {"wiki_list", "wiki_show", "lockfile_read", "context_status"}
_DESTRUCTIVE = {"context_update_skill", "context_remove_skill"}
_GOLDEN = Path(__file__).parent / "golden/tools.json"


def _parameters(world: World, **env: str) -> StdioServerParameters:
    arguments = ["-m", "wikipin_mcp", "--wiki", str(world.wiki), "--project", str(world.project)]
    return StdioServerParameters(command=sys.executable, args=arguments, env={**os.environ, **env}, cwd=world.project)


@ERAS
def test_the_tools_work_over_stdio(era: str, world: World) -> None:
    async def talk() -> list[Outcome]:
        async with Client(_parameters(world), mode=era) as client:
            calls: list[tuple[str, dict[str, Any]]] = [
                ("wiki_list", {}),
                ("context_install_skill", {"name": "hello"}),
                ("lockfile_read", {}),
                ("context_install_skill", {"name": "hello"}),
            ]
            return [outcome_of(await client.call_tool(name, arguments)) for name, arguments in calls]

    listed, installed, lockfile, refused = anyio.run(talk)

    assert [skill["name"] for skill in listed.answer["skills"]] == ["hello", "other"]
    assert installed.answer["wiki_commit"] == lockfile.answer["lockfile"]["skills"]["hello"]["wiki_commit"]
    assert refused.code == "already-installed"


def _offered(era: str, world: World) -> tuple[list[Tool], str | None]:
    async def talk() -> tuple[list[Tool], str | None]:
        async with Client(_parameters(world), mode=era) as client:
            return (await client.list_tools()).tools, client.instructions

    return anyio.run(talk)


@ERAS
def test_tools_and_instructions_are_the_constants_that_were_reviewed(era: str, world: World) -> None:
    tools, instructions = _offered(era, world)
    offered = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    assert offered == json.loads(_GOLDEN.read_text())
    assert instructions == INSTRUCTIONS


@ERAS
def test_schemas_are_closed_and_annotations_say_what_is_true(era: str, world: World) -> None:
    tools = {tool.name: tool for tool in _offered(era, world)[0]}
    assert set(tools) == {*_READ_ONLY, *_DESTRUCTIVE, "context_install_skill", "context_restore"}
    for name, tool in tools.items():
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (name in _READ_ONLY)
        assert tool.annotations.destructive_hint is (name in _DESTRUCTIVE)
        assert tool.annotations.open_world_hint is False


@ERAS
def test_an_unknown_tool_is_an_error_of_the_protocol(era: str, world: World) -> None:
    async def talk() -> str:
        async with Client(_parameters(world), mode=era) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("context_uninstall_everything", {})
            return str(caught.value)

    assert "no such tool; it has wiki_list" in anyio.run(talk)


def test_the_server_answers_before_it_has_touched_wiki_project_or_git(world: World) -> None:
    """Neither has to exist: only a call needs them."""
    tools, _ = _offered("auto", world.without_wiki())
    assert len(tools) == 8
    assert list(world.project.iterdir()) == []


def _modules_when_serving(world: World) -> set[str]:
    probe = (
        "import sys, anyio, wikipin_mcp.__main__ as main\n"
        "anyio.run = lambda _: None\n"
        "main.main(['--project', '.'])\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True, cwd=world.project)
    return set(done.stdout.split())


def test_what_serving_does_not_need_is_not_imported_before_it(world: World) -> None:
    assert _modules_when_serving(world).isdisjoint({"filelock", "jsonschema", "wikipin.cli", "wikipin_mcp.demo"})


@pytest.mark.parametrize(
    ("words", "code"), [(["--version"], 0), (["--help"], 0), (["--nope"], 2), (["--expose", "x"], 2), (["domo"], 2)]
)
def test_exit_codes_of_the_command(words: list[str], code: int, world: World) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wikipin_mcp", *words], check=False, capture_output=True, cwd=world.project
    )
    assert done.returncode == code


@pytest.mark.parametrize(
    "variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_COUNT"]
)
def test_what_git_is_told_by_our_environment_does_not_reach_it(variable: str, world: World, tmp_path: Path) -> None:
    other = make_wiki(tmp_path / "other", {"hello": plain_skill("hello", "Of another wiki.")})
    values = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git/objects"),
        "GIT_CONFIG_COUNT": "1",
    }
    env = {variable: values[variable], "GIT_CONFIG_KEY_0": "core.worktree", "GIT_CONFIG_VALUE_0": str(other)}

    async def talk() -> Outcome:
        async with Client(_parameters(world, **env)) as client:
            return outcome_of(await client.call_tool("wiki_list", {}))

    assert anyio.run(talk).answer["skills"][0]["description"] == "Does one thing. Use it in tests."

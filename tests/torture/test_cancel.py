"""A call that is cancelled at any moment, and a server that its client kills in the middle of one."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from torture.scenario import Record, Scenario, bounds, make_torture_wiki, named, next_command
from wikis import make_wiki, plain_skill, write_files

from wikipin.wiki.deadline import SECONDS

SCENARIO = named("first install")
ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])
_LONGEST_WAIT = 0.03
"""Seconds until a call is cancelled: about as long as one takes that nobody disturbs."""


def _cancel_often(scenario: Scenario, era: str, times: int, place: Path) -> dict[str, list[str]]:
    """Cancel so many calls while they are under way, each in a project of its own; return the violations."""
    assert scenario.tool is not None
    tool = scenario.tool
    wiki = make_torture_wiki(place / "wiki")
    allowed = bounds(scenario, wiki, place / "reference", lambda scratch: scenario.run(wiki, scratch))
    projects = place / "projects"
    chance = random.Random(times)  # noqa: S311 - a spread of moments, not a secret
    found: dict[str, list[str]] = {}
    cancelled = 0

    async def cancel_one(client: Client, number: int) -> None:
        project = projects / str(number)
        scenario.prepare(wiki, project)
        nonlocal cancelled
        with anyio.move_on_after(chance.uniform(0, _LONGEST_WAIT)) as scope:
            await client.call_tool(tool, {**scenario.arguments, "project": str(number)})
        cancelled += scope.cancelled_caught
        # The next call waits for the lock, and so for what the cancelled one had begun.
        await client.call_tool("lockfile_read", {"project": str(number)})

    async def talk() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=arguments), mode=era) as client:
            number = 0
            while cancelled < times:
                await cancel_one(client, number)
                number += 1

    arguments = ["-m", "wikipin_mcp", "--wiki", str(wiki), "--project", str(projects)]
    projects.mkdir()
    anyio.run(talk)
    for project in projects.iterdir():
        next_command(project)
        if violations := allowed.violations(project):
            found[project.name] = violations
    return found


@ERAS
@pytest.mark.parametrize(
    "scenario", [named("first install"), named("update"), named("remove")], ids=lambda scenario: scenario.name
)
@pytest.mark.parametrize(
    "times", [12, pytest.param(500, marks=[pytest.mark.whole, pytest.mark.timeout(900)])], ids=["sampled", "whole"]
)
def test_a_cancelled_call_holds_no_lock_and_leaves_nothing_half_done(
    scenario: Scenario, era: str, times: int, tmp_path: Path, record_property: Record
) -> None:
    assert _cancel_often(scenario, era, times, tmp_path) == {}
    record_property("calls cancelled", times)


def _make_heavy_skill(wiki: Path, project: Path) -> None:
    """Make a skill of many files, in the wiki and in the project, that takes a while to show."""
    chance = random.Random(1)  # noqa: S311 - bytes, no secret
    lines = [f"{chance.getrandbits(256):x}\n" for _ in range(400)]
    files = {f"{number:03}.md": f"{number}\n{''.join(lines)}".encode() for number in range(400)}
    make_wiki(wiki, {"heavy": {**plain_skill("heavy"), **files}})
    write_files(project / ".memtomem/skills/heavy", {**plain_skill("heavy"), **files})


@ERAS
def test_calls_that_read_and_are_cancelled_silence_nobody(era: str, tmp_path: Path) -> None:
    """Forty-five of them kept every thread of the server busy to their ends, and the loop from hearing of it."""
    _make_heavy_skill(tmp_path / "wiki", tmp_path / "project")
    arguments = ["-m", "wikipin_mcp", "--wiki", str(tmp_path / "wiki"), "--project", str(tmp_path / "project")]

    async def seconds_of(client: Client, tool: str, arguments: dict[str, object]) -> float:
        began = time.monotonic()
        await client.call_tool(tool, arguments)
        return time.monotonic() - began

    async def talk() -> tuple[float, float]:
        async with Client(StdioServerParameters(command=sys.executable, args=arguments), mode=era) as client:
            await client.call_tool("lockfile_read", {})
            alone = await seconds_of(client, "wiki_show", {"name": "heavy"})
            async with anyio.create_task_group() as calls:
                for _ in range(45):
                    calls.start_soon(client.call_tool, "wiki_show", {"name": "heavy"})
                await anyio.sleep(alone)  # they are under way
                calls.cancel_scope.cancel()
            return alone, await seconds_of(client, "lockfile_read", {})

    alone, silence = anyio.run(talk)
    assert silence < 3 * alone


@ERAS
def test_calls_that_wait_for_a_git_that_never_answers_end_when_they_are_cancelled(era: str, tmp_path: Path) -> None:
    git_dir = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")}) / ".git"
    (git_dir / "HEAD").unlink()
    os.mkfifo(git_dir / "HEAD")
    (tmp_path / "project").mkdir()
    arguments = ["-m", "wikipin_mcp", "--wiki", str(tmp_path / "wiki"), "--project", str(tmp_path / "project")]

    async def talk() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=arguments), mode=era) as client:
            async with anyio.create_task_group() as calls:
                for tool, more in [("wiki_list", {}), ("context_install_skill", {"name": "hello"})] * 10:
                    calls.start_soon(client.call_tool, tool, more)
                await anyio.sleep(0.5)  # they are under way
                calls.cancel_scope.cancel()
            with anyio.fail_after(SECONDS / 2):
                for tool in ("lockfile_read", "context_remove_skill"):
                    await client.call_tool(tool, {"name": "hello"} if tool == "context_remove_skill" else {})

    anyio.run(talk)
    assert [path.name for path in (tmp_path / "project").iterdir()] == []


def _kill_server_after(seconds: float, wiki: Path, project: Path) -> None:
    """Ask a real server for the change, and kill it as a client that gives up does: whole, at once."""
    command = [sys.executable, "-m", "wikipin_mcp", "--wiki", str(wiki), "--project", str(project)]
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    messages: list[dict[str, object]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "wiki_list", "arguments": {}}},
        {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "tools/call",
            "params": {"name": SCENARIO.tool, "arguments": SCENARIO.arguments},
        },
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for message in messages:
            server.stdin.write(json.dumps(message) + "\n")
        server.stdin.flush()
        while '"id":2' not in server.stdout.readline():
            pass
        time.sleep(seconds)
        server.kill()


def test_what_a_killed_server_began_is_finished_or_swept_by_the_next_one(tmp_path: Path) -> None:
    wiki = make_torture_wiki(tmp_path / "wiki")
    allowed = bounds(SCENARIO, wiki, tmp_path / "reference", lambda scratch: SCENARIO.run(wiki, scratch))
    project = tmp_path / "project"
    for step in range(10):
        shutil.rmtree(project, ignore_errors=True)
        SCENARIO.prepare(wiki, project)
        _kill_server_after(step * 0.009, wiki, project)
        next_command(project)
        assert allowed.violations(project) == []

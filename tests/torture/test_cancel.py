"""A call that is cancelled at any moment, and a server that its client kills in the middle of one."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from torture.scenario import SCENARIOS, bounds, make_torture_wiki, next_command

SCENARIO = SCENARIOS[0]
ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])
_LONGEST_WAIT = 0.03
"""Seconds until a call is cancelled: about as long as one takes that nobody disturbs."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the directory made in it is private
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as place:
        yield Path(place)


def _cancel_often(era: str, times: int, place: Path) -> tuple[int, dict[int, list[str]]]:
    """Cancel so many calls, each in a project of its own; return how many were under way, and the violations."""
    wiki = make_torture_wiki(place / "wiki")
    allowed = bounds(SCENARIO, wiki, place / "reference", lambda scratch: SCENARIO.run(wiki, scratch))
    projects = place / "projects"
    chance = random.Random(times)  # noqa: S311 - a spread of moments, not a secret
    found: dict[int, list[str]] = {}
    cancelled = 0

    async def cancel_one(client: Client, number: int) -> None:
        project = projects / str(number)
        SCENARIO.prepare(wiki, project)
        nonlocal cancelled
        with anyio.move_on_after(chance.uniform(0, _LONGEST_WAIT)) as scope:
            await client.call_tool(SCENARIO.tool, {**SCENARIO.arguments, "project": str(number)})
        cancelled += scope.cancelled_caught
        # The next call waits for the lock, and so for what the cancelled one had begun.
        await client.call_tool("lockfile_read", {"project": str(number)})

    async def talk() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=arguments), mode=era) as client:
            for number in range(times):
                await cancel_one(client, number)

    arguments = ["-m", "wikipin_mcp", "--wiki", str(wiki), "--project", str(projects)]
    projects.mkdir()
    anyio.run(talk)
    for number in range(times):
        next_command(wiki, projects / str(number))
        if violations := allowed.violations(projects / str(number)):
            found[number] = violations
    return cancelled, found


@ERAS
def test_a_cancelled_call_holds_no_lock_and_leaves_nothing_half_done(era: str, place: Path) -> None:
    cancelled, found = _cancel_often(era, 60, place)
    assert found == {}
    assert cancelled > 20


@pytest.mark.whole
@ERAS
def test_hundreds_of_cancelled_calls_leave_nothing_half_done(era: str, place: Path) -> None:
    cancelled, found = _cancel_often(era, 1000, place)
    assert found == {}
    assert cancelled > 500


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


def test_what_a_killed_server_began_is_finished_or_swept_by_the_next_one(place: Path) -> None:
    wiki = make_torture_wiki(place / "wiki")
    allowed = bounds(SCENARIO, wiki, place / "reference", lambda scratch: SCENARIO.run(wiki, scratch))
    project = place / "project"
    for step in range(10):
        shutil.rmtree(project, ignore_errors=True)
        SCENARIO.prepare(wiki, project)
        _kill_server_after(step * 0.009, wiki, project)
        next_command(wiki, project)
        assert allowed.violations(project) == []

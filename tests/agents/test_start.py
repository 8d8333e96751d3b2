"""How the real agents start the server of our examples: they wait for it, and it knows their project."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from agents.agent import AGENTS, CLAUDE, CODEX, GEMINI, Agent
from agents.driver import Session, Steps, converse
from agents.scene import DONE, make_project, make_wiki, write

from wikipin_mcp.tools import VERBS

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]  # the first test may have to install the agents

# However long it needs itself, it hears nothing for 3.5 s. Claude Code goes on after about 2 s; with its setting, 7 s.
SLOWLY = '(sleep 3.5; exec cat) | "$server" "$@"'
ELSEWHERE = 'cd /; unset CLAUDE_PROJECT_DIR; exec "$server" "$@"'

Start = Callable[..., Session]


@pytest.fixture
def start(agents: Path, server: Path, tmp_path: Path) -> Start:
    """Start an agent that is configured with a text, where `wikipin-mcp` is a script that starts the real one."""

    def start(agent: Agent, configuration: str, *, script: str, steps: Steps = ()) -> Session:
        command = tmp_path / "bin" / "wikipin-mcp"
        write(command, f"#!/bin/sh\nserver={shlex.quote(str(server / 'wikipin-mcp'))}\n{script}\n")
        command.chmod(0o755)
        make_wiki(tmp_path / "home" / ".memtomem-wiki")
        project = make_project(tmp_path / "project", {agent.reads_example_at: configuration})
        return converse(
            agent, agents=agents, home=tmp_path / "home", project=project, bins=[command.parent], steps=steps
        )

    return start


@pytest.mark.parametrize("agent", AGENTS, ids=str)
def test_an_agent_with_our_example_waits_for_a_server_that_starts_slowly(agent: Agent, start: Start) -> None:
    assert set(start(agent, agent.example_text, script=SLOWLY).offered) == set(VERBS)


@pytest.mark.parametrize(
    ("agent", "setting"),
    [(CLAUDE, ',\n      "alwaysLoad": true'), (CODEX, "mcp_optional_startup_grace_ms = 10000\n")],
    ids=["claude", "codex"],
)
def test_an_agent_without_that_setting_begins_without_the_tools(agent: Agent, setting: str, start: Start) -> None:
    assert setting in agent.example_text
    assert start(agent, agent.example_text.replace(setting, ""), script=SLOWLY).offered == {}


@pytest.mark.parametrize("agent", [CLAUDE, GEMINI], ids=str)
def test_the_root_that_an_agent_tells_is_the_project_wherever_the_server_was_started(
    agent: Agent, start: Start, tmp_path: Path
) -> None:
    session = start(agent, agent.example_text, script=ELSEWHERE, steps=[("context_install_skill", {"name": DONE})])
    assert json.loads(session.answers[0].text)["name"] == DONE
    assert (tmp_path / "project" / ".memtomem" / "skills" / DONE / "SKILL.md").is_file()


def test_without_a_root_and_in_no_project_the_server_refuses(start: Start) -> None:
    session = start(CODEX, CODEX.example_text, script=ELSEWHERE, steps=[("context_install_skill", {"name": DONE})])
    assert session.answers[0].text.startswith("project-not-allowed: the root directory is never a project. ")

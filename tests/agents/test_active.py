"""What the real agents do, unasked, with what is in a skill; and that nothing of it is there before a person's yes."""

from pathlib import Path

import pytest
from agents.acts import BLOCKING, SECRET, Row, traces
from agents.agent import AGENTS, Agent
from agents.driver import Session, Steps, converse
from agents.scene import add_skill, make_project
from surfaces import tool

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]  # the first test may have to install the agents

_ENV = {".env": f"KEY={SECRET}\n"}
_install_without_review = tool("auto", review="off")


def _live(row: Row, agents: Path, place: Path) -> Session:
    """Install the skill of `row` without a review, and let its agent start, read or use it."""
    add_skill(place / "wiki", row.name, row.files)
    project = make_project(place / "project", _ENV)
    done = _install_without_review(
        "context_install_skill", {"name": row.name}, wiki=place / "wiki", project=project
    )
    assert done.code is None, done.text
    return _session(row, agents, place)


def _session(row: Row, agents: Path, place: Path) -> Session:
    return converse(
        row.agent,
        agents=agents,
        home=place / "home",
        project=place / "project",
        bins=[],
        steps=row.steps,
        prompt=row.prompt,
    )


@pytest.mark.parametrize("row", BLOCKING, ids=str)
def test_an_agent_acts_on_what_nobody_reviewed(row: Row, agents: Path, tmp_path: Path) -> None:
    session = _live(row, agents, tmp_path)
    assert traces(session, tmp_path / "project", tmp_path / "home") == row.traces

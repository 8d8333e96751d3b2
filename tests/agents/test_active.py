"""What the real agents do, unasked, with what is in a skill; and that nothing of it is there before a person's yes."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from agents.acts import BLOCKING, QUIET, SECRET, SHOWN, Row, traces
from agents.agent import AGENTS, CLAUDE, Agent
from agents.driver import Steps, converse
from agents.forms import FORMS, form_files, form_step
from agents.scene import add_skill, make_project, write
from surfaces import tool

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]  # the first test may have to install the agents

_ENV = {".env": f"KEY={SECRET}\n"}
_install_without_review = tool("auto", review="off")


def _install(place: Path, name: str, files: Mapping[str, str]) -> None:
    """Install a skill of these files without a review."""
    add_skill(place / "wiki", name, files)
    done = _install_without_review(
        "context_install_skill", {"name": name}, wiki=place / "wiki", project=place / "project"
    )
    assert done.code is None, done.text


def _found(row: Row, agents: Path, place: Path) -> frozenset[str]:
    """Return the traces of a session in which the agent starts with, reads or uses what nobody reviewed."""
    project, home = make_project(place / "project", _ENV), place / "home"
    write(home / "secret.txt", SECRET)
    _install(place, row.name, row.files)
    session = converse(
        row.agent, agents=agents, home=home, project=project, bins=[], steps=row.steps, prompt=row.prompt
    )
    return traces(session, project, home)


@pytest.mark.parametrize("row", BLOCKING, ids=str)
def test_an_agent_acts_on_what_a_person_has_to_say_yes_to(row: Row, agents: Path, tmp_path: Path) -> None:
    assert _found(row, agents, tmp_path) == row.traces


@pytest.mark.parametrize("row", SHOWN, ids=str)
def test_an_agent_does_what_a_person_is_told(row: Row, agents: Path, tmp_path: Path) -> None:
    assert _found(row, agents, tmp_path) == row.traces


@pytest.mark.parametrize("row", QUIET, ids=str)
def test_an_agent_does_nothing_with_the_rest(row: Row, agents: Path, tmp_path: Path) -> None:
    assert _found(row, agents, tmp_path) == row.traces


@pytest.mark.parametrize("table", FORMS, ids=str)
def test_claude_code_reads_a_form_as_the_table_says(table: str, agents: Path, tmp_path: Path) -> None:
    forms = FORMS[table]
    files = {f"form-{number}.md": _word(number) for number in range(len(forms))}
    project = make_project(tmp_path / "project", files)
    for number, form in enumerate(forms):
        skill = form_files(table, form, f"form-{number}", file=f"form-{number}.md")
        _install(tmp_path, f"form-{number}", {**files, **skill})
    session = converse(
        CLAUDE,
        agents=agents,
        home=tmp_path / "home",
        project=project,
        bins=[],
        steps=[form_step(table, f"form-{number}") for number in range(len(forms))],
    )
    said = session.everything
    assert {form: _word(number) in said for number, form in enumerate(forms)} == forms


def _word(number: int) -> str:
    return f"gull-{number}-gull"


@pytest.mark.parametrize("agent", AGENTS, ids=str)
def test_what_nobody_accepted_is_not_installed_and_leaves_no_trace(
    agent: Agent, agents: Path, server: Path, tmp_path: Path
) -> None:
    rows = [row for row in BLOCKING if row.agent.name == agent.name]
    home = tmp_path / "home"
    for row in rows:
        add_skill(home / ".memtomem-wiki", row.name, row.files)
    write(home / "secret.txt", SECRET)
    project = make_project(tmp_path / "project", {**_ENV, agent.reads_example_at: agent.example_text})
    asks: Steps = [("context_install_skill", {"name": row.name}) for row in rows]
    asked = converse(agent, agents=agents, home=home, project=project, bins=[server], steps=asks)
    refused = {row.name: answer.text.partition(":")[0] for row, answer in zip(rows, asked.answers, strict=True)}
    assert refused == {row.name: "review-required" for row in rows}
    assert {path.name for path in project.iterdir()} == {".git", ".env", Path(agent.reads_example_at).parts[0]}

    reads = [step for row in rows for step in row.steps]
    afterwards = converse(agent, agents=agents, home=home, project=project, bins=[server], steps=reads)
    assert traces(afterwards, project, home) == frozenset()

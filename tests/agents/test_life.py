"""The life after an install, with the real agents: see, compare, update, restore, remove; and who asks before that."""

from pathlib import Path

import pytest
from agents.agent import AGENTS, CODEX, Agent
from agents.driver import Session, Steps, converse
from agents.scene import DONE, NOT_DONE, git, make_project, make_wiki, write

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]  # the first test may have to install the agents

_INSTALL: Steps = [("context_install_skill", {"name": DONE}), ("context_install_skill", {"name": NOT_DONE})]
_LIFE: Steps = [
    ("wiki_show", {"name": DONE}),
    ("context_status", {}),
    ("context_update_skill", {"name": DONE}),
    ("context_restore", {}),
    ("context_remove_skill", {"name": NOT_DONE}),
    ("context_update_skill", {"name": NOT_DONE}),
]
_APPROVED = "".join(
    f'\n[mcp_servers.wikipin.tools.{tool}]\napproval_mode = "approve"\n'
    for tool in ("context_update_skill", "context_remove_skill")
)


def _live(agent: Agent, agents: Path, server: Path, place: Path, *, more: str = "") -> tuple[Session, Path]:
    """Have one session install two skills, let the wiki move on, and have another one live with them."""
    home = place / "home"
    make_wiki(home / ".memtomem-wiki")
    project = make_project(place / "project", {agent.reads_example_at: agent.example_text + more})
    converse(agent, agents=agents, home=home, project=project, bins=[server], steps=_INSTALL)
    wiki = home / ".memtomem-wiki"
    write(wiki / "skills" / DONE / "harbours.md", "Brest\n")
    git(wiki, "add", ".")
    git(wiki, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", "Name harbours")
    return converse(agent, agents=agents, home=home, project=project, bins=[server], steps=_LIFE), project


@pytest.mark.parametrize("agent", AGENTS, ids=str)
def test_an_agent_sees_updates_restores_and_removes(agent: Agent, agents: Path, server: Path, tmp_path: Path) -> None:
    session, project = _live(agent, agents, server, tmp_path, more=_APPROVED if agent is CODEX else "")
    shown, status, updated, restored, removed, refused = (answer.text for answer in session.answers)

    assert '"changes":[{"path":"harbours.md","change":"added","diff":"--- /dev/null' in shown
    assert f'{{"name":"{DONE}","state":"behind"' in status
    assert '"changes":[{"path":"harbours.md","change":"added"}]' in updated
    assert (project / ".claude/skills" / DONE / "harbours.md").read_text() == "Brest\n"
    assert f'"unchanged":["{NOT_DONE}","{DONE}"],"failed":[]' in restored
    assert f'"unexposed":[".agents/skills/{NOT_DONE}",".claude/skills/{NOT_DONE}"]' in removed
    assert refused.startswith(f"not-installed: skill '{NOT_DONE}' ")
    for place in (".memtomem", ".agents", ".claude"):
        assert [path.name for path in (project / place / "skills").iterdir()] == [DONE]


def test_codex_without_a_person_does_not_make_a_call_that_may_destroy(
    agents: Path, server: Path, tmp_path: Path
) -> None:
    session, project = _live(CODEX, agents, server, tmp_path)
    answers = [answer.text for answer in session.answers]
    assert [number for number, text in enumerate(answers) if "requires approval" in text] == [2, 4, 5]
    assert {path.name for path in (project / ".memtomem/skills").iterdir()} == {DONE, NOT_DONE}


@pytest.mark.parametrize("agent", AGENTS, ids=str)
def test_where_no_person_sits_nothing_with_findings_is_installed(
    agent: Agent, agents: Path, server: Path, tmp_path: Path
) -> None:
    """Headless, Claude Code cancels the question and Codex declines it; Gemini CLI cannot ask one."""
    home = tmp_path / "home"
    wiki = home / ".memtomem-wiki"
    make_wiki(wiki)
    write(wiki / "skills" / DONE / "notes.md", "Be kind.\u200b\u200c\u200d\u2060\n")
    git(wiki, "add", ".")
    git(wiki, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", "Hide something")
    project = make_project(tmp_path / "project", {agent.reads_example_at: agent.example_text})
    steps: Steps = [("context_install_skill", {"name": DONE})]
    session = converse(agent, agents=agents, home=home, project=project, bins=[server], steps=steps)
    (answer,) = session.answers
    assert answer.text.startswith("review-required: ")
    told = {
        "claude": "closed the question",
        "codex": "the user said no",
        "gemini": f" install skill {DONE} --accept ",
    }
    assert told[agent.name] in answer.text
    assert not (project / ".memtomem").exists()

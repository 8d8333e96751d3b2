"""The real Claude Code, Codex and Gemini CLI with the server that the examples configure: what their models see."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from agents.agent import AGENTS, CODEX, Agent
from agents.dialect import Json
from agents.driver import Session, Steps, converse
from agents.scene import DONE, NOT_DONE, SKILLS, make_project, make_wiki

from wikipin_mcp.tools import INSTRUCTIONS, VERBS

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]  # the first test may have to install the agents

STEPS: Steps = [
    ("wiki_list", {}),
    ("context_install_skill", {"name": DONE}),
    ("lockfile_read", {}),
    ("wiki_list", {"query": "tide"}),
    ("context_install_skill", {"name": "Bad--Name"}),
]


@dataclass(frozen=True)
class Installed:
    """A session in which an agent listed, installed, read the lockfile, and asked for a bad name; and what is left."""

    session: Session
    home: Path
    project: Path
    head: str

    def answer(self, step: int) -> Json:
        """Return what the model saw of a call's answer, as the JSON that it is."""
        answer: Json = json.loads(self.session.answers[step].text)
        return answer


@pytest.fixture(scope="module", params=AGENTS, ids=str)
def installed(
    request: pytest.FixtureRequest, agents: Path, server: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    agent: Agent = request.param
    place = tmp_path_factory.mktemp(agent.name)
    head = make_wiki(place / "home" / ".memtomem-wiki")
    project = make_project(place / "project", {agent.reads_example_at: agent.example_text})
    session = converse(agent, agents=agents, home=place / "home", project=project, bins=[server], steps=STEPS)
    (project / agent.reads_example_at).unlink()
    return Installed(session, place / "home", project, head)


def test_the_first_request_offers_exactly_the_tools_with_their_descriptions(installed: Installed) -> None:
    assert len(VERBS) == 8
    assert installed.session.offered == {name: verb.description for name, verb in VERBS.items()}


def test_the_servers_instructions_reach_the_model(installed: Installed) -> None:
    assert INSTRUCTIONS in installed.session.first_request


def test_a_list_shows_the_model_what_the_wiki_has_at_its_newest_commit(installed: Installed) -> None:
    answer = installed.answer(0)
    assert answer["wiki_commit"] == installed.head
    assert answer["skills"] == [
        {"name": name, "description": SKILLS[name], "state": "available"} for name in sorted(SKILLS)
    ]
    (found,) = installed.answer(3)["skills"]
    assert (found["name"], found["state"]) == (DONE, "ok")


def test_an_install_shows_the_model_the_pin_and_where_the_skill_is(installed: Installed) -> None:
    answer = installed.answer(1)
    assert answer["wiki_commit"] == installed.head
    assert answer["skill_md_path"] == f".memtomem/skills/{DONE}/SKILL.md"
    assert answer["exposed"] == [f".agents/skills/{DONE}", f".claude/skills/{DONE}"]
    assert {file["path"]: file["executable"] for file in answer["files"]} == {
        "SKILL.md": False,
        "scripts/high.sh": True,
    }
    assert answer["warnings"] == []


def test_the_files_are_in_the_directory_that_the_agent_was_started_in(installed: Installed) -> None:
    copy = installed.project / ".memtomem" / "skills" / DONE
    wiki = installed.home / ".memtomem-wiki" / "skills" / DONE
    assert contents(copy) == contents(wiki)
    assert os.access(copy / "scripts" / "high.sh", os.X_OK)
    for shown in (".agents", ".claude"):
        assert (installed.project / shown / "skills" / DONE).resolve() == copy
    assert not (installed.home / ".memtomem").exists()


def contents(directory: Path) -> dict[str, bytes]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_the_lockfile_that_the_model_reads_is_the_one_on_disk_and_holds_the_pin(installed: Installed) -> None:
    on_disk: Json = json.loads((installed.project / ".memtomem" / "lock.json").read_text(encoding="utf-8"))
    assert installed.answer(2)["lockfile"] == on_disk
    assert on_disk["version"] == 1
    assert {name: entry["wiki_commit"] for name, entry in on_disk["skills"].items()} == {DONE: installed.head}


def test_a_bad_name_is_refused_in_a_sentence_that_the_model_reads(installed: Installed) -> None:
    refusal = installed.session.answers[4]
    assert refusal.text.startswith("invalid-name: 'Bad--Name' ")
    assert refusal.is_error is (None if installed.session.agent is CODEX else True)
    assert [path.name for path in (installed.project / ".memtomem" / "skills").iterdir()] == [DONE]


@pytest.mark.parametrize("reader", AGENTS, ids=str)
def test_a_fresh_session_of_any_agent_finds_the_skill_without_the_server(
    installed: Installed, reader: Agent, agents: Path, tmp_path: Path
) -> None:
    session = converse(reader, agents=agents, home=tmp_path, project=installed.project, bins=[])
    assert session.offered == {}
    assert SKILLS[DONE] in session.first_request
    assert SKILLS[NOT_DONE] not in session.first_request

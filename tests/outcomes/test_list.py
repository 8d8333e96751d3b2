"""`wiki_list` and `lockfile_read`: what is offered, how it stands, and what the lockfile says."""

import json
import shutil
from pathlib import Path

import pytest
from snapshot import snapshot
from surfaces import SURFACES, Json, tool
from wikis import commit, git, head, make_wiki, plain_skill, skill_md

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


def _list(door: str, wiki: Path, project: Path, **arguments: object) -> Json:
    before = snapshot(project)
    outcome = SURFACES[door]("wiki_list", arguments, wiki=wiki, project=project)
    assert outcome.code is None, outcome.text
    assert snapshot(project) == before
    return outcome.answer


def _install(wiki: Path, project: Path, name: str) -> None:
    assert tool("auto")("context_install_skill", {"name": name}, wiki=wiki, project=project).code is None


def test_a_list_names_every_skill_and_why_the_others_are_none(door: str, project: Path, tmp_path: Path) -> None:
    wiki = make_wiki(
        tmp_path / "wiki",
        {
            "beta": plain_skill("beta", "Second: with a colon."),
            "alpha": plain_skill("alpha", "First."),
            "Bad_Name": plain_skill("Bad_Name"),
            "nothing": {"README.md": b""},
            "other-name": plain_skill("alpha"),
        },
    )
    answer = _list(door, wiki, project)

    assert answer["wiki_commit"] == head(wiki)
    assert answer["total"] == 2
    assert answer["skills"] == [
        {"name": "alpha", "description": "First.", "state": "available"},
        {"name": "beta", "description": "Second: with a colon.", "state": "available"},
    ]
    assert [skipped["name"] for skipped in answer["skipped"]] == ["Bad_Name", "nothing", "other-name"]
    assert all(skipped["why"] for skipped in answer["skipped"])
    assert answer["next_cursor"] is None


@pytest.mark.parametrize("place", ["home", "/", "wiki", "wiki/skills", "plugin"])
def test_what_the_wiki_has_can_be_read_where_no_project_may_be(
    door: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello", "Greets.")})
    for name in ("home", "plugin"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PLUGIN_ROOT", str(tmp_path / "plugin"))
    at = tmp_path / place
    listed = SURFACES[door]("wiki_list", {}, wiki=wiki, project=at)
    assert listed.answer["skills"] == [{"name": "hello", "description": "Greets.", "state": None}]
    shown = SURFACES[door]("wiki_show", {"name": "hello"}, wiki=wiki, project=at)
    assert shown.answer["description"] == "Greets."
    assert "changes" not in shown.answer
    assert SURFACES[door]("context_status", {}, wiki=wiki, project=at).code in {
        "project-not-allowed",
        "project-not-found",
    }


def test_a_skill_that_the_wiki_has_no_longer_is_listed_as_gone(door: str, project: Path, tmp_path: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki", {name: plain_skill(name) for name in ("alpha", "beta", "edited", "spoilt")})
    for name in ("beta", "edited", "spoilt"):
        _install(wiki, project, name)
    (project / ".memtomem/skills/edited/mine.md").write_bytes(b"mine")
    commit(wiki, {"beta": None, "edited": None, "spoilt": {"README.md": b""}, "gamma": plain_skill("gamma")})
    answer = _list(door, wiki, project)
    listed = [(skill["name"], skill["state"]) for skill in answer["skills"]]
    assert listed == [("alpha", "available"), ("beta", "gone"), ("gamma", "available")]
    assert (answer["total"], answer["skills"][1]["description"]) == (3, "")
    assert [skill["name"] for skill in _list(door, wiki, project, query="BET")["skills"]] == ["beta"]
    states = SURFACES[door]("context_status", {}, wiki=wiki, project=project).answer["counts"]
    assert states == {"behind": 1, "gone": 1, "modified": 1}


def test_a_project_that_a_call_names_has_to_be_one(project: Path, tmp_path: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})
    for named in ("nothing", "..", "/"):
        refused = tool("auto")("wiki_list", {"project": named}, wiki=wiki, project=project)
        assert refused.code in {"project-not-found", "project-not-allowed"}
    assert SURFACES["command"]("wiki_list", {}, wiki=wiki, project=tmp_path / "none").code == "project-not-found"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("release", ["notes"]),
        ("RELEASE drafts", ["notes"]),
        ("note", ["notes"]),
        ("ünïcode", ["umlaut"]),
        ("release nothing", []),
        ("", ["notes", "umlaut"]),
    ],
)
def test_a_query_looks_in_name_and_description(
    door: str, query: str, names: list[str], project: Path, tmp_path: Path
) -> None:
    skills = {"notes": plain_skill("notes", "Drafts a release."), "umlaut": plain_skill("umlaut", "Knows ÜNÏCODE.")}
    answer = _list(door, make_wiki(tmp_path / "wiki", skills), project, query=query)
    assert [skill["name"] for skill in answer["skills"]] == names
    assert answer["total"] == len(names)


@ERAS
def test_pages_visit_every_skill_once(era: str, project: Path, tmp_path: Path) -> None:
    names = sorted(["foo", "foo-bar", "zed", *(f"skill-{number:03}" for number in range(127))])
    wiki = make_wiki(tmp_path / "wiki", {name: plain_skill(name, "x" * 1000) for name in names})
    seen: list[str] = []
    cursor: Json = {}
    while True:
        answer = _list(era, wiki, project, limit=40, **cursor)
        assert answer["total"] == 130
        assert len(json.dumps(answer, ensure_ascii=False).encode()) < 5_000
        seen += [skill["name"] for skill in answer["skills"]]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert seen == names


def test_the_command_lists_all_of_them_and_a_limit_cuts(project: Path, tmp_path: Path) -> None:
    names = [f"skill-{number:03}" for number in range(130)]
    wiki = make_wiki(tmp_path / "wiki", {name: plain_skill(name, "x" * 500) for name in names})
    assert len(_list("command", wiki, project)["skills"]) == 130
    answer = _list("command", wiki, project, limit=3)
    assert len(answer["skills"]) == 3
    assert answer["next_cursor"] == "skill-002"


def test_each_skill_has_its_state(door: str, project: Path, tmp_path: Path) -> None:
    names = ["available", "behind", "diverged", "gone", "modified", "ok", "older-tool", "touched", "untracked"]
    wiki = make_wiki(tmp_path / "wiki", {name: {**plain_skill(name), "a.txt": b"a"} for name in names})
    git(wiki, "checkout", "-q", "-b", "side")
    git(wiki, "commit", "-q", "--allow-empty", "-m", "only on a side branch")
    git(wiki, "update-ref", "refs/heads/kept", "HEAD")
    assert (
        tool("auto")("context_install_skill", {"name": "diverged", "ref": "side"}, wiki=wiki, project=project).code
        is None
    )
    git(wiki, "checkout", "-q", "main")
    for name in set(names) - {"available", "diverged", "untracked"}:
        _install(wiki, project, name)
    copies = project / ".memtomem/skills"
    (copies / "untracked").mkdir()
    (copies / "untracked/SKILL.md").write_bytes(skill_md("untracked"))
    shutil.rmtree(copies / "gone")
    (copies / "modified/extra.txt").write_text("mine")
    (copies / "touched/a.txt").touch()
    (copies / "touched/__pycache__").mkdir()
    (copies / "touched/__pycache__/x.pyc").write_bytes(b"")
    document = json.loads((project / ".memtomem/lock.json").read_text())
    document["skills"]["older-tool"]["installed_at"] = "2027-01-01T00:00:00.000000Z"
    (project / ".memtomem/lock.json").write_text(json.dumps(document))
    commit(wiki, {"behind": {**plain_skill("behind"), "a.txt": b"b"}})

    states = {skill["name"]: skill["state"] for skill in _list(door, wiki, project)["skills"]}

    assert states == {
        "available": "available",
        "behind": "behind",
        "diverged": "diverged",
        "gone": "missing",
        "modified": "modified",
        "ok": "ok",
        "older-tool": "ok",
        "touched": "ok",
        "untracked": "untracked",
    }


def test_a_pin_that_the_wiki_does_not_have_is_diverged(door: str, project: Path, tmp_path: Path) -> None:
    first = make_wiki(tmp_path / "first", {"hello": plain_skill("hello")})
    _install(first, project, "hello")
    second = make_wiki(tmp_path / "second", {"hello": plain_skill("hello", "Another history.")})
    assert [skill["state"] for skill in _list(door, second, project)["skills"]] == ["diverged"]


@ERAS
def test_the_lockfile_is_answered_as_it_is(era: str, project: Path, tmp_path: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})
    read = SURFACES[era]
    empty = read("lockfile_read", {}, wiki=wiki, project=project).answer
    assert (empty["exists"], empty["lockfile"], empty["path"]) == (False, None, ".memtomem/lock.json")
    assert list(project.iterdir()) == []

    _install(wiki, project, "hello")

    answer = read("lockfile_read", {}, wiki=wiki, project=project).answer
    assert answer["exists"] is True
    assert answer["version"] == 1
    assert answer["supported"] is True
    assert answer["lockfile"] == json.loads((project / ".memtomem/lock.json").read_text())


@ERAS
@pytest.mark.parametrize("version", ["2", "true", "1.0", '"1"', "null"])
def test_an_unknown_version_is_shown_and_said_to_be_unsupported(
    era: str, version: str, project: Path, tmp_path: Path
) -> None:
    (project / ".memtomem").mkdir()
    (project / ".memtomem/lock.json").write_text(f'{{"version": {version}, "new": ["things"]}}')
    before = snapshot(project)
    answer = SURFACES[era]("lockfile_read", {}, wiki=tmp_path / "none", project=project).answer
    assert answer["supported"] is False
    assert answer["version"] == json.loads(version)
    assert answer["lockfile"] == {"version": json.loads(version), "new": ["things"]}
    assert snapshot(project) == before


@ERAS
def test_a_corrupt_lockfile_is_an_error_with_a_way_out(era: str, project: Path, tmp_path: Path) -> None:
    (project / ".memtomem").mkdir()
    (project / ".memtomem/lock.json").write_text('<<<<<<< HEAD\n{"version": 1}\n')
    outcome = SURFACES[era]("lockfile_read", {}, wiki=tmp_path / "none", project=project)
    assert outcome.code == "lockfile-corrupt"
    assert "merge" in outcome.text

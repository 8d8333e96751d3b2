"""Every refusal of the three tools and of the command: its code, its words, and a project left as it was."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshot import snapshot
from surfaces import SURFACES, Json, Outcome
from wikis import make_wiki, object_file, object_id, plain_skill

INSTALL = "context_install_skill"
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_ENTRY = {"wiki_commit": _COMMIT, "installed_at": "2026-01-01T00:00:00.000000Z"}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    hello = {**plain_skill("hello"), "run.sh": (b"echo\n", True)}
    return make_wiki(tmp_path / "wiki", {"hello": hello, "broken": {"SKILL.md": b"no frontmatter"}})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "README.md").write_text("mine\n")
    return project


def _refuse(door: str, arguments: Json, wiki: Path, project: Path, name: str = INSTALL) -> Outcome:
    """Make the call, which must be refused in due form and change nothing anywhere near."""
    before = snapshot(project.parent)
    outcome = SURFACES[door](name, arguments, wiki=wiki, project=project)
    assert outcome.code is not None
    assert snapshot(project.parent) == before
    assert str(project.parent) not in outcome.text
    assert "\n" not in outcome.text
    assert outcome.text.endswith(".")
    return outcome


@pytest.mark.parametrize(
    "name", ["", "Hello", "-hello", "hello-", "he--llo", "../hello", "a/b", "x" * 65, "héllo", "hello\n", ".", "he llo"]
)
def test_a_name_is_judged_before_anything_is_read(door: str, name: str, project: Path) -> None:
    assert _refuse(door, {"name": name}, project / "no-wiki", project).code == "invalid-name"


def test_a_bad_name_goes_before_a_bad_argument_before_a_missing_wiki(door: str, project: Path) -> None:
    nowhere = project / "no-wiki"
    assert _refuse(door, {"name": "Bad", "ref": "-x"}, nowhere, project).code == "invalid-name"
    assert _refuse(door, {"name": "hello", "ref": "-x"}, nowhere, project).code == "invalid-argument"
    assert _refuse(door, {"name": "hello", "plan": "x"}, nowhere, project).code == "invalid-argument"
    assert _refuse(door, {"name": "hello"}, nowhere, project).code == "wiki-not-found"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"name": "hello", "force": True},
        {"name": "hello", "dry_run": "true"},
        {"name": "hello", "dry_run": 1},
        {"name": "hello", "dry_run": None},
        {"name": "hello", "ref": None},
        {"name": "hello", "ref": ""},
        {"name": "hello", "ref": "a b"},
        {"name": "hello", "ref": "HEAD\nHEAD"},
        {"name": "hello", "ref": "HEAD:skills"},
        {"name": "hello", "ref": "--help"},
        {"name": "hello", "plan": ""},
        {"name": "hello", "project": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_arguments_that_are_wrong_in_themselves(era: str, arguments: Json, wiki: Path, project: Path) -> None:
    assert _refuse(era, arguments, wiki, project).code == "invalid-argument"


@pytest.mark.parametrize(
    "arguments",
    [{"limit": 0}, {"limit": 201}, {"limit": "5"}, {"limit": True}, {"limit": 1.5}, {"cursor": "../x"}, {"query": 1}],
    ids=str,
)
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_list_arguments_that_are_wrong_in_themselves(era: str, arguments: Json, wiki: Path, project: Path) -> None:
    assert _refuse(era, arguments, wiki, project, "wiki_list").code == "invalid-argument"


def test_what_the_wiki_does_not_have(door: str, wiki: Path, project: Path) -> None:
    outcome = _refuse(door, {"name": "helo"}, wiki, project)
    assert outcome.code == "not-in-wiki"
    assert "'hello'" in outcome.text
    assert _refuse(door, {"name": "hello", "ref": "nope"}, wiki, project).code == "ref-not-found"
    assert _refuse(door, {"name": "hello", "ref": _COMMIT}, wiki, project).code == "ref-not-found"
    assert _refuse(door, {"name": "broken"}, wiki, project).code == "not-a-skill"


def test_an_uncommitted_skill_is_said_to_be_uncommitted(door: str, wiki: Path, project: Path) -> None:
    new = wiki / "skills/new"
    new.mkdir()
    (new / "SKILL.md").write_text("---\nname: new\ndescription: x\n---\n")
    outcome = _refuse(door, {"name": "new"}, wiki, project)
    assert outcome.code == "not-in-wiki"
    assert "not committed" in outcome.text


def test_a_wiki_without_commits_is_empty(door: str, project: Path, tmp_path: Path) -> None:
    empty = make_wiki(tmp_path / "empty-wiki")
    assert _refuse(door, {"name": "hello"}, empty, project).code == "wiki-empty"


def test_a_missing_wiki_is_told_with_the_command_that_makes_one(door: str, project: Path, tmp_path: Path) -> None:
    outcome = _refuse(door, {"name": "hello"}, tmp_path / "no-wiki", project)
    assert outcome.code == "wiki-not-found"
    assert "wikipin init" in outcome.text


def test_without_git_the_wiki_is_unreadable(
    door: str, wiki: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = tmp_path / "empty-path"
    nothing.mkdir()
    monkeypatch.setenv("PATH", str(nothing))
    outcome = _refuse(door, {"name": "hello"}, wiki, project)
    assert outcome.code == "wiki-unreadable"
    assert "git is not on the PATH" in outcome.text


def test_a_damaged_object_makes_the_wiki_unreadable(door: str, wiki: Path, project: Path) -> None:
    loose = object_file(wiki, object_id(wiki, "HEAD:skills/hello/run.sh"))
    loose.chmod(0o644)
    loose.write_bytes(b"not zlib at all")
    assert _refuse(door, {"name": "hello"}, wiki, project).code == "wiki-unreadable"


def test_a_plan_of_other_content_is_refused(door: str, wiki: Path, project: Path) -> None:
    assert _refuse(door, {"name": "hello", "plan": "0" * 64}, wiki, project).code == "plan-changed"


def _lockfile(project: Path, content: bytes) -> None:
    (project / ".memtomem").mkdir(exist_ok=True)
    (project / ".memtomem/lock.json").write_bytes(content)


@pytest.mark.parametrize("door_name", ["entry", "copy", "both"])
def test_the_quadrants_of_entry_and_copy(door: str, door_name: str, wiki: Path, project: Path) -> None:
    has_entry, has_copy = door_name in {"entry", "both"}, door_name in {"copy", "both"}
    (project / ".memtomem/skills").mkdir(parents=True)
    if has_entry:
        _lockfile(project, json.dumps({"version": 1, "skills": {"hello": _ENTRY}}).encode())
    if has_copy:
        (project / ".memtomem/skills/hello").mkdir()
        (project / ".memtomem/skills/hello/SKILL.md").write_text("by hand\n")
    outcome = _refuse(door, {"name": "hello"}, wiki, project)
    assert outcome.code == "already-installed"
    yes_no = {True: "yes", False: "no"}
    assert f"lockfile_entry={yes_no[has_entry]}, copy={yes_no[has_copy]}" in outcome.text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<<<<<<< ours\n{"version": 1}\n=======\n{}\n>>>>>>> theirs\n', "lockfile-corrupt"),
        (b"[]", "lockfile-corrupt"),
        (b"", "lockfile-corrupt"),
        (b'\xef\xbb\xbf{"version": 1, "skills": {}}', "lockfile-corrupt"),
        (b'{"version": 1, "skills": []}', "lockfile-corrupt"),
        (b'{"version": 1, "skills": {"../x": {}}}', "lockfile-corrupt"),
        (b'{"version": 1, "skills": {"x": []}}', "lockfile-corrupt"),
        (b'{"version": true, "skills": {}}', "lockfile-version"),
        (b'{"version": 1.0, "skills": {}}', "lockfile-version"),
        (b'{"version": "1", "skills": {}}', "lockfile-version"),
        (b'{"version": 2, "skills": {}}', "lockfile-version"),
        (b'{"skills": {}}', "lockfile-version"),
    ],
)
def test_a_lockfile_that_cannot_be_kept_is_never_written(
    door: str, content: bytes, code: str, wiki: Path, project: Path
) -> None:
    _lockfile(project, content)
    assert _refuse(door, {"name": "hello"}, wiki, project).code == code


_LINKED = [
    ".memtomem",
    ".memtomem/skills",
    ".memtomem/lock.json",
    ".memtomem/.staging",
    ".memtomem/.txn",
    ".memtomem/.lock.json.lock",
    ".memtomem/.gitignore",
    ".memtomem/skills/hello",
]


@pytest.mark.parametrize("target", ["directory", "file", "nothing"])
@pytest.mark.parametrize("path", _LINKED)
def test_a_link_in_our_own_place_is_never_followed(
    door: str, path: str, target: str, wiki: Path, project: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "skills").mkdir(parents=True)
    (outside / "lock.json").write_text('{"version": 1, "skills": {}}\n')
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).symlink_to(
        {"directory": outside, "file": outside / "lock.json", "nothing": tmp_path / "x"}[target]
    )
    assert _refuse(door, {"name": "hello"}, wiki, project).code == "unsafe-project"


def _link(place: Path, outside: Path) -> None:
    place.symlink_to(outside)


def _file(place: Path, _: Path) -> None:
    place.write_text("somebody's\n")


def _directory(place: Path, _: Path) -> None:
    place.mkdir()


def _fifo(place: Path, _: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize(
    ("path", "make"),
    [
        *(
            (path, make)
            for path in (".claude", ".claude/skills", ".agents", ".agents/skills")
            for make in (_link, _file, _fifo)
        ),
        *(
            (path, make)
            for path in (".claude/skills/hello", ".agents/skills/hello")
            for make in (_link, _file, _directory, _fifo)
        ),
    ],
)
def test_what_stands_where_an_exposure_would_go_is_left_alone(
    door: str, path: str, make: Callable[[Path, Path], None], wiki: Path, project: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "skills").mkdir(parents=True)
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    make(project / path, outside)
    outcome = _refuse(door, {"name": "hello"}, wiki, project)
    assert outcome.code == "exposure-conflict"
    assert (".claude/skills/hello" if ".claude" in path else ".agents/skills/hello") in outcome.text


def test_a_special_file_in_our_own_place_is_refused_and_does_not_hang(door: str, wiki: Path, project: Path) -> None:
    for path in (".memtomem", ".memtomem/lock.json", ".memtomem/skills/hello"):
        shutil.rmtree(project / ".memtomem", ignore_errors=True)
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(project / path)
        assert _refuse(door, {"name": "hello"}, wiki, project).code == "unsafe-project"
        if path == ".memtomem":
            (project / path).unlink()


def test_a_project_that_is_not_there(door: str, wiki: Path, project: Path) -> None:
    assert _refuse(door, {"name": "hello"}, wiki, project / "missing").code == "project-not-found"

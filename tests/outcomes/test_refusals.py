"""Every refusal of the tools and of the command: its code, its words, and a project left as it was."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshot import snapshot
from surfaces import Json, Outcome
from wikis import make_wiki, object_file, object_id, plain_skill
from world import World, make_world

INSTALL = "context_install_skill"
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_ENTRY = {"wiki_commit": _COMMIT, "installed_at": "2026-01-01T00:00:00.000000Z"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    hello = {**plain_skill("hello"), "run.sh": (b"echo\n", True)}
    world = make_world(tmp_path, {"hello": hello, "broken": {"SKILL.md": b"no frontmatter"}})
    (world.project / "README.md").write_text("mine\n")
    return world


def _refuse(door: str, arguments: Json, world: World, name: str = INSTALL) -> Outcome:
    """Make the call, which must be refused in due form and change nothing anywhere near."""
    before = snapshot(world.project.parent)
    outcome = world.call(door, name, **arguments)
    assert outcome.code is not None
    assert snapshot(world.project.parent) == before
    assert str(world.project.parent) not in outcome.prose
    assert "\n" not in outcome.text
    assert outcome.text.endswith(".")
    return outcome


@pytest.mark.parametrize("name", ["", "-hello", "../hello", "hello\n"])
def test_a_name_is_judged_before_anything_is_read(door: str, name: str, world: World) -> None:
    assert _refuse(door, {"name": name}, world.without_wiki()).code == "invalid-name"


def test_a_bad_name_goes_before_a_bad_argument_before_a_missing_wiki(door: str, world: World) -> None:
    nowhere = world.without_wiki()
    assert _refuse(door, {"name": "Bad", "ref": "-x"}, nowhere).code == "invalid-name"
    assert _refuse(door, {"name": "hello", "ref": "-x"}, nowhere).code == "invalid-argument"
    assert _refuse(door, {"name": "hello", "plan": "x"}, nowhere).code == "invalid-argument"
    assert _refuse(door, {"name": "hello"}, nowhere).code == "wiki-not-found"


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
def test_arguments_that_are_wrong_in_themselves(era: str, arguments: Json, world: World) -> None:
    assert _refuse(era, arguments, world).code == "invalid-argument"


@pytest.mark.parametrize(
    "arguments",
    [{"limit": 0}, {"limit": 201}, {"limit": "5"}, {"limit": True}, {"limit": 1.5}, {"cursor": "../x"}, {"query": 1}],
    ids=str,
)
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_list_arguments_that_are_wrong_in_themselves(era: str, arguments: Json, world: World) -> None:
    assert _refuse(era, arguments, world, "wiki_list").code == "invalid-argument"


def test_what_the_wiki_does_not_have(door: str, world: World) -> None:
    outcome = _refuse(door, {"name": "helo"}, world)
    assert outcome.code == "not-in-wiki"
    assert "'hello'" in outcome.text
    assert _refuse(door, {"name": "hello", "ref": "nope"}, world).code == "ref-not-found"
    assert _refuse(door, {"name": "hello", "ref": _COMMIT}, world).code == "ref-not-found"
    assert _refuse(door, {"name": "broken"}, world).code == "not-a-skill"


def test_an_uncommitted_skill_is_said_to_be_uncommitted(door: str, world: World) -> None:
    new = world.wiki / "skills/new"
    new.mkdir()
    (new / "SKILL.md").write_text("---\nname: new\ndescription: x\n---\n")
    outcome = _refuse(door, {"name": "new"}, world)
    assert outcome.code == "not-in-wiki"
    assert "not committed" in outcome.text


def test_a_wiki_without_commits_is_empty(door: str, world: World, tmp_path: Path) -> None:
    empty = make_wiki(tmp_path / "empty-wiki")
    assert _refuse(door, {"name": "hello"}, world.with_wiki(empty)).code == "wiki-empty"


def test_a_missing_wiki_is_told_with_the_command_that_makes_one(door: str, world: World) -> None:
    outcome = _refuse(door, {"name": "hello"}, world.without_wiki())
    assert outcome.code == "wiki-not-found"
    assert "init'" in outcome.text


def test_without_git_the_wiki_is_unreadable(
    door: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = tmp_path / "empty-path"
    nothing.mkdir()
    monkeypatch.setenv("PATH", str(nothing))
    outcome = _refuse(door, {"name": "hello"}, world)
    assert outcome.code == "wiki-unreadable"
    assert "git is not on the PATH" in outcome.text


def test_a_damaged_object_makes_the_wiki_unreadable(door: str, world: World) -> None:
    loose = object_file(world.wiki, object_id(world.wiki, "HEAD:skills/hello/run.sh"))
    loose.chmod(0o644)
    loose.write_bytes(b"not zlib at all")
    assert _refuse(door, {"name": "hello"}, world).code == "wiki-unreadable"


def test_a_plan_of_other_content_is_refused(door: str, world: World) -> None:
    assert _refuse(door, {"name": "hello", "plan": "0" * 64}, world).code == "plan-changed"


@pytest.mark.parametrize("has", ["entry", "copy", "both"])
def test_the_quadrants_of_entry_and_copy(door: str, has: str, world: World) -> None:
    has_entry, has_copy = has in {"entry", "both"}, has in {"copy", "both"}
    (world.project / ".memtomem/skills").mkdir(parents=True)
    if has_entry:
        world.lockfile_path.write_text(json.dumps({"version": 1, "skills": {"hello": _ENTRY}}))
    if has_copy:
        world.copy().mkdir()
        (world.copy() / "SKILL.md").write_text("by hand\n")
    outcome = _refuse(door, {"name": "hello"}, world)
    assert outcome.code == "already-installed"
    yes_no = {True: "yes", False: "no"}
    assert f"lockfile_entry={yes_no[has_entry]}, copy={yes_no[has_copy]}" in outcome.text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<<<<<<< ours\n{"version": 1}\n=======\n{}\n>>>>>>> theirs\n', "lockfile-corrupt"),
        (b'{"version": 1, "skills": {"../x": {}}}', "lockfile-corrupt"),
        (b'{"version": 2, "skills": {}}', "lockfile-version"),
    ],
)
def test_a_lockfile_that_cannot_be_kept_is_never_written(door: str, content: bytes, code: str, world: World) -> None:
    world.lockfile_path.parent.mkdir()
    world.lockfile_path.write_bytes(content)
    assert _refuse(door, {"name": "hello"}, world).code == code


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
def test_a_link_in_our_own_place_is_never_followed(path: str, target: str, world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "skills").mkdir(parents=True)
    (outside / "lock.json").write_text('{"version": 1, "skills": {}}\n')
    (world.project / path).parent.mkdir(parents=True, exist_ok=True)
    (world.project / path).symlink_to(
        {"directory": outside, "file": outside / "lock.json", "nothing": tmp_path / "x"}[target]
    )
    assert _refuse("modern", {"name": "hello"}, world).code == "unsafe-project"


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
    path: str, make: Callable[[Path, Path], None], world: World, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "skills").mkdir(parents=True)
    (world.project / path).parent.mkdir(parents=True, exist_ok=True)
    make(world.project / path, outside)
    outcome = _refuse("modern", {"name": "hello"}, world)
    assert outcome.code == "exposure-conflict"
    assert (".claude/skills/hello" if ".claude" in path else ".agents/skills/hello") in outcome.text


def test_each_door_says_what_stands_in_the_way(door: str, world: World) -> None:
    (world.project / ".claude").write_text("somebody's\n")
    assert _refuse(door, {"name": "hello"}, world).code == "exposure-conflict"
    (world.project / ".memtomem").symlink_to(world.wiki)
    assert _refuse(door, {"name": "hello"}, world).code == "unsafe-project"


def test_a_special_file_in_our_own_place_is_refused_and_does_not_hang(door: str, world: World) -> None:
    for path in (".memtomem", ".memtomem/lock.json", ".memtomem/skills/hello"):
        shutil.rmtree(world.project / ".memtomem", ignore_errors=True)
        (world.project / path).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(world.project / path)
        assert _refuse(door, {"name": "hello"}, world).code == "unsafe-project"
        if path == ".memtomem":
            (world.project / path).unlink()


def test_a_project_that_is_not_there(door: str, world: World) -> None:
    assert _refuse(door, {"name": "hello"}, World(world.wiki, world.project / "missing")).code == "project-not-found"

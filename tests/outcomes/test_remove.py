"""A removal: the copy, the entry and what is ours of the exposures go; what is not ours stays."""

import os
import shutil
from pathlib import Path

import pytest
from counting import count_gits, count_locks
from privilege import as_anyone, unwritable
from snapshot import snapshot
from surfaces import Outcome
from wikis import Files, plain_skill
from world import World, make_world

from wikipin import Exposure
from wikipin.names import SkillName

NAME = SkillName("hello")
_FILES: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True), "docs/deep/a.md": b"a"}
_EXPOSED = [".agents/skills/hello", ".claude/skills/hello"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project with both skills of its wiki."""
    world = make_world(tmp_path, {NAME: _FILES, "other": plain_skill("other")})
    (world.project / ".claude/skills/mine").mkdir(parents=True)
    world.install()
    world.install("other")
    return world


def _remove(door: str, world: World, **arguments: str | bool) -> Outcome:
    return world.call(door, "context_remove_skill", name=NAME, **arguments)


def _without(world: World, names: tuple[str, ...]) -> dict[str, tuple[int, bytes]]:
    found = world.snapshot()
    return {path: what for path, what in found.items() if not any(name in path for name in names)}


def test_copy_entry_and_exposures_go_and_nothing_else(door: str, world: World) -> None:
    before, entries = _without(world, (NAME, "lock.json")), world.lockfile()["skills"]

    answer = _remove(door, world).answer

    assert answer == {"name": NAME, "removed": True, "unexposed": _EXPOSED, "backup": None, "warnings": []}
    assert _without(world, ("lock.json",)) == before
    del entries[NAME]
    assert world.lockfile()["skills"] == entries
    assert world.left_over() == []


def test_edits_stop_it_until_somebody_gives_them_up_and_then_they_are_kept(door: str, world: World) -> None:
    (world.copy() / "mine.md").write_bytes(b"mine")
    before, edited = world.snapshot(), snapshot(world.copy())
    refused = _remove(door, world)
    assert refused.code == "local-edits"
    assert "mine.md (added)" in refused.text
    assert world.snapshot() == before

    answer = _remove(door, world, discard_edits=True).answer

    assert snapshot(world.project / answer["backup"]) == edited
    assert not world.copy().exists()
    assert NAME not in world.lockfile()["skills"]


def test_what_is_not_installed_is_not_removed(door: str, world: World) -> None:
    _remove("legacy", world)
    before = world.snapshot()
    assert _remove(door, world).code == "not-installed"
    shutil.copytree(world.copy("other"), world.copy())
    by_hand = _remove(door, world)
    assert by_hand.code == "not-installed"
    assert "has a copy in this project, but no entry" in by_hand.text
    shutil.rmtree(world.copy())
    assert world.snapshot() == before


def test_neither_wiki_nor_git_is_needed(
    door: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gits, windows = count_gits(monkeypatch, tmp_path), count_locks(monkeypatch)
    assert _remove(door, world.without_wiki()).answer["removed"] is True
    assert gits.take() == []
    assert len(windows) <= 1


def test_a_missing_copy_is_no_hindrance(world: World) -> None:
    shutil.rmtree(world.copy())
    (world.project / ".claude/skills/hello").unlink()
    removed = world.remove()
    assert removed.unexposed == [".agents/skills/hello"]
    assert not os.path.lexists(world.project / ".agents/skills/hello")
    assert NAME not in world.lockfile()["skills"]


@pytest.mark.parametrize("kind", ["a file", "a directory", "another link", "a file above", "nothing above"])
def test_what_is_not_ours_stays_and_is_named(kind: str, world: World) -> None:
    place = world.project / ".agents/skills/hello"
    place.unlink()
    match kind:
        case "a file":
            place.write_bytes(b"somebody's")
        case "a directory":
            place.symlink_to("../../README.md")
        case "another link":
            place.symlink_to("/nonexistent")
        case "a file above":
            shutil.rmtree(world.project / ".agents")
            (world.project / ".agents").write_bytes(b"somebody's")
        case _:
            shutil.rmtree(world.project / ".agents")
    before = _without(world, (".memtomem", ".claude"))
    removed = world.remove()
    assert _without(world, (".memtomem", ".claude")) == before
    assert removed.unexposed == [".claude/skills/hello"]
    named = [warning for warning in removed.warnings if "'.agents/skills/hello'" in warning]
    assert len(named) == (0 if kind == "nothing above" else 1)


def test_an_exposure_that_the_lockfile_does_not_call_ours_stays(world: World) -> None:
    world.change_entry(NAME, exposed=[".claude/skills/hello", ".other/skills/hello"])
    (world.project / ".other/skills/hello").mkdir(parents=True)
    assert world.remove().unexposed == [".claude/skills/hello"]
    assert (world.project / ".agents/skills/hello").is_symlink()
    assert (world.project / ".other/skills/hello").is_dir()


def test_copies_for_agents_go_and_an_edited_one_is_kept(world: World) -> None:
    beside = world.beside("copies")
    beside.install(exposure=Exposure(mode="copy"))
    (beside.project / ".claude/skills/hello/mine.md").write_bytes(b"mine")
    edited = snapshot(beside.project / ".claude/skills/hello")
    assert beside.refused(beside.remove).problem.endswith(": .claude/skills/hello/mine.md (added)")
    removed = beside.remove(discard_edits=True)
    (backup,) = removed.backups
    assert snapshot(beside.project / backup) == edited
    assert removed.unexposed == _EXPOSED
    for place in (beside.copy(), beside.project / ".claude/skills/hello", beside.project / ".agents/skills/hello"):
        assert not place.exists()


@pytest.mark.parametrize("has_wiki", [True, False])
def test_an_entry_without_digests_goes_where_its_pin_says_that_it_is_clean(
    has_wiki: bool,  # noqa: FBT001 - a parameter of the test
    world: World,
) -> None:
    world.change_entry(NAME, "digests", "digests_installed_at", "executable", "executable_installed_at", "exposed")
    if has_wiki:
        world.commit({NAME: None})
        removed = world.remove()
        assert list(removed.backups) == []
    else:
        shutil.rmtree(world.wiki)
        refused = world.refused(world.remove)
        assert refused.code == "local-edits"
        assert "cannot be compared" in refused.problem
        removed = world.remove(discard_edits=True)
        assert len(removed.backups) == 1
    assert NAME not in world.lockfile()["skills"]
    assert not world.copy().exists()


def test_an_installed_skill_may_be_installed_again_after_it(world: World) -> None:
    before = snapshot(world.copy())
    world.remove()
    world.install()
    assert snapshot(world.copy()) == before


def test_a_tree_that_somebody_protected_is_no_hindrance_to_the_next_command(world: World) -> None:
    (world.copy() / "docs/deep").chmod(0o555)
    (world.copy() / "docs").chmod(0o555)
    with as_anyone():
        world.remove()
    assert world.left_over() == []
    world.install()


@pytest.mark.parametrize("place", [".memtomem", ".memtomem/skills", ".memtomem/.txn", ".memtomem/.staging"])
def test_a_project_that_cannot_be_written_to_is_refused_and_left(place: str, world: World) -> None:
    with unwritable(world.project / place):
        refused = world.refused(world.remove)
    assert refused.code == "io-error"
    assert "nothing was changed" in refused.problem

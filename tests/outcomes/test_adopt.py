"""An adoption: a copy that was made by hand comes under the lockfile, if it is what a commit of the wiki has."""

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from snapshot import snapshot
from wikis import Files, git, plain_skill, skill_md, write_files
from world import World, make_world

from wikipin import Exposure, Project, WikipinError
from wikipin.names import SkillName
from wikipin.project.change_set import ChangeSet
from wikipin.project.inspection import Survey

NAME = SkillName("hello")
_OLD: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True), "a.md": b"a"}
_NEW: Files = {**plain_skill(NAME, "Newer."), "run.sh": (b"two\n", True)}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A wiki with two versions of the skill, and an empty project."""
    world = make_world(tmp_path, {NAME: _OLD, "other": plain_skill("other")})
    world.commit({NAME: _NEW})
    world.commit({"other": plain_skill("other", "Newer.")})
    return world


def test_a_copy_of_the_newest_version_is_recorded_and_not_touched(world: World) -> None:
    write_files(world.copy(), _NEW)
    before = snapshot(world.copy())
    times = {path: path.stat().st_mtime_ns for path in world.copy().rglob("*")}
    inode = world.copy().stat().st_ino

    outcome = world.call("command", "adopt", name=NAME)

    assert outcome.code is None, outcome.text
    assert (outcome.answer["name"], outcome.answer["wiki_commit"]) == (NAME, world.head())
    assert outcome.answer["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]
    assert (world.project / ".claude/skills/hello/SKILL.md").read_bytes() == _NEW["SKILL.md"]
    assert snapshot(world.copy()) == before
    assert {path: path.stat().st_mtime_ns for path in world.copy().rglob("*")} == times
    assert world.copy().stat().st_ino == inode
    assert (world.entry()["wiki_commit"], world.state()) == (world.head(), "ok")


def test_a_copy_of_an_earlier_version_is_pinned_to_it(world: World) -> None:
    write_files(world.copy(), _OLD)
    world.adopt()
    assert world.entry()["wiki_commit"] == world.head("HEAD~2")
    assert world.state() == "behind"
    world.update()
    assert world.state() == "ok"


def test_a_version_that_stood_more_than_once_is_pinned_to_its_newest_commit(world: World) -> None:
    world.commit({NAME: _OLD})
    newest = world.head()
    world.commit({NAME: _NEW})
    write_files(world.copy(), _OLD)
    world.adopt()
    assert world.entry()["wiki_commit"] == newest


@pytest.mark.parametrize("last", ["dropped", "no skill any more"])
def test_a_version_of_a_skill_that_the_wiki_has_no_more_is_found_too(last: str, world: World) -> None:
    world.commit({NAME: None if last == "dropped" else {"SKILL.md": b"no frontmatter"}})
    write_files(world.copy(), _NEW)
    world.adopt()
    assert world.entry()["wiki_commit"] == world.head("HEAD~2")
    assert world.state() == ("gone" if last == "dropped" else "behind")


def test_versions_that_were_no_skill_are_passed_over(world: World) -> None:
    world.commit({NAME: {"SKILL.md": b"no frontmatter"}})
    world.commit({NAME: plain_skill(NAME, "Newest.")})
    write_files(world.copy(), _NEW)
    world.adopt()
    assert world.entry()["wiki_commit"] == world.head("HEAD~3")


def test_what_no_commit_has_is_refused_file_by_file(world: World) -> None:
    write_files(world.copy(), {"SKILL.md": skill_md(NAME, "By hand."), "mine.md": b"mine"})
    (world.copy() / "link").symlink_to("mine.md")
    before = world.snapshot()

    outcome = world.call("command", "adopt", name=NAME)

    assert outcome.code == "local-edits"
    assert (
        f"against {world.head()[:12]}: SKILL.md (modified), link (added), mine.md (added), run.sh (removed)"
        in outcome.text
    )
    assert world.snapshot() == before


@pytest.mark.parametrize("extra", ["a link", "a fifo", "a repository"])
def test_what_no_commit_can_have_is_an_edit_too(extra: str, world: World) -> None:
    write_files(world.copy(), _NEW)
    match extra:
        case "a link":
            (world.copy() / "x").symlink_to("SKILL.md")
        case "a fifo":
            os.mkfifo(world.copy() / "x")
        case _:
            (world.copy() / ".git").mkdir()
    assert world.refused(world.adopt).code == "local-edits"


def test_a_wrong_executable_bit_is_put_right(world: World) -> None:
    write_files(world.copy(), _NEW)
    (world.copy() / "run.sh").chmod(0o644)
    world.adopt()
    assert os.access(world.copy() / "run.sh", os.X_OK)
    assert world.state() == "ok"
    assert not (world.project / ".memtomem/.backup").exists()


def test_without_a_copy_there_is_nothing_to_adopt(world: World) -> None:
    refused = world.refused(world.adopt)
    assert refused.code == "not-installed"
    assert "'wikipin install skill hello'" in str(refused.remedy)


@pytest.mark.parametrize("state", ["ok", "missing", "modified"])
def test_what_has_an_entry_is_not_adopted(state: str, world: World) -> None:
    world.install()
    if state == "missing":
        shutil.rmtree(world.copy())
    elif state == "modified":
        write_files(world.copy(), _OLD)
    refused = world.refused(world.adopt)
    assert refused.code == "already-installed"
    assert f"lockfile_entry=yes, copy={'no' if state == 'missing' else 'yes'}" in refused.problem


def test_a_skill_that_the_wiki_never_had_is_refused_with_what_to_do(world: World) -> None:
    write_files(world.copy(), _NEW)
    world.commit({"gone": plain_skill("gone")})
    write_files(world.copy("mine"), plain_skill("mine"))
    with pytest.raises(WikipinError) as refused:
        world.adopt("mine")
    assert refused.value.code == "not-in-wiki"
    assert "as skills/mine" in str(refused.value.remedy)


def test_what_stands_where_it_would_be_shown_is_left_alone(world: World) -> None:
    write_files(world.copy(), _NEW)
    (world.project / ".claude/skills/hello").mkdir(parents=True)
    assert world.refused(world.adopt).code == "exposure-conflict"
    world.adopt(exposure=Exposure(("agents",)))
    assert world.entry()["exposed"] == [".agents/skills/hello"]


def test_it_is_shown_as_copies_where_that_is_asked_for(world: World) -> None:
    write_files(world.copy(), _NEW)
    world.adopt(exposure=Exposure(mode="copy"))
    assert snapshot(world.project / ".claude/skills/hello") == snapshot(world.copy())
    assert world.state() == "ok"


def test_an_edit_that_comes_while_it_waits_for_the_lock_stops_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(world.copy(), _NEW)
    locked = ChangeSet.locked

    def locked_late(self: ChangeSet) -> AbstractContextManager[Survey]:
        (world.copy() / "mine.md").write_bytes(b"mine")
        return locked(self)

    monkeypatch.setattr(ChangeSet, "locked", locked_late)
    with pytest.raises(WikipinError, match="local-edits"):
        world.adopt()
    assert not world.lockfile_path.exists()


def test_a_commit_made_meanwhile_is_not_mixed_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wiki's newest commit is read once, however long the search for an earlier version takes."""
    write_files(world.copy(), _OLD)
    pin, apply = world.head("HEAD~2"), Project.apply

    def apply_late(self: Project, *arguments: Any, **options: Any) -> object:  # noqa: ANN401 - they are only handed on
        git(world.wiki, "checkout", "-q", "--orphan", f"fresh-{len(git(world.wiki, 'branch').splitlines())}")
        git(world.wiki, "commit", "-q", "--allow-empty", "-m", "All new")
        return apply(self, *arguments, **options)

    monkeypatch.setattr(Project, "apply", apply_late)
    assert world.adopt().content.commit == pin


@pytest.mark.parametrize(("content", "code"), [('{"version": 2}', "lockfile-version"), ("[]", "lockfile-corrupt")])
def test_a_lockfile_that_cannot_be_kept_is_never_written(content: str, code: str, world: World) -> None:
    write_files(world.copy(), _NEW)
    world.lockfile_path.write_text(content)
    assert world.refused(world.adopt).code == code


def test_neither_wiki_nor_a_good_name_is_guessed(world: World) -> None:
    write_files(world.copy(), _NEW)
    assert world.refused(world.without_wiki().adopt).code == "wiki-not-found"
    assert world.without_wiki().call("command", "adopt", name="My_Skill").code == "invalid-name"


def test_a_copy_that_a_person_must_see_first_is_adopted_after_a_yes_alone(world: World) -> None:
    files: Files = {"SKILL.md": skill_md(NAME, body="Be kind.\u200b\u200b")}
    world.commit({NAME: files})
    write_files(world.copy(), files)
    assert world.refused(world.adopt).code == "review-required"

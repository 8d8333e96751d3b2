"""An update: the whole tree at once, forward only, and never over what a person wrote."""

import os
from contextlib import AbstractContextManager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest
from counting import count_locks
from privilege import as_anyone, unwritable
from snapshot import snapshot
from surfaces import Outcome
from wikis import Files, git, plain_skill, skill_md, write_files
from world import World, make_world

from wikipin import Exposure, Project, WikipinError
from wikipin.asset import skill
from wikipin.names import SkillName
from wikipin.project.change_set import ChangeSet
from wikipin.project.inspection import Survey
from wikipin.wiki.wiki import Wiki

NAME = SkillName("hello")
_OLD: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True), "gone.md": b"gone", "a": b"a file", "b/c": b"below b"}
_NEW: Files = {
    "SKILL.md": skill_md(NAME, "Newer."),
    "run.sh": (b"one\n", False),
    "new/deep.md": b"new",
    "a/c": b"below a",
    "b": b"a file",
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project with the skill as it was before the wiki's newest commit."""
    world = make_world(tmp_path, {NAME: _OLD, "other": plain_skill("other")})
    world.install()
    world.commit({NAME: _NEW})
    return world


def _update(door: str, world: World, **arguments: str | bool) -> Outcome:
    return world.call(door, "context_update_skill", name=NAME, **arguments)


def _assert_is(files: Files, place: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "expected", files)
    assert snapshot(place) == snapshot(tmp_path / "expected")


def test_the_whole_tree_is_the_new_one_and_the_entry_says_so(door: str, world: World, tmp_path: Path) -> None:
    then = world.entry()

    answer = _update(door, world).answer

    _assert_is(_NEW, world.copy(), tmp_path)
    assert (world.entry()["wiki_commit"], world.state()) == (world.head(), "ok")
    assert (answer["previous_commit"], answer["wiki_commit"]) == (then["wiki_commit"], world.head())
    assert answer["installed_at"] == world.entry()["installed_at"] > then["installed_at"]
    assert answer["backup"] is None
    assert {change["path"]: change["change"] for change in answer["changes"]} == {
        "SKILL.md": "modified",
        "a": "type",
        "a/c": "added",
        "b": "added",
        "b/c": "removed",
        "gone.md": "removed",
        "new/deep.md": "added",
        "run.sh": "mode",
    }
    assert answer["skill_md_path"] in answer["next_step"]
    assert not (world.project / ".memtomem/.backup").exists()
    assert world.left_over() == []


def test_edits_stop_it_and_are_named_file_by_file(door: str, world: World) -> None:
    copy = world.copy()
    (copy / "SKILL.md").write_bytes(b"edited")
    (copy / "run.sh").chmod(0o644)
    (copy / "gone.md").unlink()
    (copy / "mine.md").write_bytes(b"mine")
    (copy / "a").unlink()
    (copy / "a").symlink_to("SKILL.md")
    before = snapshot(world.project.parent)

    outcome = _update(door, world)

    assert outcome.code == "local-edits"
    assert (
        "is not what was installed: SKILL.md (modified), a (type), gone.md (removed), mine.md (added), run.sh (mode)"
        in outcome.text
    )
    assert snapshot(world.project.parent) == before


def test_discarded_edits_are_kept_whole(door: str, world: World, tmp_path: Path) -> None:
    copy = world.copy()
    (copy / "mine.md").write_bytes(b"mine")
    (copy / "link").symlink_to("mine.md")
    (copy / "run.sh").write_bytes(b"edited")
    edited = snapshot(copy)

    answer = _update(door, world, discard_edits=True).answer

    _assert_is(_NEW, copy, tmp_path)
    assert answer["backup"].startswith(".memtomem/.backup/hello-2")
    assert snapshot(world.project / answer["backup"]) == edited


def test_it_does_not_go_back_unless_that_is_agreed_to(door: str, world: World, tmp_path: Path) -> None:
    _update("legacy", world)
    before = snapshot(world.project.parent)
    for arguments in ({"ref": "HEAD~1"}, {"ref": "HEAD~1", "discard_edits": True}):
        refused = _update(door, world, **arguments)
        assert refused.code == "would-roll-back"
        assert "is older than the pin" in refused.text
    assert snapshot(world.project.parent) == before

    answer = _update(door, world, ref="HEAD~1", allow_rollback=True).answer

    _assert_is(_OLD, world.copy(), tmp_path)
    assert answer["wiki_commit"] == world.head("HEAD~1") == world.entry()["wiki_commit"]


def test_a_dry_run_writes_nothing_and_its_plan_refuses_after_a_change(door: str, world: World) -> None:
    before = world.snapshot()
    dry = _update(door, world, dry_run=True).answer
    assert (dry["installed_at"], dry["wiki_commit"]) == (None, world.head())
    assert world.snapshot() == before
    world.commit({NAME: {**_NEW, "run.sh": (b"one\n", True)}})

    assert _update(door, world, plan=dry["plan"]).code == "plan-changed"
    assert world.snapshot() == before

    git(world.wiki, "reset", "--hard", "--quiet", "HEAD~1")
    assert _update(door, world, plan=dry["plan"]).answer["changes"] == dry["changes"]


def test_nothing_is_written_where_nothing_changed(door: str, world: World) -> None:
    _update("legacy", world)
    world.commit({"other": plain_skill("other", "Another skill's commit is no news.")})
    lockfile = world.lockfile_path
    os.utime(lockfile, ns=(1, 1))
    before, times = world.snapshot(), {path: path.lstat().st_mtime_ns for path in world.project.rglob("*")}

    answer = _update(door, world).answer

    assert (answer["changes"], answer["wiki_commit"]) == ([], world.entry()["wiki_commit"])
    assert answer["installed_at"] == world.entry()["installed_at"]
    assert "up to date" in answer["next_step"]
    assert world.snapshot() == before
    assert {path: path.lstat().st_mtime_ns for path in world.project.rglob("*")} == times


def test_what_is_not_installed_is_not_updated(door: str, world: World) -> None:
    empty = world.beside("empty")
    assert _update(door, empty).code == "not-installed"
    assert empty.snapshot() == {}


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ("back-dated", "SKILL.md (modified)"),
        ("added", "mine (added)"),
        ("below what was a file", "a (type), a/b (added)"),
        ("deep", "b/d/e (added)"),
        ("a fifo", "pipe (added)"),
        ("a repository", ".git (added)"),
    ],
)
def test_an_edit_is_found_by_what_is_there_whatever_its_time(edit: str, named: str, world: World) -> None:
    copy = world.copy()
    match edit:
        case "back-dated":
            times = (copy / "SKILL.md").stat()
            (copy / "SKILL.md").write_bytes((copy / "SKILL.md").read_bytes().replace(b"Do it", b"Do IT"))
            os.utime(copy / "SKILL.md", ns=(times.st_atime_ns, times.st_mtime_ns))
        case "added":
            (copy / "mine").write_bytes(b"")
        case "below what was a file":
            (copy / "a").unlink()
            (copy / "a").mkdir()
            (copy / "a/b").write_bytes(b"")
        case "deep":
            (copy / "b/d").mkdir()
            (copy / "b/d/e").write_bytes(b"")
        case "a fifo":
            os.mkfifo(copy / "pipe")
        case _:
            (copy / ".git").mkdir()
    assert world.state() == "modified"
    refused = world.refused(world.update)
    assert refused.code == "local-edits"
    assert refused.problem.endswith(f": {named}")


def test_a_touched_copy_is_as_it_was(world: World, tmp_path: Path) -> None:
    for path in world.copy().rglob("*"):
        os.utime(path)
    assert world.state() == "behind"
    world.update()
    _assert_is(_NEW, world.copy(), tmp_path)


def test_a_file_that_a_person_added_where_the_new_version_has_one_is_an_edit_too(world: World) -> None:
    (world.copy() / "new").mkdir()
    (world.copy() / "new/deep.md").write_bytes(b"mine")
    assert world.refused(world.update).code == "local-edits"


def test_a_copy_that_already_is_the_new_version_is_recorded_without_a_backup(world: World, tmp_path: Path) -> None:
    write_files(world.copy(), _NEW)
    done = world.update()
    assert (done.backups, world.entry()["wiki_commit"], world.state()) == ([], world.head(), "ok")
    _assert_is(_NEW, world.copy(), tmp_path)


def test_each_discard_leaves_a_backup_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Still(datetime):
        """A clock that stands still: the time does not tell two backups apart."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)

    backups: list[str] = []
    monkeypatch.setattr("wikipin.project.change_set.datetime", Still)
    for edit in (b"first", b"second", b"third"):
        (world.copy() / "mine.md").write_bytes(edit)
        backups += world.update(discard_edits=True).backups
    kept = [(world.project / path / "mine.md").read_bytes() for path in backups]
    assert kept == [b"first", b"second", b"third"]


def test_consent_to_discard_makes_no_backup_of_what_nobody_edited(world: World) -> None:
    assert world.update(discard_edits=True).backups == []
    assert not (world.project / ".memtomem/.backup").exists()


def test_head_is_read_once(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody commits just before the skill is read: pin and bytes are still of one commit."""
    seen = world.head()
    apply = Project.apply

    def apply_late(self: Project, *arguments: Any, **options: Any) -> object:  # noqa: ANN401 - they are only handed on
        world.commit({NAME: plain_skill(NAME, "Too late.")})
        return apply(self, *arguments, **options)

    monkeypatch.setattr(Project, "apply", apply_late)
    assert world.update().content.commit == seen
    assert world.entry()["wiki_commit"] == seen != world.head()
    _assert_is(_NEW, world.copy(), tmp_path)


def test_edits_that_come_while_it_waits_for_the_lock_stop_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = ChangeSet.locked

    def locked_late(self: ChangeSet) -> AbstractContextManager[Survey]:
        (world.copy() / "mine.md").write_bytes(b"mine")
        return locked(self)

    monkeypatch.setattr(ChangeSet, "locked", locked_late)
    with pytest.raises(WikipinError, match="local-edits"):
        world.update()
    assert (world.copy() / "mine.md").read_bytes() == b"mine"
    assert (world.copy() / "gone.md").exists()
    assert world.left_over() == []


def test_a_rewritten_history_takes_a_consent_of_its_own(world: World, tmp_path: Path) -> None:
    git(world.wiki, "checkout", "--quiet", "--orphan", "fresh")
    git(world.wiki, "commit", "--quiet", "-m", "All new")
    refused = world.refused(world.update)
    assert (refused.code, world.state()) == ("would-roll-back", "diverged")
    world.update(allow_rollback=True)
    _assert_is(_NEW, world.copy(), tmp_path)
    assert world.state() == "ok"


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_says_what_it_cannot_compare(depth: int, world: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", f"--depth={depth}", f"file://{world.wiki}", "shallow")
    shallow = world.with_wiki(tmp_path / "shallow")
    if depth == 2:  # the pin is in it
        assert shallow.state() == "behind"
        shallow.update()
    else:
        assert shallow.state() == "diverged"
        refused = shallow.refused(shallow.update)
        assert refused.code == "would-roll-back"
        assert "is not in this wiki, whose history may be cut short" in refused.problem
        git(shallow.wiki, "fetch", "--quiet", "--unshallow")
        shallow.update()
    assert shallow.state() == "ok"


def test_a_history_that_was_cut_after_the_pin_was_fetched_is_not_said_to_be_another(
    world: World, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", f"file://{world.wiki}", "clone")
    git(tmp_path / "clone", "fetch", "--quiet", "--depth=1")
    clone = world.with_wiki(tmp_path / "clone")
    refused = clone.refused(clone.update)
    assert refused.code == "would-roll-back"
    assert "as far as this wiki's history goes" in refused.problem


def test_a_clone_that_was_made_anew_knows_the_pin(world: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(world.wiki), "anew")
    anew = world.with_wiki(tmp_path / "anew")
    assert anew.state() == "behind"
    anew.update()
    assert anew.state() == "ok"


def test_the_remedies_keep_the_ref_that_was_asked_for(world: World) -> None:
    world.update()
    wanted = world.head("HEAD~1")
    refused = world.refused(world.update, ref="HEAD~1")
    assert f"'wikipin update skill hello --ref {wanted} --allow-rollback'" in str(refused.remedy)
    (world.copy() / "mine.md").write_bytes(b"mine")
    refused = world.refused(world.update, ref="HEAD~1")
    assert f"'wikipin update skill hello --ref {wanted} --discard-edits --allow-rollback'" in str(refused.remedy)


def test_a_skill_that_the_wiki_dropped_stays_and_is_told_how_to_go(world: World) -> None:
    world.commit({NAME: None})
    refused = world.refused(world.update)
    assert refused.code == "not-in-wiki"
    assert "'wikipin remove skill hello'" in str(refused.remedy)
    assert world.state() == "gone"


def test_all_skills_go_to_one_commit_and_one_that_is_refused_stops_no_other(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.install("other")
    world.commit({"other": plain_skill("other", "Newer.")})
    seen, apply = world.head(), Project.apply
    (world.copy() / "mine.md").write_bytes(b"mine")

    def apply_late(self: Project, *arguments: Any, **options: Any) -> object:  # noqa: ANN401 - they are only handed on
        world.commit({"other": plain_skill("other", "Too late.")})
        return apply(self, *arguments, **options)

    monkeypatch.setattr(Project, "apply", apply_late)
    outcomes = world.update_all()
    assert [(asset.name, updated.content.commit) for asset, updated in outcomes.done.items()] == [("other", seen)]
    assert [(asset.name, error.code) for asset, error in outcomes.failed.items()] == [(NAME, "local-edits")]
    _assert_is(plain_skill("other", "Newer."), world.copy("other"), tmp_path)


def test_an_entry_whose_name_is_not_ours_is_refused_and_stops_no_other(world: World) -> None:
    """Another tool wrote it, and has to be asked."""
    entry = world.change_entry("My_Skill", wiki_commit=world.head(), installed_at="then")
    outcomes = world.update_all()
    assert list(outcomes.done) == [skill(NAME)]
    ((asset, error),) = outcomes.failed.items()
    assert (asset, error.code) == (skill("My_Skill"), "invalid-name")
    assert "Use that tool" in str(error.remedy)
    assert world.entry("My_Skill") == entry


@pytest.mark.parametrize("how", ["no digests", "digests that do not count", "no modes"])
def test_an_entry_of_an_older_tool_is_compared_with_its_pin_and_becomes_ours(
    how: str, world: World, tmp_path: Path
) -> None:
    match how:
        case "no digests":
            digests = ("digests", "digests_installed_at", "executable", "executable_installed_at")
            world.change_entry(NAME, *digests, "exposed", files=["x"])
        case "digests that do not count":
            world.change_entry(NAME, installed_at="2026-11-22T15:27:31.442214Z", digests={"SKILL.md": "0" * 64})
        case _:
            world.change_entry(NAME, "executable", "executable_installed_at")
    assert world.state() == "behind"
    (world.copy() / "gone.md").write_bytes(b"edited")
    assert world.refused(world.update).problem.endswith(": gone.md (modified)")
    (world.copy() / "gone.md").write_bytes(b"gone")

    world.update()

    _assert_is(_NEW, world.copy(), tmp_path)
    entry = world.entry()
    assert set(entry["digests"]) == set(_NEW)
    assert entry["digests_installed_at"] == entry["executable_installed_at"] == entry["installed_at"]
    assert entry["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]


def test_an_entry_without_digests_whose_pin_is_gone_cannot_be_compared_and_is_said_to_be_so(world: World) -> None:
    world.change_entry(NAME, "digests", "digests_installed_at", wiki_commit="1" * 40)
    refused = world.refused(world.update)
    assert refused.code == "local-edits"
    assert "cannot be compared" in refused.problem
    done = world.update(allow_rollback=True, discard_edits=True)
    assert len(done.backups) == 1
    assert world.state() == "ok"


def test_copies_for_agents_follow(world: World, tmp_path: Path) -> None:
    beside = world.beside("copies")
    beside.install(ref="HEAD~1", exposure=Exposure(mode="copy"))
    beside.update()
    for place in (beside.copy(), beside.project / ".claude/skills/hello", beside.project / ".agents/skills/hello"):
        _assert_is(_NEW, place, tmp_path)


def test_an_edited_copy_for_an_agent_stops_it_and_is_kept_when_it_goes(world: World, tmp_path: Path) -> None:
    beside = world.beside("copies")
    beside.install(ref="HEAD~1", exposure=Exposure(mode="copy"))
    (beside.project / ".claude/skills/hello/mine.md").write_bytes(b"mine")
    edited = snapshot(beside.project / ".claude/skills/hello")
    assert beside.refused(beside.update).problem.endswith(": .claude/skills/hello/mine.md (added)")
    done = beside.update(discard_edits=True)
    (backup,) = done.backups
    assert backup.endswith("-claude")
    assert snapshot(beside.project / backup) == edited
    for place in (beside.copy(), beside.project / ".claude/skills/hello", beside.project / ".agents/skills/hello"):
        _assert_is(_NEW, place, tmp_path)


def test_an_exposure_that_went_missing_comes_back_and_one_that_is_anothers_stops_it(world: World) -> None:
    (world.project / ".claude/skills/hello").unlink()
    (world.project / ".agents/skills/hello").unlink()
    (world.project / ".agents/skills/hello").write_bytes(b"somebody's")
    refused = world.refused(world.update)
    assert refused.code == "exposure-conflict"
    assert ".agents/skills/hello" in refused.problem
    (world.project / ".agents/skills/hello").unlink()
    assert world.update().exposed == [".agents/skills/hello", ".claude/skills/hello"]
    assert (world.project / ".claude/skills/hello/SKILL.md").read_bytes() == _NEW["SKILL.md"]


def test_agents_that_were_left_out_stay_left_out(world: World) -> None:
    beside = world.beside("only")
    beside.install(ref="HEAD~1", exposure=Exposure(("claude",)))
    assert beside.update().exposed == [".claude/skills/hello"]
    assert not (beside.project / ".agents").exists()


def test_what_other_tools_wrote_into_the_entry_stays(world: World) -> None:
    world.change_entry(NAME, files=["x"], note={"k": 1}, exposed=[".other/hello", ".claude/skills/hello"])
    world.update()
    entry = world.entry()
    assert (entry["files"], entry["note"]) == (["x"], {"k": 1})
    assert entry["exposed"] == [".claude/skills/hello", ".other/hello"]


def test_a_displaced_tree_that_somebody_protected_is_no_hindrance_to_the_next_command(
    world: World, tmp_path: Path
) -> None:
    (world.copy() / "b").chmod(0o555)
    with as_anyone():
        world.update()
    assert world.left_over() == []
    world.restore()
    _assert_is(_NEW, world.copy(), tmp_path)


@pytest.mark.parametrize("place", [".memtomem", ".memtomem/skills", ".memtomem/.txn", ".memtomem/.staging"])
def test_a_project_that_cannot_be_written_to_is_refused_and_left(place: str, world: World) -> None:
    with unwritable(world.project / place):
        refused = world.refused(world.update)
    assert refused.code == "io-error"
    assert "nothing was changed" in refused.problem
    assert world.state() == "behind"


def test_the_lock_is_held_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = count_locks(monkeypatch)
    world.update()
    assert len(windows) == 1


def test_a_ref_moves_the_pin_even_where_the_bytes_are_the_same(world: World) -> None:
    world.update()
    world.commit({"other": plain_skill("other", "Newer.")})
    git(world.wiki, "tag", "v2")
    world.update(ref="v2")
    assert world.entry()["wiki_commit"] == world.head()


def test_a_plan_may_be_of_a_ref(world: World) -> None:
    with Wiki(world.wiki) as opened:
        plan = opened.read_skill(world.head(), NAME).tree.digest
    done = world.update(ref="main", plan=plan)
    assert done.is_changed
    refused = world.refused(world.update, ref="HEAD~1", plan=plan)
    assert refused.code == "plan-changed"
    assert f"'wikipin show hello --ref {world.head('HEAD~1')}'" in str(refused.remedy)

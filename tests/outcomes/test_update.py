"""An update: the whole tree at once, forward only, and never over what a person wrote."""

import json
import os
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest
from counting import count_locks
from privilege import as_anyone, unwritable
from snapshot import snapshot
from surfaces import SURFACES, Json, Outcome
from wikis import Files, commit, git, head, make_wiki, plain_skill, skill_md, write_files
from world import World

from wikipin import Exposure, Project, WikipinError
from wikipin.names import SkillName
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
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {NAME: _OLD, "other": plain_skill("other")})


@pytest.fixture
def project(tmp_path: Path, wiki: Path) -> Path:
    """A project with the skill as it was before the wiki's newest commit."""
    project = tmp_path / "project"
    project.mkdir()
    World(wiki, project).install(NAME)
    commit(wiki, {NAME: _NEW})
    return project


def _update(door: str, wiki: Path, project: Path, **arguments: str | bool) -> Outcome:
    return SURFACES[door]("context_update_skill", {"name": NAME, **arguments}, wiki=wiki, project=project)


def _refused(wiki: Path, project: Path, *, ref: str = "HEAD", plan: str | None = None) -> WikipinError:
    """Ask for an update that must be refused, and must not change anything at all."""
    before = snapshot(project.parent)
    with pytest.raises(WikipinError) as refused:
        World(wiki, project).update(NAME, ref=ref, plan=plan)
    assert snapshot(project.parent) == before
    return refused.value


def _copy(project: Path) -> Path:
    return project / ".memtomem/skills" / NAME


def _entry(project: Path) -> Json:
    entry: Json = json.loads((project / ".memtomem/lock.json").read_text())["skills"][NAME]
    return entry


def _assert_is(files: Files, place: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "expected", files)
    assert snapshot(place) == snapshot(tmp_path / "expected")


def _state(wiki: Path, project: Path) -> str:
    (status,) = World(wiki, project).status().skills
    return status.state.value


def test_the_whole_tree_is_the_new_one_and_the_entry_says_so(
    door: str, wiki: Path, project: Path, tmp_path: Path
) -> None:
    then = _entry(project)

    answer = _update(door, wiki, project).answer

    _assert_is(_NEW, _copy(project), tmp_path)
    assert (_entry(project)["wiki_commit"], _state(wiki, project)) == (head(wiki), "ok")
    assert (answer["previous_commit"], answer["wiki_commit"]) == (then["wiki_commit"], head(wiki))
    assert answer["installed_at"] == _entry(project)["installed_at"] > then["installed_at"]
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
    assert not (project / ".memtomem/.backup").exists()
    assert list((project / ".memtomem/.staging").iterdir()) == []


def test_edits_stop_it_and_are_named_file_by_file(door: str, wiki: Path, project: Path) -> None:
    copy = _copy(project)
    (copy / "SKILL.md").write_bytes(b"edited")
    (copy / "run.sh").chmod(0o644)
    (copy / "gone.md").unlink()
    (copy / "mine.md").write_bytes(b"mine")
    (copy / "a").unlink()
    (copy / "a").symlink_to("SKILL.md")
    before = snapshot(project.parent)

    outcome = _update(door, wiki, project)

    assert outcome.code == "local-edits"
    assert (
        "is not what was installed: SKILL.md (modified), a (type), gone.md (removed), mine.md (added), run.sh (mode)"
        in outcome.text
    )
    assert snapshot(project.parent) == before


def test_discarded_edits_are_kept_whole(door: str, wiki: Path, project: Path, tmp_path: Path) -> None:
    copy = _copy(project)
    (copy / "mine.md").write_bytes(b"mine")
    (copy / "link").symlink_to("mine.md")
    (copy / "run.sh").write_bytes(b"edited")
    edited = snapshot(copy)

    answer = _update(door, wiki, project, discard_edits=True).answer

    _assert_is(_NEW, copy, tmp_path)
    assert answer["backup"].startswith(".memtomem/.backup/hello-2")
    assert snapshot(project / answer["backup"]) == edited


def test_it_does_not_go_back_unless_that_is_agreed_to(door: str, wiki: Path, project: Path, tmp_path: Path) -> None:
    _update("legacy", wiki, project)
    before = snapshot(project.parent)
    for arguments in ({"ref": "HEAD~1"}, {"ref": "HEAD~1", "discard_edits": True}):
        assert _update(door, wiki, project, **arguments).code == "would-roll-back"
    assert snapshot(project.parent) == before

    answer = _update(door, wiki, project, ref="HEAD~1", allow_rollback=True).answer

    _assert_is(_OLD, _copy(project), tmp_path)
    assert answer["wiki_commit"] == head(wiki, "HEAD~1") == _entry(project)["wiki_commit"]


def test_a_dry_run_writes_nothing_and_its_plan_refuses_after_a_change(door: str, wiki: Path, project: Path) -> None:
    before = snapshot(project)
    dry = _update(door, wiki, project, dry_run=True).answer
    assert (dry["installed_at"], dry["wiki_commit"]) == (None, head(wiki))
    assert snapshot(project) == before
    commit(wiki, {NAME: {**_NEW, "run.sh": (b"one\n", True)}})

    assert _update(door, wiki, project, plan=dry["plan"]).code == "plan-changed"
    assert snapshot(project) == before

    git(wiki, "reset", "--hard", "--quiet", "HEAD~1")
    assert _update(door, wiki, project, plan=dry["plan"]).answer["changes"] == dry["changes"]


def test_nothing_is_written_where_nothing_changed(door: str, wiki: Path, project: Path) -> None:
    _update("legacy", wiki, project)
    commit(wiki, {"other": plain_skill("other", "Another skill's commit is no news.")})
    lockfile = project / ".memtomem/lock.json"
    os.utime(lockfile, ns=(1, 1))
    before, times = snapshot(project), {path: path.lstat().st_mtime_ns for path in project.rglob("*")}

    answer = _update(door, wiki, project).answer

    assert (answer["changes"], answer["wiki_commit"]) == ([], _entry(project)["wiki_commit"])
    assert answer["installed_at"] == _entry(project)["installed_at"]
    assert "up to date" in answer["next_step"]
    assert snapshot(project) == before
    assert {path: path.lstat().st_mtime_ns for path in project.rglob("*")} == times


def test_what_is_not_installed_is_not_updated(door: str, wiki: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert _update(door, wiki, tmp_path / "empty").code == "not-installed"
    assert list((tmp_path / "empty").iterdir()) == []


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
def test_an_edit_is_found_by_what_is_there_whatever_its_time(edit: str, named: str, wiki: Path, project: Path) -> None:
    copy = _copy(project)
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
    assert _state(wiki, project) == "modified"
    refused = _refused(wiki, project)
    assert refused.code == "local-edits"
    assert refused.problem.endswith(f": {named}")


def test_a_touched_copy_is_as_it_was(wiki: Path, project: Path, tmp_path: Path) -> None:
    for path in _copy(project).rglob("*"):
        os.utime(path)
    assert _state(wiki, project) == "behind"
    World(wiki, project).update(NAME)
    _assert_is(_NEW, _copy(project), tmp_path)


def test_a_file_that_a_person_added_where_the_new_version_has_one_is_an_edit_too(wiki: Path, project: Path) -> None:
    (_copy(project) / "new").mkdir()
    (_copy(project) / "new/deep.md").write_bytes(b"mine")
    assert _refused(wiki, project).code == "local-edits"


def test_a_copy_that_already_is_the_new_version_is_recorded_without_a_backup(
    wiki: Path, project: Path, tmp_path: Path
) -> None:
    write_files(_copy(project), _NEW)
    done = World(wiki, project).update(NAME)
    assert (done.backups, _entry(project)["wiki_commit"], _state(wiki, project)) == ((), head(wiki), "ok")
    _assert_is(_NEW, _copy(project), tmp_path)


def test_each_discard_leaves_a_backup_of_its_own(wiki: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Still(datetime):
        """A clock that stands still: the time does not tell two backups apart."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)

    backups: list[str] = []
    monkeypatch.setattr("wikipin.project.project.datetime", Still)
    for edit in (b"first", b"second", b"third"):
        (_copy(project) / "mine.md").write_bytes(edit)
        backups += World(wiki, project).update(NAME, discard_edits=True).backups
    kept = [(project / path / "mine.md").read_bytes() for path in backups]
    assert kept == [b"first", b"second", b"third"]


def test_consent_to_discard_makes_no_backup_of_what_nobody_edited(wiki: Path, project: Path) -> None:
    assert World(wiki, project).update(NAME, discard_edits=True).backups == ()
    assert not (project / ".memtomem/.backup").exists()


def test_head_is_read_once(wiki: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody commits just after the skill was read: pin and bytes are still of one commit."""
    seen = head(wiki)
    look = Project.look

    def look_late(self: Project, name: str) -> object:
        commit(wiki, {NAME: plain_skill(NAME, "Too late.")})
        return look(self, name)

    monkeypatch.setattr(Project, "look", look_late)
    assert World(wiki, project).update(NAME).skill.commit == seen
    assert _entry(project)["wiki_commit"] == seen != head(wiki)
    _assert_is(_NEW, _copy(project), tmp_path)


def test_edits_that_come_while_it_waits_for_the_lock_stop_it(
    wiki: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = Project.change

    def change_late(self: Project, changes: Any) -> object:  # noqa: ANN401 - it is only handed on
        (_copy(project) / "mine.md").write_bytes(b"mine")
        return change(self, changes)

    monkeypatch.setattr(Project, "change", change_late)
    with pytest.raises(WikipinError, match="local-edits"):
        World(wiki, project).update(NAME)
    assert (_copy(project) / "mine.md").read_bytes() == b"mine"
    assert (_copy(project) / "gone.md").exists()
    assert list((project / ".memtomem/.staging").iterdir()) == []


def test_a_rewritten_history_takes_a_consent_of_its_own(wiki: Path, project: Path, tmp_path: Path) -> None:
    git(wiki, "checkout", "--quiet", "--orphan", "fresh")
    git(wiki, "commit", "--quiet", "-m", "All new")
    refused = _refused(wiki, project)
    assert (refused.code, _state(wiki, project)) == ("would-roll-back", "diverged")
    World(wiki, project).update(NAME, allow_rollback=True)
    _assert_is(_NEW, _copy(project), tmp_path)
    assert _state(wiki, project) == "ok"


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_says_what_it_cannot_compare(depth: int, wiki: Path, project: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", f"--depth={depth}", f"file://{wiki}", "shallow")
    shallow = tmp_path / "shallow"
    if depth == 2:  # the pin is in it
        assert _state(shallow, project) == "behind"
        World(shallow, project).update(NAME)
    else:
        assert _state(shallow, project) == "diverged"
        refused = _refused(shallow, project)
        assert refused.code == "would-roll-back"
        assert "is not in this wiki, whose history may be cut short" in refused.problem
        git(shallow, "fetch", "--quiet", "--unshallow")
        World(shallow, project).update(NAME)
    assert _state(shallow, project) == "ok"


def test_a_history_that_was_cut_after_the_pin_was_fetched_is_not_said_to_be_another(
    wiki: Path, project: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", f"file://{wiki}", "clone")
    git(tmp_path / "clone", "fetch", "--quiet", "--depth=1")
    refused = _refused(tmp_path / "clone", project)
    assert refused.code == "would-roll-back"
    assert "as far as this wiki's history goes" in refused.problem


def test_a_clone_that_was_made_anew_knows_the_pin(wiki: Path, project: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(wiki), "anew")
    assert _state(tmp_path / "anew", project) == "behind"
    World(tmp_path / "anew", project).update(NAME)
    assert _state(tmp_path / "anew", project) == "ok"


def test_the_remedies_keep_the_ref_that_was_asked_for(wiki: Path, project: Path) -> None:
    World(wiki, project).update(NAME)
    wanted = head(wiki, "HEAD~1")
    assert (
        f"'wikipin update skill hello --ref {wanted} --allow-rollback'" in _refused(wiki, project, ref="HEAD~1").remedy
    )
    (_copy(project) / "mine.md").write_bytes(b"mine")
    refused = _refused(wiki, project, ref="HEAD~1")
    assert f"'wikipin update skill hello --ref {wanted} --discard-edits --allow-rollback'" in refused.remedy
    assert f"with ref {wanted}, discard_edits and allow_rollback" in refused.remedy


def test_a_skill_that_the_wiki_dropped_stays_and_is_told_how_to_go(wiki: Path, project: Path) -> None:
    commit(wiki, {NAME: None})
    refused = _refused(wiki, project)
    assert refused.code == "not-in-wiki"
    assert "'wikipin remove skill hello'" in refused.remedy
    assert _state(wiki, project) == "behind"


def test_all_skills_go_to_one_commit_and_one_that_is_refused_stops_no_other(
    wiki: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(wiki, project).install("other")
    commit(wiki, {"other": plain_skill("other", "Newer.")})
    seen, survey = head(wiki), Project.survey
    (_copy(project) / "mine.md").write_bytes(b"mine")

    def survey_late(self: Project) -> object:
        commit(wiki, {"other": plain_skill("other", "Too late.")})
        return survey(self)

    monkeypatch.setattr(Project, "survey", survey_late)
    done, refused = World(wiki, project).update_all()
    assert [(updated.skill.name, updated.skill.commit) for updated in done] == [("other", seen)]
    assert [(name, error.code) for name, error in refused] == [(NAME, "local-edits")]
    _assert_is(plain_skill("other", "Newer."), project / ".memtomem/skills/other", tmp_path)


def test_an_entry_whose_name_is_not_ours_is_refused_and_stops_no_other(wiki: Path, project: Path) -> None:
    """Another tool wrote it, and has to be asked."""
    lockfile = project / ".memtomem/lock.json"
    document = json.loads(lockfile.read_text())
    document["skills"]["My_Skill"] = {"wiki_commit": head(wiki), "installed_at": "then"}
    lockfile.write_text(json.dumps(document))
    done, refused = World(wiki, project).update_all()
    assert [updated.skill.name for updated in done] == [NAME]
    assert [(name, error.code) for name, error in refused] == [("My_Skill", "invalid-name")]
    assert "the tool that recorded it" in refused[0][1].remedy
    assert json.loads(lockfile.read_text())["skills"]["My_Skill"] == document["skills"]["My_Skill"]


def _forget(project: Path, *keys: str, **more: object) -> Json:
    """Make the entry what a tool leaves that does not know `keys`."""
    lockfile = project / ".memtomem/lock.json"
    document = json.loads(lockfile.read_text())
    entry = document["skills"][NAME]
    for key in keys:
        del entry[key]
    entry.update(more)
    lockfile.write_text(json.dumps(document))
    return _entry(project)


@pytest.mark.parametrize("how", ["no digests", "digests that do not count", "no modes"])
def test_an_entry_of_an_older_tool_is_compared_with_its_pin_and_becomes_ours(
    how: str, wiki: Path, project: Path, tmp_path: Path
) -> None:
    match how:
        case "no digests":
            digests = ("digests", "digests_installed_at", "executable", "executable_installed_at")
            _forget(project, *digests, "exposed", files=["x"])
        case "digests that do not count":
            _forget(project, installed_at="2026-11-22T15:27:31.442214Z", digests={"SKILL.md": "0" * 64})
        case _:
            _forget(project, "executable", "executable_installed_at")
    assert _state(wiki, project) == "behind"
    (_copy(project) / "gone.md").write_bytes(b"edited")
    assert _refused(wiki, project).problem.endswith(": gone.md (modified)")
    (_copy(project) / "gone.md").write_bytes(b"gone")

    World(wiki, project).update(NAME)

    _assert_is(_NEW, _copy(project), tmp_path)
    entry = _entry(project)
    assert set(entry["digests"]) == set(_NEW)
    assert entry["digests_installed_at"] == entry["executable_installed_at"] == entry["installed_at"]
    assert entry["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]


def test_an_entry_without_digests_whose_pin_is_gone_cannot_be_compared_and_is_said_to_be_so(
    wiki: Path, project: Path
) -> None:
    _forget(project, "digests", "digests_installed_at", wiki_commit="1" * 40)
    refused = _refused(wiki, project)
    assert refused.code == "local-edits"
    assert "cannot be compared" in refused.problem
    done = World(wiki, project).update(NAME, allow_rollback=True, discard_edits=True)
    assert len(done.backups) == 1
    assert _state(wiki, project) == "ok"


def test_copies_for_agents_follow(wiki: Path, tmp_path: Path) -> None:
    project = tmp_path / "copies"
    project.mkdir()
    git(wiki, "reset", "--hard", "--quiet", head(wiki))
    World(wiki, project).install(NAME, exposure=Exposure(mode="copy"))
    commit(wiki, {NAME: _NEW})
    World(wiki, project).update(NAME)
    for place in (_copy(project), project / ".claude/skills/hello", project / ".agents/skills/hello"):
        _assert_is(_NEW, place, tmp_path)


def test_an_edited_copy_for_an_agent_stops_it_and_is_kept_when_it_goes(wiki: Path, tmp_path: Path) -> None:
    project = tmp_path / "copies"
    project.mkdir()
    World(wiki, project).install(NAME, exposure=Exposure(mode="copy"))
    commit(wiki, {NAME: _NEW})
    (project / ".claude/skills/hello/mine.md").write_bytes(b"mine")
    edited = snapshot(project / ".claude/skills/hello")
    assert _refused(wiki, project).problem.endswith(": .claude/skills/hello/mine.md (added)")
    done = World(wiki, project).update(NAME, discard_edits=True)
    (backup,) = done.backups
    assert backup.endswith("-claude")
    assert snapshot(project / backup) == edited
    for place in (_copy(project), project / ".claude/skills/hello", project / ".agents/skills/hello"):
        _assert_is(_NEW, place, tmp_path)


def test_an_exposure_that_went_missing_comes_back_and_one_that_is_anothers_stops_it(wiki: Path, project: Path) -> None:
    (project / ".claude/skills/hello").unlink()
    (project / ".agents/skills/hello").unlink()
    (project / ".agents/skills/hello").write_bytes(b"somebody's")
    refused = _refused(wiki, project)
    assert refused.code == "exposure-conflict"
    assert ".agents/skills/hello" in refused.problem
    (project / ".agents/skills/hello").unlink()
    assert World(wiki, project).update(NAME).exposed == [".agents/skills/hello", ".claude/skills/hello"]
    assert (project / ".claude/skills/hello/SKILL.md").read_bytes() == _NEW["SKILL.md"]


def test_agents_that_were_left_out_stay_left_out(wiki: Path, tmp_path: Path) -> None:
    project = tmp_path / "only"
    project.mkdir()
    World(wiki, project).install(NAME, exposure=Exposure(("claude",)))
    commit(wiki, {NAME: _NEW})
    assert World(wiki, project).update(NAME).exposed == [".claude/skills/hello"]
    assert not (project / ".agents").exists()


def test_what_other_tools_wrote_into_the_entry_stays(wiki: Path, project: Path) -> None:
    _forget(project, files=["x"], note={"k": 1}, exposed=[".other/hello", ".claude/skills/hello"])
    World(wiki, project).update(NAME)
    entry = _entry(project)
    assert (entry["files"], entry["note"]) == (["x"], {"k": 1})
    assert entry["exposed"] == [".claude/skills/hello", ".other/hello"]


def test_a_displaced_tree_that_somebody_protected_is_no_hindrance_to_the_next_command(
    wiki: Path, project: Path, tmp_path: Path
) -> None:
    (_copy(project) / "b").chmod(0o555)
    with as_anyone():
        World(wiki, project).update(NAME)
    assert list((project / ".memtomem/.staging").iterdir()) == []
    World(wiki, project).restore()
    _assert_is(_NEW, _copy(project), tmp_path)


@pytest.mark.parametrize("place", [".memtomem", ".memtomem/skills", ".memtomem/.txn", ".memtomem/.staging"])
def test_a_project_that_cannot_be_written_to_is_refused_and_left(place: str, wiki: Path, project: Path) -> None:
    with unwritable(project / place):
        refused = _refused(wiki, project)
    assert refused.code == "io-error"
    assert "nothing was changed" in refused.problem
    assert _state(wiki, project) == "behind"


def test_the_lock_is_held_once(wiki: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = count_locks(monkeypatch)
    World(wiki, project).update(NAME)
    assert len(windows) == 1


def test_a_ref_moves_the_pin_even_where_the_bytes_are_the_same(wiki: Path, project: Path) -> None:
    World(wiki, project).update(NAME)
    commit(wiki, {"other": plain_skill("other", "Newer.")})
    git(wiki, "tag", "v2")
    World(wiki, project).update(NAME, ref="v2")
    assert _entry(project)["wiki_commit"] == head(wiki)


def test_a_plan_may_be_of_a_ref(wiki: Path, project: Path) -> None:
    with Wiki(wiki) as opened:
        plan = opened.read_skill(head(wiki), NAME).tree.plan
    done = World(wiki, project).update(NAME, ref="main", plan=plan)
    assert done.is_changed
    refused = _refused(wiki, project, ref="HEAD~1", plan=plan)
    assert refused.code == "plan-changed"
    assert f"'wikipin show hello --ref {head(wiki, 'HEAD~1')}'" in refused.remedy

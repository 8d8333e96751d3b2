"""A restore: what a fresh clone needs, each skill at its own pin, never the wiki's newest version."""

import errno
import json
import os
import shutil
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from counting import count_gits, count_locks
from mcp import Client
from privilege import unwritable
from snapshot import snapshot
from surfaces import SURFACES, Json, Outcome, outcome_of
from wikis import Files, commit, git, head, make_wiki, object_file, object_id, plain_skill, write_files
from world import World

from wikipin import Exposure, WikipinError
from wikipin.disk.folder import Folder
from wikipin.plan.change import Change
from wikipin.project import placing
from wikipin.project.placing import Transaction, expose
from wikipin.project.project import Locked
from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options

_SKILLS: dict[str, Files] = {
    "hello": {**plain_skill("hello"), "run.sh": (b"one\r\n", True), "docs/a.md": b"a"},
    "other": plain_skill("other"),
    "third": plain_skill("third"),
}
NAMES = sorted(_SKILLS)
ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", _SKILLS)


def _installed(wiki: Path, project: Path, exposure: Exposure | None = None) -> Path:
    project.mkdir()
    for name in NAMES:
        World(wiki, project).install(name, exposure=exposure)
    return project


@pytest.fixture
def project(tmp_path: Path, wiki: Path) -> Path:
    """A project whose skills the wiki has changed since."""
    project = _installed(wiki, tmp_path / "project")
    commit(wiki, {name: plain_skill(name, "Newer.") for name in NAMES})
    return project


def _restore(door: str, wiki: Path, project: Path, **arguments: list[str]) -> Outcome:
    return SURFACES[door]("context_restore", arguments, wiki=wiki, project=project)


def _copy(project: Path, name: str = "hello") -> Path:
    return project / ".memtomem/skills" / name


def _lockfile(project: Path) -> bytes:
    return (project / ".memtomem/lock.json").read_bytes()


def _change_entry(project: Path, name: str, **more: object) -> Json:
    document = json.loads(_lockfile(project))
    entry: Json = document["skills"].setdefault(name, {})
    entry.update(more)
    (project / ".memtomem/lock.json").write_text(json.dumps(document))
    return entry


def _assert_whole(project: Path, tmp_path: Path) -> None:
    for name in NAMES:
        write_files(tmp_path / "expected", _SKILLS[name])
        for place in (_copy(project, name), project / ".claude/skills" / name, project / ".agents/skills" / name):
            assert snapshot(place) == snapshot(tmp_path / "expected")


def test_what_is_gone_comes_back_at_its_own_pin(door: str, wiki: Path, project: Path, tmp_path: Path) -> None:
    before = _lockfile(project)
    shutil.rmtree(_copy(project, "hello"))
    shutil.rmtree(_copy(project, "third"))
    (project / ".claude/skills/hello").unlink()

    answer = _restore(door, wiki, project).answer

    assert answer == {"restored": ["hello", "third"], "unchanged": ["other"], "failed": [], "left_out": 0}
    _assert_whole(project, tmp_path)
    assert _lockfile(project) == before


def test_edited_copies_are_left_and_named_and_stop_no_other(door: str, wiki: Path, project: Path) -> None:
    (_copy(project) / "mine.md").write_bytes(b"mine")
    edited, before = snapshot(_copy(project)), _lockfile(project)
    shutil.rmtree(_copy(project, "other"))

    answer = _restore(door, wiki, project).answer

    (failed,) = answer["failed"]
    assert (answer["restored"], answer["unchanged"]) == (["other"], ["third"])
    assert (failed["name"], failed["code"]) == ("hello", "local-edits")
    assert failed["problem"].endswith(": mine.md (added)")
    assert f"--ref {head(wiki, 'HEAD~1')} --discard-edits'" in failed["remedy"]
    assert (snapshot(_copy(project)), _lockfile(project)) == (edited, before)


def test_only_what_is_named_comes_back(door: str, wiki: Path, project: Path) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
    answer = _restore(door, wiki, project, names=["other", "other", "nobody"]).answer
    assert (answer["restored"], answer["unchanged"]) == (["other"], [])
    assert [(failed["name"], failed["code"]) for failed in answer["failed"]] == [("nobody", "not-installed")]
    assert sorted(path.name for path in (project / ".memtomem/skills").iterdir()) == ["other"]


def test_a_bad_name_is_refused_before_anything_is_read(door: str, wiki: Path, project: Path) -> None:
    assert _restore(door, wiki, project, names=["other", "../x"]).code == "invalid-name"


def test_where_all_is_well_nothing_is_written_and_no_wiki_is_needed(project: Path, tmp_path: Path) -> None:
    before, times = snapshot(project), {path: path.lstat().st_mtime_ns for path in project.rglob("*")}
    restored = World(tmp_path / "no-wiki", project).restore()
    assert (restored.restored, restored.unchanged, restored.failed) == ([], NAMES, [])
    assert snapshot(project) == before
    assert {path: path.lstat().st_mtime_ns for path in project.rglob("*")} == times


def test_a_project_without_a_lockfile_has_nothing_to_restore(door: str, wiki: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = _restore(door, wiki, tmp_path / "empty").answer
    assert answer == {"restored": [], "unchanged": [], "failed": [], "left_out": 0}
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_wiki_that_is_gone_is_told_before_anything_is_written(door: str, project: Path, tmp_path: Path) -> None:
    shutil.rmtree(_copy(project))
    before = snapshot(project)
    outcome = _restore(door, tmp_path / "no-wiki", project)
    assert outcome.code == "wiki-not-found"
    assert "wikipin init" in outcome.text
    assert snapshot(project) == before


def test_what_needs_the_wiki_stops_nothing_that_does_not(door: str, project: Path, tmp_path: Path) -> None:
    _change_entry(project, "hello", digests_installed_at="")
    (project / ".claude/skills/other").unlink()
    answer = _restore(door, tmp_path / "no-wiki", project).answer
    assert (answer["restored"], answer["unchanged"]) == (["other"], ["third"])
    assert [(failed["name"], failed["code"]) for failed in answer["failed"]] == [("hello", "wiki-not-found")]
    assert (project / ".claude/skills/other").is_symlink()


@pytest.mark.parametrize("committed", ["copies", "lockfile only"])
def test_a_fresh_clone_of_the_project_is_made_whole(committed: str, wiki: Path, project: Path, tmp_path: Path) -> None:
    git(project, "init", "-q")
    if committed == "copies":
        git(project, "add", ".memtomem")
    else:
        git(project, "add", ".memtomem/lock.json")
    git(project, "commit", "-q", "-m", "Skills")
    git(tmp_path, "clone", "-q", str(project), "clone")
    clone = tmp_path / "clone"
    assert not (clone / ".claude").exists()
    source = tmp_path / "no-wiki" if committed == "copies" else wiki  # a link needs no wiki

    restored = World(source, clone).restore()

    assert (restored.restored, restored.failed) == (NAMES, [])
    _assert_whole(clone, tmp_path)
    assert _lockfile(clone) == _lockfile(project)
    assert (clone / ".claude/skills/hello").is_symlink()


def test_one_bad_pin_stops_no_other(wiki: Path, project: Path) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
    _change_entry(project, "hello", wiki_commit="1" * 40)
    digests = {"SKILL.md": "0" * 64}
    _change_entry(project, "third", digests=digests)
    restored = World(wiki, project).restore()
    assert restored.restored == ["other"]
    assert [(name, error.code) for name, error in restored.failed] == [
        ("hello", "ref-not-found"),
        ("third", "lockfile-corrupt"),
    ]
    assert sorted(path.name for path in (project / ".memtomem/skills").iterdir()) == ["other"]
    assert list((project / ".memtomem/.staging").iterdir()) == []


def test_a_damaged_object_of_one_skill_stops_no_other(wiki: Path, project: Path, tmp_path: Path) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
    loose = tmp_path / "loose"
    git(tmp_path, "clone", "-q", "--bare", str(wiki), "loose")
    (pack,) = (loose / "objects/pack").glob("*.pack") if list((loose / "objects/pack").glob("*.pack")) else (None,)
    if pack is not None:
        content = pack.read_bytes()
        shutil.rmtree(loose / "objects/pack")
        (loose / "objects/pack").mkdir()
        git(loose, "unpack-objects", "-q", given=content)
    file = object_file(loose, object_id(loose, "HEAD~1:skills/hello/run.sh"))
    file.chmod(0o644)
    file.write_bytes(b"not zlib")
    restored = World(loose, project).restore()
    assert restored.restored == ["other", "third"]
    assert [(name, error.code) for name, error in restored.failed] == [("hello", "wiki-unreadable")]


def test_a_pin_that_is_gone_is_told_with_a_way_that_does_not_need_it(wiki: Path, project: Path) -> None:
    """Giving up the edits for the bytes of the pin cannot be promised here."""
    _change_entry(project, "hello", wiki_commit="1" * 40)
    (_copy(project) / "mine.md").write_bytes(b"mine")
    ((_, error),) = World(wiki, project).restore().failed
    assert error.code == "local-edits"
    assert "'wikipin update skill hello --discard-edits --allow-rollback'" in error.remedy


def test_exposures_that_are_copies_come_back_as_they_were(wiki: Path, tmp_path: Path) -> None:
    exposure = Exposure(mode="copy")
    project = _installed(wiki, tmp_path / "copies", exposure)
    before = snapshot(project)
    shutil.rmtree(_copy(project))
    shutil.rmtree(project / ".claude/skills/hello")
    shutil.rmtree(project / ".agents/skills/other")
    restored = World(wiki, project).restore(exposure=exposure)
    assert restored.restored == ["hello", "other"]
    assert snapshot(project) == before


def test_an_edited_exposure_is_left_and_named(wiki: Path, tmp_path: Path) -> None:
    project = _installed(wiki, tmp_path / "copies", Exposure(mode="copy"))
    (project / ".claude/skills/hello/SKILL.md").write_bytes(b"mine")
    shutil.rmtree(_copy(project))
    ((name, error),) = World(wiki, project).restore().failed
    assert (name, error.code) == ("hello", "local-edits")
    assert error.problem.endswith(": .claude/skills/hello/SKILL.md (modified)")
    assert not _copy(project).exists()


@pytest.mark.parametrize("exposed", [True, False])
def test_an_entry_without_digests_comes_back_from_its_pin(
    exposed: bool,  # noqa: FBT001 - a parameter of the test
    wiki: Path,
    project: Path,
    tmp_path: Path,
) -> None:
    pin = json.loads(_lockfile(project))["skills"]["hello"]["wiki_commit"]
    document = json.loads(_lockfile(project))
    paths = {"exposed": [".agents/skills/hello", ".claude/skills/hello"]} if exposed else {}
    document["skills"]["hello"] = {"wiki_commit": pin, "installed_at": "then", "files": ["x"], **paths}
    (project / ".memtomem/lock.json").write_text(json.dumps(document))
    assert World(wiki, project).restore().unchanged == NAMES
    shutil.rmtree(_copy(project))
    for word in ("agents", "claude"):
        (project / f".{word}/skills/hello").unlink()
    assert World(wiki, project).restore().restored == ["hello"]
    _assert_whole(project, tmp_path)
    entry = json.loads(_lockfile(project))["skills"]["hello"]
    assert (entry["wiki_commit"], entry["installed_at"], entry["files"]) == (pin, "then", ["x"])


def test_digests_without_modes_come_back_with_the_modes_of_the_pin(wiki: Path, project: Path, tmp_path: Path) -> None:
    document = json.loads(_lockfile(project))
    for key in ("executable", "executable_installed_at"):
        del document["skills"]["hello"][key]
    (project / ".memtomem/lock.json").write_text(json.dumps(document))
    shutil.rmtree(_copy(project))
    assert World(wiki, project).restore().restored == ["hello"]
    _assert_whole(project, tmp_path)


def test_a_name_that_is_not_ours_is_left_to_the_tool_that_wrote_it(wiki: Path, project: Path) -> None:
    shutil.rmtree(_copy(project))
    _change_entry(project, "My_Skill", wiki_commit=head(wiki), installed_at="then")
    restored = World(wiki, project).restore()
    assert restored.restored == ["hello"]
    ((name, error),) = restored.failed
    assert (name, error.code) == ("My_Skill", "invalid-name")
    assert "tool that recorded it" in error.remedy
    shutil.copytree(_copy(project, "other"), _copy(project, "My_Skill"))
    entry = json.loads(_lockfile(project))["skills"]["other"]
    _change_entry(project, "My_Skill", **entry)
    assert "My_Skill" in World(wiki, project).restore().unchanged
    assert not (project / ".claude/skills/My_Skill").exists()


def test_one_git_process_and_one_lock_for_the_lot(
    wiki: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
    gits, windows = count_gits(monkeypatch, tmp_path), count_locks(monkeypatch)
    assert World(wiki, project).restore().restored == NAMES
    assert [line.partition("git ")[2] or line for line in gits.take()] == ["cat-file --batch"]
    # A look that sees an entry without its copy looks again under the lock; the change is one window.
    assert len(windows) == 2


def test_progress_is_told_step_by_step_to_the_end(wiki: Path, project: Path) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
    _change_entry(project, "hello", wiki_commit="1" * 40)
    told: list[tuple[int, int, str]] = []
    World(wiki, project).restore(progress=lambda done, of, what: told.append((done, of, what)))
    assert told == [
        (1, 4, "read other"),
        (2, 4, "read third"),
        (3, 4, "restored other"),
        (4, 4, "restored third"),
    ]


@ERAS
def test_an_agent_is_told_the_progress(era: str, wiki: Path, project: Path) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
    told: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async def talk() -> Outcome:
        async with Client(create_server(Options(wiki, (project,))), mode=era) as client:
            return outcome_of(await client.call_tool("context_restore", {}, progress_callback=note))

    assert anyio.run(talk).answer["restored"] == NAMES
    assert [(done, of) for done, of, _ in told] == [(step, 6) for step in range(1, 7)]
    assert told[-1][2] == "restored third"


@ERAS
def test_a_call_that_is_cancelled_is_finished_all_the_same(
    era: str, wiki: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))

    is_cancelled, commit_change = Event(), Locked.commit

    def commit_late(self: Locked, change: Change) -> placing.Outcome:
        assert is_cancelled.wait(timeout=30)
        return commit_change(self, change)

    monkeypatch.setattr(Locked, "commit", commit_late)

    async def talk() -> Outcome:
        async with Client(create_server(Options(wiki, (project,))), mode=era) as client:
            with anyio.CancelScope() as scope:

                async def stop(progress: float, total: float | None, message: str | None) -> None:
                    del progress, total, message
                    scope.cancel()
                    is_cancelled.set()

                await client.call_tool("context_restore", {}, progress_callback=stop)
            assert is_cancelled.is_set()
            return outcome_of(await client.call_tool("context_restore", {}))

    answer = anyio.run(talk).answer
    assert sorted([*answer["restored"], *answer["unchanged"]]) == NAMES
    assert answer["failed"] == []
    _assert_whole(project, tmp_path)
    assert list((project / ".memtomem/.staging").iterdir()) == []


def _fail_on(monkeypatch: pytest.MonkeyPatch, method: str, failing: int) -> None:
    """Let the disk be full at one call of a Folder's method, and well before and after it."""
    real, calls = getattr(Folder, method), 0

    def full(self: Folder, *arguments: Any) -> object:  # noqa: ANN401 - they are only handed on
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, *arguments)

    monkeypatch.setattr(Folder, method, full)


def test_a_disk_that_fails_before_a_skill_is_committed_fails_that_skill_alone(
    wiki: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second rename of a journal fails; what was restored before is not said to be unchanged.

    Before each there is one that only asks whether the lockfile could be moved.
    """
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
    _fail_on(monkeypatch, "rename", 4)
    restored = World(wiki, project).restore()
    assert restored.restored == ["hello", "third"]
    assert [(name, error.code) for name, error in restored.failed] == [("other", "io-error")]
    assert "nothing was changed" in restored.failed[0][1].problem
    assert not _copy(project, "other").exists()


@pytest.mark.parametrize("failures", [1, 9])
def test_a_disk_that_fails_after_a_skill_is_committed_loses_nothing_of_it(
    failures: int, wiki: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        shutil.rmtree(_copy(project, name))
        (project / ".claude/skills" / name).unlink()
    calls = 0

    def expose_sometimes(transaction: Transaction, done: placing.Outcome) -> None:
        nonlocal calls
        calls += 1
        if 1 < calls <= 1 + failures:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        expose(transaction, done)

    with monkeypatch.context() as patch:
        patch.setattr("wikipin.project.transaction.expose", expose_sometimes)
        restored = World(wiki, project).restore()

    assert restored.restored == (["hello", "third"] if failures == 1 else ["hello"])
    (name, error), *more = restored.failed
    assert (name, error.code) == ("other", "io-error")
    assert "the change is committed" in error.problem
    assert [(name, error.code) for name, error in more] == ([] if failures == 1 else [("third", "io-error")])
    if failures == 1:  # what was committed is finished before anything else is done
        assert (project / ".claude/skills/other").is_symlink()
    World(wiki, project).restore()
    _assert_whole(project, tmp_path)
    assert list((project / ".memtomem/.staging").iterdir()) == []
    assert list((project / ".memtomem/.txn").iterdir()) == []


def test_a_lockfile_that_cannot_be_kept_refuses_it(door: str, wiki: Path, project: Path) -> None:
    (project / ".memtomem/lock.json").write_text('{"version": 2}')
    before = snapshot(project)
    assert _restore(door, wiki, project).code == "lockfile-version"
    assert snapshot(project) == before


def test_a_project_that_cannot_be_written_to_is_refused_and_left(wiki: Path, project: Path) -> None:
    shutil.rmtree(_copy(project))
    before = snapshot(project)
    with unwritable(project / ".memtomem"), pytest.raises(WikipinError, match="io-error"):
        World(wiki, project).restore()
    assert snapshot(project) == before

"""A restore: what a fresh clone needs, each skill at its own pin, never the wiki's newest version."""

import errno
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from counting import count_gits, count_locks
from mcp import Client
from privilege import unwritable
from snapshot import snapshot
from surfaces import Outcome, outcome_of
from wikis import Files, git, object_file, object_id, plain_skill, write_files
from world import World, make_world

from wikipin import Asset, Exposure, Outcomes, WikipinError
from wikipin.asset import skill
from wikipin.disk.folder import Folder
from wikipin.plan.change import Change
from wikipin.project import placing
from wikipin.project.change_set import ChangeSet, Failures
from wikipin.project.inspection import Survey
from wikipin.project.placing import Placement
from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options

_SKILLS: dict[str, Files] = {
    "hello": {**plain_skill("hello"), "run.sh": (b"one\r\n", True), "docs/a.md": b"a"},
    "other": plain_skill("other"),
    "third": plain_skill("third"),
}
NAMES = sorted(_SKILLS)
ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])


def _make_world(place: Path, exposure: Exposure | None = None) -> World:
    """Make a project whose skills the wiki has changed since."""
    world = make_world(place, _SKILLS)
    for name in NAMES:
        world.install(name, exposure=exposure)
    world.commit({name: plain_skill(name, "Newer.") for name in NAMES})
    return world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return _make_world(tmp_path)


def _restore(door: str, world: World, **arguments: list[str]) -> Outcome:
    return world.call(door, "context_restore", **arguments)


def _names(assets: Iterable[Asset]) -> list[str]:
    return [asset.name for asset in assets]


def _codes(outcomes: Outcomes[Asset]) -> list[tuple[str, str]]:
    return [(asset.name, error.code) for asset, error in outcomes.failed.items()]


def _assert_whole(world: World, tmp_path: Path) -> None:
    for name in NAMES:
        write_files(tmp_path / "expected", _SKILLS[name])
        for place in (
            world.copy(name),
            world.project / ".claude/skills" / name,
            world.project / ".agents/skills" / name,
        ):
            assert snapshot(place) == snapshot(tmp_path / "expected")


def test_what_is_gone_comes_back_at_its_own_pin(door: str, world: World, tmp_path: Path) -> None:
    before = world.lockfile_path.read_bytes()
    shutil.rmtree(world.copy("hello"))
    shutil.rmtree(world.copy("third"))
    (world.project / ".claude/skills/hello").unlink()

    answer = _restore(door, world).answer

    assert answer == {"restored": ["hello", "third"], "unchanged": ["other"], "failed": [], "left_out": 0}
    _assert_whole(world, tmp_path)
    assert world.lockfile_path.read_bytes() == before


def test_edited_copies_are_left_and_named_and_stop_no_other(door: str, world: World) -> None:
    (world.copy() / "mine.md").write_bytes(b"mine")
    edited, before = snapshot(world.copy()), world.lockfile_path.read_bytes()
    shutil.rmtree(world.copy("other"))

    answer = _restore(door, world).answer

    (failed,) = answer["failed"]
    assert (answer["restored"], answer["unchanged"]) == (["other"], ["third"])
    assert (failed["name"], failed["code"]) == ("hello", "local-edits")
    assert failed["problem"].endswith(": mine.md (added)")
    assert world.head("HEAD~1") in failed["remedy"]
    assert (snapshot(world.copy()), world.lockfile_path.read_bytes()) == (edited, before)


def test_only_what_is_named_comes_back(door: str, world: World) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    answer = _restore(door, world, names=["other", "other", "nobody"]).answer
    assert (answer["restored"], answer["unchanged"]) == (["other"], [])
    assert [(failed["name"], failed["code"]) for failed in answer["failed"]] == [("nobody", "not-installed")]
    assert sorted(path.name for path in (world.project / ".memtomem/skills").iterdir()) == ["other"]


def test_a_bad_name_is_refused_before_anything_is_read(door: str, world: World) -> None:
    """The command decides on each of several names by itself."""
    outcome = _restore(door, world, names=["other", "../x"])
    refused = outcome.answer["failed"][0]["code"] if door == "command" else outcome.code
    assert refused == "invalid-name"


def test_where_all_is_well_nothing_is_written_and_no_wiki_is_needed(world: World) -> None:
    before, times = world.snapshot(), {path: path.lstat().st_mtime_ns for path in world.project.rglob("*")}
    restored = world.without_wiki().restore()
    assert (restored.done, _names(restored.unchanged), restored.failed) == ({}, NAMES, {})
    assert world.snapshot() == before
    assert {path: path.lstat().st_mtime_ns for path in world.project.rglob("*")} == times


def test_a_project_without_a_lockfile_has_nothing_to_restore(door: str, world: World) -> None:
    empty = world.beside("empty")
    answer = _restore(door, empty).answer
    assert answer == {"restored": [], "unchanged": [], "failed": [], "left_out": 0}
    assert empty.snapshot() == {}


def test_a_wiki_that_is_gone_is_told_before_anything_is_written(door: str, world: World) -> None:
    shutil.rmtree(world.copy())
    before = world.snapshot()
    outcome = _restore(door, world.without_wiki())
    assert outcome.code == "wiki-not-found"
    assert "init'" in outcome.text
    assert world.snapshot() == before


def test_what_needs_the_wiki_stops_nothing_that_does_not(door: str, world: World) -> None:
    world.change_entry("hello", digests_installed_at="")
    (world.project / ".claude/skills/other").unlink()
    answer = _restore(door, world.without_wiki()).answer
    assert (answer["restored"], answer["unchanged"]) == (["other"], ["third"])
    assert [(failed["name"], failed["code"]) for failed in answer["failed"]] == [("hello", "wiki-not-found")]
    assert (world.project / ".claude/skills/other").is_symlink()


@pytest.mark.parametrize("committed", ["copies", "lockfile only"])
def test_a_fresh_clone_of_the_project_is_made_whole(committed: str, world: World, tmp_path: Path) -> None:
    git(world.project, "init", "-q")
    if committed == "copies":
        git(world.project, "add", ".memtomem")
    else:
        git(world.project, "add", ".memtomem/lock.json")
    git(world.project, "commit", "-q", "-m", "Skills")
    git(tmp_path, "clone", "-q", str(world.project), "clone")
    clone = World(world.wiki, tmp_path / "clone")
    assert not (clone.project / ".claude").exists()
    if committed == "copies":  # a link needs no wiki
        clone = clone.without_wiki()

    restored = clone.restore()

    assert (_names(restored.done), restored.failed) == (NAMES, {})
    _assert_whole(clone, tmp_path)
    assert clone.lockfile_path.read_bytes() == world.lockfile_path.read_bytes()
    assert (clone.project / ".claude/skills/hello").is_symlink()


def test_one_bad_pin_stops_no_other(world: World) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    world.change_entry("hello", wiki_commit="1" * 40)
    digests = {"SKILL.md": "0" * 64}
    world.change_entry("third", digests=digests)
    restored = world.restore()
    assert _names(restored.done) == ["other"]
    assert _codes(restored) == [
        ("hello", "ref-not-found"),
        ("third", "lockfile-corrupt"),
    ]
    assert sorted(path.name for path in (world.project / ".memtomem/skills").iterdir()) == ["other"]
    assert world.left_over() == []


def test_a_damaged_object_of_one_skill_stops_no_other(world: World, tmp_path: Path) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    loose = tmp_path / "loose"
    git(tmp_path, "clone", "-q", "--bare", str(world.wiki), "loose")
    (pack,) = (loose / "objects/pack").glob("*.pack") if list((loose / "objects/pack").glob("*.pack")) else (None,)
    if pack is not None:
        content = pack.read_bytes()
        shutil.rmtree(loose / "objects/pack")
        (loose / "objects/pack").mkdir()
        git(loose, "unpack-objects", "-q", given=content)
    file = object_file(loose, object_id(loose, "HEAD~1:skills/hello/run.sh"))
    file.chmod(0o644)
    file.write_bytes(b"not zlib")
    restored = world.with_wiki(loose).restore()
    assert _names(restored.done) == ["other", "third"]
    assert _codes(restored) == [("hello", "wiki-unreadable")]


def test_a_pin_that_is_gone_is_told_with_a_way_that_does_not_need_it(world: World) -> None:
    """Giving up the edits for the bytes of the pin cannot be promised here."""
    world.change_entry("hello", wiki_commit="1" * 40)
    (world.copy() / "mine.md").write_bytes(b"mine")
    (error,) = world.restore().failed.values()
    assert error.code == "local-edits"
    assert "'wikipin update skill hello --discard-edits --allow-rollback'" in str(error.remedy)


def test_exposures_that_are_copies_come_back_as_they_were(tmp_path: Path) -> None:
    exposure = Exposure(mode="copy")
    world = _make_world(tmp_path, exposure)
    before = world.snapshot()
    shutil.rmtree(world.copy())
    shutil.rmtree(world.project / ".claude/skills/hello")
    shutil.rmtree(world.project / ".agents/skills/other")
    restored = world.restore(exposure=exposure)
    assert _names(restored.done) == ["hello", "other"]
    assert world.snapshot() == before


def test_an_edited_exposure_is_left_and_named(tmp_path: Path) -> None:
    world = _make_world(tmp_path, Exposure(mode="copy"))
    (world.project / ".claude/skills/hello/SKILL.md").write_bytes(b"mine")
    shutil.rmtree(world.copy())
    ((asset, error),) = world.restore().failed.items()
    assert (asset, error.code) == (skill("hello"), "local-edits")
    assert error.problem.endswith(": .claude/skills/hello/SKILL.md (modified)")
    assert not world.copy().exists()


@pytest.mark.parametrize("exposed", [True, False])
def test_an_entry_without_digests_comes_back_from_its_pin(
    exposed: bool,  # noqa: FBT001 - a parameter of the test
    world: World,
    tmp_path: Path,
) -> None:
    pin = world.entry()["wiki_commit"]
    document = world.lockfile()
    paths = {"exposed": [".agents/skills/hello", ".claude/skills/hello"]} if exposed else {}
    document["skills"]["hello"] = {"wiki_commit": pin, "installed_at": "then", "files": ["x"], **paths}
    world.lockfile_path.write_text(json.dumps(document))
    assert _names(world.restore().unchanged) == NAMES
    shutil.rmtree(world.copy())
    for word in ("agents", "claude"):
        (world.project / f".{word}/skills/hello").unlink()
    assert _names(world.restore().done) == ["hello"]
    _assert_whole(world, tmp_path)
    entry = world.entry()
    assert (entry["wiki_commit"], entry["installed_at"], entry["files"]) == (pin, "then", ["x"])


def test_digests_without_modes_come_back_with_the_modes_of_the_pin(world: World, tmp_path: Path) -> None:
    world.change_entry("hello", "executable", "executable_installed_at")
    shutil.rmtree(world.copy())
    assert _names(world.restore().done) == ["hello"]
    _assert_whole(world, tmp_path)


def test_a_name_that_is_not_ours_is_left_to_the_tool_that_wrote_it(world: World) -> None:
    shutil.rmtree(world.copy())
    world.change_entry("My_Skill", wiki_commit=world.head(), installed_at="then")
    restored = world.restore()
    assert _names(restored.done) == ["hello"]
    ((asset, error),) = restored.failed.items()
    assert (asset, error.code) == (skill("My_Skill"), "invalid-name")
    assert "Use that tool" in str(error.remedy)
    shutil.copytree(world.copy("other"), world.copy("My_Skill"))
    entry = world.entry("other")
    world.change_entry("My_Skill", **entry)
    assert skill("My_Skill") in world.restore().unchanged
    assert not (world.project / ".claude/skills/My_Skill").exists()


def test_one_git_process_and_one_lock_for_the_lot(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    gits, windows = count_gits(monkeypatch, tmp_path), count_locks(monkeypatch)
    assert _names(world.restore().done) == NAMES
    asked = sorted(line.partition("git ")[2] or line for line in gits.take())
    assert asked == ["cat-file --batch"]
    assert len(windows) == 1


def test_progress_is_told_step_by_step_to_the_end(world: World) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    world.change_entry("hello", wiki_commit="1" * 40)
    told: list[tuple[int, int, str]] = []
    world.restore(*NAMES, *NAMES, progress=lambda done, of, what: told.append((done, of, what)))
    assert told == [(1, 4, "read other"), (2, 4, "read third"), (4, 4, "changed 2")]


@ERAS
def test_an_agent_is_told_the_progress(era: str, world: World) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    told: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async def talk() -> Outcome:
        async with Client(create_server(Options(world.wiki, (world.project,))), mode=era) as client:
            return outcome_of(await client.call_tool("context_restore", {}, progress_callback=note))

    assert anyio.run(talk).answer["restored"] == NAMES
    assert [(done, of) for done, of, _ in told] == [(step, 4) for step in range(1, 5)]
    assert told[-1][2] == "changed 3"


@ERAS
def test_a_call_that_is_cancelled_is_finished_all_the_same(
    era: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))

    is_cancelled, commit_changes = Event(), ChangeSet.commit

    def commit_late(self: ChangeSet, changes: Sequence[Change], seen: Survey) -> tuple[list[placing.Outcome], Failures]:
        assert is_cancelled.wait(timeout=30)
        return commit_changes(self, changes, seen)

    monkeypatch.setattr(ChangeSet, "commit", commit_late)

    async def talk() -> Outcome:
        async with Client(create_server(Options(world.wiki, (world.project,))), mode=era) as client:
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
    _assert_whole(world, tmp_path)
    assert world.left_over() == []


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


def test_a_disk_that_fails_before_the_journal_is_there_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename of the journal fails; the one before it only asks whether the lockfile could be moved."""
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    _fail_on(monkeypatch, "rename", 2)
    with pytest.raises(WikipinError, match="nothing was changed") as refused:
        world.restore()
    assert refused.value.code == "io-error"
    assert set(world.states().values()) == {"missing"}
    assert world.left_over() == []


@pytest.mark.parametrize("failing", range(1, 4))
def test_a_disk_that_refuses_the_first_step_of_a_skill_fails_that_skill_alone(
    failing: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        shutil.rmtree(world.copy(name))
    _fail_on(monkeypatch, "place", failing)
    restored = world.restore()
    refused = NAMES[failing - 1]
    assert _names(restored.done) == [name for name in NAMES if name != refused]
    assert _codes(restored) == [(refused, "io-error")]
    assert f"nothing of skill '{refused}' was changed" in restored.failed[skill(refused)].problem
    assert not world.copy(refused).exists()
    assert world.left_over() == []


@pytest.mark.parametrize("step", ["expose", "unexpose", "remove_copy"])
def test_a_disk_that_fails_after_the_journal_is_there_loses_nothing(
    step: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second skill's step fails; the next command finishes what was committed, whatever it is for."""
    for name in NAMES:
        shutil.rmtree(world.copy(name))
        (world.project / ".claude/skills" / name).unlink()
    do, calls = getattr(Placement, step), 0

    def do_once(self: Placement) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        do(self)

    with monkeypatch.context() as patch:
        patch.setattr(Placement, step, do_once)
        with pytest.raises(WikipinError, match="io-error") as refused:
            world.restore()

    assert "committed" in refused.value.problem
    assert set(world.states().values()) == {"behind"}
    _assert_whole(world, tmp_path)
    assert world.left_over() == []


def test_a_lockfile_that_cannot_be_kept_refuses_it(door: str, world: World) -> None:
    world.lockfile_path.write_text('{"version": 2}')
    before = world.snapshot()
    assert _restore(door, world).code == "lockfile-version"
    assert world.snapshot() == before


def test_a_project_that_cannot_be_written_to_is_refused_and_left(world: World) -> None:
    shutil.rmtree(world.copy())
    before = world.snapshot()
    with unwritable(world.project / ".memtomem"), pytest.raises(WikipinError, match="io-error"):
        world.restore()
    assert world.snapshot() == before

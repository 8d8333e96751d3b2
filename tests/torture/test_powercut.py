"""A disk that loses its power at any step of a change, or of its recovery: old or new, and what was reported stands.

The process stops at the step, and then the disk: nothing that was written and not synced need survive. The wiki is
elsewhere; only the project is on that disk.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from torture.powercut import FILE_SYSTEMS, WITHOUT_LOG, Cut, Disk, FileSystem, UnavailableError, open_disk
from torture.scenario import (
    IN_PROCESS,
    SCENARIOS,
    Bounds,
    Record,
    Scenario,
    make_torture_wiki,
    next_command,
    settled,
)
from torture.steps import KILLED, run_until
from wikis import commit, plain_skill

from wikipin.disk.folder import Folder
from wikipin.project.journal import Journal
from wikipin.project.transaction import write_journal

Found = dict[tuple[int, ...], list[str]]

pytestmark = pytest.mark.timeout(1200)

WHOLE = pytest.mark.whole
SECOND = Scenario("the change after it", ("install", "skill", "other"), "context_install_skill", {"name": "other"})
_MANY = ("first-of-many", "second-of-many")
MANY = Scenario(
    "install of so many files that their file system is synced",
    (),
    None,
    instead=lambda world: world.install_all(*_MANY),
)
_ROOM = 512 << 20
"""Bytes that the image of a disk may come to take."""

cuts = pytest.mark.parametrize("cut", Cut, ids=str)


@pytest.fixture(scope="module", params=FILE_SYSTEMS, ids=str)
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A disk whose file system has a log."""
    with _disk_of(request.param, tmp_path_factory) as disk:
        yield disk


@pytest.fixture(scope="module")
def disk_without_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A disk whose file system has none."""
    with _disk_of(WITHOUT_LOG, tmp_path_factory) as disk:
        yield disk


@contextmanager
def _disk_of(file_system: FileSystem, tmp_path_factory: pytest.TempPathFactory) -> Generator[Disk]:
    """Make a disk, in memory where that has room: else to sync it is to sync the disk below it."""
    memory = Path("/dev/shm")  # noqa: S108 - the directory made in it is private
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    try:
        with (
            tempfile.TemporaryDirectory(dir=memory if has_room else tmp_path_factory.mktemp("disk")) as place,
            open_disk(file_system, Path(place)) as disk,
        ):
            yield disk
    except UnavailableError as why:
        if os.environ.get("CI"):
            pytest.fail(f"CI has to cut the power: {why}")
        pytest.skip(f"no power can be cut here: {why}")


@dataclass(frozen=True)
class Story:
    """What happens until the power is cut: changes that were reported as done, and one that is under way."""

    wiki: Path
    start: Path
    reported: tuple[Scenario, ...]
    change: Scenario
    allowed: Bounds

    def happen(self, disk: Disk, step: int | None) -> int:
        """Do it on `disk`, the last change until `step`. Nobody syncs but the program itself."""
        disk.start_from(self.start)
        for scenario in self.reported:
            assert run_until(None, partial(scenario.run, self.wiki, disk.project)) == 0
        return run_until(step, partial(self.change.run, self.wiki, disk.project))

    def recover(self, disk: Disk, step: int | None = None) -> int:
        """Run the next command, until `step`."""
        return run_until(step, partial(next_command, disk.project))

    def promised(self, disk: Disk, code: int) -> Bounds:
        """Return what a cut may leave now: where a process came to its end, what is there, and nothing else."""
        if code == KILLED:
            return self.allowed
        assert code == 0
        told = settled(disk.project)
        assert told in (self.allowed.before, self.allowed.after)
        return Bounds(told, told)

    def violations(self, disk: Disk, promised: Bounds) -> list[str]:
        """Run the next command, and name what is not as promised."""
        wrong = [] if self.recover(disk) == 0 else ["the next command fails"]
        try:
            return wrong + promised.violations(disk.project)
        except ValueError:
            return [*wrong, "the lockfile is torn"]


Tell = Callable[..., Story]


@pytest.fixture(scope="module")
def tell(tmp_path_factory: pytest.TempPathFactory) -> Tell:
    """Make a story, with what it may come to; each is played once without a cut."""
    wiki = make_torture_wiki(tmp_path_factory.mktemp("wikis") / "wiki")
    pages = {f"{number}.md": b"a" * 5000 for number in range(35)}
    commit(wiki, {name: {**plain_skill(name), **pages} for name in _MANY})
    known: dict[tuple[str, ...], Story] = {}

    def told(*scenarios: Scenario) -> Story:
        names = tuple(scenario.name for scenario in scenarios)
        if names not in known:
            known[names] = _play(wiki, tmp_path_factory.mktemp("story"), *scenarios)
        played = known[names]
        return replace(played, allowed=Bounds(played.allowed.before, played.allowed.after))

    return told


def _play(wiki: Path, place: Path, *scenarios: Scenario) -> Story:
    *reported, change = scenarios
    scenarios[0].prepare(wiki, place / "start")
    project = shutil.copytree(place / "start", place / "project", symlinks=True)
    for scenario in reported:
        scenario.run(wiki, project)
    before = settled(project)
    change.run(wiki, project)
    return Story(wiki, place / "start", tuple(reported), change, Bounds(before, settled(project)))


def _sweep(story: Story, disk: Disk, cut: Cut, steps: Iterable[int]) -> tuple[int, Found]:
    """Cut the power at each of these steps, and after the end; return how often, and the violations."""
    found = Found()
    for times, step in enumerate(steps, start=1):
        code = story.happen(disk, step)
        promised = story.promised(disk, code)
        disk.cut(cut)
        if violations := story.violations(disk, promised):
            found[(step,)] = violations
        if code == 0:
            return times, found
    raise AssertionError("it never ends")


def _sweep_recovery(
    story: Story, disk: Disk, first: Cut | None, second: Cut, every: tuple[int, int]
) -> tuple[int, Found]:
    """Stop the change at so many steps, by a kill or a cut, and then its recovery at so many, by a cut."""
    times, found = 0, Found()
    for step in count(every[0] // 2, every[0]):
        for later in count(step % every[1], every[1]):
            if story.happen(disk, step) == 0:
                return times, found
            if first is not None:
                disk.cut(first)
            code = story.recover(disk, later)
            promised = story.promised(disk, code)
            disk.cut(second)
            times += 1
            if violations := story.violations(disk, promised):
                found[step, later] = violations
            if code == 0:
                break
    raise AssertionError("it never ends")


@cuts
@pytest.mark.parametrize("scenario", IN_PROCESS, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("every", [pytest.param(13, id="sample"), pytest.param(1, id="whole", marks=WHOLE)])
def test_a_power_cut_at_any_step_leaves_the_old_state_or_the_new_and_after_the_end_the_new(
    scenario: Scenario, cut: Cut, every: int, disk: Disk, tell: Tell, record_property: Record
) -> None:
    story = tell(scenario)
    begin = len(scenario.name) * cut.value % every  # each sample is of other steps
    times, found = _sweep(story, disk, cut, count(begin, every))
    record_property("power cuts", times)
    assert found == {}
    assert story.allowed.seen == {"old", "new"} or every > 1
    assert times > 30 // every


@cuts
@pytest.mark.parametrize("every", [pytest.param(31, id="sample"), pytest.param(1, id="whole", marks=WHOLE)])
def test_what_was_reported_survives_a_power_cut_at_any_step_of_the_next_change(
    cut: Cut, every: int, disk: Disk, tell: Tell, record_property: Record
) -> None:
    times, found = _sweep(tell(SCENARIOS[0], SECOND), disk, cut, count(0, every))
    record_property("power cuts", times)
    assert found == {}
    assert times > 30 // every


@cuts
@pytest.mark.parametrize("every", [pytest.param(29, id="sample"), pytest.param(2, id="whole", marks=WHOLE)])
def test_a_power_cut_at_any_step_of_a_change_whose_file_system_is_synced_leaves_the_old_state_or_the_new(
    cut: Cut, every: int, disk: Disk, tell: Tell, record_property: Record
) -> None:
    story = tell(MANY)
    times, found = _sweep(story, disk, cut, count(every // 2, every))
    record_property("power cuts", times)
    assert found == {}
    assert story.allowed.seen >= {"old"}
    assert times > 100 // every


@cuts
@pytest.mark.parametrize("after", ["a kill", "a cut"])
@pytest.mark.parametrize("every", [pytest.param((47, 17), id="sample"), pytest.param((6, 4), id="whole", marks=WHOLE)])
def test_a_power_cut_at_any_step_of_the_recovery_leaves_the_old_state_or_the_new(
    after: str, cut: Cut, every: tuple[int, int], disk: Disk, tell: Tell, record_property: Record
) -> None:
    times, found = _sweep_recovery(tell(SCENARIOS[0]), disk, cut if after == "a cut" else None, cut, every)
    record_property("power cuts", times)
    assert found == {}
    assert times > 60 // every[0]


@pytest.mark.parametrize("every", [pytest.param(7, id="sample"), pytest.param(1, id="whole", marks=WHOLE)])
def test_a_power_cut_where_names_are_written_down_in_any_order_leaves_the_old_state_or_the_new(
    every: int, disk_without_log: Disk, tell: Tell, record_property: Record
) -> None:
    times, found = _sweep(tell(SCENARIOS[0]), disk_without_log, Cut.LOG_LOST, count(every // 2, every))
    record_property("power cuts", times)
    assert found == {}
    assert times > 30 // every


def _nothing(*_: object) -> None:
    """Sync nothing."""


def _says_that_it_is_done(_: int) -> bool:
    return True


def _without(
    unsynced: str, cut: Cut, disk: Disk, story: Story, instead: Callable[..., object] = _nothing, every: int = 15
) -> set[str]:
    """Return the violations of a program that does not do `unsynced`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unsynced, instead)
        _, found = _sweep(story, disk, cut, count(every, every))
    return {what for violations in found.values() for what in violations}


def test_the_sweep_sees_that_a_program_does_not_sync(disk: Disk, tell: Tell) -> None:
    """The control: where names are written before bytes, files are torn; else, what was reported is lost."""
    torn = _without("wikipin.disk.folder.sync", Cut.LOG_FLUSHED, disk, tell(SCENARIOS[0]))
    assert torn >= {"the lockfile is torn", "neither old nor new: .memtomem/skills/hello/SKILL.md"}
    lost = _without("wikipin.disk.folder.sync", Cut.LOG_LOST, disk, tell(SCENARIOS[0]))
    assert lost >= {"neither old nor new: .memtomem/lock.json", "neither old nor new: .memtomem/skills/hello/SKILL.md"}


def test_the_sweep_sees_that_a_program_does_not_sync_its_file_system(disk: Disk, tell: Tell) -> None:
    """The control: a set of many files is torn, if it is only said that the file system was synced."""
    unsynced = "wikipin.project.staging.sync_file_system"
    torn = _without(unsynced, Cut.LOG_FLUSHED, disk, tell(MANY), _says_that_it_is_done, every=400)
    assert any(what.startswith("neither old nor new: .memtomem/skills/second-of-many/") for what in torn)


@cuts
@pytest.mark.whole
@pytest.mark.parametrize("unsynced", ["sync_file", "sync_tree"])
def test_the_sweep_sees_that_a_program_does_not_sync_its_files(unsynced: str, cut: Cut, disk: Disk, tell: Tell) -> None:
    torn = _without(f"wikipin.disk.folder.Folder.{unsynced}", cut, disk, tell(SCENARIOS[0]))
    assert "neither old nor new: .memtomem/skills/hello/SKILL.md" in torn


def test_the_sweep_sees_that_a_program_does_not_sync_the_name_of_its_journal(
    disk_without_log: Disk, tell: Tell
) -> None:
    """The control: half of a change is there, and no journal. A log keeps names in order, and nobody sees it there."""

    def write_journal_unsynced(txn: Folder, journal: Journal) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Folder, "sync", _nothing)
            write_journal(txn, journal)

    journal_of = "wikipin.project.change_set.write_journal"
    half = _without(journal_of, Cut.LOG_LOST, disk_without_log, tell(SCENARIOS[0]), write_journal_unsynced, every=5)
    assert "neither old nor new: .memtomem/skills/hello/SKILL.md" in half

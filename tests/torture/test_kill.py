"""A process that dies at any step of a change, and again at any step of the recovery (fork-based, portable)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from privilege import immutable
from snapshot import left_over
from torture.scenario import IN_PROCESS, Record, Scenario, bounds, make_torture_wiki, named, next_command
from torture.steps import KILLED, run_until

import wikipin.disk.rename
from wikipin.disk.folder import Folder
from wikipin.project.journal import Journal
from wikipin.project.placing import Placement


def _copy(start: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(start, to, symlinks=True)


class Sweep:
    """One scenario, killed at its steps, and each time the next command at its own."""

    def __init__(self, scenario: Scenario, place: Path) -> None:
        self._scenario, self._place, self._wiki = scenario, place, make_torture_wiki(place / "wiki")
        self.allowed = bounds(scenario, self._wiki, place / "reference", self._change)
        scenario.prepare(self._wiki, place / "start")

    def pairs(self, every: tuple[int, int]) -> Iterator[tuple[int, int, list[str]]]:
        """Yield each pair of steps with what was wrong after it: every so many steps of the change and of recovery."""
        project, again = self._place / "project", self._place / "again"
        for step in range(0, 1000, every[0]):
            _copy(self._place / "start", project)
            if (code := run_until(step, lambda: self._change(project))) != KILLED:
                assert code == 0
                return
            for second in range(step % every[1], 1000, every[1]):
                _copy(project, again)
                killed = run_until(second, lambda: next_command(again)) == KILLED
                next_command(again)
                yield step, second, self.allowed.violations(again)
                if not killed:
                    break
        raise AssertionError("it never ends")

    def _change(self, project: Path) -> None:
        self._scenario.run(self._wiki, project)


def _finds_anything(sweep: Sweep) -> bool:
    return any(wrong for *_, wrong in sweep.pairs((1, 1000)))


@pytest.fixture(params=["native", "fallback"])
def renaming(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to rename: with the system call that never replaces, and without it."""
    if request.param == "fallback":
        monkeypatch.setattr(wikipin.disk.rename, "_native", lambda: None)
    way: str = request.param
    return way


@pytest.mark.parametrize(
    ("every", "least"), [((3, 9), 12), pytest.param((1, 1), 200, marks=pytest.mark.whole)], ids=["sampled", "whole"]
)
@pytest.mark.parametrize("scenario", IN_PROCESS, ids=lambda scenario: scenario.name)
@pytest.mark.usefixtures("renaming")
def test_a_change_killed_at_any_step_and_again_in_recovery_is_the_old_state_or_the_new(
    scenario: Scenario, every: tuple[int, int], least: int, tmp_path: Path, record_property: Record
) -> None:
    sweep = Sweep(scenario, tmp_path)
    pairs = list(sweep.pairs(every))
    record_property("pairs of kills", len(pairs))
    assert [pair for pair in pairs if pair[2]] == []
    assert sweep.allowed.seen == {"old", "new"}
    assert len(pairs) >= least


def _no_journal(_: Folder, __: Journal) -> None:
    """Write none."""


@pytest.mark.parametrize("scenario", [s for s in IN_PROCESS if s.name != "adopt"], ids=lambda scenario: scenario.name)
def test_the_sweep_sees_that_a_program_keeps_no_journal(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without its journal a program goes red; but for an adoption, which changes one file alone."""
    monkeypatch.setattr("wikipin.project.change_set.write_journal", _no_journal)
    assert _finds_anything(Sweep(scenario, tmp_path))


def _throws_away(_: Placement) -> None:
    """Keep nothing of what was displaced."""


def test_the_sweep_sees_that_edited_bytes_are_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the backup a person's bytes are gone."""
    scenario = named("update of an edited copy")
    wiki = make_torture_wiki(tmp_path / "wiki")
    allowed = bounds(scenario, wiki, tmp_path / "reference", lambda scratch: scenario.run(wiki, scratch))
    monkeypatch.setattr(Placement, "keep_edits", _throws_away)
    scenario.prepare(wiki, tmp_path / "project")
    scenario.run(wiki, tmp_path / "project")
    assert allowed.violations(tmp_path / "project")


def _finishes_nothing(_: Folder, __: Folder, ___: Journal, *, is_found: bool) -> None:
    """Do nothing of what the journal says."""


def test_the_sweep_sees_that_a_recovery_does_not_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a next command that only sweeps what was staged loses the change, or half of it."""
    monkeypatch.setattr("wikipin.project.transaction.finish", _finishes_nothing)
    assert _finds_anything(Sweep(named("update"), tmp_path))


class StuckSweep:
    """A removal that is decided and cannot move the copy, killed at its steps, and the next command at its own."""

    def __init__(self, scenario: Scenario, place: Path) -> None:
        self._scenario, self._place, self._wiki = scenario, place, make_torture_wiki(place / "wiki")
        self.allowed = bounds(scenario, self._wiki, place / "reference", self._remove)
        scenario.prepare(self._wiki, place / "start")

    def pairs(self, every: tuple[int, int], *, is_lifted: bool) -> Iterator[tuple[int, int, list[str]]]:
        """Yield as `Sweep.pairs` does; `is_lifted` says whether the next command can move the copy."""
        project = self._place / "project"
        for step in range(0, 1000, every[0]):
            is_over, second, was_killed = False, step % every[1], True
            while was_killed:
                _copy(self._place / "start", project)
                with immutable(project / ".memtomem/skills/hello"):
                    is_over = run_until(step, lambda: self._remove(project)) != KILLED
                    if not is_lifted:
                        was_killed = run_until(second, lambda: next_command(project)) == KILLED
                        next_command(project)
                        yield step, second, self._violations(project, {"old"})
                if is_lifted:
                    was_killed = run_until(second, lambda: next_command(project)) == KILLED
                    next_command(project)
                    yield step, second, self._violations(project, {"old", "new"})
                second += every[1]
            if is_over:
                return

    def _remove(self, project: Path) -> None:
        self._scenario.run(self._wiki, project)

    def _violations(self, project: Path, allowed: set[str]) -> list[str]:
        self.allowed.seen.clear()
        found = self.allowed.violations(project)
        return [*found, *left_over(project)] if self.allowed.seen <= allowed else ["changed, and it cannot be"]


@pytest.mark.parametrize("name", ["remove", "remove of edited copies"])
@pytest.mark.parametrize("is_lifted", [False, True], ids=["stuck", "lifted"])
@pytest.mark.parametrize(
    ("every", "least"), [((4, 7), 12), pytest.param((1, 1), 100, marks=pytest.mark.whole)], ids=["sampled", "whole"]
)
def test_a_removal_that_cannot_move_the_copy_is_undone_whenever_it_is_killed(
    is_lifted: bool,  # noqa: FBT001 - a table
    every: tuple[int, int],
    least: int,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Record,
) -> None:
    """It is not asked beforehand: something is in the way only since then."""
    monkeypatch.setattr("wikipin.project.hindrance.Hindrances.check", _asks_nothing)
    pairs = list(StuckSweep(named(name), tmp_path).pairs(every, is_lifted=is_lifted))
    record_property("pairs of kills", len(pairs))
    assert [pair for pair in pairs if pair[2]] == []
    assert len(pairs) >= least


def _asks_nothing(*_: object) -> None:
    """Find nothing in the way."""


def _puts_nothing_back(_: Placement) -> list[str]:
    """Undo nothing."""
    return []


def test_the_sweep_sees_that_a_removal_is_not_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without its exposures the skill is neither there nor gone."""
    monkeypatch.setattr("wikipin.project.hindrance.Hindrances.check", _asks_nothing)
    monkeypatch.setattr(Placement, "_put_back", _puts_nothing_back)
    assert any(wrong for *_, wrong in StuckSweep(named("remove"), tmp_path).pairs((4, 1000), is_lifted=False))

"""A process that dies at any step of a change, and again at any step of the recovery (fork-based, portable)."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from torture.scenario import SCENARIOS, Scenario, bounds, make_torture_wiki, next_command
from torture.steps import KILLED, run_until

import wikipin.rename
from wikipin.folder import Folder
from wikipin.journal import Journal

Found = dict[tuple[int, int | None], list[str]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: a process that dies does not need a disk to be synced."""
    memory = Path("/dev/shm")  # noqa: S108 - the directory made in it is private
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as place:
        yield Path(place)


def _copy(start: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(start, to, symlinks=True)


def _sweep(scenario: Scenario, place: Path, every_second: int) -> tuple[int, set[str], Found]:
    """Kill at every step, then at every `every_second`-th step of the recovery; return pairs, states, violations."""
    wiki = make_torture_wiki(place / "wiki")
    start, project, again = place / "start", place / "project", place / "again"
    allowed = bounds(scenario, wiki, place / "reference", lambda scratch: scenario.run(wiki, scratch))
    scenario.prepare(wiki, start)
    pairs, found = 0, Found()
    for step in range(1000):
        _copy(start, project)
        if (code := run_until(step, lambda: scenario.run(wiki, project))) != KILLED:
            assert code == 0
            return pairs, allowed.seen, found
        for second in range(0, 1000, every_second):
            _copy(project, again)
            killed = run_until(second, lambda: next_command(wiki, again)) == KILLED
            pairs += 1
            assert run_until(None, lambda: next_command(wiki, again)) == 0
            if violations := allowed.violations(again):
                found[step, second] = violations
            if not killed:
                break
    raise AssertionError("it never ends")


@pytest.fixture(params=["native", "fallback"])
def renaming(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to rename: with the system call that never replaces, and without it."""
    if request.param == "fallback":
        monkeypatch.setattr(wikipin.rename, "_native", lambda: None)
    way: str = request.param
    return way


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
@pytest.mark.usefixtures("renaming")
def test_a_change_killed_at_any_step_and_again_in_recovery_is_the_old_state_or_the_new(
    scenario: Scenario, place: Path
) -> None:
    pairs, seen, found = _sweep(scenario, place, every_second=9)
    assert found == {}
    assert seen == {"old", "new"}
    assert pairs > 100


def _no_journal(_: Folder, __: Journal) -> None:
    """Write none."""


@pytest.mark.parametrize(
    ("target", "replacement"), [("wikipin.project.write_journal", _no_journal)], ids=["without the journal"]
)
def test_the_sweep_sees_what_it_is_for(
    target: str, replacement: Callable[..., None], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same sweep over a program without its protection goes red."""
    monkeypatch.setattr(target, replacement)
    _, _, found = _sweep(SCENARIOS[0], place, every_second=1000)
    assert found

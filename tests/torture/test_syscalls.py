"""The command and the server, killed at every system call that changes the project (strace; Linux)."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from torture.scenario import SCENARIOS, Record, Scenario, make_torture_wiki, named, next_command
from torture.strace import Break, Door, Point, dry_run, need_strace, run_all, sample

COMMAND, SERVER = Door("command"), Door("server")
_NO_JOURNAL = "import wikipin.project.change_set; wikipin.project.change_set.write_journal = lambda *_: None"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    need_strace()
    return tmp_path.resolve()


@dataclass
class Sweep:
    """Which points were killed at, which states came of it, and where neither did."""

    points: list[Point]
    seen: set[str]
    found: dict[Point, list[str]] = field(default_factory=dict[Point, list[str]])


def _sweep(door: Door, scenario: Scenario, way: str, place: Path, every: int) -> Sweep:
    """Kill at every `every`-th point, run the next command, and look."""
    wiki, start = make_torture_wiki(place / "wiki"), place / "start"
    allowed, points = dry_run(door, scenario, wiki, place / "reference", way)
    scenario.prepare(wiki, start)
    sweep = Sweep(sample(points, every), allowed.seen)
    for broken in run_all(door, scenario, wiki, start, [Break(point) for point in sweep.points], way):
        next_command(broken.project)
        if violations := allowed.violations(broken.project):
            sweep.found[broken.at.point] = violations
    return sweep


def _named(door: Door, scenario: Scenario, way: str, every: int) -> pytest.ParameterSet:
    sampled, marks = (", sampled", ()) if every > 1 else ("", (pytest.mark.whole, pytest.mark.timeout(1200)))
    return pytest.param(door, scenario, way, every, id=f"{door.name}, {scenario.name}, {way}{sampled}", marks=marks)


_SAMPLED = [
    *(_named(COMMAND, scenario, "native", 23) for scenario in SCENARIOS),
    _named(COMMAND, named("update"), "fallback", 15),
    _named(SERVER, named("first install"), "fallback", 60),
    _named(SERVER, named("update"), "native", 60),
]
_WHOLE = [
    _named(door, scenario, way, 1)
    for door in (COMMAND, SERVER)
    for scenario in SCENARIOS
    for way in ("native", "fallback")
    if door is COMMAND or (scenario.tool is not None and way == "native")
]


@pytest.mark.parametrize(("door", "scenario", "way", "every"), [*_SAMPLED, *_WHOLE])
def test_a_process_killed_at_any_system_call_leaves_the_old_state_or_the_new(
    door: Door, scenario: Scenario, way: str, every: int, place: Path, record_property: Record
) -> None:
    sweep = _sweep(door, scenario, way, place, every)
    record_property("system calls killed", len(sweep.points))
    assert sweep.found == {}
    assert sweep.seen == {"old", "new"}
    assert {"fsync", "renameat"} <= {point.call for point in sweep.points}
    assert len(sweep.points) >= 25 // every


@pytest.mark.parametrize("name", ["command", pytest.param("server", marks=pytest.mark.whole)])
def test_the_sweep_sees_what_it_is_for(name: str, place: Path) -> None:
    """The control: the same sweep over a program that writes no journal goes red."""
    assert _sweep(Door(name, instead=_NO_JOURNAL), named("first install"), "native", place, 1000).found

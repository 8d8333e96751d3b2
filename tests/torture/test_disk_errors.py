"""The disk refuses a system call, once or from then on: the answer says what is true of the project (strace; Linux)."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from snapshot import Snapshot
from torture.scenario import SCENARIOS, Bounds, Scenario, make_torture_wiki, next_command, settled
from torture.strace import Break, Broken, Door, Point, Run, dry_run, need_strace, run_all, sample, scratch

COMMAND, SERVER = Door("command"), Door("server")
_log = logging.getLogger(__name__)
_NO_JOURNAL = "import wikipin.project; wikipin.project.write_journal = lambda *_: None"
_ERRORS = ("EIO", "ENOSPC", "EACCES", "EXDEV", "EINTR")
# A disk that is full or broken stays so. EINTR does not last, and what Python repeats it would repeat for ever.
_LASTING = ("EIO", "ENOSPC", "EACCES")
_NOT_SHOWN = re.compile(r"could not be made visible at '([^']+)'")
_UNSETTLED = (".memtomem/.txn/", ".memtomem/.staging/")

Found = dict[Break, list[str]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    need_strace()
    with scratch(tmp_path) as place:
        yield place


def _once(points: Sequence[Point]) -> list[Break]:
    return [Break(point, f"error={error}") for point in points for error in _ERRORS]


def _lasting(points: Sequence[Point]) -> list[Break]:
    # A lock that says EACCES is one that another holds: that is no error, and waiting for it no news.
    return [
        Break(point, f"error={error}", "+")
        for point in points
        for error in _LASTING
        if (point.call, error) != ("flock", "EACCES")
    ]


def _sweep(
    door: Door, scenario: Scenario, way: str, place: Path, select: Callable[[list[Point]], list[Break]]
) -> tuple[int, Found]:
    """Break all that `select` says; return how many they were, and where the answer or the project was wrong."""
    wiki, start = make_torture_wiki(place / "wiki"), place / "start"
    allowed, points = dry_run(door, scenario, wiki, place / "reference", way, opens=True)
    scenario.prepare(wiki, start)
    breaks = select(points)
    found: Found = {}
    for broken in run_all(door, scenario, wiki, start, breaks, way):
        if wrong := [*_misspoken(door, broken), *_untrue(broken, wiki, allowed)]:
            found[broken.at] = wrong
    return len(breaks), found


def _misspoken(door: Door, broken: Broken) -> list[str]:
    """Name what a caller should not get to see, such as a traceback."""
    run = broken.run
    if broken.at.until and broken.at.point.call == "write":
        return []  # nor can the answer be written
    if run.success is None:
        return [f"no answer: {run.complaints}"]
    if door.name == "server":
        return [f"on stderr: {run.complaints}"] if run.complaints else []
    line = r"(warning: .+\n)*" if run.success else r"wikipin: [a-z-]+: .+\. .+\.\n"
    return [] if re.fullmatch(line, run.complaints) and run.code in {0, 1} else [f"exit {run.code}: {run.complaints}"]


def _untrue(broken: Broken, wiki: Path, allowed: Bounds) -> list[str]:
    """Let the disk be well again, run the next command, and hold the project against what the answer said."""
    run, project = broken.run, broken.project
    seen: set[str] = set()
    ends = replace(allowed, after=_without(allowed.after, _NOT_SHOWN.findall(_warnings(run))), seen=seen)
    at_once = {path: what for path, what in settled(project).items() if not path.startswith(_UNSETTLED)}
    next_command(wiki, project)
    wrong = ends.violations(project)
    if run.success:
        return wrong if wrong or seen == {"new"} else ["told of success, and found the old state"]
    if not run.text:
        return wrong
    if "the change is committed" in run.text:
        return wrong if wrong or seen == {"new"} else ["told that the change is committed, and found the old state"]
    if "io-error" in run.text and "nothing was changed" not in run.text:
        wrong.append(f"not told what became of the change: {run.text}")
    return wrong if wrong or (seen == {"old"} and at_once == allowed.before) else [f"changed in spite of: {run.text}"]


def _warnings(run: Run) -> str:
    return run.complaints or (run.text if run.success else "")


def _without(state: Snapshot, paths: Sequence[str]) -> Snapshot:
    """Return a new state in which the exposures at `paths` could not be made: they are neither there nor recorded."""
    left = {name: what for name, what in state.items() if not any(f"{name}/".startswith(f"{path}/") for path in paths)}
    mode, content = left[".memtomem/lock.json"]
    document = json.loads(content)
    for entry in document["skills"].values():
        entry["exposed"] = [path for path in entry.get("exposed", []) if path not in paths]
    left[".memtomem/lock.json"] = (mode, json.dumps(document).encode())
    return left


def _at(how: Callable[[Sequence[Point]], list[Break]], every: int) -> Callable[[list[Point]], list[Break]]:
    return lambda points: how(sample(points, every))


def _thinned(every: int, keep: int) -> Callable[[list[Point]], list[Break]]:
    """Take every `keep`-th error of a sample, so that each error and each kind of call comes up."""
    return lambda points: [*_once(sample(points, every))[::keep], *_lasting(sample(points, every))[:: keep * 2]]


_FIRST, _ANOTHER, _COPIES = SCENARIOS[:3]
_SAMPLED = [
    pytest.param(COMMAND, _FIRST, "native", _thinned(5, 6), id="command, first install, native"),
    pytest.param(COMMAND, _ANOTHER, "fallback", _thinned(9, 7), id="command, another install, fallback"),
    pytest.param(COMMAND, _COPIES, "native", _thinned(7, 9), id="command, install with copies, native"),
    pytest.param(SERVER, _FIRST, "native", _thinned(40, 11), id="server, first install"),
]
_WHOLE = [
    *(
        pytest.param(COMMAND, scenario, way, _at(how, every), id=f"command, {scenario.name}, {way}, {how.__name__}")
        for scenario in SCENARIOS
        for way, how, every in (("native", _once, 1), ("native", _lasting, 1), ("fallback", _once, 4))
    ),
    *(
        pytest.param(SERVER, scenario, "native", _at(_once, 16), id=f"server, {scenario.name}, native")
        for scenario in SCENARIOS
    ),
]


@pytest.mark.parametrize(("door", "scenario", "way", "select"), _SAMPLED)
def test_when_the_disk_refuses_a_call_the_answer_is_true(
    door: Door, scenario: Scenario, way: str, select: Callable[[list[Point]], list[Break]], place: Path
) -> None:
    _, found = _sweep(door, scenario, way, place, select)
    assert found == {}


@pytest.mark.whole
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("door", "scenario", "way", "select"), _WHOLE)
def test_whichever_call_the_disk_refuses_the_answer_is_true(
    door: Door,
    scenario: Scenario,
    way: str,
    select: Callable[[list[Point]], list[Break]],
    place: Path,
) -> None:
    points, found = _sweep(door, scenario, way, place, select)
    _log.info("%d points", points)
    assert found == {}
    assert points >= 25


def test_the_sweep_sees_what_it_is_for(place: Path) -> None:
    """The control: the same sweep over a program that writes no journal goes red."""
    door = Door("command", instead=_NO_JOURNAL)
    _, found = _sweep(door, _FIRST, "native", place, lambda points: _once(sample(points, 1000)))
    assert found

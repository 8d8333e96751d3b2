"""The disk refuses a system call, once or from then on: the answer says what is true of the project (strace; Linux)."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from snapshot import Snapshot
from torture.crowd import PLACES
from torture.scenario import SCENARIOS, Bounds, Record, Scenario, make_torture_wiki, named, next_command, settled
from torture.strace import Break, Broken, Door, Json, Point, Run, dry_run, need_strace, run_all, sample

COMMAND, SERVER = Door("command"), Door("server")
_NO_JOURNAL = "import wikipin.project.change_set; wikipin.project.change_set.write_journal = lambda *_: None"
_LOCKFILE = ".memtomem/lock.json"
_ERRORS = ("EIO", "ENOSPC", "EACCES", "EXDEV", "EINTR")
# A disk that is full or broken stays so. EINTR does not last, and what Python repeats it would repeat for ever.
_LASTING = ("EIO", "ENOSPC", "EACCES")
_NOT_SHOWN = re.compile(r"could not be made visible at '([^']+)'")
_NOT_REMOVED = re.compile(r"'([^']+)' could not be removed")
_LEFT_OUT = re.compile(r"nothing of skill '([^']+)' was changed")
_UNSETTLED = (".memtomem/.txn/", ".memtomem/.staging/")

Found = dict[Break, list[str]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    need_strace()
    return tmp_path.resolve()


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
        if wrong := [*_misspoken(door, broken), *_untrue(broken, allowed)]:
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
    lines = r"(warning: .+\n)*" + ("" if run.success else r"(wikipin: [a-z-]+: .+\. .+\.\n)+")
    return [] if re.fullmatch(lines, run.complaints) and run.code in {0, 1} else [f"exit {run.code}: {run.complaints}"]


def _untrue(broken: Broken, allowed: Bounds) -> list[str]:
    """Let the disk be well again, run the next command, and hold the project against what the answer said."""
    run, project = broken.run, broken.project
    as_told = _as_told(allowed, _warnings(run))
    at_once = {path: what for path, what in settled(project).items() if not path.startswith(_UNSETTLED)}
    next_command(project)
    if not run.success and not run.text:
        return Bounds(allowed.before, as_told).violations(project)
    is_new = run.success or "the change is committed" in run.text or _LEFT_OUT.search(run.text) is not None
    told = as_told if is_new else allowed.before
    wrong = [f"{what}, and was told: {run.text}" for what in Bounds(told, told).violations(project)]
    if not is_new and at_once != allowed.before:
        wrong.append(f"changed in spite of: {run.text}")
    if not is_new and "io-error" in run.text and "nothing was changed" not in run.text:
        wrong.append(f"not told what became of the change: {run.text}")
    return wrong


def _warnings(run: Run) -> str:
    return run.complaints or run.text


def _as_told(allowed: Bounds, warnings: str) -> Snapshot:
    """Return the new state as the warnings say that it is.

    A skill that was left out is as it was, and so is an exposure that could not be changed.
    """
    state = dict(allowed.after)
    for name in _LEFT_OUT.findall(warnings):
        state = {path: what for path, what in state.items() if not _is_of(name, path)}
        state |= {path: what for path, what in allowed.before.items() if _is_of(name, path)}
        state = _with_entry_before(name, allowed.before, state)
    for path in _NOT_REMOVED.findall(warnings):
        kept = f"-TIME-{path.partition('/')[0].removeprefix('.')}/"  # edited bytes that stay where they are
        state = {name: what for name, what in state.items() if kept not in name} | _below(path, allowed.before)
    for path in _NOT_SHOWN.findall(warnings):
        state = {name: what for name, what in state.items() if name not in _below(path, allowed.after)}
        was = _below(path, allowed.before)
        state |= was
        if not was and path not in _exposed_in(allowed.before):
            state[_LOCKFILE] = _not_exposed(path, state[_LOCKFILE])
    return state


def _is_of(name: str, path: str) -> bool:
    return path.startswith((*(f"{place}/{name}/" for place in PLACES), f".memtomem/.backup/{name}-")) or path in {
        f"{place}/{name}" for place in PLACES
    }


def _with_entry_before(name: str, before: Snapshot, state: Snapshot) -> Snapshot:
    """Return the state with what the lockfile had of one skill before; one that had none is not there."""
    (mode, content), old = state[_LOCKFILE], before.get(_LOCKFILE)
    document = json.loads(content)
    entries: Json = {} if old is None else json.loads(old[1])["skills"]
    document["skills"].pop(name, None)
    document["skills"] |= {name: entries[name]} if name in entries else {}
    state = {**state, _LOCKFILE: (mode, json.dumps(document, sort_keys=True).encode())}
    return {path: what for path, what in state.items() if path != _LOCKFILE or document["skills"] or old}


def _exposed_in(state: Snapshot) -> set[str]:
    _, content = state.get(_LOCKFILE, (0, b'{"skills": {}}'))
    return {path for entry in json.loads(content)["skills"].values() for path in entry.get("exposed", [])}


def _below(path: str, state: Snapshot) -> Snapshot:
    return {name: what for name, what in state.items() if f"{name}/".startswith(f"{path}/")}


def _not_exposed(path: str, lockfile: tuple[int, bytes]) -> tuple[int, bytes]:
    mode, content = lockfile
    document = json.loads(content)
    for entry in document["skills"].values():
        entry["exposed"] = [exposed for exposed in entry.get("exposed", []) if exposed != path]
    return mode, json.dumps(document, sort_keys=True).encode()


def _at(how: Callable[[Sequence[Point]], list[Break]], every: int) -> Callable[[list[Point]], list[Break]]:
    return lambda points: how(sample(points, every))


def _thinned(every: int, keep: int) -> Callable[[list[Point]], list[Break]]:
    """Take every `keep`-th error of a sample, so that each error and each kind of call comes up."""
    return lambda points: [*_once(sample(points, every))[::keep], *_lasting(sample(points, every))[:: keep * 2]]


_SAMPLED = [
    *(
        pytest.param(COMMAND, scenario, "native", _thinned(9, 13), 4, id=f"command, {scenario.name}, sampled")
        for scenario in SCENARIOS
    ),
    pytest.param(COMMAND, named("update"), "fallback", _thinned(7, 11), 4, id="command, update, fallback, sampled"),
    pytest.param(SERVER, named("first install"), "native", _thinned(40, 13), 4, id="server, first install, sampled"),
]
_IN_FULL = (pytest.mark.whole, pytest.mark.timeout(1800))
_WHOLE = [
    *(
        pytest.param(
            COMMAND,
            scenario,
            way,
            _at(how, every),
            25,
            id=f"command, {scenario.name}, {way}, {how.__name__}",
            marks=_IN_FULL,
        )
        for scenario in SCENARIOS
        for way, how, every in (("native", _once, 2), ("native", _lasting, 2), ("fallback", _once, 8))
    ),
    *(
        pytest.param(
            SERVER, scenario, "native", _at(_once, 32), 25, id=f"server, {scenario.name}, native", marks=_IN_FULL
        )
        for scenario in SCENARIOS
        if scenario.tool is not None
    ),
]


@pytest.mark.parametrize(("door", "scenario", "way", "select", "least"), [*_SAMPLED, *_WHOLE])
def test_whichever_call_the_disk_refuses_the_answer_is_true(
    door: Door,
    scenario: Scenario,
    way: str,
    select: Callable[[list[Point]], list[Break]],
    least: int,
    place: Path,
    record_property: Record,
) -> None:
    points, found = _sweep(door, scenario, way, place, select)
    record_property("system calls failed", points)
    assert found == {}
    assert points >= least


def test_the_sweep_sees_what_it_is_for(place: Path) -> None:
    """The control: the same sweep over a program that writes no journal goes red."""
    door = Door("command", instead=_NO_JOURNAL)
    _, found = _sweep(door, named("first install"), "native", place, lambda points: _once(sample(points, 1000)))
    assert found

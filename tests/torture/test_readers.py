"""Readers that look where agents look, all through installs, updates and removals of a large skill."""

import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from torture.crowd import PLACES, SPAWN, Looks, allowed_by, read_all_through
from torture.scenario import Record, Scenario
from wikis import Files, commit, git, make_wiki, plain_skill

_READERS = 2
_FILES = 300
_SEVERAL = ("large", "second", "third")

_INSTALL = ("install", "skill", "large")
_OLD = (*_INSTALL, "--ref", "v1")
_AS_COPIES = ("--expose-mode", "copy")

SCENARIOS = (
    Scenario("install", _INSTALL, None),
    Scenario("install with copies", (*_INSTALL, *_AS_COPIES), None, before=(("install", "skill", "other"),)),
    Scenario("update", ("update", "skill", "large"), None, before=(_OLD,)),
    Scenario("update with copies", ("update", "skill", "large"), None, before=((*_OLD, *_AS_COPIES),)),
    Scenario("remove", ("remove", "skill", "large"), None, before=(_INSTALL,)),
    Scenario("remove with copies", ("remove", "skill", "large"), None, before=((*_INSTALL, *_AS_COPIES),)),
    Scenario("install of several", (), None, instead=lambda world: world.install_all(*_SEVERAL)),
    Scenario(
        "update of several",
        ("update", "--all"),
        None,
        before=tuple(("install", "skill", name, "--ref", "v1") for name in _SEVERAL),
    ),
    Scenario(
        "removal of several",
        (),
        None,
        before=tuple(("install", "skill", name) for name in _SEVERAL),
        instead=lambda world: world.remove_all(*_SEVERAL),
    ),
)

Change = Callable[[Scenario, Path, Path], object]


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    def parts(name: str, version: bytes, number: int) -> Files:
        named = {f"part-{part // 20}/{part}.md": b"%s %d\n" % (version, part) * 200 for part in range(number - 1)}
        return {**plain_skill(name), **named}

    def several(version: bytes) -> dict[str, Files]:
        return {name: parts(name, version, _FILES if name == "large" else _FILES // 10) for name in _SEVERAL}

    wiki = make_wiki(tmp_path / "wiki", {**several(b"old"), "other": plain_skill("other")})
    git(wiki, "tag", "v1")
    commit(wiki, several(b"new"))
    return wiki


def _watched(scenario: Scenario, wiki: Path, place: Path, rounds: int, change: Change) -> list[Looks]:
    """Make the change in a fresh project each round, in front of the readers; return what they saw."""
    allowed = allowed_by(scenario, wiki, place / "reference")
    projects = [place / f"project-{number}" for number in range(rounds)]
    under_way = SPAWN.Value("i", -1)
    ends = [multiprocessing.Pipe() for _ in range(_READERS)]
    readers = [
        SPAWN.Process(target=read_all_through, args=(projects, allowed, theirs, under_way)) for _, theirs in ends
    ]
    for reader in readers:
        reader.start()
    for number, project in enumerate(projects):
        scenario.prepare(wiki, project)
        for ours, _ in ends:
            ours.send("look")
        assert [ours.recv() for ours, _ in ends] == ["ready"] * _READERS
        under_way.value = number
        for ours, _ in ends:
            ours.send("go")
        change(scenario, wiki, project)
        under_way.value = -1
    seen: list[Looks] = [ours.recv() for ours, _ in ends]
    for reader in readers:
        reader.join(timeout=60)
        assert reader.exitcode == 0
    return seen


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(200, marks=[pytest.mark.whole, pytest.mark.timeout(900)])], ids=["sampled", "whole"]
)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whoever_looks_while_skills_are_changed_sees_them_whole_or_not_at_all(
    scenario: Scenario, rounds: int, wiki: Path, tmp_path: Path, record_property: Record
) -> None:
    seen = _watched(scenario, wiki, tmp_path, rounds, Scenario.run)

    assert [looks.wrong for looks in seen] == [[]] * _READERS
    for looks in seen:
        record_property("looks of readers", looks.during)
        assert looks.during > rounds
        assert looks.whole >= rounds * len(PLACES)


def _file_by_file(_: Scenario, wiki: Path, project: Path) -> None:
    shutil.copytree(wiki / "skills/large", project / ".memtomem/skills/large")


def _beside_then_renamed(_: Scenario, wiki: Path, project: Path) -> None:
    skills = project / ".memtomem/skills"
    shutil.copytree(wiki / "skills/large", skills / ".large.new")
    (skills / ".large.new").rename(skills / "large")


def _linked_before_it_is_there(_: Scenario, wiki: Path, project: Path) -> None:
    (project / ".claude/skills").mkdir()
    (project / ".claude/skills/large").symlink_to("../../.memtomem/skills/large")
    shutil.copytree(wiki / "skills/large", project / ".staged")
    (project / ".memtomem/skills").mkdir(parents=True)
    os.rename(project / ".staged", project / ".memtomem/skills/large")  # noqa: PTH104 - the system call that is meant


@pytest.mark.parametrize(
    ("naive", "seen"),
    [
        (_file_by_file, "partial"),
        (_beside_then_renamed, "a name that nobody asked for"),
        (_linked_before_it_is_there, "a link to nothing"),
    ],
)
def test_the_readers_see_what_they_are_for(naive: Change, seen: str, wiki: Path, tmp_path: Path) -> None:
    """The control: in front of the same readers, installers that take less care are found out."""
    assert any(seen in wrong for looks in _watched(SCENARIOS[0], wiki, tmp_path, 5, naive) for wrong in looks.wrong)

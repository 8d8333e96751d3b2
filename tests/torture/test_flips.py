"""A link to a directory outside the project, flipped in and out of each place of ours while installs run.

The project itself is such a place, by each way in which a caller says where it is.
"""

import multiprocessing
import os
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest
from hostile.doors import DOORS, open_by_path
from snapshot import left_over, snapshot
from surfaces import Json
from torture.crowd import SPAWN, VERBS, Flip, Verb, flip_on, install, install_old, refusals
from torture.scenario import Record
from wikis import commit, git, make_wiki, plain_skill
from world import World

import wikipin
from wikipin.disk.rename import exchange, rename_directory

if TYPE_CHECKING:
    from wikipin.errors import Code

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is how a link is exchanged at one stroke"),
]

_SKILLS = ("hello", "second")
_PLACES = (
    ".memtomem",
    ".memtomem/skills",
    ".memtomem/skills/hello",
    ".memtomem/.staging",
    ".memtomem/.txn",
    ".memtomem/lock.json",
    ".claude/skills",
)
_WAYS_IN = ("the argument", "the client's roots", "the command's --project")
"""What the caller names is flipped: a directory below the project, which no link leads to, or one that a link may."""

_CALLS: tuple[tuple[str, Json], ...] = (
    ("context_install_skill", {}),
    ("context_install_skill", {"ref": "v1"}),
    ("context_update_skill", {}),
    ("context_update_skill", {"ref": "v1", "allow_rollback": True}),
    ("context_remove_skill", {}),
    ("wiki_show", {}),
)
_ORDINARY = {
    "done",
    "project-not-allowed",
    "unsafe-project",
    "exposure-conflict",
    "io-error",
    "already-installed",
    "not-installed",
    "local-edits",
}
_STEPS = ("open", "lstat", "stat", "mkdir", "readlink", "rename", "symlink", "unlink", "rmdir", "listdir", "fsync")

Disturb = Callable[[Flip], AbstractContextManager[None]]


@dataclass
class Sweep:
    """A sweep over one place: where it happens, and what came of it."""

    wiki: Path
    at: Path
    place: str
    random: Random
    verbs: tuple[Verb, ...] = VERBS
    way_in: str | None = None
    """How the caller names the place, where that is the project itself."""

    told: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    flips: int = 0
    rounds: int = 0

    @property
    def outside(self) -> Path:
        return self.at / "outside"

    def run(self, verbs: tuple[Verb, ...], disturb: Disturb) -> None:
        """Do things in one more project while its place is flipped; judge it afterwards."""
        before = _state(self.outside)
        named, aside = self.at / "project", self.at / "aside"
        project = named if self.way_in is None else named / self.place
        shutil.rmtree(named, ignore_errors=True)
        # The second project is one that has been lived in: each place is there already, and is exchanged.
        lived_in = self.rounds % 2 or self.place.endswith("lock.json")
        shutil.copytree(self.at / ("lived-in" if lived_in else "fresh"), project, symlinks=True)
        flip = Flip(named / self.place, aside, self.outside / ("lock.json" if "lock.json" in self.place else ""))
        with disturb(flip):
            for name in _SKILLS:
                names = self.random.choice(((name,), _SKILLS))
                self.told[self._call(self.random.choice(verbs), named, *names)] += 1
        flip.settle()
        self.flips += flip.flips
        self.rounds += 1
        if _state(self.outside) != before:
            self.wrong.append("something was written outside")
        if verbs is self.verbs:
            self._judge(project, is_edited=flip.edits > 0)

    def _call(self, verb: Verb, project: Path, *names: str) -> str:
        try:
            refused = refusals(verb, self.wiki, project, *names)
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            self.wrong.append("".join(traceback.format_exception(error)))
            return type(error).__name__
        return refused[0].code if refused else "done"

    def _judge(self, project: Path, *, is_edited: bool) -> None:
        """Run a next command, undisturbed: everything is whole and recorded, or absent, or told where it is not.

        Whoever flips may have put an old lockfile or copy back over the new one: that is an edit.
        """
        allowed = {wikipin.State.OK, wikipin.State.BEHIND, wikipin.State.AVAILABLE}
        if is_edited:
            allowed |= {wikipin.State.MODIFIED, wikipin.State.MISSING, wikipin.State.UNTRACKED}
        for offer in World(self.wiki, project).list_skills().skills:
            if offer.state not in allowed:
                self.wrong.append(f"{offer.name} is {offer.state}")
        self.wrong += left_over(project)
        lockfile = project / ".memtomem/lock.json"
        if lockfile.exists() and lockfile.stat().st_mode & 0o022:
            self.wrong.append("others may write the lockfile")


def _state(outside: Path) -> object:
    """Return what stands outside, byte for byte, and when anything of it last changed."""
    status = {path: path.lstat() for path in (outside, *outside.rglob("*"))}
    return snapshot(outside), {path: (of.st_mtime_ns, of.st_ctime_ns, of.st_ino) for path, of in status.items()}


@contextmanager
def _between_steps(random: Random) -> Generator[Disturb]:
    """Flip in the same process, between any two of its calls to the disk: every order that there can be, by chance."""

    @contextmanager
    def disturb(flip: Flip) -> Generator[None]:
        quiet, likely = random.choice((random.randrange(40), random.randrange(400))), random.choice((0.05, 0.3, 1.0))
        steps, busy = 0, False

        def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - it stands for any of them
                nonlocal steps, busy
                steps += 1
                if not busy and steps > quiet and random.random() < likely:
                    busy = True
                    flip.flip()
                    busy = False
                return function(*arguments, **options)

            return call

        with pytest.MonkeyPatch.context() as patch:
            for name in _STEPS:
                patch.setattr(os, name, wrapped(getattr(os, name)))
            patch.setattr("wikipin.disk.folder.rename_directory", wrapped(rename_directory))
            patch.setattr("wikipin.disk.folder.exchange", wrapped(exchange))
            yield

    yield disturb


@contextmanager
def _from_outside(random: Random) -> Generator[Disturb]:
    """Flip in another process, which knows nothing of this one."""
    ours, theirs = multiprocessing.Pipe()
    flipper = SPAWN.Process(target=flip_on, args=(random.getrandbits(32), theirs))
    flipper.start()

    @contextmanager
    def disturb(flip: Flip) -> Generator[None]:
        ours.send(flip)
        assert ours.recv() == "flipping"
        yield
        ours.send("stop")
        flip.flips, flip.edits = ours.recv()

    try:
        yield disturb
    finally:
        ours.send(None)
        flipper.join(timeout=60)
        assert flipper.exitcode == 0


def _through(way_in: str, tool: str, arguments: Json) -> Verb:
    """Return what calls a tool as one who names the project in that way."""

    def call(wiki: Path, project: Path, name: str, *_: str) -> None:
        outcome = DOORS[way_in](tool, {"name": name, **arguments}, wiki, project)
        if outcome.code is not None:
            raise wikipin.WikipinError(cast("Code", outcome.code), "it was refused", "See there")

    return call


@pytest.fixture(params=[*_PLACES, *_WAYS_IN])
def sweep(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    skills = {name: {**plain_skill(name), "docs/a.md": b"a" * 3000} for name in (*_SKILLS, "other")}
    wiki = make_wiki(tmp_path / "wiki", skills)
    git(wiki, "tag", "v1")
    commit(wiki, {name: {**plain_skill(name, "Newer."), "docs": b"a file"} for name in _SKILLS})
    for start in ("fresh", "lived-in"):
        (tmp_path / start / ".claude").mkdir(parents=True)
    install(wiki, tmp_path / "lived-in", "other")
    install_old(wiki, tmp_path / "lived-in", "hello")
    for name in ("skills/hello", ".staging/0123456789abcdef/copy", ".txn", "hello", "copy"):
        (tmp_path / "outside" / name).mkdir(parents=True)
    for name in ("lock.json", ".lock.json.lock", "redo.json", ".txn/redo.json", "owner", "SKILL.md"):
        (tmp_path / "outside" / name).write_text("not yours\n")
    sweep = Sweep(wiki, tmp_path, request.param, Random(request.param))  # noqa: S311 - no secret
    if request.param in _WAYS_IN:
        sweep.verbs = tuple(_through(request.param, *call) for call in _CALLS)
        sweep.place, sweep.way_in = "sub", request.param
        # A link in what a person named is followed: there it must lead to what never is a project.
        monkeypatch.setenv("HOME", str(sweep.outside))
    return sweep


@pytest.fixture
def disturb(request: pytest.FixtureRequest, sweep: Sweep) -> Iterator[Disturb]:
    with request.param(sweep.random) as disturb:
        yield disturb


_WHOLE = (pytest.mark.whole, pytest.mark.timeout(900))


@pytest.mark.parametrize(
    ("disturb", "flips", "rounds"),
    [
        pytest.param(_between_steps, 250, 10, id="between steps, sampled"),
        pytest.param(_from_outside, 250, 10, id="from outside, sampled"),
        pytest.param(_between_steps, 8_000, 200, marks=_WHOLE, id="between steps, whole"),
        pytest.param(_from_outside, 20_000, 200, marks=_WHOLE, id="from outside, whole"),
    ],
    indirect=["disturb"],
)
def test_a_link_that_comes_and_goes_is_never_written_through(
    flips: int,
    rounds: int,
    sweep: Sweep,
    disturb: Disturb,
    record_property: Record,
) -> None:
    if sweep.way_in is not None:
        rounds *= 3  # a project is opened once a call, at its very beginning
    while sweep.flips < flips or sweep.rounds < rounds or not (sweep.told["done"] and len(sweep.told) > 1):
        sweep.run(sweep.verbs, disturb)
    record_property("flips", sweep.flips)

    assert Counter(sweep.wrong) == {}
    assert sweep.told.keys() <= _ORDINARY


def _resolve_then_write(_: Path, project: Path, name: str, *__: str) -> None:
    root = os.path.realpath(project)
    for path in (
        f".memtomem/.staging/{name}/copy/SKILL.md",
        ".memtomem/.txn/redo.json",
        f".memtomem/skills/{name}/SKILL.md",
        ".memtomem/lock.json",
        f".claude/skills/{name}/SKILL.md",
    ):
        whole = os.path.join(root, path)  # noqa: PTH118 - as such an installer would do it
        try:
            if os.path.realpath(whole) != whole:
                raise wikipin.WikipinError("unsafe-project", "it leads out of the project", "Look at it")
            os.makedirs(os.path.dirname(whole), exist_ok=True)  # noqa: PTH103, PTH120
            descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        except OSError as error:
            raise wikipin.WikipinError("io-error", "the disk said no", "Mend it") from error
        os.write(descriptor, b"mine\n")
        os.close(descriptor)


@pytest.mark.parametrize(
    "disturb",
    [
        pytest.param(_between_steps, id="between steps"),
        pytest.param(_from_outside, marks=_WHOLE, id="from outside"),
    ],
    indirect=True,
)
def test_the_flips_catch_who_resolves_a_path_and_then_writes(
    sweep: Sweep, disturb: Disturb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: under the same flips, an installer that checks first and writes by path escapes.

    Where the project itself is flipped, that is ours, if it opens the project that it has judged by its path.
    """
    monkeypatch.setattr("wikipin.project.location.Project", open_by_path)
    naive = (_resolve_then_write,) if sweep.way_in is None else sweep.verbs[:1]
    while not sweep.wrong and sweep.rounds < 3000:
        sweep.run(naive, disturb)
    assert set(sweep.wrong) == {"something was written outside"}

"""Sixteen writers over eight skills, killed at any moment and started again, in front of readers."""

import fcntl
import mmap
import os
import shutil
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from snapshot import left_over
from torture.crowd import VERBS, Allowed, Looks, Verb, contents, fork, look, refusals
from torture.scenario import Record
from wikis import commit, git, make_wiki, plain_skill

import wikipin
import wikipin.project.change_set
from wikipin.disk.folder import Folder
from wikipin.project.inspection import unsettled
from wikipin.project.lock import locked

_WRITERS = 16
_READERS = 1
_SKILLS = tuple(f"skill-{number}" for number in range(8))
_SLOTS = 12
"""Projects that are open at once."""
_KILLS_IN_ONE = 3
"""After so many, a project is left alone and judged, and another is opened in its slot."""
_FREE_WITHIN = 0.050
_ORDINARY = {"already-installed", "not-installed"}


class Board:
    """What the processes tell each other, in memory that they share: who is where, and who holds a lock."""

    def __init__(self) -> None:
        self._cells = memoryview(mmap.mmap(-1, 8 * (_SLOTS + 2 * _WRITERS))).cast("q")

    def project(self, slot: int) -> int:
        """Return the number of the project that is open in `slot`: never 0."""
        return self._cells[slot] * _SLOTS + slot + 1

    def open_next(self, slot: int) -> None:
        self._cells[slot] += 1

    def where(self, writer: int) -> int:
        """Return the number of the project that `writer` is in, or 0."""
        return self._cells[_SLOTS + writer]

    def enter(self, writer: int, project: int) -> None:
        self._cells[_SLOTS + writer] = project

    def holds(self, writer: int) -> bool:
        """Tell whether `writer` holds the lock for certain: said once it is taken, unsaid before it is given back."""
        return bool(self._cells[_SLOTS + _WRITERS + writer])

    def say_holds(self, writer: int, *, holds: bool) -> None:
        self._cells[_SLOTS + _WRITERS + writer] = holds


@dataclass
class Soak:
    """One soak: what is shared, what was found wrong, and what was counted."""

    wiki: Path
    place: Path
    allowed: Allowed
    random: Random
    verbs: tuple[Verb, ...] = VERBS
    board: Board = field(default_factory=Board)
    writers: dict[int, int] = field(default_factory=dict[int, int])
    """Number -> process. One that has ended is taken out at once: its id may be somebody else's by then."""
    readers: list[int] = field(default_factory=list[int])
    looks: Looks = field(default_factory=Looks)
    held: list[float] = field(default_factory=list[float])
    """For each kill inside the lock: how long after it the lock was last seen held."""
    kills: int = 0
    judged: int = 0
    mended: int = 0
    """How many projects had left-overs until the next command."""

    def path(self, project: int) -> Path:
        return self.place / f"project-{project}"

    def run(self, kills: int, inside: int = 0) -> None:
        """Kill until there were `kills`, `inside` of them inside the lock; judge each project that is left alone."""
        self.writers = {number: self._writer(number) for number in range(_WRITERS)}
        self.readers = [fork(lambda: _read_on(self)) for _ in range(_READERS)]
        in_slot, left = [0] * _SLOTS, list[int]()
        try:
            while self.kills < kills or len(self.held) < inside:
                time.sleep(self.random.uniform(0, 0.02))  # a moment like any other: nothing depends on what it finds
                in_slot[self._kill() % _SLOTS] += 1
                for slot in range(_SLOTS):
                    if in_slot[slot] >= _KILLS_IN_ONE or self._is_full(slot):
                        if in_slot[slot]:  # else nobody died in it
                            left.append(self.board.project(slot))
                        self.board.open_next(slot)
                        in_slot[slot] = 0
                left = [project for project in left if not self._judge_if_left(project)]
        finally:
            for child in (*self.writers.values(), *self.readers):
                os.kill(child, signal.SIGKILL)
                if os.waitpid(child, 0)[1] != signal.SIGKILL:
                    self.looks.wrong.append("a reader or a writer ended by itself")
        seen = self.place / "seen"
        self.looks.wrong += seen.read_text().splitlines() if seen.exists() else []
        for project in (*left, *(self.board.project(slot) for slot in range(_SLOTS))):
            self._judge(project)

    def _is_full(self, slot: int) -> bool:
        skills = self.path(self.board.project(slot)) / ".memtomem/skills"
        return skills.is_dir() and len(list(skills.iterdir())) == len(_SKILLS)

    def _writer(self, number: int) -> int:
        seed = self.random.getrandbits(32)
        return fork(lambda: _write_on(self, number, Random(seed)))  # noqa: S311 - no secret

    def _kill(self) -> int:
        """Kill one writer, half of the time one who holds a lock; look around while those beside it stand still."""
        holding = [number for number in range(_WRITERS) if self.board.holds(number)]
        victim = self.random.choice(holding if holding and self.random.random() < 0.5 else range(_WRITERS))
        project = self.board.where(victim)
        # While it is measured for how long a lock stays held, nobody else may come and take it.
        alone = self.board.holds(victim)
        rest = [n for n in self.writers if n != victim and (alone or self.board.where(n) == project)]
        for number in rest:
            os.kill(self.writers[number], signal.SIGSTOP)
        for number in rest:
            if not os.WIFSTOPPED(os.waitpid(self.writers[number], os.WUNTRACED)[1]):
                del self.writers[number]
                raise AssertionError("a writer ended by itself")
        began = time.monotonic()
        os.kill(self.writers[victim], signal.SIGKILL)
        _, status = os.waitpid(self.writers.pop(victim), 0)
        if status != signal.SIGKILL:
            self.looks.wrong.append(f"a writer ended by itself: {os.waitstatus_to_exitcode(status)}")
        if alone and self.board.holds(victim) and self.board.where(victim) == project:
            self.board.say_holds(victim, holds=False)
            self.held.append(self._held_since(began, project))
        if project and self.path(project).exists():
            look(self.path(project), self.allowed, self.looks)
        self.board.say_holds(victim, holds=False)
        self.board.enter(victim, 0)
        self.writers[victim] = self._writer(victim)
        for number in rest:
            os.kill(self.writers[number], signal.SIGCONT)
        self.kills += 1
        return max(project - 1, 0)

    def _held_since(self, began: float, project: int) -> float:
        """Return how long after `began` the lock was last seen held, a second at most; nobody else is at work."""
        last = began
        with (self.path(project) / ".memtomem/.lock.json.lock").open("r+b") as lock:
            while last - began < 1:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    last = time.monotonic()
                else:
                    break
        return last - began

    def _judge_if_left(self, project: int) -> bool:
        if any(self.board.where(writer) == project for writer in range(_WRITERS)):
            return False
        self._judge(project)
        return True

    def _judge(self, project: int) -> None:
        """Let a next command look at a project where nobody is at work any more; name what is not whole after it."""
        path = self.path(project)
        if not path.exists():
            return
        self.mended += bool(left_over(path))
        survey = wikipin.Project(path).survey()
        installed = {asset.name for asset in survey.lockfile.entries}
        wrong = [f"{path}: {what}" for what in left_over(path)]
        wrong += [] if not unsettled(survey) else [f"{path}: lockfile and copies differ"]
        for directory in (".claude/skills", ".agents/skills"):
            shown = {skill.name for skill in (path / directory).glob("*")}
            wrong += (
                [f"{path}: {directory} and the lockfile differ by {shown ^ installed}"] if shown != installed else []
            )
        look(path, self.allowed, self.looks)
        self.looks.wrong += wrong
        self.judged += 1


def _write_on(soak: Soak, me: int, random: Random) -> None:
    """Do one thing after another to skills of the open projects, until this process or the one above is killed."""
    os.nice(3)  # else whoever kills and judges would have to queue behind sixteen others
    board, plain = soak.board, locked

    @contextmanager
    def said(memtomem: Folder, *, seconds: float = 30) -> Generator[None]:
        with plain(memtomem, seconds=seconds):
            board.say_holds(me, holds=True)
            try:
                yield
            finally:
                board.say_holds(me, holds=False)

    setattr(wikipin.project.change_set, "locked", said)  # noqa: B010 - as project imported it
    parent = os.getppid()
    while os.getppid() == parent:
        slot = random.randrange(_SLOTS)
        project = board.project(slot)
        board.enter(me, project)
        if board.project(slot) == project:
            soak.path(project).mkdir(exist_ok=True)
            names = random.sample(_SKILLS, random.choice((1, 1, 2, 3)))
            for error in refusals(random.choice(soak.verbs), soak.wiki, soak.path(project), *names):
                if error.code not in _ORDINARY:
                    raise error
        board.enter(me, 0)


def _read_on(soak: Soak) -> None:
    """Look at the open projects one after another; end, and say so, as soon as anything is wrong."""
    os.nice(3)
    looks, parent = Looks(), os.getppid()
    while not looks.wrong and os.getppid() == parent:
        for slot in range(_SLOTS):
            look(soak.path(soak.board.project(slot)), soak.allowed, looks)
    (soak.place / "seen").write_text("\n".join(looks.wrong))


@pytest.fixture
def soak(tmp_path: Path) -> Soak:
    files = {f"part-{part}.md": b"part %d\n" % part * 100 for part in range(6)}
    wiki = make_wiki(tmp_path / "wiki", {name: {**plain_skill(name), **files} for name in _SKILLS})
    allowed = {name: [contents(wiki / "skills" / name)] for name in _SKILLS}
    git(wiki, "tag", "v1")
    commit(wiki, {name: {**plain_skill(name, "Newer."), "part-0/x.md": b"x", **files} for name in _SKILLS})
    for name in _SKILLS:
        allowed[name].append(contents(wiki / "skills" / name))
    return Soak(wiki, tmp_path, allowed, Random(8))  # noqa: S311 - no secret


@pytest.mark.parametrize(
    "kills", [40, pytest.param(1000, marks=[pytest.mark.whole, pytest.mark.timeout(900)])], ids=["sampled", "whole"]
)
def test_writers_killed_at_any_moment_leave_whole_skills_no_rest_and_a_free_lock(
    kills: int, soak: Soak, record_property: Record
) -> None:
    soak.run(kills, inside=kills // 10 + 1)

    assert soak.looks.wrong == []
    assert len(soak.held) > kills / 10
    assert max(soak.held) <= _FREE_WITHIN
    record_property("kills in a crowd", soak.kills)
    record_property("kills in a crowd, inside the lock", len(soak.held))
    record_property("projects of a crowd", soak.judged)
    record_property("projects of a crowd that a next command had to finish or sweep", soak.mended)


def _file_by_file(wiki: Path, project: Path, *names: str) -> None:
    for name in names:
        with suppress(FileExistsError):
            shutil.copytree(wiki / "skills" / name, project / ".memtomem/skills" / name)


def test_the_soak_sees_torn_skills(soak: Soak) -> None:
    """The control: writers that copy file by file are found out."""
    soak.verbs = (_file_by_file,)
    soak.run(10)
    assert any("partial" in wrong for wrong in soak.looks.wrong)


def _no_sweep(_: Folder) -> None:
    """Leave everything."""


def test_the_soak_sees_what_is_left_over(soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the sweep of what was staged, something is left after the next command."""
    monkeypatch.setattr("wikipin.project.transaction.sweep", _no_sweep)
    soak.run(20)
    assert any("left over" in wrong for wrong in soak.looks.wrong)

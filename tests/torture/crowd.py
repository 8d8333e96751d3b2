"""What the processes of a crowd do, and what a reader takes for whole; a module of its own, so that each can import it.

Nothing here knows a verb: a crowd is given what to run, and which contents a skill may have (`Allowed`).
"""

import ctypes
import fcntl
import multiprocessing
import os
import shutil
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from torture.scenario import Scenario
from world import World

from wikipin import Outcomes, WikipinError
from wikipin.disk.folder import Folder
from wikipin.project.lock import locked

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

SPAWN = multiprocessing.get_context("spawn")
PLACES = (".memtomem/skills", ".claude/skills", ".agents/skills")
"""Where somebody looks for skills."""

Contents = dict[str, bytes]
Allowed = Mapping[str, Sequence[Contents]]
"""Skill -> the contents that it may have, each whole."""

Verb = Callable[..., object]
"""Something that is done to skills: wiki, project, names. It returns what became of each, or raises why not."""


def install(wiki: Path, project: Path, *names: str) -> object:
    return World(wiki, project).install_all(*names)


def install_old(wiki: Path, project: Path, *names: str) -> object:
    return World(wiki, project).install_all(*names, ref="v1")


def update(wiki: Path, project: Path, *names: str) -> object:
    return World(wiki, project).update_all(*names)


def update_whatever_is_there(wiki: Path, project: Path, *_: str) -> object:
    return World(wiki, project).update_all()


def roll_back(wiki: Path, project: Path, *names: str) -> object:
    return World(wiki, project).update_all(*names, ref="v1", allow_rollback=True)


def restore(wiki: Path, project: Path, *_: str) -> object:
    return World(wiki, project).restore()


def remove(wiki: Path, project: Path, *names: str) -> object:
    return World(wiki, project).remove_all(*names)


VERBS: tuple[Verb, ...] = (install, install_old, update, update_whatever_is_there, roll_back, restore, remove)


def refusals(verb: Verb, wiki: Path, project: Path, *names: str) -> list[WikipinError]:
    """Do it, and return what was refused."""
    try:
        done = verb(wiki, project, *names)
    except WikipinError as error:
        return [error]
    return list(done.failed.values()) if isinstance(done, Outcomes) else []


def fork(action: Callable[[], object]) -> int:
    """Run `action` in a forked child, which ends with 0, or with 1 where it raises; return the child's id.

    Forked, because one who is killed a thousand times and started again must not import everything each time.
    """
    with warnings.catch_warnings():
        # The watchdog thread of a git that has just ended holds no lock which a child could miss.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:  # noqa: BLE001 - whatever it is, the parent must not see this stack unwind
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


@dataclass
class Looks:
    """What one reader has seen."""

    wrong: list[str] = field(default_factory=list[str])
    whole: int = 0
    """How often a skill was found, and was whole."""
    during: int = 0
    """How many looks began while a change was under way."""


def contents(directory: Path) -> Contents:
    """Read all files below `directory`, which may be a link to it."""
    found: Contents = {}
    for at, directories, files in os.walk(directory):
        for name in files:
            path = Path(at) / name
            found[str(path.relative_to(directory))] = path.read_bytes()
        found |= {f"{Path(at, name).relative_to(directory)}/": b"" for name in directories}
    return found


def look(project: Path, allowed: Allowed, looks: Looks) -> None:
    """Look at every skill in every place as an agent does: list the names, follow each, read all that is there."""
    for place in PLACES:
        try:
            names = os.listdir(project / place)  # noqa: PTH208 - the names alone
        except FileNotFoundError:
            continue
        for name in names:
            if name not in allowed:
                looks.wrong.append(f"{place}/{name}: a name that nobody asked for")
            else:
                _judge(project / place / name, allowed[name], looks)


def _judge(path: Path, versions: Sequence[Contents], looks: Looks) -> None:
    """Judge what stands at one name; what was replaced or taken away in between is looked at anew."""
    while True:
        try:
            before = _identity(path)
            found = contents(path)
        except FileNotFoundError:
            before, found = None, {}
        if found in versions:
            looks.whole += 1
            return
        try:
            link = path.lstat().st_ino
        except FileNotFoundError:
            return
        try:
            after = _identity(path)
        except FileNotFoundError:
            after = None
            if os.path.lexists(path) and path.lstat().st_ino == link:
                looks.wrong.append(f"{path}: a link to nothing")
                return
        if after is not None and after == before:
            looks.wrong.append(f"{path}: partial, {len(found)} names")
            return


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def allowed_by(scenario: Scenario, wiki: Path, scratch: Path) -> Allowed:
    """Make the scenario's change undisturbed, and return what each skill holds before it and after it."""
    scenario.prepare(wiki, scratch)
    before = _skills(scratch)
    scenario.run(wiki, scratch)
    after = _skills(scratch)
    return {name: [of[name] for of in (before, after) if name in of] for name in before.keys() | after.keys()}


def _skills(project: Path) -> dict[str, Contents]:
    return {skill.name: contents(skill) for skill in (project / PLACES[0]).glob("*")}


def read_all_through(
    projects: Sequence[Path], allowed: Allowed, parent: Connection, under_way: "Synchronized[int]"
) -> None:
    """Look at each project in turn: before it is changed, all the while (`under_way` is its number), and after."""
    looks = Looks()
    for number, project in enumerate(projects):
        parent.recv()  # it is there
        look(project, allowed, looks)
        parent.send("ready")
        parent.recv()
        while under_way.value == number:
            look(project, allowed, looks)
            looks.during += 1
        look(project, allowed, looks)
    parent.send(looks)


def queue_for_the_lock(project: Path, gate: Path, parent: Connection) -> None:
    """Whenever told to: wait at the gate, need the project's lock once, hold it 1 ms, say how long it took to get."""
    take = {"wikipin": locked, "flock": _blocking_flock}
    with gate.open() as opened, Folder.open(project / ".memtomem") as memtomem:
        while (way := parent.recv()) != "end":
            parent.send("ready")
            fcntl.flock(opened, fcntl.LOCK_SH)
            began = time.monotonic()
            with take[way](memtomem):
                waited = time.monotonic() - began
                time.sleep(0.001)  # the work that is done inside
            fcntl.flock(opened, fcntl.LOCK_UN)
            parent.send(waited)


@contextmanager
def _blocking_flock(memtomem: Folder) -> Generator[None]:
    descriptor = os.open(".lock.json.lock", os.O_RDWR | os.O_CREAT, dir_fd=memtomem.descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Flip:
    """One place where a link to `target` is and is not, in turn, each time at one stroke (renameat2, Linux alone).

    What stands at the place otherwise, or nothing, waits at `aside` meanwhile, and is not touched.
    """

    def __init__(self, place: Path, aside: Path, target: Path) -> None:
        self.place, self.aside, self.target = place, aside, target
        self.flips = 0
        self.edits = 0

    def flip(self) -> None:
        """Put the link there, or take it away."""
        if not self.place.is_symlink() and not self.aside.is_symlink():
            # At the start; or a file was renamed over the link: then what waits is an earlier one.
            self._forget()
            self.aside.symlink_to(self.target)
        if self.aside.is_symlink():
            self.flips += self._exchange(self.aside, self.place)
        elif self._exchange(self.place, self.aside):
            self.flips += 1
            # What is aside is touched by nobody else. If it is no link, a file was renamed over the link at just this
            # moment, and the earlier one stands there again.
            self.edits += not self.aside.is_symlink()

    def settle(self) -> None:
        """Leave at the place what would stand there if there had never been a link."""
        if self.place.is_symlink():
            self.flip()
        self._forget()

    @staticmethod
    def _exchange(here: Path, there: Path) -> bool:
        return _rename(here, there, _EXCHANGE) or _rename(here, there, _NOREPLACE)

    def _forget(self) -> None:
        """Remove what waits: the link, or what somebody has replaced meanwhile."""
        if self.aside.is_dir() and not self.aside.is_symlink():
            shutil.rmtree(self.aside)
        self.aside.unlink(missing_ok=True)


_NOREPLACE, _EXCHANGE = 1, 2  # linux/fs.h
_HERE = -100  # AT_FDCWD, of fcntl.h


@cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int]:
    function: Callable[[int, bytes, int, bytes, int], int] = ctypes.CDLL(None).renameat2
    return function


def _rename(source: Path, to: Path, flag: int) -> bool:
    return _renameat2()(_HERE, os.fsencode(source), _HERE, os.fsencode(to), flag) == 0


def flip_on(seed: int, parent: Connection) -> None:
    """Flip each place that is told, at a pace that knows nothing of whom it disturbs, until told to stop."""
    random = Random(seed)  # noqa: S311 - no secret
    while (flip := parent.recv()) is not None:
        parent.send("flipping")
        while not parent.poll():
            flip.flip()
            for _ in range(random.choice((0, 0, 10, 100, 1000, 10_000))):
                pass
        parent.recv()
        parent.send((flip.flips, flip.edits))

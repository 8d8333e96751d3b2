"""A wiki, a project and where a person would clone the wiki from, and each way in which they can be broken."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wikis import Files, commit, git, make_wiki, object_file, object_id, plain_skill
from world import World

from wikipin import Exposure

NAME = "hello"
FILES: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True)}
NEWER: Files = {**plain_skill(NAME, "Newer."), "run.sh": (b"two\n", True)}
COPY = f".memtomem/skills/{NAME}"
LOCKFILE = ".memtomem/lock.json"


@dataclass(frozen=True)
class Home:
    """A home directory with a wiki, a clone of it as it was, a project, and another directory.

    The skill is visible to Claude Code alone. Nothing is where a default would look for it, and the name of the home
    directory has what a shell takes for something else.
    """

    root: Path

    @property
    def wiki(self) -> Path:
        return self.root / "wiki"

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def elsewhere(self) -> Path:
        return self.root / "elsewhere"

    @property
    def origin(self) -> Path:
        return self.root / "origin"

    @property
    def copy(self) -> Path:
        return self.project / COPY

    @property
    def world(self) -> World:
        return World(self.wiki if self.wiki.exists() else self.origin, self.project)

    def state(self) -> str:
        return self.world.states().get(NAME, "available")

    def is_shown(self, agent: str) -> bool:
        return (self.project / f".{agent}/skills/{NAME}/SKILL.md").exists()

    @contextmanager
    def kept(self) -> Generator[None]:
        """Have everything as it is now again afterwards, at the same paths."""
        aside = self.root.with_name("aside")
        number = 0
        while aside.exists():
            number += 1
            aside = self.root.with_name(f"aside-{number}")
        shutil.copytree(self.root, aside, symlinks=True)
        try:
            yield
        finally:
            shutil.rmtree(self.root)
            aside.rename(self.root)


def make_home(place: Path) -> Home:
    """Make one in which the skill is installed, and nothing is broken."""
    home = Home(place / "it's $HOME; a person")
    make_wiki(home.wiki, {NAME: FILES})
    home.project.mkdir()
    home.elsewhere.mkdir()
    home.world.install(NAME, exposure=Exposure(("claude",)))
    git(home.root, "clone", "-q", "--template=", str(home.wiki), "origin")
    return home


def _edit(home: Home) -> None:
    (home.copy / "mine.md").write_bytes(b"mine")


def _lose(home: Home) -> None:
    shutil.rmtree(home.copy)


def _go_on(home: Home) -> None:
    commit(home.wiki, {NAME: NEWER})


def _rewrite_history(home: Home) -> None:
    git(home.wiki, "checkout", "-q", "--orphan", "fresh")
    git(home.wiki, "commit", "-q", "-m", "All new")


def _cut_history(home: Home) -> None:
    """Have a wiki without the pin."""
    _go_on(home)
    shutil.rmtree(home.wiki)
    shutil.rmtree(home.origin)
    make_wiki(home.wiki, {NAME: NEWER})


def _shallow(home: Home) -> None:
    _go_on(home)
    shutil.rmtree(home.origin)
    home.wiki.rename(home.origin)
    git(home.root, "clone", "-q", "--depth=1", f"file://{home.origin}", "wiki")


def _change_entry(home: Home, *forgotten: str, **more: object) -> None:
    home.world.change_entry(NAME, *forgotten, **more)


def _forget_digests(home: Home) -> None:
    _change_entry(home, "digests", "digests_installed_at", "executable", "executable_installed_at")


def _by_hand(home: Home) -> None:
    (home.project / LOCKFILE).unlink()


def _take_place(home: Home) -> None:
    (home.project / ".claude/skills/hello").unlink(missing_ok=True)
    (home.project / ".claude/skills").mkdir(parents=True, exist_ok=True)
    (home.project / ".claude/skills/hello").write_bytes(b"somebody's")


def _take_place_above(home: Home) -> None:
    shutil.rmtree(home.project / ".claude")
    (home.project / ".claude").write_bytes(b"somebody's")


def _expose_copies(home: Home) -> None:
    home.world.remove(NAME)
    home.world.install(NAME, exposure=Exposure(("claude",), "copy"))


def _edit_exposure(home: Home) -> None:
    _expose_copies(home)
    (home.project / ".claude/skills/hello/mine.md").write_bytes(b"mine")


def _drop(home: Home) -> None:
    commit(home.wiki, {NAME: None, "other": plain_skill("other")})


def _damage(home: Home) -> None:
    file = object_file(home.wiki, object_id(home.wiki, "HEAD:skills/hello/run.sh"))
    file.chmod(0o644)
    file.write_bytes(b"not zlib")


def _never_had(home: Home) -> None:
    shutil.rmtree(home.wiki)
    make_wiki(home.wiki, {"other": plain_skill("other")})


def nothing(_: Home) -> None: ...


def all_of(*steps: Callable[[Home], None]) -> Callable[[Home], None]:
    def do_all(home: Home) -> None:
        for step in steps:
            step(home)

    return do_all


def write(path: str, content: bytes) -> Callable[[Home], None]:
    return lambda home: (_file(home, path).write_bytes(content), None)[1]


def _file(home: Home, path: str) -> Path:
    file = home.project / path
    if file.is_dir():
        shutil.rmtree(file)
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _link(path: str) -> Callable[[Home], None]:
    return lambda home: _file(home, path).symlink_to(home.root)


BROKEN: dict[str, Callable[[Home], None]] = {
    "nothing is there": lambda home: shutil.rmtree(home.project / ".memtomem"),
    "well": nothing,
    "behind": _go_on,
    "edited": _edit,
    "edited, and behind": all_of(_edit, _go_on),
    "missing": _lose,
    "missing, and behind": all_of(_lose, _go_on),
    "made by hand": _by_hand,
    "made by hand from an earlier version": all_of(_by_hand, _go_on),
    "made by hand as no commit has it": all_of(_by_hand, _edit),
    "made by hand, and not in the wiki": all_of(_by_hand, _edit, _never_had),
    "another history": _rewrite_history,
    "another history, and edited": all_of(_rewrite_history, _edit),
    "another history, and missing": all_of(_rewrite_history, _lose),
    "a wiki without the pin": _cut_history,
    "a wiki without the pin, and edited": all_of(_cut_history, _edit),
    "a wiki without the pin, and missing": all_of(_cut_history, _lose),
    "a wiki without the pin, and no digests": all_of(_cut_history, _forget_digests),
    "a wiki without the pin, missing, and no digests": all_of(_cut_history, _forget_digests, _lose),
    "a shallow wiki": _shallow,
    "a shallow wiki, and missing": all_of(_shallow, _lose),
    "no digests": _forget_digests,
    "no digests, and edited": all_of(_forget_digests, _edit),
    "no digests, and missing": all_of(_forget_digests, _lose),
    "digests of other bytes": lambda home: _change_entry(home, digests={"SKILL.md": "0" * 64}),
    "digests of other bytes, and missing": all_of(
        lambda home: _change_entry(home, digests={"SKILL.md": "0" * 64}), _lose
    ),
    "an exposure of somebody else's": all_of(_go_on, _take_place),
    "an exposure of somebody else's, not installed": all_of(
        lambda home: shutil.rmtree(home.project / ".memtomem"), _take_place
    ),
    "a file above an exposure": all_of(_go_on, _take_place_above),
    "an edited copy for an agent": _edit_exposure,
    "an edited copy for an agent, and missing": all_of(_edit_exposure, _lose),
    "a dropped skill": _drop,
    "a dropped skill, and edited": all_of(_drop, _edit),
    "no wiki": lambda home: shutil.rmtree(home.wiki),
    "no wiki, and missing": all_of(_lose, lambda home: shutil.rmtree(home.wiki)),
    "no wiki, and edited": all_of(_edit, lambda home: shutil.rmtree(home.wiki)),
    "no wiki, and no digests": all_of(_forget_digests, lambda home: shutil.rmtree(home.wiki)),
    "a damaged wiki": _damage,
    "a damaged wiki, and missing": all_of(_damage, _lose),
    "a lockfile of version 2": write(LOCKFILE, b'{"version": 2, "skills": {}}'),
    "a lockfile in conflict": write(LOCKFILE, b"<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n"),
    "a link where the copy should be": _link(COPY),
    "a link where the lockfile should be": _link(LOCKFILE),
    "a file where the copy should be": write(COPY, b"x"),
    "a journal of another version": write(".memtomem/.txn/redo.json", b"{}"),
}

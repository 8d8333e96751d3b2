"""What is done to a project while it is tortured, and what may come of it: the old state or the new one, whole.

A sweep knows nothing of verbs. It takes each scenario of SCENARIOS, breaks it somewhere, runs a next command, and asks
`violations` whether what stands there is one of the two states. A new verb is a new row. The sweeps that break this
process take IN_PROCESS: with what a sweep of processes cannot begin, or does not expect, such as a set of which a part
is refused.
"""

import fcntl
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from snapshot import Snapshot, snapshot
from wikis import commit, git, make_wiki, plain_skill
from world import World

from wikipin.asset import Asset
from wikipin.disk.folder import Folder
from wikipin.project.inspection import Survey, survey

_OURS = frozenset({".lock.json.lock", ".gitignore", ".gitattributes"})
"""Files of `.memtomem` that may stand in either state: they say nothing of a skill."""

_TIME_OF_BACKUP = re.compile(r"(\.memtomem/\.backup/[^/]+)-[0-9]{8}T[0-9]{12}Z")


Words = tuple[str, ...]

Record = Callable[[str, object], None]
"""pytest's `record_property`: what a sweep counted, for the end of the run."""


@dataclass(frozen=True)
class Scenario:
    """One change: the state it begins in, and how it is asked for at each door."""

    name: str
    words: Words
    tool: str | None
    """None where only the command can do it."""

    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    before: tuple[Words, ...] = ()
    """What was done before, by the command."""

    edits: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """What a person did after that: path -> the text that is there now, None where what stood there is gone."""

    server_flags: Words = ()

    instead: Callable[[World], object] | None = None
    """What is called in this process, if no command asks for it."""

    def prepare(self, wiki: Path, project: Path) -> None:
        """Make the state it begins in: a person's own files, what is installed already, and what became of it."""
        (project / ".claude").mkdir(parents=True)
        (project / ".claude/settings.json").write_text("{}\n")
        (project / "README.md").write_text("mine\n")
        for words in self.before:
            run_command(wiki, project, words)
        for path, text in self.edits.items():
            if text is not None:
                (project / path).parent.mkdir(parents=True, exist_ok=True)
                (project / path).write_text(text)
            elif (project / path).is_dir() and not (project / path).is_symlink():
                shutil.rmtree(project / path)
            else:
                (project / path).unlink()

    def command(self, wiki: Path, project: Path) -> list[str]:
        """Return the command line that makes the change: the interpreter itself, no shim."""
        return [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), "--project", str(project), *self.words]

    def run(self, wiki: Path, project: Path) -> None:
        """Make the change in this process; of a set, some may be refused."""
        if self.instead is not None:
            self.instead(World(wiki, project))
            return
        with suppress(SystemExit):  # so it ends if some were refused
            run_command(wiki, project, self.words)


def run_command(wiki: Path, project: Path, words: Words) -> None:
    """Run the command in this process, without its answer; one that is refused raises."""
    from wikipin.cli import cli  # noqa: PLC0415 - only what runs in this process needs it

    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        cli(["--wiki", str(wiki), "--project", str(project), "--json", *words], standalone_mode=False)


_INSTALL: Words = ("install", "skill", "hello")
_INSTALL_OLD: Words = (*_INSTALL, "--ref", "v1")
_AS_COPIES: Words = ("--expose-mode", "copy")
_HELLO = {"name": "hello"}
_SKILL_MD = ".memtomem/skills/hello/SKILL.md"
_EMPTY = '{"version": 1, "skills": {}}'

THREE = ("one", "two", "three")
FIVE = (*THREE, "four", "five")


def _new(name: str) -> Words:
    return ("install", "skill", name)


def _old(name: str) -> Words:
    return (*_new(name), "--ref", "v1")


SCENARIOS = (
    Scenario("first install", _INSTALL, "context_install_skill", _HELLO),
    Scenario("another install", _INSTALL, "context_install_skill", _HELLO, (("install", "skill", "other"),)),
    Scenario("install with copies", (*_INSTALL, *_AS_COPIES), "context_install_skill", _HELLO, server_flags=_AS_COPIES),
    Scenario("update", ("update", "skill", "hello"), "context_update_skill", _HELLO, (_INSTALL_OLD,)),
    Scenario(
        "update with copies",
        ("update", "skill", "hello"),
        "context_update_skill",
        _HELLO,
        ((*_INSTALL_OLD, *_AS_COPIES),),
    ),
    Scenario(
        "update of an edited copy",
        ("update", "skill", "hello", "--discard-edits"),
        "context_update_skill",
        {**_HELLO, "discard_edits": True},
        (_INSTALL_OLD,),
        {_SKILL_MD: "mine"},
    ),
    Scenario(
        "restore",
        ("restore",),
        "context_restore",
        before=(_INSTALL,),
        edits={".memtomem/skills/hello": None, ".claude/skills/hello": None},
    ),
    Scenario("adopt", ("adopt", "skill", "hello"), None, before=(_INSTALL,), edits={".memtomem/lock.json": _EMPTY}),
    Scenario("remove", ("remove", "skill", "hello"), "context_remove_skill", _HELLO, (_INSTALL,)),
    Scenario(
        "remove of edited copies",
        ("remove", "skill", "hello", "--discard-edits"),
        "context_remove_skill",
        {**_HELLO, "discard_edits": True},
        ((*_INSTALL, *_AS_COPIES), ("install", "skill", "other")),
        {_SKILL_MD: "mine", ".claude/skills/hello/docs/a.md": "mine too"},
    ),
    Scenario("update of five", ("update", "--all"), None, before=tuple(map(_old, FIVE))),
    Scenario("removal of three", ("remove", *THREE), None, before=tuple(map(_new, THREE))),
    Scenario(
        "restore of three",
        ("restore",),
        "context_restore",
        before=tuple(map(_new, THREE)),
        edits={f"{place}/{name}": None for name in THREE for place in (".memtomem/skills", ".claude/skills")},
    ),
)


def _late(world: World, *where: str) -> None:
    """Install three as one who has not seen what stands in the place of the second, at the looks of these modules."""
    with ExitStack() as stack:
        for module in where:
            stack.enter_context(patch(f"wikipin.project.{module}.survey", _survey_before_it_came))
        done = world.install_all(*THREE).done
    assert [asset.name for asset in done] == list(world.lockfile()["skills"]) == ["one", "three"]
    assert all((world.project / f"{place}/skills/one/SKILL.md").exists() for place in (".memtomem", ".claude"))
    assert world.copy("three").exists()
    assert not (world.project / ".claude/skills/two").exists()


def _survey_before_it_came(root: Folder, memtomem: Folder | None, assets: Iterable[Asset] | None = None) -> Survey:
    found = survey(root, memtomem, assets)
    seen = {asset: replace(seen, copy=None) if asset.name == "two" else seen for asset, seen in found.assets.items()}
    return Survey(found.lockfile, seen)


IN_PROCESS = (
    *SCENARIOS,
    Scenario(
        "restore of three, one of them edited",
        ("restore",),
        None,
        before=tuple(map(_new, THREE)),
        edits={
            ".memtomem/skills/one": None,
            ".memtomem/skills/two/SKILL.md": "mine",
            ".agents/skills/three": None,
        },
    ),
    Scenario(
        "update of five, one of them edited",
        ("update", "--all"),
        None,
        before=tuple(map(_old, FIVE)),
        edits={".memtomem/skills/two/SKILL.md": "mine"},
    ),
    Scenario(
        "install of three, one of which appears before the lock",
        (),
        None,
        edits={".memtomem/skills/two/mine.md": "mine"},
        instead=lambda world: _late(world, "project"),
    ),
    Scenario(
        "install of three, one of which appears after the decision",
        (),
        None,
        edits={".memtomem/skills/two/mine.md": "mine"},
        instead=lambda world: _late(world, "project", "change_set"),
    ),
)


def named(name: str) -> Scenario:
    """Return the scenario of that name."""
    return next(scenario for scenario in IN_PROCESS if scenario.name == name)


def next_command(project: Path) -> None:
    """Run the least of all commands, one that only reads the project, in this process."""
    World(Path("none"), project).status(with_wiki=False)


def make_torture_wiki(path: Path) -> Path:
    """Make the wiki of the scenarios: between the tag v1 and HEAD files of `hello` come, go, and change in all ways.

    There are FIVE more, each of one file that changes.
    """
    old = {**plain_skill("hello"), "run.sh": b"echo hi\n", "docs": b"a file", "gone.md": b"gone"}
    new = {**plain_skill("hello", "Newer."), "run.sh": (b"echo hi\n", True), "docs/a.md": b"a" * 5000}
    wiki = make_wiki(path, {"hello": old, "other": plain_skill("other"), **{name: plain_skill(name) for name in FIVE}})
    git(wiki, "tag", "v1")
    commit(wiki, {"hello": new, **{name: plain_skill(name, "Newer.") for name in FIVE}})
    return wiki


def settled(project: Path) -> Snapshot:
    """Return what the project says: its files and links, without directories, without times, without what is ours."""
    found: Snapshot = {}
    for path, (mode, content) in snapshot(project).items():
        if stat.S_ISDIR(mode) or (path.startswith(".memtomem/") and path.removeprefix(".memtomem/") in _OURS):
            continue
        told = _without_times(content) if path == ".memtomem/lock.json" else content
        found[_TIME_OF_BACKUP.sub(r"\1-TIME", path)] = (mode, told)
    return found


def _without_times(lockfile: bytes) -> bytes:
    document = json.loads(lockfile)
    for entry in document["skills"].values():
        for key in ("installed_at", "digests_installed_at", "executable_installed_at"):
            entry[key] = "TIME"
    return json.dumps(document, sort_keys=True).encode()


@dataclass(frozen=True)
class Bounds:
    """The two states that a scenario may end in."""

    before: Snapshot
    after: Snapshot
    seen: set[str] = field(default_factory=set[str])

    def violations(self, project: Path) -> list[str]:
        """Name what is neither the old state nor the new one; nothing, where it is one of them and the lock is free."""
        found = settled(project)
        wrong = [] if _lock_is_free(project) else ["the lock is held"]
        for name, state in (("old", self.before), ("new", self.after)):
            if found == state:
                self.seen.add(name)
                return wrong
        nearest = min((_differing(found, state) for state in (self.before, self.after)), key=len)
        return [*wrong, *(f"neither old nor new: {path}" for path in sorted(nearest))]


def _differing(one: Snapshot, other: Snapshot) -> set[str]:
    return {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}


def bounds(scenario: Scenario, wiki: Path, scratch: Path, change: Callable[[Path], object]) -> Bounds:
    """Let `change` make the scenario's change undisturbed, and return the states before and after it."""
    scenario.prepare(wiki, scratch)
    before = settled(scratch)
    change(scratch)
    after = settled(scratch)
    assert before != after
    return Bounds(before, after)


def _lock_is_free(project: Path) -> bool:
    try:
        descriptor = os.open(project / ".memtomem/.lock.json.lock", os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True

"""What is done to a project while it is tortured, and what may come of it: the old state or the new one, whole.

A sweep knows nothing of verbs. It takes each scenario of SCENARIOS, breaks it somewhere, runs a next command, and asks
`violations` whether what stands there is one of the two states. A new verb is a new row.
"""

import fcntl
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from snapshot import Snapshot, snapshot
from wikis import commit, git, make_wiki, plain_skill
from world import World

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

    def prepare(self, wiki: Path, project: Path) -> None:
        """Make the state it begins in: a person's own files, what is installed already, and what became of it."""
        (project / ".claude").mkdir(parents=True)
        (project / ".claude/settings.json").write_text("{}\n")
        (project / "README.md").write_text("mine\n")
        for words in self.before:
            run_command(wiki, project, words)
        for path, text in self.edits.items():
            if text is not None:
                (project / path).write_text(text)
            elif (project / path).is_dir() and not (project / path).is_symlink():
                shutil.rmtree(project / path)
            else:
                (project / path).unlink()

    def command(self, wiki: Path, project: Path) -> list[str]:
        """Return the command line that makes the change: the interpreter itself, no shim."""
        return [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), "--project", str(project), *self.words]

    def run(self, wiki: Path, project: Path) -> None:
        """Make the change in this process."""
        run_command(wiki, project, self.words)


def run_command(wiki: Path, project: Path, words: Words) -> None:
    """Run the command in this process, without its answer; one that is refused raises."""
    from wikipin.cli import cli  # noqa: PLC0415 - only what runs in this process needs it

    with redirect_stdout(StringIO()):
        cli(["--wiki", str(wiki), "--project", str(project), "--json", *words], standalone_mode=False)


_INSTALL: Words = ("install", "skill", "hello")
_INSTALL_OLD: Words = (*_INSTALL, "--ref", "v1")
_AS_COPIES: Words = ("--expose-mode", "copy")
_HELLO = {"name": "hello"}
_SKILL_MD = ".memtomem/skills/hello/SKILL.md"
_EMPTY = '{"version": 1, "skills": {}}'

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
)


def named(name: str) -> Scenario:
    """Return the scenario of that name."""
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


def next_command(project: Path) -> None:
    """Run the least of all commands, one that only reads the project, in this process."""
    World(Path("none"), project).status(with_wiki=False)


def make_torture_wiki(path: Path) -> Path:
    """Make the wiki of the scenarios: between the tag v1 and HEAD files of `hello` come, go, and change in all ways."""
    old = {**plain_skill("hello"), "run.sh": b"echo hi\n", "docs": b"a file", "gone.md": b"gone"}
    new = {**plain_skill("hello", "Newer."), "run.sh": (b"echo hi\n", True), "docs/a.md": b"a" * 5000}
    wiki = make_wiki(path, {"hello": old, "other": plain_skill("other")})
    git(wiki, "tag", "v1")
    commit(wiki, {"hello": new})
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
    return json.dumps(document).encode()


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
        nearest = (
            self.after
            if ".memtomem/lock.json" in found and b'"hello"' in found[".memtomem/lock.json"][1]
            else self.before
        )
        differing = sorted(path for path in found.keys() | nearest.keys() if found.get(path) != nearest.get(path))
        return [*wrong, *(f"neither old nor new: {path}" for path in differing)]


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

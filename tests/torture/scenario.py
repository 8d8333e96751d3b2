"""What is done to a project while it is tortured, and what may come of it: the old state or the new one, whole.

A sweep knows nothing of verbs. It takes each scenario of SCENARIOS, breaks it somewhere, runs a next command, and asks
`violations` whether what stands there is one of the two states. A new verb is a new row.
"""

import fcntl
import json
import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snapshot import Snapshot, snapshot
from wikis import make_wiki, plain_skill

import wikipin
from wikipin.names import SkillName

_OURS = frozenset({".lock.json.lock", ".gitignore", ".gitattributes"})
"""Files of `.memtomem` that may stand in either state: they say nothing of a skill."""


@dataclass(frozen=True)
class Scenario:
    """One change: the state it begins in, and how it is asked for at each door."""

    name: str
    words: tuple[str, ...]
    tool: str
    arguments: Mapping[str, Any]
    installed_before: tuple[str, ...] = ()
    server_flags: tuple[str, ...] = ()

    def prepare(self, wiki: Path, project: Path) -> None:
        """Make the state it begins in: a person's own files, and what is installed already."""
        (project / ".claude").mkdir(parents=True)
        (project / ".claude/settings.json").write_text("{}\n")
        (project / "README.md").write_text("mine\n")
        for name in self.installed_before:
            wikipin.install(wiki, wikipin.Project(project), SkillName(name))

    def command(self, wiki: Path, project: Path) -> list[str]:
        """Return the command line that makes the change: the interpreter itself, no shim."""
        return [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), "--project", str(project), *self.words]

    def run(self, wiki: Path, project: Path) -> None:
        """Make the change in this process."""
        from wikipin.cli import cli  # noqa: PLC0415 - only what runs in this process needs it

        cli(["--wiki", str(wiki), "--project", str(project), "--json", *self.words], standalone_mode=False)


SCENARIOS = (
    Scenario("first install", ("install", "skill", "hello"), "context_install_skill", {"name": "hello"}),
    Scenario(
        "another install",
        ("install", "skill", "hello"),
        "context_install_skill",
        {"name": "hello"},
        installed_before=("other",),
    ),
    Scenario(
        "install with copies",
        ("install", "skill", "hello", "--expose-mode", "copy"),
        "context_install_skill",
        {"name": "hello"},
        server_flags=("--expose-mode", "copy"),
    ),
)


def next_command(wiki: Path, project: Path) -> None:
    """Run the least of all commands, one that only reads, in this process."""
    wikipin.list_skills(wiki, wikipin.Project(project))


def make_torture_wiki(path: Path) -> Path:
    """Make the wiki of the scenarios."""
    hello = {**plain_skill("hello"), "run.sh": (b"echo hi\n", True), "docs/a.md": b"a" * 5000}
    return make_wiki(path, {"hello": hello, "other": plain_skill("other")})


def settled(project: Path) -> Snapshot:
    """Return what the project says: its files and links, without directories, without times, without what is ours."""
    found: Snapshot = {}
    for path, (mode, content) in snapshot(project).items():
        if stat.S_ISDIR(mode) or (path.startswith(".memtomem/") and path.removeprefix(".memtomem/") in _OURS):
            continue
        found[path] = (mode, _without_times(content) if path == ".memtomem/lock.json" else content)
    return found


def _without_times(lockfile: bytes) -> bytes:
    document = json.loads(lockfile)
    for entry in document["skills"].values():
        entry["installed_at"] = entry["digests_installed_at"] = "TIME"
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

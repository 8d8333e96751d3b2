"""A wiki and a project, and what a test does to them. No other module of the tests calls the verbs of the library."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

from snapshot import Snapshot, left_over, snapshot
from surfaces import SURFACES, Json, Outcome
from wikis import Files, commit, head, make_wiki

import wikipin
from wikipin import (
    Asset,
    Consent,
    Exposure,
    Installed,
    Offers,
    Outcomes,
    Project,
    Removed,
    Shown,
    Statuses,
    Updated,
    WikipinError,
)
from wikipin.asset import skill
from wikipin.names import Commit, parse_plan, parse_revision
from wikipin.plan.acceptance import Acceptance
from wikipin.project.project import Tell, tell_nobody

NAME = "hello"
_HEAD = "HEAD"

P = ParamSpec("P")


@dataclass(frozen=True)
class World:
    """A wiki and a project. Each verb opens both anew, as a command does."""

    wiki: Path
    project: Path
    opened: Project | None = None
    """The project as the test holds it open; None: each verb opens the one at `project`."""

    def install(
        self,
        name: str = NAME,
        *,
        ref: str = _HEAD,
        exposure: Exposure | None = None,
        acceptance: Acceptance | None = None,
        dry_run: bool = False,
    ) -> Installed:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.install(
                wiki,
                self._open(),
                skill(name),
                ref=parse_revision(ref),
                exposure=exposure,
                acceptance=acceptance,
                dry_run=dry_run,
            )

    def install_all(self, *names: str, ref: str = _HEAD) -> Outcomes[Installed]:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.install_all(wiki, self._open(), list(map(skill, names)), ref=parse_revision(ref))

    def update(
        self,
        name: str = NAME,
        *,
        ref: str = _HEAD,
        plan: str | None = None,
        discard_edits: bool = False,
        allow_rollback: bool = False,
    ) -> Updated:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.update(
                wiki,
                self._open(),
                skill(name),
                ref=parse_revision(ref),
                plan=None if plan is None else parse_plan(plan),
                consent=Consent(discard_edits=discard_edits, allow_rollback=allow_rollback),
            )

    def update_all(
        self, *names: str, ref: str = _HEAD, discard_edits: bool = False, allow_rollback: bool = False
    ) -> Outcomes[Updated]:
        """Update these skills, all of the lockfile if none is named."""
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.update_all(
                wiki,
                self._open(),
                list(map(skill, names)) or None,
                ref=parse_revision(ref),
                consent=Consent(discard_edits=discard_edits, allow_rollback=allow_rollback),
            )

    def restore(self, *names: str, exposure: Exposure | None = None, progress: Tell = tell_nobody) -> Outcomes[Asset]:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.restore(wiki, self._open(), list(map(skill, names)), exposure=exposure, progress=progress)

    def adopt(self, name: str = NAME, *, exposure: Exposure | None = None) -> Installed:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.adopt(wiki, self._open(), skill(name), exposure=exposure)

    def adopt_all(self, *names: str) -> Outcomes[Installed]:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.adopt_all(wiki, self._open(), list(map(skill, names)))

    def remove(self, name: str = NAME, *, discard_edits: bool = False) -> Removed:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.remove(wiki, self._open(), skill(name), discard_edits=discard_edits)

    def remove_all(self, *names: str, discard_edits: bool = False) -> Outcomes[Removed]:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.remove_all(wiki, self._open(), list(map(skill, names)), discard_edits=discard_edits)

    def show(self, name: str = NAME) -> Shown:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.show(wiki, self._open(), skill(name))

    def list_skills(self) -> Offers:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.list_skills(wiki, self._open())

    def status(self, *, with_wiki: bool = True) -> Statuses:
        with wikipin.Wiki(self.wiki) as wiki:
            return wikipin.read_status(self._open(), wiki if with_wiki else None)

    def _open(self) -> Project:
        return Project(self.project) if self.opened is None else self.opened

    def call(self, door: str, tool: str, **arguments: object) -> Outcome:
        """Call a tool through one door of SURFACES."""
        return SURFACES[door](tool, arguments, wiki=self.wiki, project=self.project)

    def check(self, *options: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `wikipin status --check` as CI does: a process of its own, in the project, without a wiki."""
        return subprocess.run(
            [sys.executable, "-m", "wikipin.cli", "--project", str(self.project), "status", "--check", *options],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.project,
            env=env,
        )

    def refused(self, verb: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> WikipinError:
        """Return how `verb` was refused, which must not have changed anything, here or beside."""
        before = snapshot(self.project.parent)
        try:
            verb(*arguments, **options)
        except WikipinError as error:
            assert snapshot(self.project.parent) == before
            return error
        raise AssertionError("it was not refused")

    def copy(self, name: str = NAME) -> Path:
        return self.project / ".memtomem/skills" / name

    @property
    def lockfile_path(self) -> Path:
        return self.project / ".memtomem/lock.json"

    def lockfile(self) -> Json:
        document: Json = json.loads(self.lockfile_path.read_text())
        return document

    def entry(self, name: str = NAME) -> Json:
        entry: Json = self.lockfile()["skills"][name]
        return entry

    def change_entry(self, name: str, *forgotten: str, **more: object) -> Json:
        """Make of an entry what another tool might; if there is none, write one. Return the new one."""
        document = self.lockfile()
        entry: Json = document["skills"].setdefault(name, {})
        for key in forgotten:
            entry.pop(key, None)
        entry.update(more)
        self.lockfile_path.write_text(json.dumps(document))
        return entry

    def states(self, *, with_wiki: bool = True) -> dict[str, str]:
        return {found.seen.asset.name: found.state.value for found in self.status(with_wiki=with_wiki).skills}

    def state(self, name: str = NAME) -> str:
        return self.states().get(name, "available")

    def snapshot(self) -> Snapshot:
        return snapshot(self.project)

    def left_over(self) -> list[str]:
        return left_over(self.project)

    def commit(self, skills: Mapping[str, Files | None] | None = None, *, files: Files | None = None) -> Commit:
        return commit(self.wiki, skills, files=files)

    def head(self, revision: str = "HEAD") -> Commit:
        return head(self.wiki, revision)

    def beside(self, name: str) -> "World":
        """Return a new project with the same wiki."""
        project = self.project.parent / name
        project.mkdir()
        return World(self.wiki, project)

    def with_wiki(self, wiki: Path) -> "World":
        """Return the same project with another wiki."""
        return World(wiki, self.project)

    def without_wiki(self) -> "World":
        """Return the same project with a wiki that is not there."""
        return self.with_wiki(self.project.parent / "no-wiki")


def make_world(place: Path, skills: Mapping[str, Files]) -> World:
    """Make a wiki that has these skills, and a project that has none."""
    world = World(make_wiki(place / "wiki", skills), place / "project")
    world.project.mkdir()
    return world

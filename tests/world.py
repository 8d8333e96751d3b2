"""A wiki and a project, and what a test does to them. No other module of the tests calls the verbs of the library."""

from dataclasses import dataclass
from pathlib import Path

import wikipin
from wikipin import Consent, Exposure, Installed, Offers, Project, Removed, Restored, Shown, Statuses, Updated, Wish
from wikipin.names import SkillName, parse_plan, parse_revision
from wikipin.plan.acceptance import Acceptance
from wikipin.verbs.restore import Progress

NAME = "hello"
_HEAD = "HEAD"


@dataclass(frozen=True)
class World:
    """A wiki and a project. Each verb opens both anew, as a command does."""

    wiki: Path
    project: Path
    opened: Project | None = None
    """The project as the test holds it open; None: each verb opens the one at `project`."""

    # The verbs of the library

    def install(
        self,
        name: str = NAME,
        *,
        ref: str = _HEAD,
        exposure: Exposure | None = None,
        acceptance: Acceptance | None = None,
        dry_run: bool = False,
    ) -> Installed:
        return wikipin.install(
            self.wiki,
            self._open(),
            SkillName(name),
            ref=parse_revision(ref),
            exposure=exposure,
            acceptance=acceptance,
            dry_run=dry_run,
        )

    def update(
        self,
        name: str = NAME,
        *,
        ref: str = _HEAD,
        plan: str | None = None,
        discard_edits: bool = False,
        allow_rollback: bool = False,
    ) -> Updated:
        wish = Wish(
            ref=parse_revision(ref),
            plan=None if plan is None else parse_plan(plan),
            consent=Consent(discard_edits=discard_edits, allow_rollback=allow_rollback),
        )
        return wikipin.update(self.wiki, self._open(), SkillName(name), wish)

    def update_all(self) -> tuple[list[Updated], list[tuple[str, wikipin.WikipinError]]]:
        return wikipin.update_all(self.wiki, self._open())

    def restore(self, *names: str, exposure: Exposure | None = None, progress: Progress | None = None) -> Restored:
        wanted = [SkillName(name) for name in names]
        return wikipin.restore(self.wiki, self._open(), wanted, exposure=exposure, progress=progress)

    def adopt(self, name: str = NAME, *, exposure: Exposure | None = None) -> Installed:
        return wikipin.adopt(self.wiki, self._open(), SkillName(name), exposure=exposure)

    def remove(self, name: str = NAME, *, discard_edits: bool = False) -> Removed:
        return wikipin.remove(self.wiki, self._open(), SkillName(name), discard_edits=discard_edits)

    def show(self, name: str = NAME) -> Shown:
        return wikipin.show(self.wiki, self._open(), SkillName(name))

    def list_skills(self) -> Offers:
        return wikipin.list_skills(self.wiki, self._open())

    def status(self, *, with_wiki: bool = True) -> Statuses:
        return wikipin.read_status(self._open(), self.wiki if with_wiki else None)

    def _open(self) -> Project:
        return Project(self.project) if self.opened is None else self.opened

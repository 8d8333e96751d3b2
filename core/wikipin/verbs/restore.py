"""The verb `restore`: every skill as its entry in the lockfile says, at its own pin. What a fresh clone needs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from wikipin.asset import SKILL, Asset
from wikipin.errors import WikipinError
from wikipin.names import SkillName, is_skill_name
from wikipin.plan import refusal
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.change import Change
from wikipin.plan.exposure import Exposure
from wikipin.plan.plan import plan_restore
from wikipin.plan.state import ProjectSkill
from wikipin.project.project import Locked, Project
from wikipin.remedy import Call
from wikipin.skill import Skill
from wikipin.tree import Listing, Tree
from wikipin.verbs.pins import read_pinned
from wikipin.verbs.warnings import require_review
from wikipin.wiki.wiki import Wiki

Progress = Callable[[int, int, str], None]
"""Called with how many skills are done, of how many, and what was done last."""


@dataclass
class Restored:
    """What became of each skill that was asked for."""

    restored: list[str] = field(default_factory=list[str])
    unchanged: list[str] = field(default_factory=list[str])
    failed: list[tuple[str, WikipinError]] = field(default_factory=list[tuple[str, WikipinError]])


def restore(
    wiki_path: Path,
    project: Project,
    names: Sequence[SkillName] = (),
    *,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Restore the skills `names`, all of the lockfile where none is named; one that fails does not stop the others.

    The wiki is read only where a copy is missing, or the lockfile does not say what was installed. Raises WikipinError
    where nothing can be done at all.
    """
    survey = project.survey()
    wanted = [
        survey.skills.get(name) or ProjectSkill(name, None, None)
        for name in dict.fromkeys(names or survey.lockfile.entries)
    ]
    with ExitStack() as stack:
        restoration = _Restoration(wiki_path, stack, exposure or Exposure(), acceptance, progress or _quietly)
        changes = restoration.plan(wanted)
        if changes:
            with project.change(restoration.stage(changes)) as locked:
                restoration.commit(locked)
    return restoration.outcome


def _quietly(_: int, __: int, ___: str) -> None:
    """Tell nobody."""


class _Restoration:
    """One call: what was found out, what is staged, and what came of it."""

    def __init__(
        self,
        wiki_path: Path,
        stack: ExitStack,
        exposure: Exposure,
        acceptance: Acceptance | None,
        progress: Progress,
    ) -> None:
        self.outcome = Restored()
        self._wiki_path = wiki_path
        self._stack = stack
        self._opened: Wiki | None = None
        self._exposure = exposure
        self._acceptance = acceptance
        self._progress = progress
        self._pinned: dict[str, Listing | None] = {}
        self._staged: list[str] = []
        self._steps = 0

    @property
    def _wiki(self) -> Wiki:
        if self._opened is None:
            self._opened = self._stack.enter_context(Wiki(self._wiki_path))
        return self._opened

    def plan(self, wanted: Sequence[ProjectSkill]) -> list[tuple[ProjectSkill, Change]]:
        """Return the changes that are needed; note what needs none, and what is refused."""
        changes: list[tuple[ProjectSkill, Change]] = []
        for seen in wanted:
            try:
                self._pinned[seen.name] = None if seen.says_all else read_pinned(self._wiki, seen)
                change = self._decide(seen)
            except WikipinError as error:
                self.outcome.failed.append((seen.name, error))
                continue
            if change is None:
                self.outcome.unchanged.append(seen.name)
            else:
                changes.append((seen, change))
        if any(change.swap for _, change in changes):
            self._wiki.resolve()  # a wiki that cannot be read at all is told before anything is written
        self._steps = 2 * len(changes)
        return changes

    def _decide(self, seen: ProjectSkill) -> Change | None:
        if seen.copy is None and not seen.says_all and self._pinned[seen.name] is None:
            raise self._why_unread(seen)
        pinned = self._pinned[seen.name]
        return plan_restore(seen, pinned, self._exposure)

    def _why_unread(self, seen: ProjectSkill) -> WikipinError:
        try:
            self._read(seen)
        except WikipinError as error:
            return error
        return refusal.pin_not_found(seen)

    def stage(self, changes: Sequence[tuple[ProjectSkill, Change]]) -> Iterator[tuple[Change, Tree | None]]:
        """Yield what is to be staged, one tree in memory at a time; note what cannot be read, and leave it out."""
        for seen, change in changes:
            try:
                tree = self._reviewed(seen, change) if change.swap else None
            except WikipinError as error:
                self.outcome.failed.append((seen.name, error))
                self._steps -= 2
                continue
            yield change, tree
            self._staged.append(seen.name)
            self._progress(len(self._staged), self._steps, f"read {seen.name}")

    def _reviewed(self, seen: ProjectSkill, change: Change) -> Tree:
        self._wiki.deadline.renew()
        skill = self._read(seen)
        if skill.tree.plan != change.plan:
            raise refusal.not_the_commits(seen)
        accept = Call("update", Asset(SKILL, skill.name), ref=skill.commit)
        require_review(skill, self._acceptance, seen.entry, accept)
        return skill.tree

    def _read(self, seen: ProjectSkill) -> Skill:
        if seen.entry is not None and not is_skill_name(seen.name):
            raise refusal.foreign_name(seen)
        if seen.entry is None or not self._wiki.has_commit(seen.entry.commit):
            raise refusal.pin_not_found(seen)
        return self._wiki.read_skill(seen.entry.commit, SkillName(seen.name))

    def commit(self, locked: Locked) -> None:
        """Decide again on what stands there under the lock, and do it."""
        for number, name in enumerate(self._staged, start=1):
            try:
                change = self._decide(locked.look(name))
                done = None if change is None else locked.commit(change)
                if done is not None and done.not_exposed:
                    raise refusal.not_shown(name, done.not_exposed)
                (self.outcome.unchanged if change is None else self.outcome.restored).append(name)
            except WikipinError as error:
                self.outcome.failed.append((name, error))
            self._progress(len(self._staged) + number, self._steps, f"restored {name}")

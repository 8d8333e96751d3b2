"""The verb `restore`: bring every asset back as its entry in the lockfile says, at its own pin. For fresh clones."""

from collections.abc import Sequence

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.names import Commit, SkillName, is_skill_name
from wikipin.plan import refusal
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.change import Change
from wikipin.plan.exposure import Exposure
from wikipin.plan.plan import plan_restore
from wikipin.plan.state import ProjectSkill
from wikipin.project.applied import Tell, tell_nobody
from wikipin.project.project import Project
from wikipin.remedy import Call
from wikipin.skill import Skill
from wikipin.tree import Listing, Tree
from wikipin.verbs.outcomes import Outcomes
from wikipin.verbs.pins import read_pinned
from wikipin.verbs.warnings import require_review
from wikipin.wiki.wiki import Wiki

_MANY = 16
"""From so many skills of one commit on, a second git process that reads their trees at once pays."""


def restore(
    wiki: Wiki,
    project: Project,
    assets: Sequence[Asset] = (),
    *,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
    progress: Tell = tell_nobody,
) -> Outcomes[Asset]:
    """Restore `assets`, or all of the lockfile if none is named, as one change; one that is refused stops no other.

    The wiki is read only if a copy is missing, or if the lockfile does not say what was installed. Raises WikipinError
    if nothing can be done at all.
    """
    entries = project.survey([]).lockfile.entries
    wanted = assets or list(entries)
    call = _Restoration(wiki, exposure or Exposure(), acceptance)
    call.wanted = [(asset, entries[asset].commit) for asset in wanted if asset in entries]
    try:
        applied = project.apply(wanted, call.decide, call.read_tree, tell=progress)
    except _NoWikiError as error:
        raise error.refusal from None
    failed = dict(applied.failed)
    for asset, outcome in applied.done.items():
        if outcome.not_exposed:
            failed[asset] = refusal.not_shown(asset, outcome.not_exposed)
    return Outcomes(
        {asset: asset for asset in applied.done if asset not in failed},
        {asset: asset for asset in applied.unchanged},
        failed,
    )


class _NoWikiError(Exception):
    """The wiki cannot be read at all."""

    def __init__(self, refusal_: WikipinError) -> None:
        super().__init__(str(refusal_))
        self.refusal = refusal_


class _Restoration:
    """One call, and what it has read of each asset so far."""

    def __init__(self, wiki: Wiki, exposure: Exposure, acceptance: Acceptance | None) -> None:
        self._wiki, self._exposure, self._acceptance = wiki, exposure, acceptance
        self._pinned: dict[Asset, Listing | None] = {}
        self._prefetched: set[Commit] = set()
        self.wanted: Sequence[tuple[Asset, Commit]] = ()
        """The assets that may have to be read, with the pin of each."""

    def decide(self, seen: ProjectSkill) -> Change | None:
        """Return the change that brings an asset to what its entry says; None if nothing is to be done."""
        if seen.asset not in self._pinned:
            self._pinned[seen.asset] = read_pinned(self._wiki, seen)
        pinned = self._pinned[seen.asset]
        if seen.copy is None and not seen.is_self_contained and pinned is None:
            raise self._why_unread(seen)
        return plan_restore(seen, pinned, self._exposure)

    def read_tree(self, seen: ProjectSkill, change: Change) -> Tree | None:
        """Return the tree that comes into place, if one does. It has to be what the lockfile says."""
        if not change.replace:
            return None
        self._require_wiki()
        skill = self._read(seen)
        if skill.tree.digest != change.digest:
            raise refusal.not_the_commits(seen)
        require_review(skill, self._acceptance, seen.entry, Call("update", skill.asset, ref=skill.commit))
        return skill.tree

    def _require_wiki(self) -> None:
        """Give up the whole call if the wiki cannot be read at all, before anything is written."""
        if not self._prefetched:
            try:
                self._wiki.resolve()
            except WikipinError as error:
                raise _NoWikiError(error) from error

    def _why_unread(self, seen: ProjectSkill) -> WikipinError:
        try:
            self._read(seen)
        except WikipinError as error:
            return error
        return refusal.pin_not_found(seen)

    def _read(self, seen: ProjectSkill) -> Skill:
        if seen.entry is not None and not is_skill_name(seen.asset.name):
            raise refusal.foreign_name(seen)
        self._wiki.deadline.renew()
        if seen.entry is None or not self._wiki.has_commit(seen.entry.commit):
            raise refusal.pin_not_found(seen)
        self._prefetch(seen.entry.commit)
        return self._wiki.read_skill(seen.entry.commit, SkillName(seen.asset.name))

    def _prefetch(self, commit: Commit) -> None:
        """Have the wiki read at once the trees that are wanted of a commit, unless that is done."""
        if commit not in self._prefetched:
            self._prefetched.add(commit)
            names = [asset.name for asset, pin in self.wanted if pin == commit]
            if len(names) >= _MANY:
                self._wiki.prefetch(commit, names)
                self._wiki.deadline.renew()

"""The verb `adopt`: record copies that a person made by hand, if a commit has their bytes."""

from collections.abc import Sequence

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.names import Commit, SkillName
from wikipin.plan import refusal
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.change import Change
from wikipin.plan.entry import Accepted
from wikipin.plan.exposure import Exposure
from wikipin.plan.plan import has_bytes_of, plan_adopt
from wikipin.plan.state import ProjectSkill
from wikipin.project.project import Project
from wikipin.remedy import Call
from wikipin.skill import Edition, Skill
from wikipin.tree import Copy, Tree
from wikipin.verbs.content import Content, content_of
from wikipin.verbs.install import Installed
from wikipin.verbs.outcomes import Outcomes
from wikipin.verbs.warnings import Warnings, exposure_warnings, require_review
from wikipin.wiki.deadline import TooSlowError
from wikipin.wiki.wiki import Wiki

_MOST_VERSIONS = 200
"""The most versions of one skill that a copy is compared with."""


def adopt(
    wiki: Wiki,
    project: Project,
    asset: Asset,
    *,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
) -> Installed:
    """Record the copy of `asset` at the newest commit with exactly its bytes; a wrong executable bit is put right.

    Raises WikipinError: `local-edits` says, file by file, how a copy differs that no commit has.
    """
    return adopt_all(wiki, project, [asset], exposure=exposure, acceptance=acceptance).only()


def adopt_all(
    wiki: Wiki,
    project: Project,
    assets: Sequence[Asset],
    *,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
) -> Outcomes[Installed]:
    """Record each of `assets` as `adopt` does, all as one change; those that are refused are left out."""
    return _Adoption(wiki, exposure or Exposure(), acceptance).run(project, assets)


class _Adoption:
    """One call, and what it has read of each asset so far."""

    def __init__(self, wiki: Wiki, exposure: Exposure, acceptance: Acceptance | None) -> None:
        self._wiki, self._exposure, self._acceptance = wiki, exposure, acceptance
        self._head = wiki.resolve()
        self._skill: Skill | None = None
        self._editions = dict[Asset, Edition]()
        self._accepted = dict[Asset, Accepted | None]()
        self._contents = dict[Asset, tuple[Content, Warnings]]()

    def run(self, project: Project, assets: Sequence[Asset]) -> Outcomes[Installed]:
        """Adopt them."""
        applied = project.apply(assets, self._decide, self._read_tree)
        done: dict[Asset, Installed] = {}
        for asset, outcome in applied.done.items():
            content, warnings = self._contents[asset]
            warnings = [*warnings, *exposure_warnings(outcome)]
            done[asset] = Installed(content, outcome.installed_at, outcome.exposed, warnings, Call("adopt", asset))
        return Outcomes(done, failed=applied.failed)

    def _decide(self, seen: ProjectSkill) -> Change:
        if seen.asset not in self._editions:
            self._wiki.deadline.renew()
            self._skill = self._fitting(seen)
            self._editions[seen.asset] = self._skill.edition
        return plan_adopt(self._editions[seen.asset], seen, self._exposure, self._accepted.get(seen.asset))

    def _read_tree(self, seen: ProjectSkill, _: Change) -> Tree:
        skill = self._skill
        if skill is None or skill.asset != seen.asset:
            raise AssertionError("what is staged was read just now")
        accepted, found = require_review(skill, self._acceptance, None, Call("adopt", skill.asset))
        self._accepted[seen.asset] = accepted
        self._contents[seen.asset] = content_of(skill), [*skill.warnings, *found]
        return skill.tree

    def _fitting(self, seen: ProjectSkill) -> Skill:
        """Return the newest version with the bytes of the copy on disk; if there is none, the newest version."""
        try:
            newest = self._wiki.read_skill(self._head, SkillName(seen.asset.name))
        except WikipinError as error:
            if seen.entry is None and seen.copy is not None:
                if (skill := self._earlier(seen.asset, seen.copy)) is not None:
                    return skill
                if error.code == "not-in-wiki":
                    raise refusal.not_in_the_wiki(seen, error) from None
            raise
        if seen.entry is not None or seen.copy is None or has_bytes_of(seen.copy, newest.tree.listing):
            return newest
        return self._earlier(seen.asset, seen.copy) or newest

    def _earlier(self, asset: Asset, copy: Copy) -> Skill | None:
        for commit in self._versions(asset):
            try:
                skill = self._wiki.read_skill(commit, SkillName(asset.name))
            except TooSlowError:
                raise
            except WikipinError:  # it was not a skill then
                continue
            if has_bytes_of(copy, skill.tree.listing):
                return skill
        return None

    def _versions(self, asset: Asset) -> Sequence[Commit]:
        return self._wiki.versions(SkillName(asset.name), self._head, most=_MOST_VERSIONS)

"""The verb `install`: skills of the wiki, at one commit, into a project."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property

from wikipin.asset import Asset
from wikipin.names import HEAD, Commit, PlanDigest, Revision, SkillName
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.change import Change
from wikipin.plan.entry import Accepted
from wikipin.plan.exposure import Exposure
from wikipin.plan.plan import plan_install, require_plan
from wikipin.plan.state import ProjectSkill
from wikipin.project.project import Project
from wikipin.remedy import Call, Remedy
from wikipin.skill import Edition, Skill
from wikipin.tree import Tree
from wikipin.verbs.content import Content, content_of
from wikipin.verbs.outcomes import Outcomes
from wikipin.verbs.warnings import Warnings, content_warnings, exposure_warnings, named, review_warnings
from wikipin.wiki.wiki import Wiki


@dataclass(frozen=True)
class Installed:
    """The result of an install, or, if `installed_at` is None, of a dry run."""

    content: Content
    installed_at: str | None
    exposed: Sequence[str]
    warnings: Sequence[str | Remedy]
    call: Call
    """The call that makes the change."""


def install(
    wiki: Wiki,
    project: Project,
    asset: Asset,
    *,
    ref: Revision = HEAD,
    plan: PlanDigest | None = None,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
    dry_run: bool = False,
) -> Installed:
    """Install `asset` as it is at `ref`; with `dry_run`, refuse what would be refused and write nothing.

    `plan`, if it is given, is the digest of the only content that may be written; `acceptance` is a person's yes to
    findings. Raises WikipinError; nothing is changed then, unless the text of an `io-error` says that the change is
    committed.
    """
    call = _Install(wiki, ref, plan=plan, exposure=exposure or Exposure(), acceptance=acceptance, dry_run=dry_run)
    return call.run(project, [asset]).only()


def install_all(
    wiki: Wiki,
    project: Project,
    assets: Sequence[Asset],
    *,
    ref: Revision = HEAD,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
    dry_run: bool = False,
) -> Outcomes[Installed]:
    """Install each of `assets` as `install` does, all as one change; those that are refused are left out."""
    call = _Install(wiki, ref, exposure=exposure or Exposure(), acceptance=acceptance, dry_run=dry_run)
    return call.run(project, assets)


@dataclass
class _Install:
    """One call: its arguments, and what it has read of each asset so far."""

    wiki: Wiki
    ref: Revision
    _: KW_ONLY
    exposure: Exposure
    acceptance: Acceptance | None
    dry_run: bool
    plan: PlanDigest | None = None
    skill: Skill | None = None
    """The skill that was read last: the bytes of only one are in memory."""

    editions: dict[Asset, Edition] = field(default_factory=dict[Asset, Edition])
    accepted: dict[Asset, Accepted | None] = field(default_factory=dict[Asset, Accepted | None])
    contents: dict[Asset, tuple[Content, Warnings]] = field(default_factory=dict[Asset, tuple[Content, Warnings]])

    @cached_property
    def commit(self) -> Commit:
        """The commit of the whole call."""
        return self.wiki.resolve(self.ref)

    def run(self, project: Project, assets: Sequence[Asset]) -> Outcomes[Installed]:
        """Install them. A wiki or a ref that is not there is refused before the project is looked at."""
        _ = self.commit
        applied = project.apply(assets, self._decide, self._read_tree, dry_run=self.dry_run)
        done: dict[Asset, Installed] = {}
        for asset, outcome in applied.done.items():
            content, warnings = self.contents[asset]
            planned = outcome.change.entry.exposed if outcome.change.entry else None
            exposed = (planned or ()) if self.dry_run else outcome.exposed
            warnings = [*warnings, *exposure_warnings(outcome)]
            done[asset] = Installed(content, outcome.installed_at or None, exposed, warnings, self._call(asset))
        return Outcomes(done, failed=applied.failed)

    def _decide(self, seen: ProjectSkill) -> Change:
        asset = seen.asset
        if asset not in self.editions:
            self.wiki.deadline.renew()
            self.skill = self.wiki.read_skill(self.commit, SkillName(asset.name))
            require_plan(self.skill, self.plan)
            self.editions[asset] = self.skill.edition
        return plan_install(self.editions[asset], seen, self.exposure, self.accepted.get(asset))

    def _call(self, asset: Asset) -> Call:
        return Call("install", asset, ref=named(self.ref))

    def _read_tree(self, seen: ProjectSkill, _: Change) -> Tree:
        skill = self.skill
        if skill is None or skill.asset != seen.asset:
            raise AssertionError("what is staged was read just now")
        accepted, found = review_warnings(skill, self.acceptance, None, self._call(skill.asset), dry_run=self.dry_run)
        self.accepted[skill.asset] = accepted
        self.contents[skill.asset] = content_of(skill), [*content_warnings(self.wiki, skill, self.ref), *found]
        return skill.tree

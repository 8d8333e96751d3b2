"""The verb `install`: one skill of the wiki, at one commit, into a project."""

from dataclasses import dataclass
from pathlib import Path

from wikipin.asset import SKILL, Asset
from wikipin.names import HEAD, PlanDigest, Revision, SkillName
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.exposure import CANONICAL, Exposure, exposed_path
from wikipin.plan.plan import plan_install, require_plan, with_acceptance
from wikipin.project.project import Project
from wikipin.remedy import Call, Remedy
from wikipin.skill import Skill
from wikipin.tree import SKILL_MD
from wikipin.verbs.warnings import content_warnings, exposure_warnings, named, review_warnings
from wikipin.wiki.wiki import Wiki


@dataclass(frozen=True)
class Installed:
    """What an install did, or, where `installed_at` is None, would do."""

    skill: Skill
    installed_at: str | None
    exposed: list[str]
    warnings: list[str | Remedy]
    call: Call
    """The call that does it."""

    @property
    def path(self) -> str:
        """The canonical copy, relative to the project."""
        return f"{CANONICAL}/{self.skill.name}"

    @property
    def skill_md_path(self) -> str:
        """Its SKILL.md, relative to the project."""
        return f"{self.path}/{SKILL_MD}"


def install(
    wiki_path: Path,
    project: Project,
    name: SkillName,
    *,
    ref: Revision = HEAD,
    plan: PlanDigest | None = None,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
    dry_run: bool = False,
) -> Installed:
    """Install skill `name` as it is at `ref`; with `dry_run`, refuse what would be refused and write nothing.

    `plan`, where it is given, is the digest of the only content that may be written; `acceptance` is a person's yes to
    findings. Raises WikipinError, and has then changed nothing, but for `io-error`, whose text says whether the change
    is committed.
    """
    exposure = exposure or Exposure()
    call = Call("install", Asset(SKILL, name), ref=named(ref))
    with Wiki(wiki_path) as wiki:
        skill = wiki.read_skill(wiki.resolve(ref), name)
        warnings = content_warnings(wiki, skill, ref)
    seen = project.look(name)
    require_plan(skill, plan)
    change = plan_install(skill.edition, seen, exposure)
    accepted, found = review_warnings(skill, acceptance, None, call, dry_run=dry_run)
    if dry_run:
        exposed = [exposed_path(word, name) for word in sorted(exposure.words)]
        return Installed(skill, None, exposed, [*warnings, *found], call)
    with project.change([(change, skill.tree)]) as locked:
        done = locked.commit(with_acceptance(plan_install(skill.edition, locked.look(name), exposure), accepted))
    return Installed(skill, done.installed_at, done.exposed, [*warnings, *found, *exposure_warnings(done)], call)

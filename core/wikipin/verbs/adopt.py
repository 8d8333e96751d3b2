"""The verb `adopt`: a copy that somebody made by hand comes under the lockfile, if it is what a commit has."""

from pathlib import Path

from wikipin.asset import SKILL, Asset
from wikipin.errors import WikipinError
from wikipin.names import Commit, SkillName
from wikipin.plan import refusal
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.exposure import Exposure
from wikipin.plan.plan import has_bytes_of, plan_adopt, with_acceptance
from wikipin.project.project import Project
from wikipin.remedy import Call
from wikipin.skill import Skill
from wikipin.tree import Copy
from wikipin.verbs.install import Installed
from wikipin.verbs.warnings import exposure_warnings, require_review
from wikipin.wiki.deadline import TooSlowError
from wikipin.wiki.wiki import Wiki

_MOST_VERSIONS = 200
"""How far back a copy is looked for: versions of the one skill, not commits of the wiki."""


def adopt(
    wiki_path: Path,
    project: Project,
    name: SkillName,
    *,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
) -> Installed:
    """Record the copy of `name` at the newest commit that has exactly its bytes; a wrong executable bit is put right.

    Raises WikipinError: `local-edits` says, file by file, how a copy differs that no commit has.
    """
    exposure = exposure or Exposure()
    call = Call("adopt", Asset(SKILL, name))
    with Wiki(wiki_path) as wiki:
        skill = _fitting_skill(wiki, name, project)
    change = plan_adopt(skill.edition, project.look(name), exposure)
    accepted, found = require_review(skill, acceptance, None, call)
    with project.change([(change, skill.tree)]) as locked:
        done = locked.commit(with_acceptance(plan_adopt(skill.edition, locked.look(name), exposure), accepted))
    warnings = [*skill.warnings, *found, *exposure_warnings(done)]
    return Installed(skill, done.installed_at, done.exposed, warnings, call)


def _fitting_skill(wiki: Wiki, name: SkillName, project: Project) -> Skill:
    """Return the newest version that is the copy on disk, or else the newest one."""
    head = wiki.resolve()
    seen = project.look(name)
    try:
        newest = wiki.read_skill(head, name)
    except WikipinError as error:
        if seen.entry is None and seen.copy is not None:
            if (skill := _earlier_version(wiki, name, seen.copy, head)) is not None:
                return skill
            if error.code == "not-in-wiki":
                raise refusal.not_in_the_wiki(seen, error) from None
        raise
    if seen.entry is not None or seen.copy is None or has_bytes_of(seen.copy, newest.tree.listing):
        return newest
    return _earlier_version(wiki, name, seen.copy, head) or newest


def _earlier_version(wiki: Wiki, name: SkillName, copy: Copy, head: Commit) -> Skill | None:
    for commit in wiki.versions(name, head, most=_MOST_VERSIONS):
        try:
            skill = wiki.read_skill(commit, name)
        except TooSlowError:
            raise
        except WikipinError:  # it was no skill then
            continue
        if has_bytes_of(copy, skill.tree.listing):
            return skill
    return None

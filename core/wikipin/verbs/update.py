"""The verb `update`: a skill that is installed, to what the wiki has, forward unless a person says otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wikipin.asset import SKILL, Asset
from wikipin.errors import WikipinError
from wikipin.names import HEAD, Commit, PlanDigest, RelPath, Revision, SkillName, is_skill_name
from wikipin.plan import refusal
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.change import Change, Consent
from wikipin.plan.exposure import Exposure
from wikipin.plan.lockfile import Accepted
from wikipin.plan.plan import plan_update, require_plan, with_acceptance
from wikipin.plan.state import Pinned, ProjectSkill, Situation
from wikipin.project.project import Project
from wikipin.remedy import Call, Remedy
from wikipin.review.active import Act, added
from wikipin.skill import Skill
from wikipin.tree import Copy, File, FileChange, Tree, compare
from wikipin.verbs.install import Installed
from wikipin.verbs.pins import read_pins
from wikipin.verbs.warnings import content_warnings, exposure_warnings, named, review_warnings
from wikipin.wiki.wiki import Wiki


@dataclass(frozen=True)
class Updated(Installed):
    """What an update did, or, where `installed_at` is None, would do; `changes` are those of the copy's files."""

    previous_commit: Commit
    changes: list[FileChange]
    is_changed: bool
    acts_added: tuple[Act, ...] = ()
    backups: Sequence[str] = ()


@dataclass(frozen=True)
class Wish:
    """What an update is asked for."""

    ref: Revision = HEAD
    plan: PlanDigest | None = None
    consent: Consent = field(default_factory=Consent)
    exposure: Exposure = field(default_factory=Exposure)
    acceptance: Acceptance | None = None
    dry_run: bool = False


def update(wiki_path: Path, project: Project, name: SkillName, wish: Wish | None = None) -> Updated:
    """Bring skill `name` to what it is at the ref that is wished for, whole; raises WikipinError as `install` does."""
    wish = wish or Wish()
    with Wiki(wiki_path) as wiki:
        return _update(wiki, project, name, wish, wiki.resolve(wish.ref))


def update_all(
    wiki_path: Path, project: Project, wish: Wish | None = None
) -> tuple[list[Updated], list[tuple[str, WikipinError]]]:
    """Bring every skill of the lockfile to one commit; return what was done, and each skill that was refused."""
    wish = wish or Wish()
    done: list[Updated] = []
    refused: list[tuple[str, WikipinError]] = []
    with Wiki(wiki_path) as wiki:
        commit = wiki.resolve(wish.ref)
        for name in project.survey().lockfile.entries:
            try:
                if not is_skill_name(name):
                    raise refusal.foreign_name(project.look(name))
                wiki.deadline.renew()
                done.append(_update(wiki, project, SkillName(name), wish, commit))
            except WikipinError as error:
                refused.append((name, error))
    return done, refused


def _update(wiki: Wiki, project: Project, name: SkillName, wish: Wish, commit: Commit) -> Updated:
    try:
        skill = wiki.read_skill(commit, name)
    except WikipinError as error:
        if error.code == "not-in-wiki" and (seen := project.look(name)).entry is not None:
            raise refusal.dropped(seen, error) from None
        raise
    decide = _decision(wiki, skill, wish)
    seen = project.look(name)
    require_plan(skill, wish.plan)
    change = decide(seen)
    accepted, found = _reviewed(skill, wish, seen, change)
    new = added(skill.tree, _installed_tree(wiki, project, skill, seen)) if change is not None else ()
    if change is None or wish.dry_run:
        return replace(_unwritten(wiki, skill, wish, seen, change, found=found), acts_added=new)
    with project.change([(change, skill.tree)]) as locked:
        seen = locked.look(name)
        if (change := decide(seen)) is None:  # another program has done it meanwhile
            return _unwritten(wiki, skill, wish, seen, None)
        done = locked.commit(with_acceptance(change, accepted))
    answer = _unwritten(wiki, skill, wish, seen, change, found=found)
    warnings = [*answer.warnings, *exposure_warnings(done)]
    return replace(
        answer,
        installed_at=done.installed_at,
        exposed=done.exposed,
        warnings=warnings,
        acts_added=new,
        backups=tuple(done.backups),
    )


def _installed_tree(wiki: Wiki, project: Project, skill: Skill, seen: ProjectSkill) -> Tree | None:
    """Return what an update starts from: the copy, if nobody edited it, else what the wiki has at the pin, or None."""
    copy, entry = seen.copy, seen.entry
    if copy is not None and copy.plan == skill.tree.plan:
        return skill.tree
    if copy is not None and seen.situation() is Situation.CLEAN:
        contents = project.read_copy(skill.name, copy.listing)
        marks = copy.listing.items()
        return Tree(tuple(File(RelPath(path), contents.get(path, b""), mark.executable) for path, mark in marks))
    try:
        return wiki.read_skill(entry.commit, skill.name).tree if entry is not None else None
    except WikipinError:
        return None


def _reviewed(
    skill: Skill, wish: Wish, seen: ProjectSkill, change: Change | None
) -> tuple[Accepted | None, list[str | Remedy]]:
    """Ask for a review where bytes come into the project."""
    if change is None or not change.swap:
        return None, []
    return review_warnings(skill, wish.acceptance, seen.entry, _call(skill, wish), dry_run=wish.dry_run)


def _call(skill: Skill, wish: Wish) -> Call:
    consent = wish.consent
    return Call(
        "update",
        Asset(SKILL, skill.name),
        ref=named(wish.ref),
        allow_rollback=consent.allow_rollback,
        discard_edits=consent.discard_edits,
    )


def _decision(wiki: Wiki, skill: Skill, wish: Wish) -> Callable[[ProjectSkill], Change | None]:
    def decide(seen: ProjectSkill) -> Change | None:
        pinned = read_pins(wiki, [seen], skill.commit).get(skill.name, Pinned(is_known=False, is_ancestor=False))
        keep_pin = wish.ref == HEAD
        return plan_update(skill.edition, seen, pinned, wish.exposure, wish.consent, keep_pin=keep_pin)

    return decide


def _unwritten(
    wiki: Wiki,
    skill: Skill,
    wish: Wish,
    seen: ProjectSkill,
    change: Change | None,
    *,
    found: Sequence[str | Remedy] = (),
) -> Updated:
    """Answer an update that is not, or not yet, written: nothing is to be done, or it was only asked what would be."""
    if seen.entry is None:
        raise AssertionError("what is updated has an entry")
    entry = change.entry if change is not None and change.entry is not None else seen.entry
    return Updated(
        replace(skill, commit=entry.commit),
        seen.entry.installed_at if change is None and not wish.dry_run else None,
        list(entry.exposed or []),
        [*content_warnings(wiki, skill, wish.ref), *found],
        _call(skill, wish),
        seen.entry.commit,
        compare(seen.copy.listing if seen.copy else {}, Copy(skill.tree.listing)),
        is_changed=change is not None,
    )

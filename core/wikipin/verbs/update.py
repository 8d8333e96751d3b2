"""The verb `update`: bring what is installed to what the wiki has, forward unless a person agrees to go back."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.names import HEAD, Commit, PlanDigest, RelPath, Revision, SkillName, is_skill_name
from wikipin.pin import Pin
from wikipin.plan import refusal
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.change import Change, Consent
from wikipin.plan.entry import Accepted
from wikipin.plan.exposure import Exposure
from wikipin.plan.plan import plan_update, require_plan
from wikipin.plan.state import Pinned, ProjectSkill, Situation
from wikipin.project.placing import Outcome
from wikipin.project.project import Project
from wikipin.remedy import Call
from wikipin.skill import Edition, Skill
from wikipin.tree import Copy, File, FileChange, Tree, compare
from wikipin.verbs.content import Content, content_of
from wikipin.verbs.install import Installed
from wikipin.verbs.outcomes import Outcomes
from wikipin.verbs.pins import Pins
from wikipin.verbs.warnings import Warnings, content_warnings, exposure_warnings, named, review_warnings
from wikipin.wiki.wiki import Wiki

if TYPE_CHECKING:
    from wikipin.review.active import Act


@dataclass(frozen=True)
class Updated(Installed):
    """The result of an update, or, if `installed_at` is None, of a dry run; `changes` are those of the copy's files."""

    previous_commit: Commit
    changes: Sequence[FileChange]
    is_changed: bool
    acts_added: Sequence["Act"] = ()
    backups: Sequence[str] = ()


def update(
    wiki: Wiki,
    project: Project,
    asset: Asset,
    *,
    ref: Revision = HEAD,
    plan: PlanDigest | None = None,
    consent: Consent | None = None,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
    dry_run: bool = False,
) -> Updated:
    """Bring `asset` to what it is at `ref`, whole. The other arguments, and what it raises, are those of `install`."""
    call = _Update(
        wiki,
        project,
        ref,
        plan=plan,
        consent=consent or Consent(),
        exposure=exposure or Exposure(),
        acceptance=acceptance,
        dry_run=dry_run,
    )
    return call.run([asset]).only()


def update_all(
    wiki: Wiki,
    project: Project,
    assets: Sequence[Asset] | None = None,
    *,
    ref: Revision = HEAD,
    consent: Consent | None = None,
    exposure: Exposure | None = None,
    acceptance: Acceptance | None = None,
    dry_run: bool = False,
) -> Outcomes[Updated]:
    """Bring each of `assets`, or all of the lockfile if they are None, to one commit, all as one change.

    Those that are refused are left out. If all are updated, nothing is read of an asset whose tree is the same at its
    pin and at that commit: its copy is compared with the lockfile.
    """
    call = _Update(
        wiki,
        project,
        ref,
        consent=consent or Consent(),
        exposure=exposure or Exposure(),
        acceptance=acceptance,
        dry_run=dry_run,
        is_quick=assets is None,
    )
    entries = project.survey([]).lockfile.entries
    wanted = list(entries) if assets is None else assets
    call.pins.read(entries, wanted)
    return call.run(wanted)


@dataclass
class _Update:
    """One call: its arguments, and what it has read of each asset so far."""

    wiki: Wiki
    project: Project
    ref: Revision
    _: KW_ONLY
    consent: Consent
    exposure: Exposure
    acceptance: Acceptance | None
    dry_run: bool
    plan: PlanDigest | None = None
    is_quick: bool = False
    skill: Skill | None = None
    """The skill that was read last: the bytes of only one are in memory."""

    before: dict[Asset, ProjectSkill] = field(default_factory=dict[Asset, ProjectSkill])
    editions: dict[Asset, Edition] = field(default_factory=dict[Asset, Edition])
    accepted: dict[Asset, Accepted | None] = field(default_factory=dict[Asset, Accepted | None])
    contents: dict[Asset, tuple[Content, Warnings]] = field(default_factory=dict[Asset, tuple[Content, Warnings]])
    acts_added: dict[Asset, Sequence["Act"]] = field(default_factory=dict[Asset, Sequence["Act"]])

    @cached_property
    def pins(self) -> Pins:
        """What the wiki says of pins, as seen from the one commit of the call."""
        return Pins(self.wiki, self.wiki.resolve(self.ref))

    def run(self, assets: Sequence[Asset]) -> Outcomes[Updated]:
        """Update them."""
        _ = self.pins  # a ref that is not there is refused before the project is looked at
        applied = self.project.apply(assets, self._decide, self._read_tree, dry_run=self.dry_run)
        return Outcomes(
            {asset: self._updated(asset, outcome) for asset, outcome in applied.done.items()},
            {asset: self._updated(asset, None) for asset in applied.unchanged},
            applied.failed,
        )

    def _decide(self, seen: ProjectSkill) -> Change | None:
        self.before[seen.asset] = seen
        pinned = self.pins.of(seen)
        if self._is_current(seen, pinned):
            return None
        if seen.entry is not None and pinned.is_known and not pinned.is_ancestor:
            pinned = replace(pinned, is_newer=self.pins.is_older_than(seen.entry.commit))
        if seen.asset not in self.editions:
            self.editions[seen.asset] = self._edition(seen, pinned)
        return plan_update(
            self.editions[seen.asset],
            seen,
            pinned,
            self.exposure,
            self.consent,
            accepted=self.accepted.get(seen.asset),
            keep_pin=self.ref == HEAD,
        )

    def _is_current(self, seen: ProjectSkill, pinned: Pinned) -> bool:
        """Tell whether there is nothing to do, as `plan_update` would find too, in more time; of all, that is most."""
        entry = seen.entry
        if not self.is_quick or self.ref != HEAD or self.exposure.is_asked or entry is None or not pinned.is_ancestor:
            return False
        is_said = entry.digests is not None and entry.executable is not None and entry.exposed is not None
        return is_said and not seen.not_exposed and self._is_same(seen, pinned)

    def _is_same(self, seen: ProjectSkill, pinned: Pinned) -> bool:
        """Tell whether the copy is as it was installed, and the wiki has the same tree at the pin and now."""
        is_same = pinned.tree_id is not None and pinned.tree_id == self.pins.tree_id(seen.asset)
        return is_same and seen.situation() is Situation.CLEAN

    def _edition(self, seen: ProjectSkill, pinned: Pinned) -> Edition:
        asset = seen.asset
        if seen.entry is not None and not is_skill_name(asset.name):
            raise refusal.foreign_name(seen)
        installed = seen.installed() if self.is_quick and self._is_same(seen, pinned) else None
        if installed is not None:
            return Edition(asset, Pin(self.pins.at), installed)
        skill = self._read(seen)
        require_plan(skill, self.plan)
        return skill.edition

    def _read(self, seen: ProjectSkill) -> Skill:
        asset = seen.asset
        self.wiki.deadline.renew()
        try:
            self.skill = self.wiki.read_skill(self.pins.at, SkillName(asset.name))
        except WikipinError as error:
            if error.code == "not-in-wiki" and seen.entry is not None:
                raise refusal.dropped(seen, error, is_gone=self._is_gone(seen)) from None
            raise
        self.contents[asset] = content_of(self.skill), [*content_warnings(self.wiki, self.skill, self.ref)]
        return self.skill

    def _is_gone(self, seen: ProjectSkill) -> bool:
        """Tell whether the wiki had an asset at its pin, and no longer has it."""
        return self.pins.of(seen).is_known and not self.wiki.tree_ids(self.wiki.resolve(), [seen.asset.name])

    def _read_tree(self, seen: ProjectSkill, change: Change) -> Tree:
        skill = self.skill if self.skill is not None and self.skill.asset == seen.asset else self._read(seen)
        if change.replace:
            call = self._call(seen.asset)
            accepted, found = review_warnings(skill, self.acceptance, seen.entry, call, dry_run=self.dry_run)
            self.accepted[seen.asset] = accepted
            self.contents[seen.asset][1].extend(found)
        from wikipin.review.active import added  # noqa: PLC0415 - its tables take longer to make than most verbs to run

        self.acts_added[seen.asset] = added(skill.tree, self._installed_tree(seen, skill))
        return skill.tree

    def _call(self, asset: Asset) -> Call:
        consent = vars(self.consent)
        return Call("update", asset, ref=named(self.ref), **consent)

    def _installed_tree(self, seen: ProjectSkill, skill: Skill) -> Tree | None:
        """Return the files before an update: the copy, if nobody edited it, else the pin's; None if both are gone."""
        copy, entry = seen.copy, seen.entry
        if copy is not None and copy.digest == skill.tree.digest:
            return skill.tree
        if copy is not None and seen.situation() is Situation.CLEAN:
            contents = self.project.read_copy(seen.asset, copy.listing)
            marks = copy.listing.items()
            return Tree(tuple(File(RelPath(path), contents.get(path, b""), mark.executable) for path, mark in marks))
        try:
            return self.wiki.read_skill(entry.commit, skill.name).tree if entry is not None else None
        except WikipinError:
            return None

    def _updated(self, asset: Asset, outcome: Outcome | None) -> Updated:
        """Return the result of one asset; `outcome` is None if there was nothing to do."""
        seen = self.before[asset]
        if seen.entry is None:
            raise AssertionError("what is updated has an entry")
        edition = self.editions.get(asset) or Edition(asset, seen.entry.pin, seen.installed() or {})
        content, warnings = self.contents.get(asset) or (Content(asset, edition.commit, edition.digest, (), ()), [])
        entry = seen.entry if outcome is None or outcome.change.entry is None else outcome.change.entry
        is_written = outcome is not None and not self.dry_run
        return Updated(
            replace(content, commit=entry.commit),
            None if self.dry_run else entry.installed_at,
            outcome.exposed if outcome is not None and is_written else list(entry.exposed or []),
            [*warnings, *(exposure_warnings(outcome) if outcome is not None else [])],
            self._call(asset),
            seen.entry.commit,
            compare(seen.copy.listing if seen.copy else {}, Copy(edition.listing)),
            outcome is not None,
            self.acts_added.get(asset, ()),
            outcome.backups if outcome is not None else (),
        )

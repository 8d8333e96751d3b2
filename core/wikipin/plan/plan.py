"""What an operation does, decided from values alone. Every refusal about the state of a project is raised here.

No I/O. `table.TABLE` says for each verb and situation what is done, or with which code it is refused; the functions
here add what the wiki and the exposures have to say. Each verb runs its decision twice: on what is seen without the
lock, where it can only refuse, and on what is seen under it, which is then done.
"""

from collections.abc import Sequence
from dataclasses import replace

from wikipin.names import Commit, PlanDigest, is_skill_name
from wikipin.plan import refusal
from wikipin.plan.change import COPY, Change, Consent
from wikipin.plan.exposure import Exposure, ExposureState, exposed_path, exposed_word
from wikipin.plan.lockfile import Accepted, Entry
from wikipin.plan.state import Pinned, ProjectSkill, Situation
from wikipin.plan.table import TABLE, Action, Verb
from wikipin.skill import Edition, Skill
from wikipin.tree import Copy, Listing, compare, plan_digest


def require_plan(skill: Skill, plan: PlanDigest | None) -> None:
    """Refuse, with `plan-changed`, where the caller expects other content than the skill has."""
    if plan is not None and plan != skill.tree.plan:
        raise refusal.plan_changed(skill)


def plan_install(edition: Edition, seen: ProjectSkill, exposure: Exposure) -> Change:
    """Return what an install does; refuse with `already-installed` or `exposure-conflict`."""
    _decide("install", seen)
    return _put(edition, seen, exposure)


def plan_adopt(edition: Edition, seen: ProjectSkill, exposure: Exposure) -> Change:
    """Return what it takes to record a copy that has the bytes of `edition`, and to put its modes right.

    Else refuse, with `local-edits`, file by file.
    """
    _decide("adopt", seen)
    if seen.copy is None or not has_bytes_of(seen.copy, edition.listing):
        raise refusal.not_the_wikis(edition, seen)
    return replace(_put(edition, seen, exposure), clean=seen.copy.plan)


def has_bytes_of(copy: Copy, listing: Listing) -> bool:
    """Tell whether a copy has the files of `listing` and nothing else, whatever their modes."""
    return all(found.change == "mode" for found in compare(listing, copy))


def plan_update(
    edition: Edition, seen: ProjectSkill, pinned: Pinned, exposure: Exposure, consent: Consent, *, keep_pin: bool
) -> Change | None:
    """Return what an update to `edition` does, or None where nothing is to be done.

    With `keep_pin`, a pin that has the same bytes stays: another skill's commit is no news. Refuses with
    `not-installed`, `would-roll-back`, `local-edits` or `exposure-conflict`.
    """
    goes_back = not (pinned.is_known and pinned.is_ancestor)
    ref = None if keep_pin else edition.commit
    needed = Consent(allow_rollback=goes_back, discard_edits=True)
    _decide("update", seen, pinned.listing, consent, needed=needed, ref=ref, edition=edition)
    if goes_back and not consent.allow_rollback:
        raise refusal.would_roll_back(edition, seen, pinned, replace(consent, allow_rollback=True), ref)
    if seen.entry is None:
        raise AssertionError("what has no entry is not updated")
    if keep_pin and not goes_back and seen.installed(pinned.listing) == edition.listing:
        edition = replace(edition, commit=seen.entry.commit)
    return _settled(_put(edition, seen, exposure, pinned.listing), seen.entry)


def plan_restore(seen: ProjectSkill, pinned: Listing | None, exposure: Exposure) -> Change | None:
    """Return what it takes to have a skill as its entry says, or None where it is so.

    `pinned` is the skill at its pin, needed where `seen` does not say by itself what was installed. Refuses with
    `not-installed`, `invalid-name`, `local-edits` or `exposure-conflict`.
    """
    if seen.entry is not None and not is_skill_name(seen.name):
        if seen.situation(pinned) is Situation.CLEAN:
            return None
        raise refusal.foreign_name(seen)
    ref = seen.entry.commit if seen.entry is not None else None
    _decide("restore", seen, pinned, needed=Consent(discard_edits=True), ref=ref)
    installed = seen.installed(pinned)
    if seen.entry is None or installed is None:
        raise AssertionError("what is restored has an entry, and is known")
    edition = Edition(seen.name, seen.entry.commit, installed)
    change = _settled(_put(edition, seen, exposure, pinned), seen.entry)
    if change is None or change.entry is None or not (change.swap or change.link):
        return None  # what an entry does not say yet is no reason to write it
    return replace(change, entry=replace(change.entry, installed_at=seen.entry.installed_at))


def plan_remove(seen: ProjectSkill, pinned: Listing | None, consent: Consent) -> Change:
    """Return what a removal does: exposures that are ours, copy and entry go. Refuses as its row of TABLE says."""
    _decide("remove", seen, pinned, consent)
    standing = seen.exposures
    shown = [word for word in _owned(seen) if standing[word] is ExposureState.LINK or isinstance(standing[word], Copy)]
    take = (*shown, *([COPY] if seen.copy is not None else []))
    return Change(seen.name, take=take, old=_directories(seen, take), clean=_clean(seen, pinned))


def _decide(
    verb: Verb,
    seen: ProjectSkill,
    pinned: Listing | None = None,
    consent: Consent | None = None,
    *,
    needed: Consent | None = None,
    ref: Commit | None = None,
    edition: Edition | None = None,
) -> None:
    """Refuse where TABLE does. What is `edition` already is not lost when `edition` replaces it."""
    situation = seen.situation(pinned)
    if seen.entry is not None and edition is not None and _is(seen, edition):
        situation = Situation.CLEAN
    if situation in {Situation.EDITED, Situation.UNVERIFIED} and consent is not None and consent.discard_edits:
        situation = Situation.CLEAN
    match TABLE[situation][verb]:
        case Action():
            return
        case "already-installed":
            raise refusal.already_installed(seen)
        case "not-installed":
            raise refusal.not_installed(seen, verb)
        case "local-edits":
            raise refusal.local_edits(seen, seen.changes(pinned), verb, needed or Consent(), ref)


def _is(seen: ProjectSkill, edition: Edition) -> bool:
    copies = [seen.copy, *(found for found in seen.exposures.values() if isinstance(found, Copy))]
    return all(copy is not None and copy.plan == edition.plan for copy in copies)


def _put(edition: Edition, seen: ProjectSkill, exposure: Exposure, pinned: Listing | None = None) -> Change:
    """Return what makes the copy, and each exposure, be `edition`; what is so already is left."""
    is_owned = seen.entry is not None and seen.entry.exposed is not None
    words = _owned(seen) if is_owned else exposure.words
    swap, link, taken = list[str](), list[str](), list[str]()
    if seen.copy is None or seen.copy.plan != edition.plan:
        swap.append(COPY)
    for word in words:
        match seen.exposures[word]:
            case Copy() as copy:
                swap += [word] if copy.plan != edition.plan else []
            case ExposureState.NOTHING:
                (link if exposure.mode == "link" else swap).append(word)
            case ExposureState.LINK if is_owned or exposure.mode == "link":
                pass
            case _:
                taken.append(exposed_path(word, edition.name))
    if taken:
        others = [word for word in words if exposed_path(word, edition.name) not in taken]
        raise refusal.exposure_conflict(taken, others, is_owned=is_owned)
    entry = Entry(
        edition.commit,
        "",
        {path: mark.sha256 for path, mark in edition.listing.items()},
        sorted(path for path, mark in edition.listing.items() if mark.executable),
        sorted({*_others(seen), *(exposed_path(word, edition.name) for word in words)}),
        _still_accepted(edition, seen),
    )
    old = _directories(seen, swap)
    return Change(edition.name, entry, edition.plan, tuple(swap), tuple(link), (), old, _clean(seen, pinned))


def _still_accepted(edition: Edition, seen: ProjectSkill) -> Accepted | None:
    accepted = seen.entry.accepted if seen.entry is not None else None
    return accepted if accepted is not None and accepted.plan == edition.plan else None


def with_acceptance(change: Change, accepted: Accepted | None) -> Change:
    """Return the change with what its entry records of an acceptance."""
    if accepted is None or change.entry is None:
        return change
    return replace(change, entry=replace(change.entry, accepted=accepted))


def _settled(change: Change, entry: Entry) -> Change | None:
    """Keep the time of an entry that says what it said; None where there is nothing else to do."""
    if change.entry is None or replace(change.entry, installed_at=entry.installed_at) != _plain(entry):
        return change
    return replace(change, entry=entry) if change.swap or change.link else None


def _plain(entry: Entry) -> Entry:
    """Return an entry as `_put` makes them, so that two can be compared."""
    return replace(
        entry,
        digests=None if entry.digests is None else dict(entry.digests),
        executable=None if entry.executable is None else sorted(entry.executable),
        exposed=None if entry.exposed is None else sorted(entry.exposed),
    )


def _owned(seen: ProjectSkill) -> list[str]:
    """Return the words of the exposures that the lockfile says are ours."""
    exposed = seen.entry.exposed if seen.entry is not None else None
    words = [exposed_word(path, seen.name) for path in exposed or []]
    return [word for word in words if word is not None]


def _others(seen: ProjectSkill) -> list[str]:
    """Return what else stands in `exposed`: what another tool made is recorded there, and left alone."""
    exposed = seen.entry.exposed if seen.entry is not None else None
    return [path for path in exposed or [] if exposed_word(path, seen.name) is None]


def _directories(seen: ProjectSkill, slots: Sequence[str]) -> dict[str, str]:
    """Return by slot the digest of the directory that stands there now."""
    standing = {COPY: seen.copy, **seen.exposures}
    return {slot: copy.plan for slot in slots if isinstance(copy := standing[slot], Copy)}


def _clean(seen: ProjectSkill, pinned: Listing | None) -> str | None:
    installed = seen.installed(pinned)
    return None if installed is None else plan_digest(installed)

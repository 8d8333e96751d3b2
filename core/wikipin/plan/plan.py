"""The decision of each verb, from values alone. Every refusal about the state of a project is raised here.

No I/O. `table.TABLE` has, for each verb and situation, an action or the code of a refusal. The functions here add what
follows from the wiki and from the exposures. Each decision is made twice: on what is seen without the lock, when it can
only refuse, and on what is seen under the lock, when it is then carried out.
"""

from collections.abc import Sequence
from dataclasses import replace

from wikipin.names import Commit, PlanDigest, is_skill_name
from wikipin.plan import refusal
from wikipin.plan.change import COPY, Change, Consent
from wikipin.plan.entry import Accepted, Entry
from wikipin.plan.exposure import Exposure, ExposureState
from wikipin.plan.state import Pinned, ProjectSkill, Situation, is_ours
from wikipin.plan.table import TABLE, Action, Verb
from wikipin.skill import Edition, Skill
from wikipin.tree import Copy, Listing, compare, digest_of


def require_plan(skill: Skill, plan: PlanDigest | None) -> None:
    """Refuse, with `plan-changed`, if the caller expects other content than the skill has."""
    if plan is not None and plan != skill.tree.digest:
        raise refusal.plan_changed(skill)


def plan_install(edition: Edition, seen: ProjectSkill, exposure: Exposure, accepted: Accepted | None = None) -> Change:
    """Return the change of an install; refuse with `already-installed` or `exposure-conflict`."""
    _decide("install", seen)
    return _change_to(edition, seen, exposure, accepted)


def plan_adopt(edition: Edition, seen: ProjectSkill, exposure: Exposure, accepted: Accepted | None = None) -> Change:
    """Return the change that records a copy with the bytes of `edition`, and puts its modes right.

    Refuse a copy with other bytes, with `local-edits`, file by file.
    """
    _decide("adopt", seen)
    if seen.copy is None or not has_bytes_of(seen.copy, edition.listing):
        raise refusal.not_the_wikis(edition, seen)
    return replace(_change_to(edition, seen, exposure, accepted), disposable=seen.copy.digest)


def has_bytes_of(copy: Copy, listing: Listing) -> bool:
    """Tell whether a copy has the files of `listing` and nothing else, whatever their modes."""
    return all(found.change == "mode" for found in compare(listing, copy))


def plan_update(
    edition: Edition,
    seen: ProjectSkill,
    pinned: Pinned,
    exposure: Exposure,
    consent: Consent,
    *,
    keep_pin: bool,
    accepted: Accepted | None = None,
) -> Change | None:
    """Return the change of an update to `edition`; None if nothing is to be done.

    With `keep_pin`, a pin that has the same bytes stays: another skill's commit is no update. Refuses with
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
        edition = replace(edition, pin=seen.entry.pin)
    return _unless_done(_change_to(edition, seen, exposure, accepted, pinned.listing), seen.entry)


def plan_restore(seen: ProjectSkill, pinned: Listing | None, exposure: Exposure) -> Change | None:
    """Return the change that brings a skill to what its entry says; None if nothing is to be done.

    `pinned` is the skill at its pin, needed if `seen` does not say by itself what was installed. Refuses with
    `not-installed`, `invalid-name`, `local-edits` or `exposure-conflict`.
    """
    if seen.entry is not None and not is_skill_name(seen.asset.name):
        if seen.situation(pinned) is Situation.CLEAN:
            return None
        raise refusal.foreign_name(seen)
    ref = seen.entry.commit if seen.entry is not None else None
    _decide("restore", seen, pinned, needed=Consent(discard_edits=True), ref=ref)
    installed = seen.installed(pinned)
    if seen.entry is None or installed is None:
        raise AssertionError("what is restored has an entry, and is known")
    edition = Edition(seen.asset, seen.entry.pin, installed)
    change = _unless_done(_change_to(edition, seen, replace(exposure, is_asked=False), None, pinned), seen.entry)
    if change is None or change.entry is None or not (change.replace or change.link):
        return None  # an entry that could say more is no reason to write it
    return replace(change, entry=replace(change.entry, installed_at=seen.entry.installed_at))


def plan_remove(seen: ProjectSkill, pinned: Listing | None, consent: Consent) -> Change:
    """Return the change of a removal: our exposures, the copy and the entry go. Refuses as TABLE says."""
    _decide("remove", seen, pinned, consent)
    standing = seen.exposures
    shown = [word for word in _owned(seen) if is_ours(standing[word])]
    remove = (*shown, *([COPY] if seen.copy is not None else []))
    return Change(
        seen.asset, remove=remove, displaced=_directories(seen, remove), disposable=_installed_digest(seen, pinned)
    )


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
    """Refuse if TABLE does. A copy that is `edition` already loses nothing when `edition` replaces it."""
    situation = seen.situation(pinned)
    if seen.entry is not None and edition is not None and _is_exactly(seen, edition):
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


def _is_exactly(seen: ProjectSkill, edition: Edition) -> bool:
    copies = [seen.copy, *(found for found in seen.exposures.values() if isinstance(found, Copy))]
    return all(copy is not None and copy.digest == edition.digest for copy in copies)


def _change_to(
    edition: Edition,
    seen: ProjectSkill,
    exposure: Exposure,
    accepted: Accepted | None = None,
    pinned: Listing | None = None,
) -> Change:
    """Return the change that brings the copy and each exposure to `edition`; matching slots stay as they are."""
    is_owned = seen.entry is not None and seen.entry.exposed is not None
    owned = _owned(seen)
    words = owned if is_owned and not exposure.is_asked else exposure.words
    replaced, link, taken = list[str](), list[str](), list[str]()
    if seen.copy is None or seen.copy.digest != edition.digest:
        replaced.append(COPY)
    for word in words:
        match seen.exposures[word]:
            case Copy() as copy:
                replaced += [word] if copy.digest != edition.digest else []
            case ExposureState.NOTHING:
                (link if exposure.mode == "link" else replaced).append(word)
            case ExposureState.LINK if word in owned or exposure.mode == "link":
                pass
            case _:
                taken.append(edition.asset.exposed_path(word))
    if taken:
        others = [word for word in words if edition.asset.exposed_path(word) not in taken]
        raise refusal.exposure_conflict(taken, others, is_owned=is_owned)
    remove = [word for word in owned if word not in words and is_ours(seen.exposures[word])]
    return Change(
        edition.asset,
        _entry(edition, seen, words, accepted),
        edition.digest,
        replaced,
        link,
        remove,
        _directories(seen, [*replaced, *remove]),
        _installed_digest(seen, pinned),
    )


def _entry(edition: Edition, seen: ProjectSkill, words: Sequence[str], accepted: Accepted | None) -> Entry:
    """Return the entry of a change to `edition`, without its time. Exposures that another tool recorded stay."""
    before = seen.entry.accepted if seen.entry is not None else None
    still = before if before is not None and before.plan == edition.digest else None
    return Entry(
        edition.pin,
        "",
        {path: mark.sha256 for path, mark in edition.listing.items()},
        sorted(path for path, mark in edition.listing.items() if mark.executable),
        sorted({*_others(seen), *map(edition.asset.exposed_path, words)}),
        accepted or still,
    )


def _unless_done(change: Change, entry: Entry) -> Change | None:
    """Return the change, with the old time if its entry equals the old one; None if nothing else is to be done."""
    if change.entry is None or replace(change.entry, installed_at=entry.installed_at) != entry:
        return change
    return replace(change, entry=entry) if change.replace or change.link or change.remove else None


def _owned(seen: ProjectSkill) -> list[str]:
    """Return the words of the exposures that the lockfile says are ours."""
    exposed = seen.entry.exposed if seen.entry is not None else None
    words = [seen.asset.exposed_word(path) for path in exposed or []]
    return [word for word in words if word is not None]


def _others(seen: ProjectSkill) -> list[str]:
    """Return the other paths of `exposed`: another tool made and recorded these exposures, and they stay."""
    exposed = seen.entry.exposed if seen.entry is not None else None
    return [path for path in exposed or [] if seen.asset.exposed_word(path) is None]


def _directories(seen: ProjectSkill, slots: Sequence[str]) -> dict[str, str]:
    """Return the digest of the directory that stands at each slot now."""
    standing = {COPY: seen.copy, **seen.exposures}
    return {slot: copy.digest for slot in slots if isinstance(copy := standing[slot], Copy)}


def _installed_digest(seen: ProjectSkill, pinned: Listing | None) -> str | None:
    installed = seen.installed(pinned)
    return None if installed is None else digest_of(installed)

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
from wikipin.plan.exposure import Exposure, Standing, exposed_path, exposed_word
from wikipin.plan.lockfile import Accepted, Entry
from wikipin.plan.state import Evidence, Pinned, Situation
from wikipin.plan.table import TABLE, Action, Verb
from wikipin.skill import Edition, Skill
from wikipin.tree import Copy, Listing, compare, plan_digest


def require_plan(skill: Skill, plan: PlanDigest | None) -> None:
    """Refuse, with `plan-changed`, where the caller expects other content than the skill has."""
    if plan is not None and plan != skill.tree.plan:
        raise refusal.plan_changed(skill)


def plan_install(edition: Edition, evidence: Evidence, exposure: Exposure) -> Change:
    """Return what an install does; refuse with `already-installed` or `exposure-conflict`."""
    _decide("install", evidence)
    return _put(edition, evidence, exposure)


def plan_adopt(edition: Edition, evidence: Evidence, exposure: Exposure) -> Change:
    """Return what it takes to record a copy that has the bytes of `edition`, and to put its modes right.

    Else refuse, with `local-edits`, file by file.
    """
    _decide("adopt", evidence)
    if evidence.copy is None or not has_bytes_of(evidence.copy, edition.listing):
        raise refusal.not_the_wikis(edition, evidence)
    return replace(_put(edition, evidence, exposure), clean=evidence.copy.plan)


def has_bytes_of(copy: Copy, listing: Listing) -> bool:
    """Tell whether a copy has the files of `listing` and nothing else, whatever their modes."""
    return all(found.change == "mode" for found in compare(listing, copy))


def plan_update(
    edition: Edition, evidence: Evidence, pinned: Pinned, exposure: Exposure, consent: Consent, *, keep_pin: bool
) -> Change | None:
    """Return what an update to `edition` does, or None where nothing is to be done.

    With `keep_pin`, a pin that has the same bytes stays: another skill's commit is no news. Refuses with
    `not-installed`, `would-roll-back`, `local-edits` or `exposure-conflict`.
    """
    goes_back = not (pinned.is_known and pinned.is_ancestor)
    ref = None if keep_pin else edition.commit
    needed = Consent(allow_rollback=goes_back, discard_edits=True)
    _decide("update", evidence, pinned.listing, consent, needed=needed, ref=ref, edition=edition)
    if goes_back and not consent.allow_rollback:
        raise refusal.would_roll_back(edition, evidence, pinned, replace(consent, allow_rollback=True), ref)
    if evidence.entry is None:
        raise AssertionError("what has no entry is not updated")
    if keep_pin and not goes_back and evidence.installed(pinned.listing) == edition.listing:
        edition = replace(edition, commit=evidence.entry.commit)
    return _settled(_put(edition, evidence, exposure, pinned.listing), evidence.entry)


def plan_restore(
    evidence: Evidence, pinned: Listing | None, exposure: Exposure, *, can_read_pin: bool = True
) -> Change | None:
    """Return what it takes to have a skill as its entry says, or None where it is so.

    `pinned` is the skill at its pin, needed where `evidence` does not say by itself what was installed; `can_read_pin`
    says what may be promised to whoever gives up edits. Refuses with `not-installed`, `invalid-name`, `local-edits` or
    `exposure-conflict`.
    """
    if evidence.entry is not None and not is_skill_name(evidence.name):
        if evidence.situation(pinned) is Situation.CLEAN:
            return None
        raise refusal.foreign_name(evidence)
    ref = evidence.entry.commit if evidence.entry is not None and can_read_pin else None
    needed = Consent(discard_edits=True, allow_rollback=ref is None)
    _decide("restore", evidence, pinned, needed=needed, ref=ref)
    installed = evidence.installed(pinned)
    if evidence.entry is None or installed is None:
        raise AssertionError("what is restored has an entry, and is known")
    edition = Edition(evidence.name, evidence.entry.commit, installed)
    change = _settled(_put(edition, evidence, exposure, pinned), evidence.entry)
    if change is None or change.entry is None or not (change.swap or change.link):
        return None  # what an entry does not say yet is no reason to write it
    return replace(change, entry=replace(change.entry, installed_at=evidence.entry.installed_at))


def plan_remove(evidence: Evidence, pinned: Listing | None, consent: Consent) -> Change:
    """Return what a removal does: exposures that are ours, copy and entry go. Refuses as its row of TABLE says."""
    _decide("remove", evidence, pinned, consent)
    standing = evidence.exposures
    shown = [word for word in _owned(evidence) if standing[word] is Standing.LINK or isinstance(standing[word], Copy)]
    take = (*shown, *([COPY] if evidence.copy is not None else []))
    return Change(evidence.name, take=take, old=_directories(evidence, take), clean=_clean(evidence, pinned))


def _decide(
    verb: Verb,
    evidence: Evidence,
    pinned: Listing | None = None,
    consent: Consent | None = None,
    *,
    needed: Consent | None = None,
    ref: Commit | None = None,
    edition: Edition | None = None,
) -> None:
    """Refuse where TABLE does. What is `edition` already is not lost when `edition` replaces it."""
    situation = evidence.situation(pinned)
    if evidence.entry is not None and edition is not None and _is(evidence, edition):
        situation = Situation.CLEAN
    if situation in {Situation.EDITED, Situation.UNVERIFIED} and consent is not None and consent.discard_edits:
        situation = Situation.CLEAN
    match TABLE[situation][verb]:
        case Action():
            return
        case "already-installed":
            raise refusal.already_installed(evidence)
        case "not-installed":
            raise refusal.not_installed(evidence, verb)
        case "local-edits":
            raise refusal.local_edits(evidence, evidence.changes(pinned), verb, needed or Consent(), ref)


def _is(evidence: Evidence, edition: Edition) -> bool:
    copies = [evidence.copy, *(found for found in evidence.exposures.values() if isinstance(found, Copy))]
    return all(copy is not None and copy.plan == edition.plan for copy in copies)


def _put(edition: Edition, evidence: Evidence, exposure: Exposure, pinned: Listing | None = None) -> Change:
    """Return what makes the copy, and each exposure, be `edition`; what is so already is left."""
    is_owned = evidence.entry is not None and evidence.entry.exposed is not None
    words = _owned(evidence) if is_owned else exposure.words
    swap, link, taken = list[str](), list[str](), list[str]()
    if evidence.copy is None or evidence.copy.plan != edition.plan:
        swap.append(COPY)
    for word in words:
        match evidence.exposures[word]:
            case Copy() as copy:
                swap += [word] if copy.plan != edition.plan else []
            case Standing.NOTHING:
                (link if exposure.mode == "link" else swap).append(word)
            case Standing.LINK if is_owned or exposure.mode == "link":
                pass
            case _:
                taken.append(exposed_path(word, edition.name))
    if taken:
        raise refusal.exposure_conflict(taken, is_owned=is_owned)
    entry = Entry(
        edition.commit,
        "",
        {path: mark.sha256 for path, mark in edition.listing.items()},
        sorted(path for path, mark in edition.listing.items() if mark.executable),
        sorted({*_others(evidence), *(exposed_path(word, edition.name) for word in words)}),
        _still_accepted(edition, evidence),
    )
    old = _directories(evidence, swap)
    return Change(edition.name, entry, edition.plan, tuple(swap), tuple(link), (), old, _clean(evidence, pinned))


def _still_accepted(edition: Edition, evidence: Evidence) -> Accepted | None:
    accepted = evidence.entry.accepted if evidence.entry is not None else None
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


def _owned(evidence: Evidence) -> list[str]:
    """Return the words of the exposures that the lockfile says are ours."""
    exposed = evidence.entry.exposed if evidence.entry is not None else None
    words = [exposed_word(path, evidence.name) for path in exposed or []]
    return [word for word in words if word is not None]


def _others(evidence: Evidence) -> list[str]:
    """Return what else stands in `exposed`: what another tool made is recorded there, and left alone."""
    exposed = evidence.entry.exposed if evidence.entry is not None else None
    return [path for path in exposed or [] if exposed_word(path, evidence.name) is None]


def _directories(evidence: Evidence, slots: Sequence[str]) -> dict[str, str]:
    """Return by slot the digest of the directory that stands there now."""
    standing = {COPY: evidence.copy, **evidence.exposures}
    return {slot: copy.plan for slot in slots if isinstance(copy := standing[slot], Copy)}


def _clean(evidence: Evidence, pinned: Listing | None) -> str | None:
    installed = evidence.installed(pinned)
    return None if installed is None else plan_digest(installed)

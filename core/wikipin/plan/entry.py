"""One entry of the lockfile as a value: JSON <-> Entry. No I/O.

A tool that does not know our keys changes `installed_at` and keeps the keys as they were. So digests and modes are
paired with the time for which they are true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from wikipin.names import Commit, are_paths, is_commit, is_sha256
from wikipin.pin import Pin

Json = dict[str, Any]

_LONGEST_TIME = 64
_LONGEST_BY = 64


@dataclass(frozen=True)
class Accepted:
    """Content, by its plan digest, that a person accepted in spite of findings, and how."""

    plan: str
    by: str


@dataclass(frozen=True)
class Entry:
    """One entry of the lockfile: a pin, a time, and the rest if the tool that wrote it knows it."""

    pin: Pin
    installed_at: str
    digests: Mapping[str, str] | None = None
    executable: Sequence[str] | None = None
    """Which of the files are executable, sorted, if the tool that wrote the entry knew."""

    exposed: Sequence[str] | None = None
    """The paths at which agents see it, sorted."""

    accepted: Accepted | None = None

    @property
    def commit(self) -> Commit:
        """The commit of the pin."""
        return self.pin.commit


def parse_entry(value: Json) -> Entry:
    """Return the entry that `value` is; `entry_fault` has found nothing wrong with it."""
    fresh = {
        key: value[key]
        for key in ("digests", "executable")
        if key in value and value.get(f"{key}_installed_at") == value["installed_at"]
    }
    executable, exposed, accepted = fresh.get("executable"), value.get("exposed"), value.get("accepted")
    return Entry(
        Pin(value["wiki_commit"]),
        value["installed_at"],
        fresh.get("digests"),
        None if executable is None else sorted(executable),
        None if exposed is None else sorted(exposed),
        None if accepted is None else Accepted(accepted["plan"], accepted["by"]),
    )


def render_entry(entry: Entry, before: Json) -> Json:
    """Return the JSON of an entry, with the keys of `before` that we do not know."""
    known: Json = {"wiki_commit": entry.commit, "installed_at": entry.installed_at}
    if entry.digests is not None:
        known |= {"digests": dict(sorted(entry.digests.items())), "digests_installed_at": entry.installed_at}
    if entry.executable is not None:
        known |= {"executable": sorted(entry.executable), "executable_installed_at": entry.installed_at}
    if entry.exposed is not None:
        known["exposed"] = sorted(entry.exposed)
    if entry.accepted is not None:
        known["accepted"] = {"plan": entry.accepted.plan, "by": entry.accepted.by}
    return {**{key: value for key, value in before.items() if key != "accepted"}, **known}


def entry_fault(value: object) -> str | None:
    """Return what is wrong with an entry; None if nothing is."""
    if not isinstance(value, dict):
        return "that is not an object"
    entry = cast("Json", value)
    if not is_commit(entry.get("wiki_commit")):
        return "without a full commit id as its wiki_commit"
    if not is_time(entry.get("installed_at")):
        return "without a time as its installed_at"
    wrong = {
        "whose digests are not paths with SHA-256 digests": not _are_digests(entry.get("digests", {})),
        "whose exposed is not a list of paths": not are_paths(entry.get("exposed", [])),
        "whose executable is not a list of paths": not are_paths(entry.get("executable", [])),
        "whose accepted is not a plan and who accepted it": not _is_accepted(entry.get("accepted")),
    }
    return next((fault for fault, is_so in wrong.items() if is_so), None)


def _is_accepted(value: object) -> bool:
    if value is None:
        return True
    accepted = cast("Json", value) if isinstance(value, dict) else {}
    plan, by = accepted.get("plan"), accepted.get("by")
    return is_sha256(plan) and isinstance(by, str) and len(by) <= _LONGEST_BY


def is_time(value: object) -> bool:
    """Tell whether `value` may be an `installed_at`: it is compared as text, and never read as a time."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TIME and value.isascii()


def _are_digests(value: object) -> bool:
    # A path here is only ever compared, never joined: whatever another tool wrote is valid.
    return isinstance(value, dict) and all(map(is_sha256, cast("Json", value).values()))

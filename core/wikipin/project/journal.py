"""The journal as a value: text <-> Journal, what has been decided and must be finished. No I/O.

It names trees by digest and agents' directories by their word, never by a path: whoever forges one can make recovery
do nothing that the same person could not have committed to the project directly.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from wikipin.errors import WikipinError
from wikipin.names import is_commit, is_entry_name, path_fault
from wikipin.plan.change import COPY
from wikipin.plan.exposure import DIRECTORIES
from wikipin.plan.lockfile import Accepted, Entry, is_time

Json = dict[str, Any]

PATH = ".memtomem/.txn/redo.json"
LARGEST = 1024 * 1024

_VERSION = 1
_STAGING = re.compile(r"[0-9a-f]{16}")
_STAMP = re.compile(r"[0-9]{8}T[0-9]{12}Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Journal:
    """One committed change of one skill, by slot: `copy`, the canonical copy, or the word of an exposure.

    `staging` is the directory below `.memtomem/.staging` that holds the tree of each slot of `swap` (`staged_name`),
    and takes in what has to go from the slots of `swap` and `take` (`displaced_name`).
    """

    name: str
    staging: str
    stamp: str
    """What the names of backups end with."""

    entry: Entry | None
    plan: str | None
    swap: Sequence[str]
    link: Sequence[str]
    take: Sequence[str]
    old: Mapping[str, str]
    clean: str | None

    def render(self) -> str:
        """Return the text."""
        return json.dumps({"version": _VERSION, **asdict(self)}, indent=2) + "\n"


def staged_name(name: str, slot: str) -> str:
    """Return where in a staging directory the tree of a slot waits: no two skills share a name, nor one with it."""
    return f"{name}~{slot}"


def displaced_name(name: str, slot: str) -> str:
    """Return where in a staging directory goes what stood at a slot."""
    return f"{name}~{slot}~old"


def parse_journal(content: bytes) -> Journal:
    """Return the journal, or refuse with `unsafe-project` what no wikipin of this version wrote."""
    try:
        document: Json = json.loads(content)
        version = document.pop("version")
        if (
            type(version) is int
            and version == _VERSION
            and all(is_sound(document[key]) for key, is_sound in _SOUND.items())
            and (document["plan"] is not None or not document["swap"])  # else what is no directory would have its plan
        ):
            entry = _parse_entry(document.pop("entry"))
            return Journal(**document, entry=entry)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise WikipinError(
        "unsafe-project", f"{PATH} is not a journal of this version", "Remove .memtomem/.txn, and try again"
    )


def _parse_entry(value: Json | None) -> Entry | None:
    if value is None:
        return None
    accepted = value.pop("accepted")
    return Entry(**value, accepted=None if accepted is None else Accepted(**accepted))


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _are_slots(value: object) -> bool:
    return isinstance(value, list) and set(cast("list[str]", value)) <= _SLOTS


def _are_paths(value: object) -> bool:
    return isinstance(value, list) and not any(map(path_fault, cast("list[str]", value)))


def _is_entry(value: Json | None) -> bool:
    return value is None or all(is_sound(value[key]) for key, is_sound in _SOUND_ENTRY.items())


_SLOTS = {COPY, *DIRECTORIES}
_SOUND_ENTRY: dict[str, Callable[[Any], bool]] = {
    "commit": is_commit,
    "installed_at": is_time,
    "digests": lambda value: (
        value is None or (all(map(_is_sha256, value.values())) and not any(map(path_fault, value)))
    ),
    "executable": lambda value: value is None or _are_paths(value),
    "exposed": lambda value: value is None or _are_paths(value),
    "accepted": lambda value: value is None or (_is_sha256(value["plan"]) and isinstance(value["by"], str)),
}
_SOUND: dict[str, Callable[[Any], bool]] = {
    "name": is_entry_name,
    "staging": lambda value: _STAGING.fullmatch(value) is not None,
    "stamp": lambda value: _STAMP.fullmatch(value) is not None,
    "entry": _is_entry,
    "plan": lambda value: value is None or _is_sha256(value),
    "swap": _are_slots,
    "link": lambda value: _are_slots(value) and COPY not in value,
    "take": _are_slots,
    "old": lambda value: _are_slots(list(value)) and all(map(_is_sha256, value.values())),
    "clean": lambda value: value is None or _is_sha256(value),
}

"""The journal as a value: text <-> Journal, the changes that are decided and must be finished. No I/O.

It names trees by digest and agents' directories by their word, never by a path. So a forged journal can make recovery
do nothing that its author could not have committed to the project directly.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from wikipin.asset import KINDS, SKILL, Asset
from wikipin.errors import WikipinError
from wikipin.names import are_paths, is_commit, is_entry_name, is_sha256, path_fault
from wikipin.pin import Pin
from wikipin.plan.change import COPY, Change
from wikipin.plan.entry import Accepted, Entry, is_time
from wikipin.plan.lockfile import LARGEST as LARGEST_LOCKFILE

Json = dict[str, Any]

PATH = ".memtomem/.txn/redo.json"
LARGEST = 4 * LARGEST_LOCKFILE
"""The most bytes of it: of each change it says what the lockfile will, and a little more."""

VERSION = 2
_OF_ONE_SKILL = 1
"""The version with one change, of a skill, and with staged names that do not say the kind."""

_STAGING = re.compile(r"[0-9a-f]{16}")
_STAMP = re.compile(r"[0-9]{8}T[0-9]{12}Z")


@dataclass(frozen=True)
class Journal:
    """A committed set of changes, each of another asset.

    `staging` is the directory below `.memtomem/.staging`. It holds the tree of each slot that is replaced
    (`staged_name`), and receives what is displaced from the slots that are replaced or removed (`displaced_name`).
    """

    staging: str
    stamp: str
    """The end of the names of backups."""

    changes: Sequence[Change]
    version: int = VERSION

    def render(self) -> str:
        """Return the text."""
        changes = [_rendered(change) for change in self.changes]
        document = {"version": VERSION, "staging": self.staging, "stamp": self.stamp, "changes": changes}
        return json.dumps(document, ensure_ascii=False) + "\n"

    def staged_name(self, asset: Asset, slot: str) -> str:
        """Return the name in the staging directory of a slot's tree."""
        return staged_name(asset, slot) if self.version == VERSION else f"{asset.name}~{slot}"

    def displaced_name(self, asset: Asset, slot: str) -> str:
        """Return the name in the staging directory of what is displaced from a slot."""
        return f"{self.staged_name(asset, slot)}~old"


def staged_name(asset: Asset, slot: str) -> str:
    """Return the name in a staging directory of a slot's tree. No two assets and slots share one."""
    return f"{asset.kind.word}~{asset.name}~{slot}"


def parse_journal(content: bytes) -> Journal:
    """Return the journal; refuse, with `unsafe-project`, one that no wikipin up to this version wrote."""
    try:
        document: Json = json.loads(content)
        version = document.pop("version")
        if type(version) is not int or version not in {VERSION, _OF_ONE_SKILL}:
            _refuse()
        if version == _OF_ONE_SKILL:
            document = _as_of_many(document)
        if not _are_sound(document, _SOUND):
            _refuse()
        changes = tuple(map(_parse_change, document["changes"]))
        if len({change.asset for change in changes}) != len(changes):
            _refuse()
        return Journal(document["staging"], document["stamp"], changes, version)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _refuse()


def _refuse() -> NoReturn:
    raise WikipinError(
        "unsafe-project", f"{PATH} is not a journal of this version", "Remove .memtomem/.txn, and try again"
    )


def _as_of_many(document: Json) -> Json:
    """Return a journal of version 1 as a set of one change."""
    if "changes" in document:
        _refuse()
    change = {key: document.pop(key) for key in ("name", "entry", "link")}
    change |= {new: document.pop(old) for old, new in _RENAMED.items()}
    if (entry := change["entry"]) is not None:
        if "source" in entry:
            _refuse()
        change["entry"] = {**entry, "source": None}
    return {**document, "changes": [{"kind": SKILL.word, **change}]}


_RENAMED = {"plan": "digest", "swap": "replace", "take": "remove", "old": "displaced", "clean": "disposable"}


def _rendered(change: Change) -> Json:
    document: Json = {**vars(change), "kind": change.asset.kind.word, "name": change.asset.name}
    del document["asset"]
    if change.entry is not None:
        accepted = change.entry.accepted
        entry = {
            **vars(change.entry),
            **vars(change.entry.pin),
            "accepted": None if accepted is None else vars(accepted),
        }
        del entry["pin"]
        document["entry"] = entry
    return document


def _parse_change(document: Json) -> Change:
    # None is the digest of something that is not a directory: it must not match.
    if not _are_sound(document, _SOUND_CHANGE) or (document["digest"] is None and document["replace"]):
        _refuse()
    asset, entry = Asset(KINDS[document.pop("kind")], document.pop("name")), _parse_entry(document.pop("entry"))
    return Change(asset, entry, **document)


def _parse_entry(value: Json | None) -> Entry | None:
    if value is None:
        return None
    accepted, pin = value.pop("accepted"), Pin(value.pop("commit"), value.pop("source"))
    return Entry(pin, **value, accepted=None if accepted is None else Accepted(**accepted))


def _are_sound(document: Json, sound: Mapping[str, Callable[[Any], bool]]) -> bool:
    return document.keys() == sound.keys() and all(is_sound(document[key]) for key, is_sound in sound.items())


def _are_slots(value: object) -> bool:
    return isinstance(value, list) and _SLOTS.issuperset(cast("list[object]", value))


def _is_entry(value: Json | None) -> bool:
    return value is None or _are_sound(value, _SOUND_ENTRY)


_SLOTS = frozenset[object]({COPY, *SKILL.exposures})
_SOUND_ENTRY: Mapping[str, Callable[[Any], bool]] = {
    "commit": is_commit,
    "source": lambda value: value is None or isinstance(value, str),
    "installed_at": is_time,
    "digests": lambda value: value is None or (all(map(is_sha256, value.values())) and not any(map(path_fault, value))),
    "executable": lambda value: value is None or are_paths(value),
    "exposed": lambda value: value is None or are_paths(value),
    "accepted": lambda value: value is None or (is_sha256(value["plan"]) and isinstance(value["by"], str)),
}
_SOUND_CHANGE: Mapping[str, Callable[[Any], bool]] = {
    "kind": lambda value: value in KINDS,
    "name": is_entry_name,
    "entry": _is_entry,
    "digest": lambda value: value is None or is_sha256(value),
    "replace": _are_slots,
    "link": lambda value: _are_slots(value) and COPY not in value,
    "remove": _are_slots,
    "displaced": lambda value: _are_slots(list(value)) and all(map(is_sha256, value.values())),
    "disposable": lambda value: value is None or is_sha256(value),
}
_SOUND: Mapping[str, Callable[[Any], bool]] = {
    "staging": lambda value: _STAGING.fullmatch(value) is not None,
    "stamp": lambda value: _STAMP.fullmatch(value) is not None,
    "changes": lambda value: isinstance(value, list) and value != [],
}

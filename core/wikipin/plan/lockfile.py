"""The lockfile as a value: text <-> Lockfile, canonical, with every unknown key kept (docs/contract.md).

No I/O. Parsing is strict, because the whole document is written back: what could not be read would be lost.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NoReturn, cast

from wikipin.asset import KINDS, Asset, Kind
from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.names import is_entry_name
from wikipin.plan.entry import Entry, Json, entry_fault, parse_entry, render_entry

VERSION = 1
PATH = ".memtomem/lock.json"
LARGEST = 16 * 1024 * 1024

_DEEPEST = 100  # what every JSON reader between us and an agent can take

_REPAIR = f"Bring {PATH} back from version control, or mend it by hand, and try again"


@dataclass(frozen=True)
class Lockfile:
    """A whole, supported lockfile: the document as it was read, unknown keys and all."""

    document: Json

    @cached_property
    def entries(self) -> Mapping[Asset, Entry]:
        """The entries of all kinds, each as it was read."""
        return {
            Asset(kind, name): parse_entry(value)
            for kind in KINDS.values()
            for name, value in _section(self.document, kind).items()
        }

    def entry(self, asset: Asset) -> Entry | None:
        """Return the entry of one asset; None if there is none."""
        value = _section(self.document, asset.kind).get(asset.name)
        return None if value is None else parse_entry(value)

    def with_entries(self, entries: Mapping[Asset, Entry | None]) -> "Lockfile":
        """Return this lockfile with `entries`; None removes an entry. Keys that we do not know stay."""
        document = dict(self.document)
        for asset, entry in entries.items():
            if document.get(asset.kind.section) is self.document.get(asset.kind.section):
                document[asset.kind.section] = dict(_section(document, asset.kind))
            section = _section(document, asset.kind)
            if entry is not None:
                section[asset.name] = render_entry(entry, section.get(asset.name, {}))
            else:
                section.pop(asset.name, None)
        return Lockfile(document)

    def render(self) -> str:
        """Return the canonical text."""
        document = dict(self.document)
        for kind in KINDS.values():
            if kind.section in document:
                section = sorted(_section(document, kind).items())
                document[kind.section] = {name: _sorted_digests(value) for name, value in section}
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def can_be_read_again(self) -> bool:
        """Tell whether its text is small enough."""
        compact = json.dumps(self.document, ensure_ascii=False)
        most = len(compact.encode()) + sum(map(compact.count, ",[]{}")) * (2 * _DEEPEST + 1)
        return most <= LARGEST or len(self.render().encode()) <= LARGEST


def empty_lockfile() -> Lockfile:
    """Return the lockfile of a project that has none."""
    return Lockfile({"version": VERSION, "skills": {}})


def parse_document(content: bytes) -> Json:
    """Return the JSON object that `content` is, of any version; refuse with `lockfile-corrupt` if it is not one."""
    if len(content) > LARGEST:
        _corrupt(f"is larger than {LARGEST} bytes")
    try:
        document: object = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # a lone surrogate could not be written back
        if _depth(document) > _DEEPEST:
            _corrupt(f"is nested deeper than {_DEEPEST} levels")
    except UnicodeError:
        _corrupt("is not UTF-8 text")
    except json.JSONDecodeError as error:
        if b"\n<<<<<<<" in b"\n" + content:
            _corrupt("has merge conflict markers in it")
        _corrupt(f"is not JSON (line {error.lineno}, column {error.colno})")
    except (ValueError, RecursionError):
        _corrupt("is not JSON that can be written back as it is")
    if not isinstance(document, dict):
        _corrupt("is not a JSON object")
    return cast("Json", document)


def is_supported(document: Json) -> bool:
    """Tell whether the document's version is the integer 1. `true` and 1.0 are equal to it, and are not it."""
    version = document.get("version")
    return type(version) is int and version == VERSION


@lru_cache(maxsize=1)  # a call reads it several times, and it has rarely changed in between
def parse_lockfile(content: bytes) -> Lockfile:
    """Return the lockfile, with every section and entry checked; refuse with `lockfile-version`, `lockfile-corrupt`."""
    document = parse_document(content)
    if not is_supported(document):
        shown = printable(json.dumps(document.get("version"), ensure_ascii=False), limit=40)
        raise WikipinError(
            "lockfile-version",
            f"{PATH} has version {shown}, and this wikipin knows version {VERSION}",
            f"Update wikipin, or bring {PATH} of version {VERSION} back from version control",
        )
    for kind in KINDS.values():
        _check_section(kind, document.get(kind.section, {}))
    return Lockfile(document)


def _check_section(kind: Kind, section: object) -> None:
    if not isinstance(section, dict):
        _corrupt(f"has a '{kind.section}' that is not an object")
    for name, value in cast("Json", section).items():
        if not is_entry_name(name):
            _corrupt(f"has a {kind.word} with the name '{printable(name, limit=80)}', which no directory may have")
        if (fault := entry_fault(value)) is not None:
            _corrupt(f"has an entry '{name}' {fault}")


def _section(document: Json, kind: Kind) -> dict[str, Json]:
    return cast("dict[str, Json]", document.get(kind.section, {}))


def _sorted_digests(entry: Json) -> Json:
    digests = entry.get("digests")
    return entry if digests is None else {**entry, "digests": dict(sorted(digests.items()))}


def _depth(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(_depth, cast("Json", value).values()), default=0)
        case list():
            return 1 + max(map(_depth, cast("list[object]", value)), default=0)
        case _:
            return 0


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Json:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice")
    return document


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is not a number that can be kept")
    return number


def _corrupt(how: str) -> NoReturn:
    raise WikipinError("lockfile-corrupt", f"{PATH} {how}", _REPAIR)

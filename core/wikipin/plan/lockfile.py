"""The lockfile as a value: text <-> Lockfile, canonical, with every unknown key kept (docs/contract.md).

No I/O. Parsing is strict, because the whole document is written back: what could not be read would be lost.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, cast

from wikipin.asset import KINDS, Asset, Kind
from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.names import Commit, are_paths, is_commit, is_entry_name, is_sha256

VERSION = 1
PATH = ".memtomem/lock.json"
LARGEST = 16 * 1024 * 1024

_DEEPEST = 100  # what every JSON reader between us and an agent can take

Json = dict[str, Any]

_LONGEST_TIME = 64
_LONGEST_BY = 64
_REPAIR = f"Bring {PATH} back from version control, or mend it by hand, and try again"


@dataclass(frozen=True)
class Accepted:
    """Content, by its plan digest, that a person accepted in spite of findings, and by which road."""

    plan: str
    by: str


@dataclass(frozen=True)
class Entry:
    """What the lockfile says of one skill: a pin, when it was installed, and, of tools that know them, the rest."""

    commit: Commit
    installed_at: str
    digests: Mapping[str, str] | None = None
    executable: Sequence[str] | None = None
    """Which of the files are executable, sorted, if the tool that wrote the entry knew."""

    exposed: Sequence[str] | None = None
    """Where agents see it, sorted."""

    accepted: Accepted | None = None


@dataclass(frozen=True)
class Lockfile:
    """A whole, supported lockfile: the document as it was read, unknown keys and all."""

    document: Json

    @cached_property
    def entries(self) -> Mapping[Asset, Entry]:
        """The entries of all kinds, each as it was read."""
        return {
            Asset(kind, name): _entry(value)
            for kind in KINDS.values()
            for name, value in _section(self.document, kind).items()
        }

    def entry(self, asset: Asset) -> Entry | None:
        """Return the entry of one asset, or None."""
        value = _section(self.document, asset.kind).get(asset.name)
        return None if value is None else _entry(value)

    def with_entries(self, entries: Mapping[Asset, Entry | None]) -> "Lockfile":
        """Return this lockfile with `entries`, without those that are None; keys that we do not know stay."""
        document = dict(self.document)
        for asset, entry in entries.items():
            if document.get(asset.kind.section) is self.document.get(asset.kind.section):
                document[asset.kind.section] = dict(_section(document, asset.kind))
            section = _section(document, asset.kind)
            if entry is not None:
                section[asset.name] = _rendered(entry, section.get(asset.name, {}))
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


def _rendered(entry: Entry, before: Json) -> Json:
    """Return an entry as it is written, with the keys that stood there before and that we do not know."""
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


def empty_lockfile() -> Lockfile:
    """Return the lockfile of a project that has none."""
    return Lockfile({"version": VERSION, "skills": {}})


def parse_document(content: bytes) -> Json:
    """Return the JSON object that `content` is, of whatever version; raise `lockfile-corrupt` if it is none."""
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
    """Tell whether the document's version is the integer 1: not `true`, and not 1.0, which are equal to it here."""
    version = document.get("version")
    return type(version) is int and version == VERSION


def parse_lockfile(content: bytes) -> Lockfile:
    """Return the lockfile, every section and entry of it checked; raise `lockfile-version` or `lockfile-corrupt`."""
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
        if (fault := _entry_fault(value)) is not None:
            _corrupt(f"has an entry '{name}' {fault}")


def _entry_fault(value: object) -> str | None:
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


def _entry(value: Json) -> Entry:
    # A tool that does not know one of these keys moves installed_at and leaves the key as it was.
    fresh = {
        key: value[key]
        for key in ("digests", "executable")
        if key in value and value.get(f"{key}_installed_at") == value["installed_at"]
    }
    executable, exposed, accepted = fresh.get("executable"), value.get("exposed"), value.get("accepted")
    return Entry(
        value["wiki_commit"],
        value["installed_at"],
        fresh.get("digests"),
        None if executable is None else sorted(executable),
        None if exposed is None else sorted(exposed),
        None if accepted is None else Accepted(accepted["plan"], accepted["by"]),
    )


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

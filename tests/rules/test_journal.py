"""The journal's text: what was written is read back, and what no wikipin wrote is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wikipin import WikipinError
from wikipin.asset import skill
from wikipin.names import Commit
from wikipin.pin import Pin
from wikipin.plan.change import Change
from wikipin.plan.entry import Accepted, Entry
from wikipin.project.journal import LARGEST, Journal, parse_journal

Json = dict[str, Any]

_SHA = "0123456789abcdef" * 4
_ENTRY = Entry(
    pin=Pin(Commit("1" * 40), "https://example.org/wiki"),
    installed_at="2026-11-22T15:27:31.442214Z",
    digests={"SKILL.md": _SHA, "caf\u00e9/\u65e5": _SHA},
    executable=["caf\u00e9/\u65e5"],
    exposed=[".agents/skills/hello"],
    accepted=Accepted(_SHA, "terminal"),
)
_CHANGE = Change(
    asset=skill("hello"),
    entry=_ENTRY,
    digest=_SHA,
    replace=["copy", "claude"],
    link=["agents"],
    remove=[],
    displaced={"copy": _SHA},
    disposable=_SHA,
)
_REMOVAL = Change(asset=skill("gone"), remove=["agents", "copy"], displaced={"copy": _SHA}, replace=[], link=[])
_SHORT = replace(_CHANGE, asset=skill("short"), entry=Entry(Pin(Commit("2" * 64)), "then"), disposable=None)
_JOURNAL = Journal("0123456789abcdef", "20261122T152731442214Z", (_CHANGE, _REMOVAL, _SHORT))


def _without_source(entry: Json) -> Json:
    return {key: value for key, value in entry.items() if key != "source"}


_OF_VERSION_1 = {
    "version": 1,
    "name": "hello",
    "staging": "0123456789abcdef",
    "stamp": "20261122T152731442214Z",
    "entry": _without_source(json.loads(_JOURNAL.render())["changes"][0]["entry"]),
    "plan": _SHA,
    "swap": ["copy", "claude"],
    "link": ["agents"],
    "take": [],
    "old": {"copy": _SHA},
    "clean": _SHA,
}
"""A journal as it was written while one was about one skill."""

_MISSING: Any = object()


def test_a_journal_is_read_back_as_it_was_written() -> None:
    """Its changes are in the order in which they are made: changes, removals and entries that say little."""
    assert parse_journal(_JOURNAL.render().encode()) == _JOURNAL


def test_nothing_that_is_staged_for_a_slot_has_the_name_of_another() -> None:
    assets = [skill(name) for name in ("a", "copy", "old", "a-copy")]
    slots = [(asset, slot) for asset in assets for slot in ("copy", "agents", "claude")]
    names = [_JOURNAL.staged_name(*slot) for slot in slots] + [_JOURNAL.displaced_name(*slot) for slot in slots]
    assert len(set(names)) == len(names)


def test_a_journal_of_the_largest_skill_is_not_too_large_to_be_read() -> None:
    digests = {f"{number:03}{'x' * 23}/" + "\U0001f600" * 32: _SHA for number in range(512)}
    change = replace(_CHANGE, entry=replace(_ENTRY, digests=digests, executable=list(digests)))
    journal = replace(_JOURNAL, changes=(change,))
    assert len(journal.render().encode()) < LARGEST
    assert parse_journal(journal.render().encode()) == journal


_FORGED: list[tuple[str, list[object]]] = [
    ("version", [_MISSING, None, 0, 1, 3, True, 2.0, "2", [2]]),
    ("staging", [_MISSING, None, 1, "", ".", "..", "../skills", "a" * 15, "a" * 17, "A" * 16, "g" * 16, ["a"]]),
    ("stamp", [_MISSING, None, 1, "", "now", "../x", "20261122T152731442214Z/", "x" * 21, ["x"]]),
    ("changes", [_MISSING, None, 1, "x", "", {}, [], [None], [1], ["x"], [[]], [{}]]),
    ("extra", [None, 1, "x"]),
]
_NO_NAMES: list[object] = [_MISSING, None, 1, "", "..", "../x", "a/b", "-a", "a b", "a" * 65, "a\n", ["a"], {"a": 1}]
_NO_DIGESTS: list[object] = [_MISSING, 1, "", "a" * 63, "A" * 64, "a" * 64 + "\n", [_SHA]]
_FORGED_CHANGE: list[tuple[str, list[object]]] = [
    ("kind", [_MISSING, None, 1, "", "agent", "skills", "Skill", ["skill"], {"skill": 1}]),
    ("name", _NO_NAMES),
    ("entry", [_MISSING, 1, "x", [], {}, {"commit": "1" * 40}]),
    ("digest", _NO_DIGESTS),
    ("replace", [_MISSING, None, 1, "copy", ["codex"], ["../x"], [1], [["copy"]], {"copy": 1}, {}]),
    ("link", [_MISSING, None, 1, "agents", ["codex"], ["copy"], ["/etc"], [None], [{}], {}]),
    ("remove", [_MISSING, None, 1, "claude", ["codex"], ["/etc"], [None], [{}], {"claude": 1}, {}]),
    ("displaced", [_MISSING, None, 1, "copy", [], {"codex": _SHA}, {"copy": None}, {"copy": "x"}, {"copy": [_SHA]}]),
    ("disposable", _NO_DIGESTS),
    ("asset", [None, "hello"]),
    ("extra", [None, 1, "x"]),
]
_FORGED_ENTRY: list[tuple[str, list[object]]] = [
    ("source", [_MISSING, 1, [], {}]),
    ("commit", [_MISSING, None, 1, "", "HEAD", "a" * 39, "A" * 40, ["a" * 40]]),
    ("installed_at", [_MISSING, None, 1, "", "x" * 65, ["x"], {}, "\ud800"]),
    ("digests", [_MISSING, 1, "x", [], ["a"], {"a": None}, {"a": "x"}, {"a": _SHA.upper()}, {"\ud800": _SHA}]),
    ("executable", [_MISSING, 1, "x", {}, [1], ["../x"], ["\ud800"]]),
    ("exposed", [_MISSING, 1, "x", {}, [1], ["../x"], ["/etc"]]),
    ("accepted", [_MISSING, 1, "x", [], {}, {"plan": _SHA}, {"plan": "x", "by": "x"}, {"plan": _SHA, "by": 1}]),
    ("extra", [None, 1, "x"]),
]
_RENAMED = {"plan": "digest", "swap": "replace", "take": "remove", "old": "displaced", "clean": "disposable"}
_FORGED_1: list[tuple[str, list[object]]] = [
    ("version", [2]),
    *((key, values) for key, values in _FORGED if key in {"staging", "stamp", "extra"}),
    *((key, values) for key, values in _FORGED_CHANGE if key in {"name", "entry", "link"}),
    *((key, dict(_FORGED_CHANGE)[new]) for key, new in _RENAMED.items()),
    ("kind", ["skill"]),
    ("changes", [[]]),
]


def _each(forged: list[tuple[str, list[object]]]) -> pytest.MarkDecorator:
    rows = [(key, value) for key, values in forged for value in values]
    return pytest.mark.parametrize(("key", "value"), rows, ids=ascii)


def _changed(document: Json, key: str, value: object) -> Json:
    return {name: content for name, content in {**document, key: value}.items() if content is not _MISSING}


def _with(change: Callable[[Json], Json], at: int) -> bytes:
    """Return the journal with one of its changes in another form."""
    document = json.loads(_JOURNAL.render())
    document["changes"][at] = change(document["changes"][at])
    return json.dumps(document).encode()


@_each(_FORGED)
def test_a_forged_field_is_refused(key: str, value: object) -> None:
    _refuse(json.dumps(_changed(json.loads(_JOURNAL.render()), key, value)).encode())


@_each(_FORGED_CHANGE)
def test_a_forged_field_of_any_change_is_refused(key: str, value: object) -> None:
    for at in (0, 2):
        _refuse(_with(lambda change: _changed(change, key, value), at))


@_each(_FORGED_ENTRY)
def test_a_forged_field_of_the_entry_is_refused(key: str, value: object) -> None:
    for at in (0, 2):
        _refuse(_with(lambda change: {**change, "entry": _changed(change["entry"], key, value)}, at))


def test_what_comes_into_place_has_a_digest() -> None:
    """A link has none: it would be moved to where agents look, as if it were what was staged."""
    assert _CHANGE.replace
    _refuse(_with(lambda change: change | {"digest": None}, 0))
    _refuse(json.dumps(_OF_VERSION_1 | {"plan": None}).encode())


def test_two_changes_of_one_asset_are_refused() -> None:
    """Which of them comes last would be what the project has."""
    for other in (_CHANGE, replace(_REMOVAL, asset=_CHANGE.asset)):
        _refuse(replace(_JOURNAL, changes=(_CHANGE, _SHORT, other)).render().encode())


def test_a_journal_of_version_1_is_a_set_of_one_whose_staged_names_say_no_kind() -> None:
    journal = parse_journal(json.dumps(_OF_VERSION_1).encode())
    change = replace(_CHANGE, entry=replace(_ENTRY, pin=Pin(_ENTRY.commit)))
    assert journal == replace(_JOURNAL, changes=(change,), version=1)
    assert journal.staged_name(_CHANGE.asset, "copy") == "hello~copy"
    assert journal.displaced_name(_CHANGE.asset, "claude") == "hello~claude~old"


@_each(_FORGED_1)
def test_a_forged_field_of_version_1_is_refused(key: str, value: object) -> None:
    _refuse(json.dumps(_changed(_OF_VERSION_1, key, value)).encode())


_NO_JOURNALS = [
    *(b"", b"null", b"[]", b"1", b'"x"', b"{}", b'{"version": 1}', b'{"version": 2}', b"\xff\xfe", b"\x80"),
    *(b"[" * 100_000, b"9" * 5000, b"NaN"),
    *(_JOURNAL.render().encode()[:-3], _JOURNAL.render().encode() + b"x"),
]


@pytest.mark.parametrize("content", _NO_JOURNALS, ids=lambda content: repr(content[:14]))
def test_what_is_no_journal_is_refused(content: bytes) -> None:
    _refuse(content)


def _refuse(content: bytes) -> None:
    with pytest.raises(WikipinError) as refused:
        parse_journal(content)
    assert refused.value.code == "unsafe-project"
    assert str(refused.value.remedy) == "Remove .memtomem/.txn, and try again"

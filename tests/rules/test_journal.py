"""The journal's text: what was written is read back, and what no wikipin wrote is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from wikipin import WikipinError
from wikipin.names import Commit
from wikipin.plan.lockfile import Accepted, Entry
from wikipin.project.journal import LARGEST, Journal, parse_journal

_SHA = "0123456789abcdef" * 4
_ENTRY = Entry(
    commit=Commit("1" * 40),
    installed_at="2026-11-22T15:27:31.442214Z",
    digests={"SKILL.md": _SHA, "caf\u00e9/\u65e5": _SHA},
    executable=["caf\u00e9/\u65e5"],
    exposed=[".agents/skills/hello"],
    accepted=Accepted(_SHA, "terminal"),
)
_JOURNAL = Journal(
    name="hello",
    staging="0123456789abcdef",
    stamp="20261122T152731442214Z",
    entry=_ENTRY,
    plan=_SHA,
    swap=["copy", "claude"],
    link=["agents"],
    take=[],
    old={"copy": _SHA},
    clean=_SHA,
)
_REMOVAL = replace(_JOURNAL, entry=None, plan=None, swap=[], link=[], take=["agents", "copy"], clean=None)
_MISSING: Any = object()


@pytest.mark.parametrize("commit", ["1" * 40, "2" * 64])
def test_a_journal_is_read_back_as_it_was_written(commit: str) -> None:
    journal = replace(_JOURNAL, entry=replace(_ENTRY, commit=Commit(commit)))
    assert parse_journal(journal.render().encode()) == journal


@pytest.mark.parametrize("journal", [_REMOVAL, replace(_JOURNAL, entry=Entry(Commit("1" * 40), "then"))])
def test_a_removal_and_an_entry_that_says_little_are_read_back_too(journal: Journal) -> None:
    assert parse_journal(journal.render().encode()) == journal


def test_a_journal_of_the_largest_skill_is_not_too_large_to_be_read() -> None:
    digests = {f"{number:03}{'x' * 23}/" + "\U0001f600" * 32: _SHA for number in range(512)}
    journal = replace(_JOURNAL, entry=replace(_ENTRY, digests=digests, executable=list(digests)))
    assert len(journal.render().encode()) < LARGEST
    assert parse_journal(journal.render().encode()) == journal


_FORGED: list[tuple[str, list[object]]] = [
    ("version", [_MISSING, None, 0, 2, True, 1.0, "1", [1]]),
    ("name", [_MISSING, None, 1, "", "..", "../x", "a/b", "-a", "a b", "a" * 65, "a\n", ["a"], {"a": 1}]),
    ("staging", [_MISSING, None, 1, "", ".", "..", "../skills", "a" * 15, "a" * 17, "A" * 16, "g" * 16, ["a"]]),
    ("plan", [_MISSING, 1, "", "a" * 63, "A" * 64, "a" * 64 + "\n", [_SHA]]),
    ("stamp", [_MISSING, None, 1, "", "now", "../x", "20261122T152731442214Z/", "x" * 21, ["x"]]),
    ("entry", [_MISSING, 1, "x", [], {}, {"commit": "1" * 40}]),
    ("swap", [_MISSING, None, 1, "copy", ["codex"], ["../x"], [1], [["copy"]], {"copy": 1}, {}]),
    ("link", [_MISSING, None, 1, "agents", ["codex"], ["copy"], ["/etc"], [None], [{}], {}]),
    ("take", [_MISSING, None, 1, "claude", ["codex"], ["/etc"], [None], [{}], {"claude": 1}, {}]),
    ("old", [_MISSING, None, 1, "copy", [], {"codex": _SHA}, {"copy": None}, {"copy": "x"}, {"copy": [_SHA]}]),
    ("clean", [_MISSING, 1, "", "a" * 63, "A" * 64, [_SHA]]),
    ("extra", [None, 1, "x"]),
]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in _FORGED for value in values], ids=ascii)
def test_a_forged_field_is_refused(key: str, value: object) -> None:
    document = json.loads(_JOURNAL.render()) | {key: value}
    text = json.dumps({name: content for name, content in document.items() if content is not _MISSING})
    _refuse(text.encode())


_FORGED_ENTRY: list[tuple[str, list[object]]] = [
    ("commit", [_MISSING, None, 1, "", "HEAD", "a" * 39, "A" * 40, ["a" * 40]]),
    ("installed_at", [_MISSING, None, 1, "", "x" * 65, ["x"], {}, "\ud800"]),
    ("digests", [_MISSING, 1, "x", [], ["a"], {"a": None}, {"a": "x"}, {"a": _SHA.upper()}, {"\ud800": _SHA}]),
    ("executable", [_MISSING, 1, "x", {}, [1], ["../x"], ["\ud800"]]),
    ("exposed", [_MISSING, 1, "x", {}, [1], ["../x"], ["/etc"]]),
    ("accepted", [_MISSING, 1, "x", [], {}, {"plan": _SHA}, {"plan": "x", "by": "x"}, {"plan": _SHA, "by": 1}]),
    ("extra", [None, 1, "x"]),
]


def test_what_comes_into_place_has_a_plan() -> None:
    """A link has none: it would be moved to where agents look, as if it were what was staged."""
    document = json.loads(_JOURNAL.render())
    assert document["swap"]
    _refuse(json.dumps(document | {"plan": None}).encode())


@pytest.mark.parametrize(("key", "value"), [(k, value) for k, values in _FORGED_ENTRY for value in values], ids=ascii)
def test_a_forged_field_of_the_entry_is_refused(key: str, value: object) -> None:
    document = json.loads(_JOURNAL.render())
    entry = document["entry"] | {key: value}
    document["entry"] = {name: content for name, content in entry.items() if content is not _MISSING}
    _refuse(json.dumps(document).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b'"x"',
        b"{}",
        b'{"version": 1}',
        b"\xff\xfe",
        b"\x80",
        b"[" * 100_000,
        _JOURNAL.render().encode()[:-3],
        _JOURNAL.render().encode() + b"x",
        b"9" * 5000,
        b"NaN",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_journal_is_refused(content: bytes) -> None:
    _refuse(content)


def _refuse(content: bytes) -> None:
    with pytest.raises(WikipinError) as refused:
        parse_journal(content)
    assert refused.value.code == "unsafe-project"
    assert str(refused.value.remedy) == "Remove .memtomem/.txn, and try again"

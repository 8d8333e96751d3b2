"""The journal's text: what was written is read back, and what no wikipin wrote is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from wikipin import WikipinError
from wikipin.journal import LARGEST, Journal, parse_journal
from wikipin.names import Commit

_SHA = "0123456789abcdef" * 4
_JOURNAL = Journal(
    name="hello",
    staging="0123456789abcdef",
    plan=_SHA,
    commit=Commit("1" * 40),
    installed_at="2026-11-22T15:27:31.442214Z",
    digests={"SKILL.md": _SHA, "caf\u00e9/\u65e5": _SHA},
    links=["agents"],
    copies=["claude"],
)
_MISSING: Any = object()


@pytest.mark.parametrize("commit", ["1" * 40, "2" * 64])
def test_a_journal_is_read_back_as_it_was_written(commit: str) -> None:
    journal = replace(_JOURNAL, commit=Commit(commit))
    assert parse_journal(journal.render().encode()) == journal


def test_a_journal_of_the_largest_skill_is_not_too_large_to_be_read() -> None:
    digests = {f"{number:03}{'x' * 23}/" + "\U0001f600" * 32: _SHA for number in range(512)}
    journal = replace(_JOURNAL, digests=digests)
    assert len(journal.render().encode()) < LARGEST
    assert parse_journal(journal.render().encode()) == journal


_FORGED: list[tuple[str, list[object]]] = [
    ("version", [_MISSING, None, 0, 2, True, 1.0, "1", [1]]),
    ("name", [_MISSING, None, 1, "", "..", "../x", "a/b", "A", "-a", ".hidden", "a" * 65, "a\n", ["a"], {"a": 1}]),
    ("staging", [_MISSING, None, 1, "", ".", "..", "../skills", "a" * 15, "a" * 17, "A" * 16, "g" * 16, ["a"]]),
    ("plan", [_MISSING, None, 1, "", "a" * 63, "A" * 64, "a" * 64 + "\n", [_SHA]]),
    ("commit", [_MISSING, None, 1, "", "HEAD", "a" * 39, "A" * 40, ["a" * 40]]),
    ("installed_at", [_MISSING, None, 1, "", "x" * 65, ["x"], {}, "\ud800"]),
    ("digests", [_MISSING, None, 1, "x", [], ["a"], {"a": None}, {"a": "x"}, {"a": _SHA.upper()}, {"\ud800": _SHA}]),
    ("links", [_MISSING, None, 1, "agents", ["codex"], ["../x"], [1], [["agents"]], {"agents": 1}, {}]),
    ("copies", [_MISSING, None, 1, "claude", ["codex"], ["/etc"], [None], [{}], {"claude": 1}, {}]),
    ("extra", [None, 1, "x"]),
]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in _FORGED for value in values], ids=ascii)
def test_a_forged_field_is_refused(key: str, value: object) -> None:
    document = json.loads(_JOURNAL.render()) | {key: value}
    text = json.dumps({name: content for name, content in document.items() if content is not _MISSING})
    _refuse(text.encode())


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
    assert refused.value.remedy == "Remove .memtomem/.txn, and call again"

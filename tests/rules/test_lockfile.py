"""The lockfile's text: canonical when written, strict when read, and nobody else's keys lost between."""

import json
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from wikipin import WikipinError
from wikipin.asset import skill
from wikipin.names import Commit
from wikipin.pin import Pin
from wikipin.plan.entry import Accepted, Entry, Json
from wikipin.plan.lockfile import (
    Lockfile,
    empty_lockfile,
    is_supported,
    parse_document,
    parse_lockfile,
)

_HELLO = skill("hello")
_PIN = Commit("91136f0d1d6e0c1e4a4b6d8a3c1c1f6f0a9b7e55")
_TIME = "2026-11-22T15:27:31.442214Z"
_SHA = "0123456789abcdef" * 4
_EXPOSED = [".agents/skills/hello", ".claude/skills/hello"]
_ENTRY = {"wiki_commit": _PIN, "installed_at": _TIME}


def _text(document: object) -> bytes:
    return json.dumps(document).encode()


def _document(**entry: object) -> bytes:
    return _text({"version": 1, "skills": {"hello": {**_ENTRY, **entry}}})


def _entry(installed_at: str = _TIME) -> Entry:
    return Entry(Pin(_PIN), installed_at, {"b": _SHA, "SKILL.md": _SHA, "a/\u00e9": _SHA}, ["b"], _EXPOSED)


_GOLDEN = f"""{{
  "version": 1,
  "skills": {{
    "hello": {{
      "wiki_commit": "{_PIN}",
      "installed_at": "{_TIME}",
      "digests": {{
        "SKILL.md": "{_SHA}",
        "a/\u00e9": "{_SHA}",
        "b": "{_SHA}"
      }},
      "digests_installed_at": "{_TIME}",
      "executable": [
        "b"
      ],
      "executable_installed_at": "{_TIME}",
      "exposed": [
        ".agents/skills/hello",
        ".claude/skills/hello"
      ]
    }}
  }}
}}
"""


def test_the_text_is_canonical_byte_for_byte() -> None:
    assert empty_lockfile().with_entries({_HELLO: _entry()}).render() == _GOLDEN
    assert parse_lockfile(_GOLDEN.encode()).render() == _GOLDEN


def test_an_empty_lockfile_has_a_section_and_a_final_newline() -> None:
    assert empty_lockfile().render() == '{\n  "version": 1,\n  "skills": {}\n}\n'


def test_the_order_of_installs_does_not_show() -> None:
    texts: set[str] = set()
    for names in permutations(["b", "a-b", "a", "B"]):
        lockfile = empty_lockfile()
        for name in names:
            lockfile = lockfile.with_entries({skill(name): _entry()})
        texts.add(lockfile.render())
    assert len(texts) == 1
    assert list(json.loads(texts.pop())["skills"]) == ["B", "a", "a-b", "b"]


def test_a_foreign_order_of_names_and_digests_becomes_ours() -> None:
    mixed = {"z": {**_ENTRY, "digests": {"b": _SHA, "a": _SHA}}, "a": _ENTRY}
    document = json.loads(parse_lockfile(_text({"version": 1, "skills": mixed})).render())
    assert list(document["skills"]) == ["a", "z"]
    assert list(document["skills"]["z"]["digests"]) == ["a", "b"]


def test_keys_that_we_do_not_know_survive_at_every_level() -> None:
    unknown: dict[str, Any] = {"x": [1, None, True, 1.5, "\u65e5", {"y": {}}], "": ""}
    document: dict[str, Any] = {
        "$schema": unknown,
        "version": 1,
        "agents": {"helper": {"wiki_commit": 7, "digests": {"b": 1, "a": 2}}},
        "skills": {"hello": {**_ENTRY, "files": {"SKILL.md": 1}, "files_commit": None, "x": unknown}},
        "commands": [],
    }
    lockfile = parse_lockfile(_text(document))
    assert json.loads(lockfile.render()) == document
    changed = json.loads(lockfile.with_entries({_HELLO: _entry(), skill("new"): _entry()}).render())
    assert list(changed) == ["$schema", "version", "agents", "skills", "commands"]
    assert {key: value for key, value in changed.items() if key != "skills"} == {
        key: value for key, value in document.items() if key != "skills"
    }
    assert changed["skills"]["hello"] == changed["skills"]["new"] | {
        "files": {"SKILL.md": 1}, "files_commit": None, "x": unknown
    }  # fmt: skip


def test_a_lockfile_without_a_section_has_no_skill_and_gets_one_with_the_first() -> None:
    lockfile = parse_lockfile(b'{"version": 1}')
    assert lockfile.entries == {}
    assert lockfile.render() == '{\n  "version": 1\n}\n'
    assert lockfile.with_entries({_HELLO: _entry()}).render() == _GOLDEN


def test_a_new_entry_replaces_what_we_know_of_the_old() -> None:
    old = empty_lockfile().with_entries(
        {_HELLO: Entry(Pin(Commit("0" * 40)), "then", {"gone": _SHA}, ["gone"], ["gone"])}
    )
    assert old.with_entries({_HELLO: _entry()}).render() == _GOLDEN
    assert old.entries[_HELLO].installed_at == "then"


@pytest.mark.parametrize(
    ("paired_with", "counts"), [(_TIME, True), ("2026-11-22T15:27:31.442215Z", False), (None, False), (0, False)]
)
def test_digests_count_only_while_their_time_is_the_installs(paired_with: object, counts: bool) -> None:  # noqa: FBT001 - a table
    content = _document(digests={"a": _SHA}, digests_installed_at=paired_with)
    entry = parse_lockfile(content).entry(_HELLO)
    assert entry is not None
    assert entry.digests == ({"a": _SHA} if counts else None)


def test_modes_count_only_while_their_time_is_the_installs() -> None:
    known = parse_lockfile(_document(executable=["a"], executable_installed_at=_TIME)).entry(_HELLO)
    moved = parse_lockfile(_document(executable=["a"], executable_installed_at="then")).entry(_HELLO)
    assert known is not None
    assert moved is not None
    assert (known.executable, moved.executable) == (["a"], None)


def test_what_was_accepted_is_written_and_goes_with_the_content() -> None:
    entry = replace(_entry(), accepted=Accepted(_SHA, "terminal"))
    lockfile = empty_lockfile().with_entries({_HELLO: entry})
    assert parse_lockfile(lockfile.render().encode()).entry(_HELLO) == entry
    assert lockfile.with_entries({_HELLO: _entry()}).render() == _GOLDEN


def test_an_entry_goes_and_all_else_stays() -> None:
    content = _text({"x": 1, "version": 1, "skills": {"hello": _ENTRY, "other": {**_ENTRY, "y": 2}}})
    lockfile = parse_lockfile(content).with_entries({_HELLO: None})
    assert lockfile.document == {"x": 1, "version": 1, "skills": {"other": {**_ENTRY, "y": 2}}}


def test_entries_come_and_go_at_once_and_the_lockfile_before_stays_as_it_was() -> None:
    before = parse_lockfile(_text({"version": 1, "skills": {"hello": _ENTRY, "other": _ENTRY}}))
    after = before.with_entries({_HELLO: None, skill("other"): _entry("later"), skill("new"): _entry()})
    times = {asset.name: entry.installed_at for asset, entry in after.entries.items()}
    assert times == {"other": "later", "new": _TIME}
    assert before.document == {"version": 1, "skills": {"hello": _ENTRY, "other": _ENTRY}}


def test_an_entry_of_a_tool_that_knows_no_digests_is_read() -> None:
    entry = parse_lockfile(_document(files={"SKILL.md": "x"}, files_commit=_PIN)).entry(_HELLO)
    assert entry == Entry(Pin(_PIN), _TIME)
    assert parse_lockfile(_document()).entry(skill("other")) is None


@pytest.mark.parametrize("name", ["a", "A.b_c-d", "...", "a" * 64])
def test_another_tools_name_is_read(name: str) -> None:
    assert list(parse_lockfile(_text({"version": 1, "skills": {name: _ENTRY}})).entries) == [skill(name)]


def _nested(levels: int) -> bytes:
    return b'{"version": 1, "x": ' + b"[" * levels + b"]" * levels + b"}"


_NO_DOCUMENT = {
    "empty": b"",
    "space": b"  \n",
    "list": b"[]",
    "null": b"null",
    "string": b'"version"',
    "cut short": _GOLDEN.encode()[:-3],
    "text after": _GOLDEN.encode() + b"{}",
    "trailing comma": b'{"version": 1,}',
    "comment": b'{"version": 1} // one',
    "single quotes": b"{'version': 1}",
    "merge markers": b'{\n<<<<<<< ours\n  "version": 1\n=======\n  "version": 1\n>>>>>>> theirs\n}\n',
    "byte order mark": b"\xef\xbb\xbf" + _GOLDEN.encode(),
    "utf-16": _GOLDEN.encode("utf-16"),
    "utf-16 without mark": _GOLDEN.encode("utf-16-le"),
    "latin-1": b'{"version": 1, "x": "caf\xe9"}',
    "NaN": b'{"version": 1, "x": NaN}',
    "Infinity": b'{"version": 1, "x": [-Infinity]}',
    "1e999": b'{"version": 1, "x": 1e999}',
    "-1e999": b'{"version": 1, "x": {"y": -1e999}}',
    "an integer that no Python reads": b'{"version": 1, "x": ' + b"9" * 5000 + b"}",
    "version twice": b'{"version": 1, "version": 1}',
    "a skill twice": _GOLDEN.replace('"version"', '"skills": {}, "version"').encode(),
    "a key twice, deep": b'{"version": 1, "x": [{"y": {"z": 1, "z": 1}}]}',
    "a key twice, escaped": b'{"version": 1, "x": {"a": 1, "\\u0061": 2}}',
    "lone surrogate": b'{"version": 1, "x": "\\ud800"}',
    "lone surrogate in a key": b'{"version": 1, "\\udfff": 1}',
    "raw surrogate": b'{"version": 1, "x": "\xed\xa0\x80"}',
    "raw newline in a string": b'{"version": 1, "x": "a\nb"}',
    "100,000 levels": _nested(100_000),
    "objects in 100,000 levels": b'{"version": 1, "x": ' + b'{"":' * 100_000 + b"1" + b"}" * 100_001,
    "larger than 16 MiB": b'{"version": 1, "x": "' + b"x" * 16 * 1024 * 1024 + b'"}',
}


@pytest.mark.parametrize("content", _NO_DOCUMENT.values(), ids=_NO_DOCUMENT)
def test_what_is_no_json_object_is_corrupt(content: bytes) -> None:
    for parse in (parse_lockfile, parse_document):
        with pytest.raises(WikipinError) as refused:
            parse(content)
        assert refused.value.code == "lockfile-corrupt"


def test_merge_markers_are_named() -> None:
    with pytest.raises(WikipinError, match="merge conflict markers"):
        parse_lockfile(_NO_DOCUMENT["merge markers"])


def test_a_document_of_100_levels_is_read_and_one_of_101_is_corrupt() -> None:
    assert parse_document(_nested(99))["version"] == 1
    with pytest.raises(WikipinError, match=r"lockfile-corrupt: .* nested"):
        parse_document(_nested(100))


def test_the_deepest_document_that_is_read_can_be_written_back() -> None:
    levels = next(levels for levels in (*range(20_000, 1_000, -500), *range(1_000, 0, -10)) if _is_read(levels))
    assert levels >= 30
    text = _deeper(parse_lockfile(_nested(levels)), 40)
    assert text == _nested(levels).replace(b" ", b"").decode()


def _is_read(levels: int) -> bool:
    try:
        parse_lockfile(_nested(levels))
    except WikipinError:
        return False
    return True


def _deeper(lockfile: Lockfile, frames: int) -> str:
    """Render further down the stack than was parsed, as a transaction does."""
    return _deeper(lockfile, frames - 1) if frames else "".join(lockfile.render().split())


_NO_OBJECTS: list[object] = [None, [], "x", 1, True]


@pytest.mark.parametrize(
    "skills",
    [
        *_NO_OBJECTS,
        *({name: _ENTRY} for name in ("", ".", "..", "-a", "a/b", "../x", "a" * 65, "a b", "\u00e9", "a\n", "a\0")),
        *({"hello": entry} for entry in _NO_OBJECTS),
        {"hello": {}},
    ],
    ids=ascii,
)
def test_a_section_of_the_wrong_shape_is_corrupt(skills: object) -> None:
    with pytest.raises(WikipinError) as refused:
        parse_lockfile(_text({"version": 1, "skills": skills}))
    assert refused.value.code == "lockfile-corrupt"


_NO_ENTRY: list[tuple[str, list[object]]] = [
    ("wiki_commit", [None, 1, "", "HEAD", "a" * 39, "a" * 41, "A" * 40, "a" * 12, ["a" * 40], "a" * 40 + "\n"]),
    ("installed_at", [None, 0, 1.5, True, "", "x" * 65, [_TIME], {}]),
    ("digests", [None, [], "x", {"a": None}, {"a": 1}, {"a": "x"}, {"a": _SHA.upper()}, {"a": _SHA[1:]}]),
    ("accepted", [1, "x", [], {}, {"plan": _SHA}, {"plan": "x", "by": "y"}, {"plan": _SHA, "by": "x" * 65}]),
    ("exposed", [None, {}, "x", [1], [None], [""], ["/etc"], ["../x"], ["a/../b"], [".git/hooks"], ["a\nb"], [["a"]]]),
]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in _NO_ENTRY for value in values], ids=ascii)
def test_an_entry_of_the_wrong_shape_is_corrupt(key: str, value: object) -> None:
    with pytest.raises(WikipinError, match=f"lockfile-corrupt: .*'hello'.*{key}"):
        parse_lockfile(_document(**{key: value}))


@pytest.mark.parametrize("key", ["wiki_commit", "installed_at"])
def test_an_entry_without_its_pin_or_its_time_is_corrupt(key: str) -> None:
    with pytest.raises(WikipinError, match="lockfile-corrupt"):
        parse_lockfile(_text({"version": 1, "skills": {"hello": {k: v for k, v in _ENTRY.items() if k != key}}}))


@pytest.mark.parametrize("version", ["true", "1.0", "1e0", '"1"', "null", "2", "0", "-1", "[1]", "{}", "10" * 9])
def test_a_version_other_than_the_integer_1_is_not_ours(version: str) -> None:
    content = f'{{"version": {version}, "skills": []}}'.encode()
    assert not is_supported(parse_document(content))
    with pytest.raises(WikipinError) as refused:
        parse_lockfile(content)
    assert refused.value.code == "lockfile-version"


def test_no_version_is_not_ours() -> None:
    with pytest.raises(WikipinError, match=r"lockfile-version: .* has version null"):
        parse_lockfile(b"{}")


def test_a_refusal_shows_nothing_hidden_of_a_forged_lockfile() -> None:
    documents: list[Json] = [{"version": "\u202e\x1b2"}, {"version": 1, "skills": {"\u202e\x1b[31m": {}}}]
    for document in documents:
        with pytest.raises(WikipinError) as refused:
            parse_lockfile(_text(document))
        assert not {"\u202e", "\x1b"}.intersection(str(refused.value))


@pytest.mark.parametrize("most", [-1, 0, 1])
def test_a_text_can_be_read_again_if_no_byte_of_it_is_too_many(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the text as it is written, with a line for each digest, and not a shorter one."""
    lockfile = empty_lockfile().with_entries({_HELLO: _entry()})
    monkeypatch.setattr("wikipin.plan.lockfile.LARGEST", len(lockfile.render().encode()) + most)
    assert lockfile.can_be_read_again() == (most >= 0)

"""What reaches a reader, a model or a terminal: ten thousand strings made to be used against it, in every place."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from surfaces import Json, outcome_of
from wikis import commit, head, make_wiki, skill_md
from world import World

from wikipin import WikipinError
from wikipin.answer import question, terminal
from wikipin.answer.page import ROOM, render
from wikipin.answer.reading import answer_list, answer_lockfile, answer_status
from wikipin.answer.showing import answer_show
from wikipin.answer.writing import answer_install, answer_restore
from wikipin.asset import SKILL, Asset
from wikipin.display import printable
from wikipin.finding import Finding
from wikipin.names import Commit, RelPath
from wikipin.pin import Pin
from wikipin.plan.acceptance import ReviewRequiredError
from wikipin.plan.exposure import Exposure
from wikipin.plan.state import State
from wikipin.remedy import Call, CommandLine
from wikipin.skill import Skill
from wikipin.tree import File, Tree
from wikipin.verbs.catalogue import Offer, Offers
from wikipin.verbs.outcomes import Outcomes
from wikipin_mcp.answers import failure, success

_CARRIERS = [
    *map(chr, range(32)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069",
    *"\u2800\u3164\ufe0f\ufeff\uffa0\ufff9\ufffc\ufffe\ue000\U000e0001\U000e0069\U000e0100\U000f0000\U0010ffff\ud800\udfff",
    *("\x1b[31m", "\x1b]0;title\x07", "\r\n", "\x1b[2J", "\x9b1m"),
]
_PLAIN = ["a", "word", " ", ": ", ". ", "'", '"', "\\", "</system>", "日本", "שלום", "é", "🙂", "x" * 200]


def _strings(count: int, seed: int) -> Iterator[str]:
    """Yield strings of what is plain and what is not, short and long."""
    random = Random(seed)  # noqa: S311 - no secret
    for _ in range(count):
        length = random.choice((1, 2, 5, 20, 60))
        yield "".join(random.choice(_CARRIERS if random.random() < 0.5 else _PLAIN) for _ in range(length))


def _hidden(text: str) -> str:
    """Return what of a text nobody sees, by a list of its own: categories, and what is blank in spite of its own."""
    blank = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\ufe0f")
    return "".join(
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
        or character in blank
        or 0xE0000 <= ord(character) <= 0xE0FFF
        or ord(character) & 0xFFFE == 0xFFFE
    )


def test_ten_thousand_strings_are_printable_and_short_afterwards() -> None:
    seen = 0
    for text in _strings(10_000, 1):
        shown = printable(text, limit=100)
        assert _hidden(shown) == ""
        assert len(shown) <= 100
        assert printable(shown, limit=100) == shown
        seen += _hidden(text) != ""
    assert seen > 5_000


def test_an_error_is_one_printable_line_in_whichever_half_of_it_a_string_stands() -> None:
    for text in _strings(2_000, 2):
        error = WikipinError("not-in-wiki", f"there is no '{text}'", f"Give another than '{text}'")
        said = outcome_of(failure(error, CommandLine())).text
        assert _hidden(said) == ""
        assert said.startswith("not-in-wiki: there is no '")
        assert len(said) < 2_100


def _values(document: object) -> Iterator[str]:
    match document:
        case str():
            yield document
        case dict():
            for key, value in cast("Json", document).items():
                yield key
                yield from _values(value)
        case list():
            for item in cast("list[object]", document):
                yield from _values(item)
        case _:
            pass


def _hold(answer: Any, *lines: Iterator[str]) -> None:  # noqa: ANN401 - any answer
    """Hold an answer, and the lines of a terminal, against what may reach a reader; a line break parts lines alone."""
    result = success(answer)
    assert len(render(result.structured_content).encode()) + len(render(outcome_of(result).text).encode()) < 10_240
    assert [_hidden(text.replace("\n", "")) for text in _values(answer) if _hidden(text.replace("\n", ""))] == []
    for line in (line for of_one in lines for line in of_one):
        assert _hidden(line.replace("\n", "")) == ""


def _lockfile(texts: list[str]) -> bytes:
    first, second, third, *_ = texts
    entry = {"wiki_commit": "1" * 40, "installed_at": "then", first: second, "files": [third, {third: first}]}
    document = {"version": second, first: {third: [first, second]}, "skills": {third: entry, "hello": entry}}
    return json.dumps(document).encode()


@pytest.mark.parametrize("seed", range(3, 6))
def test_lists_failures_and_lockfiles_show_nothing_that_nobody_sees(seed: int) -> None:
    strings = _strings(1_500, seed)
    for texts in zip(*[strings] * 5, strict=True):
        offers = [Offer(f"skill-{number}", text, State.OK) for number, text in enumerate(texts)]
        listed = answer_list(Offers(Commit("1" * 40), offers, tuple((text, text) for text in texts)), room=ROOM)
        _hold(listed, terminal.show_list(listed, texts[0] if not _hidden(texts[0]) else ""))
        failed = {Asset(SKILL, text): WikipinError("io-error", text, text) for text in texts}
        restored = answer_restore(Outcomes(failed=failed), CommandLine(), room=ROOM)
        _hold(restored, terminal.show_restore(restored))
        content = _lockfile(list(texts))
        try:
            content.decode()
            _hold(answer_lockfile(content, room=ROOM))
        except WikipinError as error:
            assert error.code == "lockfile-corrupt"  # noqa: PT017 - a lone surrogate cannot be written back


def _described(text: str) -> bytes:
    return skill_md(
        "hello", json.dumps(text.encode("utf-8", "replace").decode()), f"{text}\n".encode("utf-8", "replace").decode()
    )


def test_what_a_wiki_says_of_a_skill_is_shown_without_what_nobody_sees(tmp_path: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki")
    (tmp_path / "project").mkdir()
    world = World(wiki, tmp_path / "project")
    for number, text in enumerate(_strings(25, 7)):
        commit(wiki, {"hello": {"SKILL.md": _described(text), "a.md": text.encode("utf-8", "replace")}})
        shown = world.show("hello")
        answer = answer_show(shown, room=ROOM)
        whole = answer_show(shown)
        lines = question.excerpts(shown.skill, shown.findings)
        _hold(answer, terminal.show_skill(answer, lines), terminal.show_skill(whole, lines))
        dry = world.install("hello", exposure=Exposure(()), dry_run=True)
        installed = answer_install(replace(dry, warnings=[*dry.warnings, text]), CommandLine(), room=ROOM)
        _hold(installed, terminal.show_install(installed))
        _hold(answer_list(world.list_skills(), room=ROOM))
        assert answer["wiki_commit"] == head(wiki), number


_OURS = re.compile(
    r"Install the skill 'hello' in spite of what was found in it\?|Project: .*|Commit 1{40} of the wiki \(.*\)\."
    r"|Plan [0-9a-f]{64}\.|It has [0-9]+ (file|finding)s?:|  a\.md  [0-9]+ bytes?|  In a\.md:|    line [0-9]+: .*"
    r"|And [0-9]+ more\. All of them: 'wikipin show hello --ref 1{40}'|A skill is a prompt .*"
)


def test_ten_thousand_questions_show_what_is_hidden_and_no_line_of_a_file_passes_for_ours() -> None:
    hidden, install = 0, Call("install", Asset(SKILL, "hello"))
    for text in _strings(10_000, 9):
        content = text.encode("utf-8", "replace")
        skill = Skill(
            Asset(SKILL, "hello"), Pin(Commit("1" * 40)), "", Tree((File(RelPath("a.md"), content, executable=False),))
        )
        found = [Finding("any", "a.md", number, text, blocking=True) for number in range(1, text.count("\n") + 2)]
        lines = question.text(ReviewRequiredError(skill, found, install), text[:99], text, CommandLine()).split("\n")
        assert _hidden("".join(lines)) == ""
        excerpts = [line.removeprefix("    | ") for line in lines if line.startswith("    | ")]
        assert [line for line in lines if not line.startswith("    | ") and not _OURS.fullmatch(line)] == []
        assert len(excerpts) == min(len(found), 20)
        assert all(len(line) < 350 for line in excerpts)
        first = _hidden(content.decode().split("\n")[0].rstrip(" \t\r").replace("\t", " "))[:1]
        assert f"⟨U+{ord(first):04X}⟩" in excerpts[0] if first and len(excerpts[0]) < 300 else True
        hidden += bool(first)
    assert hidden > 5_000


def test_what_stands_in_a_copy_is_named_without_what_nobody_sees(tmp_path: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": {"SKILL.md": skill_md("hello")}})
    (tmp_path / "project").mkdir()
    world = World(wiki, tmp_path / "project")
    world.install("hello")
    for text in _strings(60, 8):
        name = text.encode("utf-8", "surrogatepass").replace(b"\0", b"").replace(b"/", b"")[:200]
        (world.project / ".memtomem/skills/hello" / name.decode("utf-8", "surrogateescape")).write_bytes(
            b"x"
        ) if name not in {
            b"",
            b".",
            b"..",
        } else None
    status: Json = dict(answer_status(world.status(with_wiki=False), CommandLine(), room=ROOM))
    assert status["skills"][0]["state"] == "modified"
    _hold(status)
    with pytest.raises(WikipinError) as refused:
        world.update("hello")
    assert _hidden(str(refused.value)) == ""

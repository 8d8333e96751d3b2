"""What a terminal or a model may be shown of a stranger's text."""

import random
import time
import unicodedata

import pytest

from wikipin.display import printable
from wikipin.review.hidden import find_hidden

_HIDDEN = {
    "control": "\0\x07\x08\x1b\x7f\x80\x9b\x9f",
    "format": "\xad\u061c\u200b\u200c\u200d\u2060\ufeff\u180e\U0001d173",
    "bidirectional": "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "tag": "\U000e0001\U000e0020\U000e0041\U000e007f",
    "variation selector": "\ufe00\ufe0f\u180b\u180c\u180d\u180f\U000e0100\U000e01ef",
    "private use": "\ue000\uf8ff\U000f0000\U0010fffd",
    "surrogate": "\ud800\udbff\udc00\udcff\udfff",
    "default ignorable": "\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0\ufff0\ufff8\U000e0000\U000e0fff",
    "blank": "\ufffc\U00016fe4\U0001d159\U00013441\U00013442",
    "no character": "\ufdd0\ufdef\ufffe\uffff",
}
_BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029\u2800"
_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_ALL_HIDDEN = frozenset("".join(_HIDDEN.values()))


@pytest.mark.parametrize("kind", _HIDDEN)
def test_what_cannot_be_seen_is_taken_out(kind: str) -> None:
    for character in _HIDDEN[kind]:
        assert printable(f"a{character}b", limit=10) == "ab", ascii(character)


@pytest.mark.parametrize("character", _BREAKS, ids=ascii)
def test_what_breaks_a_line_becomes_a_space(character: str) -> None:
    assert printable(f"a{character}b", limit=10) == "a b"


@pytest.mark.parametrize("text", ["plain", "caf\u00e9", "\u65e5\u672c\u8a9e", "\u0627\u0644", "\U0001f600", "e\u0301"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert printable(text, limit=10) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("abcd", "abcd"),
        ("abcde", "abc\u2026"),
        ("ab\u200bcd", "abcd"),
        ("\u65e5" * 5, "\u65e5" * 3 + "\u2026"),
    ],
)
def test_text_is_cut_to_the_limit_after_what_is_hidden_is_gone(text: str, shown: str) -> None:
    assert printable(text, limit=4) == shown


def test_what_a_review_takes_for_hidden_is_never_shown() -> None:
    """Two modules know which characters nobody sees: what one of them learns, the other must not forget."""
    shown = [character for character in map(chr, range(0x110000)) if printable(character, limit=9) == character]
    assert len(shown) > 900_000
    assert [found.characters for found in find_hidden("\n".join(shown))] == []


def test_a_name_of_millions_of_characters_does_not_hold_anybody_up() -> None:
    started = time.process_time()
    assert len(printable("\u00e9\u200b" * 2_000_000, limit=100)) == 100
    assert time.process_time() - started < 1


def test_no_text_comes_out_with_a_hidden_character_on_two_lines_or_too_long() -> None:
    chance = random.Random(20240229)  # noqa: S311 - the same strings in every run
    weird = "".join(_HIDDEN.values()) + _BREAKS
    for _ in range(10_000):
        anything = [chr(chance.randrange(0x110000)) for _ in range(chance.randrange(30))]
        text = "".join([*anything, *chance.choices(weird, k=8), *chance.choices("plain text", k=8)])
        limit = chance.randrange(1, 40)
        shown = printable(text, limit=limit)
        assert len(shown) <= limit
        assert len(shown.splitlines()) <= 1
        assert not _ALL_HIDDEN.intersection(shown)
        assert not {unicodedata.category(character) for character in shown} & _CATEGORIES
        assert printable(shown, limit=limit) == shown
        shown.encode()

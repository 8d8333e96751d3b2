"""Untrusted text becomes text that is safe to show to a person or to a model."""

import re
import unicodedata

_UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) outside the categories above, and non-characters.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufdd0-\ufdef"
    "\U000e0000-\U000e0fff]"
)
# Letters and symbols by category, and blank, or stand for what is not there: no category says so.
_BLANK = re.compile("[\ufffc\U00013430-\U00013446\U00016fe4\U0001d159]")
_SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029\u2800")  # in braille, U+2800 stands between words


def printable(text: str, *, limit: int) -> str:
    """Return `text` on one line, without control, bidirectional, private or invisible characters, cut to `limit`.

    White space of every kind that breaks a line becomes one space, and a blank braille cell too; what else cannot be
    seen is taken out.
    """
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_TABLE)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable_lines(text: str) -> str:
    """Return a text of several lines, each as `printable` has it, and whole: nothing may hide far to the right."""
    return text.translate(_LINES)


def _shown(character: str) -> str:
    if character in _SPACES:
        return " "
    is_noncharacter = ord(character) & 0xFFFE == 0xFFFE  # noqa: PLR2004 - the last two of every plane
    is_hidden = unicodedata.category(character) in _UNPRINTABLE_CATEGORIES or is_noncharacter
    return "" if is_hidden or _IGNORABLE.match(character) or _BLANK.match(character) else character


class _Table(dict[int, str]):
    """What becomes of each character, found out once: a stranger's name may have millions of them."""

    def __missing__(self, number: int) -> str:
        return self.setdefault(number, _shown(chr(number)))


_TABLE = _Table()
_LINES = _Table({ord("\n"): "\n"})

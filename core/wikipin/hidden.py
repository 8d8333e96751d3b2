"""Characters that a reader does not see and a model does: where text has them, and whether it needs them.

No I/O. Which characters a text needs is decided by what stands beside them in the line. What is not needed blocks. What
honest texts are known to have alone, and a few times in a file, informs.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_FEW = 16  # so often may a file have a lone character that only informs: more of them could spell something
_MOST_NAMED = 3

# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt), controls, private use, noncharacters, and glyphs
# that are blank or stand for what is not there. Arabic number signs are format characters too, but visible.
_HIDDEN_BELOW_10000 = (
    "\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
)
_HIDDEN = (
    _HIDDEN_BELOW_10000
    + "\U00013430-\U00013446\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))
    + "\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
_ONE = (
    rf"[{_HIDDEN_BELOW_10000}\U00010000-\U0010ffff](?<=[{_HIDDEN}])"  # re walks through ranges above U+FFFF one by one
)
_ASCII_HIDDEN = bytes(number for number in range(128) if not 32 <= number < 127 and number not in b"\t\n")  # noqa: PLR2004

_EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_VARIED_BY_1 = (  # StandardizedVariants.txt: zero, operators, East Asian marks, Myanmar, Phags-pa, hieroglyphs
    "0\u2018-\u201d\u2205\u2229-\u22ff\u2a00-\u2aff\u3001\u3002\uff01-\uff1f\u1000-\u109f\ua840-\ua87f\ua9e0-\uaa7f"
    "\U00010ac0-\U00010aff\U00013000-\U0001342f"
)
_IDEOGRAPH = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_JOINING = (  # Arabic to Mandaic, Devanagari to Sinhala, Tibetan, Myanmar, Khmer, Mongolian, and the smaller ones
    "\u0600-\u061b\u061d-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u180a\u1810-\u194f\u1a20-\u1aaf\u1b00-\u1c4f\u1cd0-\u1cff"
    "\ua840-\ua8ff\ua930-\ua9ff\uaa00-\uaaff\uabc0-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
    "\U00010ac0-\U00010aff\U00010b80-\U00010baf\U00010d00-\U00010d3f\U00010f30-\U00010f6f\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f"
)
_UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u1980-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9ff\uaa60-\uaadf"  # no spaces
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_MARKS = "\u0300-\u036f\u0591-\u05c7"
_RIGHT_TO_LEFT = (
    "\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
)

_NEEDED = "|".join(  # each looks back over the character itself
    (
        rf"(?<=[{_JOINING}][\u200c\u200d])(?![{_HIDDEN}])",
        rf"(?<![\w{_HIDDEN}][\u200c\u200d])(?<=[\u200c\u200d])(?=[{_JOINING}])",
        rf"(?<=[{_EMOJI}\ufe0f]\u200d)(?=[{_EMOJI}])",
        rf"(?<=[{_EMOJI}#*0-9][\ufe0e\ufe0f])(?![{_HIDDEN}])",
        rf"(?<=[{_EMOJI}]\ufe0f)(?=\u200d[{_EMOJI}])",
        rf"(?<=[{_VARIED_BY_1}{_IDEOGRAPH}]\ufe00)(?![{_HIDDEN}])",
        rf"(?<=[\uff01-\uff1f\u3001\u3002\u2018-\u201d{_IDEOGRAPH}][\ufe01\ufe02])(?![{_HIDDEN}])",
        rf"(?<=[{_IDEOGRAPH}][\U000e0100-\U000e011f])(?![{_HIDDEN}])",  # the registered ones are among these 32
        r"(?<=[\u1820-\u18aa][\u180b-\u180d\u180f])(?![\u180b-\u180d\u180f])",
        r"(?<=[\u1820-\u18aa]\u180e)(?=[\u1820\u1821])",
        rf"(?<=[{_UNSPACED}]\u200b)(?![{_HIDDEN}])",
        rf"(?<![{_HIDDEN}]\u200b)(?<=\u200b)(?=[{_UNSPACED}])",
        rf"(?<=[{_MARKS}]\u034f)(?=[{_MARKS}])",
        r"(?<=\u115f)(?=[\u1161-\u11a7])",
        r"(?<=[\u1100-\u115e\ua960-\ua97c]\u1160)(?=[\u11a8-\u11ff])",
        r"(?<=[\U00013000-\U0001342f][\U00013430-\U00013440])(?![\U00013430-\U00013446])",
        r"(?<=[\U0001bc00-\U0001bc99][\U0001bca0-\U0001bca3])(?![\U0001bca0-\U0001bca3])",
        r"(?<=\f)(?<![^\n]\f)",  # a page of an old licence begins
    )
)
_ANY = re.compile(_ONE)
_STRAY = re.compile(f"(?:{_ONE}(?!{_NEEDED}))++")
_LONE = re.compile(
    rf"(?<=[\"'`])[{_HIDDEN}](?=[\"'`])"  # code that handles such characters names them so
    r"|(?<![^ \t>])[\u200b\u200e](?=```)"  # a fence shown inside a fence
)
_LONE_MARK = re.compile(rf"(?<![{_DIRECTIONS}])[\u200e\u200f\u061c](?![{_DIRECTIONS}])")
_PAIRED = re.compile("[\u202a-\u202c\u2066-\u2069]")
_CLOSED_BY = {"\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069", "\u202a": "\u202c", "\u202b": "\u202c"}
_EMPTY_PAIR = re.compile("[\u202a\u202b\u2066-\u2068][\u202c\u2069]")
_RIGHT_TO_LEFT_LETTER = re.compile(f"[{_RIGHT_TO_LEFT}]")
_BRAILLE_CELL = re.compile("[\u2801-\u28ff]")

_FLAGS = tuple(  # the three that are recommended (emoji-sequences.txt): England, Scotland, Wales
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)

_CONTROLS = {
    0: "NULL",
    8: "BACKSPACE",
    13: "CARRIAGE RETURN",
    27: "ESCAPE",
    127: "DELETE",
    0x85: "NEXT LINE",
    0x9B: "CSI",
}


@dataclass(frozen=True)
class Hidden:
    """The hidden characters of one line, counted from 1, that the line does not need."""

    line: int
    characters: str
    blocking: bool


def find_hidden(text: str) -> Iterator[Hidden]:
    """Yield what is hidden in `text`, line by line."""
    text = _with_plain_ends(text.removeprefix("\ufeff"))
    if not _may_hide(text):
        return
    lone_so_far = 0
    for number, line in enumerate(text.split("\n"), 1):
        if _ANY.search(line):
            strays, lone = _judge(line)
            lone_so_far += len(lone)
            if strays or lone:
                yield Hidden(number, strays + lone, bool(strays) or lone_so_far > _FEW)


def describe(characters: str) -> str:
    """Return words for hidden characters: code point and name of the first few kinds, and how often they occur."""
    counts = Counter(characters)
    words = [
        _name(character) + (f" ({count} times)" if count > 1 else "")
        for character, count in list(counts.items())[:_MOST_NAMED]
    ]
    if (rest := len(counts) - len(words)) > 0:
        words.append(f"{rest} other kind{'s' if rest > 1 else ''}")
    return ", ".join(words[:-1]) + (" and " if words[1:] else "") + words[-1]


def _with_plain_ends(text: str) -> str:
    """Return `text` with one line feed at every line's end: a carriage return that is left hides what is before it."""
    if "\r" not in text:
        return text
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").removesuffix("\r")
    return text if "\n" in text else text.replace("\r", "\n")


def _may_hide(text: str) -> bool:
    if not text.isascii():
        return _ANY.search(text) is not None
    content = text.encode()  # deleting and comparing lengths takes a sixth of the time of a search
    return len(content.translate(None, _ASCII_HIDDEN)) != len(content)


def _judge(line: str) -> tuple[str, str]:
    """Return the characters that the line does not need, and apart those that honest texts have alone."""
    for flag in _FLAGS:
        line = line.replace(flag, flag[0])
    if _BRAILLE_CELL.search(line):
        line = line.replace("\u2800", " ")
    lone: list[str] = []
    if _RIGHT_TO_LEFT_LETTER.search(line):
        line = _LONE_MARK.sub("", line)
        if _is_balanced(line):  # what arranges text of two directions can also disarrange it
            lone += _PAIRED.findall(line)[:1]
            line = _PAIRED.sub("", line)
    lone += _LONE.findall(line)
    return "".join(_STRAY.findall(_LONE.sub("", line))), "".join(lone)


def _is_balanced(line: str) -> bool:
    """Tell whether every embedding and isolate of `line` is closed in it, and has something in it."""
    awaited: list[str] = []
    for control in _PAIRED.findall(line):
        if control in _CLOSED_BY:
            awaited.append(_CLOSED_BY[control])
        elif not awaited or awaited.pop() != control:
            return False
    return not awaited and _EMPTY_PAIR.search(line) is None


def _name(character: str) -> str:
    number, category = ord(character), unicodedata.category(character)
    if category == "Co":
        name = "private use"
    elif number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF:  # noqa: PLR2004 - the noncharacters
        name = "no character"
    else:
        unnamed = _CONTROLS.get(number, "control character") if category == "Cc" else "unassigned code point"
        name = unicodedata.name(character, unnamed)
    return f"U+{number:04X} {name}"

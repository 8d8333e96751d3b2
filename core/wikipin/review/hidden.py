"""Characters that a reader does not see and a model does: where text has them, and whether it needs them.

No I/O. `orthography.py` has the places where writing needs them. What stands elsewhere blocks. What stands there is
counted: more than the file's letters pay for, or its own spelling explains, could spell something, and blocks too.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from wikipin.review.orthography import FLAGS, HIDDEN_ONE, PAIRS, RIGHT_TO_LEFT, RULES, Rule, Spelling

_FEW = 16  # so many characters may a skill have that nothing pays for: about a hundred bits, wherever they stand
_MOST_NAMED = 3

_ASCII_HIDDEN = bytes(number for number in range(128) if not 32 <= number < 127 and number not in b"\t\n")  # noqa: PLR2004
_ANY = re.compile(HIDDEN_ONE)
_RIGHT_TO_LEFT = re.compile(f"[{RIGHT_TO_LEFT}]")
_PAIRED = re.compile("[\u202a-\u202c\u2066-\u2069]")
_CLOSED_BY = {"\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069", "\u202a": "\u202c", "\u202b": "\u202c"}
_EMPTY_PAIR = re.compile("[\u202a\u202b\u2066-\u2068][\u202c\u2069]")


_IN_A_ROW = 3  # tags or selectors that chance does not put into data
_SCATTERED = 16  # and as many as it does not scatter over it
_FLAG = re.compile(f"\U0001f3f4(?:{FLAGS})")
_ROW = re.compile(f"[\ufe00-\ufe0f\U000e0000-\U000e0fff]{{{_IN_A_ROW},}}+")
_LONG = re.compile("[\U000e0000-\U000e0fff]")  # four bytes each, of which chance makes one in eleven million
_LIKE_A_ROW = {
    "utf-8": re.compile(rb"\xf3\xa0[\x80-\xbf]|\xef\xb8[\x80-\x8f]"),
    "utf-16-le": re.compile(rb"\x40\xdb[\0-\xff][\xdc-\xdf]"),
    "utf-16-be": re.compile(rb"\xdb\x40[\xdc-\xdf]"),
}


@cache  # it takes longer to compile than most verbs to run, and most text hides nothing
def _places(*, right_to_left: bool) -> tuple[re.Pattern[str], list[Rule]]:
    """Return a pattern of hidden characters, and the rule of each of its groups; a match without a group is stray."""
    rules = [rule for rule in RULES if right_to_left or not rule.line]
    groups = "|".join(f"({rule.pattern})" for rule in rules)
    return re.compile(f"(?={HIDDEN_ONE})(?:{groups}|(?:{HIDDEN_ONE})++)"), rules


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
    """Hidden characters of one line, counted from 1; `beyond` says of what the file has more than it needs."""

    line: int
    characters: str
    blocking: bool
    beyond: str = ""


@dataclass
class Allowance:
    """How many characters that nothing pays for the files of one skill have had together."""

    taken: float = 0

    def take(self, cost: float) -> bool:
        """Take `cost`, and tell whether that is more than there is."""
        self.taken += cost
        return cost > 0 and self.taken > _FEW


@dataclass
class _Use:
    """What a file has in the places of one rule."""

    line: int
    characters: list[str] = field(default_factory=list[str])
    spellings: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter[str]))


def find_hidden(text: str, allowance: Allowance | None = None) -> Iterator[Hidden]:
    """Yield what is hidden in `text`, line by line, and then what it has too much of, for itself or for its skill."""
    text = _with_plain_ends(text.removeprefix("\ufeff"))
    if not _may_hide(text):
        return
    uses: dict[Rule, _Use] = {}
    shown: list[Hidden] = []
    for number, line in enumerate(text.split("\n"), 1):
        if _ANY.search(line):
            strays, lone = _judge(line, number, uses)
            if strays:
                yield Hidden(number, strays + lone, blocking=True)
            elif lone:
                shown.append(Hidden(number, lone, blocking=False))
    costs = _costs(text, uses)
    is_over = (allowance or Allowance()).take(sum(costs.values()))
    yield from (replace(hidden, blocking=is_over) for hidden in shown)
    if is_over:
        for rule, cost in costs.items():
            if cost and not rule.is_shown:
                yield Hidden(uses[rule].line, "".join(uses[rule].characters), blocking=True, beyond=rule.name)


def find_runs(content: bytes) -> str:
    """Return the tags and variation selectors of data, in UTF-8 or UTF-16, that are more than chance puts there."""
    found: list[str] = []
    for encoding, like in _LIKE_A_ROW.items():
        if len(like.findall(content)) >= _IN_A_ROW:
            for start in (0, 1) if encoding != "utf-8" else (0,):
                text = _FLAG.sub("", content[start:].decode(encoding, "replace"))
                scattered = _LONG.findall(text)
                found += _ROW.findall(text) or (scattered if len(scattered) >= _SCATTERED else [])
    return "".join(found)


def find_escaped_runs(text: str) -> Iterator[Hidden]:
    """Yield the rows of tags and variation selectors in `text`, of which escapes were decoded, line by line."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isascii() and (rows := _ROW.findall(_FLAG.sub("", line))):
            yield Hidden(number, "".join(rows), blocking=True)


def describe(hidden: Hidden) -> str:
    """Return words for hidden characters: code point and name of the first few kinds, and how often they occur."""
    counts = Counter(hidden.characters)
    words = [
        _name(character) + (f" ({count} times)" if count > 1 else "")
        for character, count in list(counts.items())[:_MOST_NAMED]
    ]
    if (rest := len(counts) - len(words)) > 0:
        words.append(f"{rest} other kind{'s' if rest > 1 else ''}")
    beyond = f": more than this file needs as {hidden.beyond}" if hidden.beyond else ""
    return ", ".join(words[:-1]) + (" and " if words[1:] else "") + words[-1] + beyond


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


def _judge(line: str, number: int, uses: dict[Rule, _Use]) -> tuple[str, str]:
    """Return the characters that the line does not need, and apart those that are shown; note all others in `uses`."""
    strays: list[str] = []
    lone: list[str] = []
    right_to_left = not line.isascii() and _RIGHT_TO_LEFT.search(line) is not None
    pattern, rules = _places(right_to_left=right_to_left)
    if right_to_left and _is_balanced(line) and (paired := _PAIRED.findall(line)):
        uses.setdefault(PAIRS, _Use(number)).characters += paired
        lone += paired
        line = _PAIRED.sub("", line)
    for found in pattern.finditer(line):
        if found.lastindex is None:
            strays.append(found[0])
            continue
        rule = rules[found.lastindex - 1]
        use = uses.get(rule) or uses.setdefault(rule, _Use(number))  # making one takes longer than all else
        use.characters.append(found[0])
        if isinstance(rule, Spelling):
            use.spellings[line[found.start() - 1]][found[0]] += 1
        if rule.is_shown:
            lone.append(found[0])
    return "".join(strays), "".join(lone)


def _is_balanced(line: str) -> bool:
    """Tell whether every embedding and isolate of `line` is closed in it, and has something in it."""
    awaited: list[str] = []
    for control in _PAIRED.findall(line):
        if control in _CLOSED_BY:
            awaited.append(_CLOSED_BY[control])
        elif not awaited or awaited.pop() != control:
            return False
    return not awaited and _EMPTY_PAIR.search(line) is None


def _costs(text: str, uses: dict[Rule, _Use]) -> dict[Rule, float]:
    """Return how many characters of each rule nothing pays for."""
    if not uses:
        return {}
    counts = Counter(text)
    signs = "".join(counts)
    costs: dict[Rule, float] = {}
    for rule, use in uses.items():
        number = sum(map(len, use.characters)) / rule.size
        if isinstance(rule, Spelling):
            costs[rule] = _misspelled(rule, use, counts)
        elif rule.without:
            costs[rule] = min(number, sum(1 for _ in re.finditer(rule.without, text)))
        else:
            letters = sum(counts[sign] for sign in re.findall(rule.letters, signs))
            costs[rule] = max(0, number - letters / rule.every)
    return costs


def _misspelled(rule: Spelling, use: _Use, counts: Counter[str]) -> int:
    """Return how many characters depart from their sign's most frequent spelling, and what the signs cost."""
    departures = 0
    for sign, spelled in use.spellings.items():
        bare = max(0, counts[sign] - spelled.total())
        departures += bare + spelled.total() - max(bare, *spelled.values())
    number = len(use.spellings)
    if rule.a_sign is None:
        return departures + min(number, len(re.findall(rule.before, "".join(counts))) - number)
    return departures + rule.a_sign * number


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

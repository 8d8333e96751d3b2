"""Where writing needs a character that nobody sees: a row for each place, with a name and what it may cost.

No I/O. Each row says what stands before the character and after it. A place where a character may stand or not holds a
bit that nobody sees, so each has a price too: so many letters pay for one, or all of a file follow one spelling.
"""

from dataclasses import dataclass
from math import inf

# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt), controls, private use, noncharacters, and glyphs
# that are blank or stand for what is not there. Arabic number signs are format characters too, but visible.
_HIDDEN_BELOW_10000 = (
    "\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
)
HIDDEN = (
    _HIDDEN_BELOW_10000
    + "\U00013430-\U00013446\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))
    + "\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
"""The hidden characters, as the inside of a character class."""

HIDDEN_ONE = (
    rf"[{_HIDDEN_BELOW_10000}\U00010000-\U0010ffff](?<=[{HIDDEN}])"  # re walks through ranges above U+FFFF one by one
)

RIGHT_TO_LEFT = (
    "\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
)
_LETTER = r"[^\W\d_]"

_ARABIC = "\u0620-\u064a\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c9"
_ARABIC_MARK = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
_NOT_JOINING_ON = (  # Joining_Type R and U (ArabicShaping.txt): behind these a joiner changes nothing
    "\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0677\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf\u06d2\u06d3\u06d5"
    "\u06ee\u06ef\u0759-\u075b\u076b\u076c\u0771\u0773\u0774\u0778\u0779\u08aa-\u08ac\u08ae\u08b1\u08b2\u08b9"
)
_NOT_JOINED = "\u0621\u0674"
_INDIC = "\u0900-\u0b7f\u0c00-\u0dff\u1b00-\u1b7f\ua8e0-\ua8ff\uaae0-\uaaff\uabc0-\uabff\U00011000-\U00011fff"
_VIRAMA = (  # Indic_Syllabic_Category Virama; Tamil has a row of its own
    "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0c4d\u0ccd\u0d4d\u0dca\u1b44\uaaf6\U00011046\U000110b9\U00011133\U000111c0\U00011235"
    "\U0001134d\U00011442\U000114c2\U000115bf\U0001163f\U00011839\U0001193e\U000119e0"
)
_TAMIL = "\u0b80-\u0bff"
_JOINING = (  # Arabic to Mandaic, Devanagari to Sinhala, Tibetan, Myanmar, Khmer, Mongolian, and the smaller ones
    "\u0600-\u061b\u061d-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u180a\u1810-\u194f\u1a20-\u1aaf\u1b00-\u1c4f\u1cd0-\u1cff"
    "\ua840-\ua8ff\ua930-\ua9ff\uaa00-\uaaff\uabc0-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
    "\U00010ac0-\U00010aff\U00010b80-\U00010baf\U00010d00-\U00010d3f\U00010f30-\U00010f6f\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f"
)
_UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u1980-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9ff\uaa60-\uaadf"  # no spaces
_WORD_IS_OPEN_AFTER = "\u0e40-\u0e44\u0ec0-\u0ec4\u1039\u17d2"  # vowels before their consonant, and what stacks
_WORD_CANNOT_BEGIN = (  # vowels and marks that belong to the consonant before them
    "\u0e30-\u0e3a\u0e45\u0e47-\u0e4e\u0eb0-\u0ebc\u0ec8-\u0ece\u0f71-\u0f84\u102b-\u103e\u1056-\u1059\u17b6-\u17d3\u17dd"
)
_MARKS = "\u0300-\u036f\u0591-\u05c7"
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_NEUTRAL = rf"[^\w{HIDDEN}]"
_QUOTABLE = (  # code that handles hidden characters names them so; what can spell a letter with one is not among them
    "\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe0e\ufe0f\ufeff\uffa0\ufff9-\ufffc"
)

_TEXT_BY_DEFAULT = (  # Emoji, and not Emoji_Presentation (emoji-data.txt), but digits: a selector changes their look
    "\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u2328\u23cf\u23ed-\u23ef\u23f1\u23f2\u23f8-\u23fa\u24c2\u25aa\u25ab"
    "\u25b6\u25c0\u25fb\u25fc\u2600-\u2604\u260e\u2611\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642"
    "\u265f\u2660\u2663\u2665\u2666\u2668\u267b\u267e\u2692\u2694-\u2697\u2699\u269b\u269c\u26a0\u26a7\u26b0\u26b1\u26c8\u26cf\u26d1"
    "\u26d3\u26e9\u26f0\u26f1\u26f4\u26f7-\u26f9\u2702\u2708\u2709\u270c\u270d\u270f\u2712\u2714\u2716\u271d\u2721\u2733\u2734\u2744"
    "\u2747\u2763\u2764\u27a1\u2934\u2935\u2b05-\u2b07\u3030\u303d\u3297\u3299\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f202"
    "\U0001f237\U0001f321\U0001f324-\U0001f32c\U0001f336\U0001f37d\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e\U0001f39f"
    "\U0001f3cb-\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3\U0001f3f5\U0001f3f7\U0001f43f\U0001f441\U0001f4fd\U0001f549\U0001f54a"
    "\U0001f56f\U0001f570\U0001f573-\U0001f579\U0001f587\U0001f58a-\U0001f58d\U0001f590\U0001f5a5\U0001f5a8\U0001f5b1\U0001f5b2"
    "\U0001f5bc\U0001f5c2-\U0001f5c4\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3\U0001f5e8\U0001f5ef\U0001f5f3"
    "\U0001f5fa\U0001f6cb\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5\U0001f6e9\U0001f6f0\U0001f6f3"
)
_EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_SECOND_IN_EMOJI = (  # what stands behind a joiner in emoji-zwj-sequences.txt
    "\u2194\u2195\u2620\u2640\u2642\u2695\u2696\u26a7\u2708\u2744\u2764\u27a1\u2b1b\U0001f308\U0001f32b\U0001f33e\U0001f373\U0001f37c"
    "\U0001f384\U0001f393\U0001f3a4\U0001f3a8\U0001f3eb\U0001f3ed\U0001f466-\U0001f469\U0001f48b\U0001f4a5\U0001f4a8\U0001f4ab"
    "\U0001f4bb\U0001f4bc\U0001f525\U0001f527\U0001f52c\U0001f5e8\U0001f680\U0001f692\U0001f7e9\U0001f7eb\U0001f91d\U0001f9af-\U0001f9b3"
    "\U0001f9ba\U0001f9bc\U0001f9bd\U0001f9d1\U0001f9d2\U0001fa70\U0001fa79"
)
_IDEOGRAPH = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_VARIED = (  # StandardizedVariants.txt: zero, operators, East Asian marks, Myanmar, Phags-pa, hieroglyphs
    "0\u2018-\u201d\u2205\u2229-\u22ff\u2a00-\u2aff\u3001\u3002\uff01-\uff1f\u1000-\u109f\ua840-\ua87f\ua9e0-\uaa7f"
    "\U00010ac0-\U00010aff\U00013000-\U0001342f"
)
_VARIED_2 = "\uff01-\uff1f\u3001\u3002\u2018-\u201d"
_MONGOLIAN = "\u1820-\u18aa"
_INITIAL = "\u1100-\u115e\ua960-\ua97c"
_HIEROGLYPH = "\U00013000-\U0001342f"
_SHORTHAND = "\U0001bc00-\U0001bc99"
_CELL = "\u2801-\u28ff"
FLAGS = "|".join(  # the three that are recommended (emoji-sequences.txt): England, Scotland, Wales
    "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f" for region in ("gbeng", "gbsct", "gbwls")
)
"""What follows a black flag to make it that of a region, as a pattern."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A place where writing has a hidden character: what stands before it and after it, and what pays for it.

    `before` is a pattern of a fixed width; `after` is an assertion. `every` so many letters of the class `letters` pay
    for one, of `size` characters; or `without` is the same place without one, and the rarer of the two has to be paid
    for. What is not paid for draws on the few that any skill may have. `line` is what the line must have.
    """

    name: str
    before: str
    char: str
    after: str = rf"(?![{HIDDEN}])"
    letters: str = _LETTER
    every: float = inf
    size: int = 1
    without: str = ""
    line: str = ""
    is_shown: bool = False

    @property
    def pattern(self) -> str:
        """The place as a pattern that matches the character alone."""
        return f"(?={self.char})(?<={self.before}){self.char}{self.after}"


@dataclass(frozen=True, eq=False)
class Spelling(Rule):
    """A place where an honest file gives one sign the same character throughout, or none.

    What departs from a sign's most frequent spelling draws on the few. So does each sign that is spelled so, `a_sign`
    times; if that is None, the signs that are or those of `before` that are not, whichever are fewer.
    """

    a_sign: int | None = None


_ALONE = rf"(?![{HIDDEN}])"
_ALONE_OR_JOINED = rf"(?=\u200d[{_EMOJI}]|(?![{HIDDEN}]))"
_BEFORE_JOINED = rf"(?<![{_NOT_JOINING_ON}]\u200c)(?=[{_ARABIC_MARK}]{{0,3}}[{_ARABIC}])(?![{_NOT_JOINED}])"
_BESIDE = "|".join(  # at most eight neutral characters from a letter that is written from right to left
    [f"(?={_NEUTRAL}{{0,8}}[{RIGHT_TO_LEFT}])"]
    + [f"(?<=[{RIGHT_TO_LEFT}]{_NEUTRAL * width}[{_DIRECTION_MARKS}])" for width in range(9)]
)
_IN_A_WORD = f"(?<=[{RIGHT_TO_LEFT}][{_DIRECTION_MARKS}])(?=[{RIGHT_TO_LEFT}])"

RULES: tuple[Rule, ...] = (
    Rule("joiners between Arabic letters", f"[{_ARABIC}]", "\u200c", _BEFORE_JOINED, f"[{_ARABIC}]", 6),
    Rule("joiners behind Arabic marks", f"[{_ARABIC_MARK}]", "\u200c", f"(?=[{_ARABIC}])", f"[{_ARABIC}]", 12),
    Rule("joiners behind an Arabic letter", f"[{_ARABIC}]", "\u200d", rf"(?![\w{HIDDEN}])", f"[{_ARABIC}]", 24),
    Rule("joiners behind a virama", f"[{_VIRAMA}]", "[\u200c\u200d]", _ALONE, f"[{_INDIC}]", 8),
    Rule("joiners before a virama", f"[{_INDIC}]", "\u200d", f"(?=[{_VIRAMA}])", f"[{_INDIC}]", 16),
    Rule("joiners behind a pulli", "\u0bcd", "\u200c", "(?=[\u0bb0\u0bb7])", f"[{_TAMIL}]", 16),
    Rule("joiners behind other letters", f"[{_JOINING}]", "[\u200c\u200d]", _ALONE, f"[{_JOINING}]", 64),
    Rule(
        "joiners before other letters",
        "",
        "[\u200c\u200d]",
        rf"(?<![\w{HIDDEN}][\u200c\u200d])(?=[{_JOINING}])",
        f"[{_JOINING}]",
        64,
    ),
    Rule(
        "zero width spaces behind words that no space ends",
        f"[{_UNSPACED}](?<![{_WORD_IS_OPEN_AFTER}])",
        "\u200b",
        rf"(?![{HIDDEN}{_WORD_CANNOT_BEGIN}])",
        f"[{_UNSPACED}]",
        4,
    ),
    Rule("zero width spaces behind letters", f"[{_UNSPACED}]", "\u200b"),
    Rule("zero width spaces before letters", "", "\u200b", rf"(?<![{HIDDEN}]\u200b)(?=[{_UNSPACED}])"),
    Rule("flags of a region", "\U0001f3f4", f"(?:{FLAGS})", "", every=8, size=6),
    Rule(
        "joiners between emoji",
        f"[{_EMOJI}\ufe0f]",
        "\u200d",
        f"(?=[{_SECOND_IN_EMOJI}])",
        without=f"(?<=[{_EMOJI}\ufe0f])[{_SECOND_IN_EMOJI}]",
    ),
    Rule("joiners between emoji that stay two", f"[{_EMOJI}\ufe0f]", "\u200d", f"(?=[{_EMOJI}])"),
    Rule("keycaps", "[0-9#*]", "\ufe0f", "(?=\u20e3)", without="[0-9#*]\u20e3"),
    Spelling("styles of a sign", f"[{_TEXT_BY_DEFAULT}]", "[\ufe0e\ufe0f]", _ALONE_OR_JOINED),
    Spelling("styles of an emoji", f"[{_EMOJI}]", "[\ufe0e\ufe0f]", _ALONE_OR_JOINED, a_sign=1),
    Rule("styles of a digit", "[0-9#*]", "[\ufe0e\ufe0f]"),
    Spelling("variants of a sign", f"[{_VARIED}{_IDEOGRAPH}]", "\ufe00", _ALONE, a_sign=1),
    Spelling("variants of an East Asian sign", f"[{_VARIED_2}{_IDEOGRAPH}]", "[\ufe01\ufe02]", _ALONE, a_sign=1),
    Spelling("variants of an ideograph", f"[{_IDEOGRAPH}]", "[\U000e0100-\U000e011f]", _ALONE, a_sign=2),
    Rule("variants of a letter", f"[{_MONGOLIAN}]", "[\u180b-\u180d\u180f]", _ALONE, f"[{_MONGOLIAN}]", 8),
    Rule("vowel separators", f"[{_MONGOLIAN}]", "\u180e", "(?=[\u1820\u1821])", f"[{_MONGOLIAN}]", 8),
    Rule("joiners of marks", f"[{_MARKS}]", "\u034f", f"(?=[{_MARKS}])", "[\u05d0-\u05ea]", 32),
    Rule("fillers of a consonant", "", "\u115f", "(?=[\u1161-\u11a7])", "[\u1100-\u11ff]", 4),
    Rule("fillers of a vowel", f"[{_INITIAL}]", "\u1160", "(?=[\u11a8-\u11ff])", "[\u1100-\u11ff]", 4),
    Rule("controls of hieroglyphs", f"[{_HIEROGLYPH}]", "[\U00013430-\U00013440]", _ALONE, f"[{_HIEROGLYPH}]", 4),
    Rule("controls of shorthand", f"[{_SHORTHAND}]", "[\U0001bca0-\U0001bca3]", _ALONE, f"[{_SHORTHAND}]", 8),
    Rule("page ends", "^", "\f", "", every=64),
    Rule("blank cells behind braille", f"[{_CELL}]", "\u2800++", "", f"[{_CELL}]", 0.25),
    Rule("blank cells before braille", "", "\u2800++", f"(?=[{_CELL}])", f"[{_CELL}]", 0.25),
    Rule(
        "direction marks beside right-to-left letters",
        "",
        f"[{_DIRECTION_MARKS}]",
        f"(?:{_BESIDE})(?!{_IN_A_WORD})(?<![{HIDDEN}][{_DIRECTION_MARKS}])(?![{HIDDEN}])",
        f"[{RIGHT_TO_LEFT}]",
        12,
        line=RIGHT_TO_LEFT,
    ),
    Rule(
        "direction marks in a right-to-left line",
        "",
        f"[{_DIRECTION_MARKS}]",
        f"(?<![{HIDDEN}][{_DIRECTION_MARKS}])(?![{HIDDEN}])",
        line=RIGHT_TO_LEFT,
    ),
    Rule("characters alone in quotes", "[\"'`]", f"[{_QUOTABLE}]", "(?=[\"'`])", is_shown=True),
    Rule("characters before a fence", "", "[\u200b\u200e]", r"(?<![^ \t>][\u200b\u200e])(?=```)", is_shown=True),
)
"""The places, the strictest first."""

PAIRS = Rule("pairs that turn the direction", "", "", "", f"[{RIGHT_TO_LEFT}]", 8, size=2, is_shown=True)
"""What arranges text of two directions, in a line that has such text and closes each: it can also disarrange it."""

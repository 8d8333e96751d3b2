"""The line that a finding is about, as a person may see it: what is hidden made visible, credentials masked.

No I/O. What stands in ⟨ ⟩ is ours and cannot be forged: such brackets in a file are shown by their code points.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import islice
from operator import itemgetter

from wikipin.display import printable
from wikipin.review.secret import find_secrets

_LONGEST = 300
_CONTEXT = 40
"""Characters that are kept on each side of what is hidden, in a line that is longer than `_LONGEST`."""

_MOST_OF_SECRET = 4
_BEGIN, _END = b"-----BEGIN", b"-----END"
_LONGEST_KEY = 8_192
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~+/:@%-"
_ARMOUR = re.compile("-----BEGIN [A-Z0-9 ]{1,40}-----")
_TOKEN_OR_TEXT = re.compile("(⟨[^⟩]*⟩)|[^⟨]+")
_TOKEN = re.compile("⟨[^⟩]*⟩")
_MOST_TAGS = 8
_LONGEST_TAGS = 150
_BLANKS = re.compile(r"\s{20,}")
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{9,}")
_TAGS = re.compile(r"(?:⟨U\+E00(?:[2-6][0-9A-F]|7[0-9A-E])⟩)+")
_REPEATED = re.compile(r"(⟨U\+[0-9A-F]+⟩)\1+")
_LONG = re.compile(rf"[^⟨⟩]{{{3 * _CONTEXT},}}")


def excerpts(content: bytes, wanted: Mapping[int, bool]) -> Mapping[int, str]:
    """Return those lines of a file that it has, by their number counted from 1, each on one line that is safe to show.

    What is wanted says of each number whether a credential was found in that line.
    """
    if content.startswith(_UTF_16):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    secrets = _secrets(content)
    found: dict[int, str] = {}
    for end in (b"\n",) if b"\n" in content else (b"\n", b"\r"):  # a rule may take either for the end of a line
        start = 0
        for number, line in enumerate(content.split(end), 1):
            if number in wanted and number not in found:
                text = line.decode("utf-8", "replace").rstrip(" \t\r")
                places = [*_interrupted(text)]
                at = bisect_right(secrets, start, key=itemgetter(1))
                if at < len(secrets) and secrets[at][0] <= start + len(line):
                    places.append(len(line[: max(secrets[at][0] - start, 0)].decode("utf-8", "replace")))
                elif wanted[number]:
                    places.append(0)
                found[number] = _masked(text, min(places)) if places else _shortened(_visible(text))
            start += len(line) + 1
    return found


def _secrets(content: bytes) -> list[tuple[int, int]]:
    """Return where each credential begins and ends; only of a key, which goes over lines, is the end looked for."""
    found: list[tuple[int, int]] = []
    for secret in find_secrets(content):
        at = secret.offset
        if not found or at >= found[-1][1]:
            end = content.find(_END, at, at + _LONGEST_KEY) if content.startswith(_BEGIN, at) else at + 1
            found.append((at, at + _LONGEST_KEY if end < 0 else end))
    return found


def _interrupted(text: str) -> Iterator[int]:
    """Yield where a credential begins, if it is one without the hidden characters in it: the first."""
    if "⟨" in _visible(text):
        seen = [at for at, character in enumerate(text) if not _VISIBLE[ord(character)].startswith("⟨")]
        whole = "".join(text[at] for at in seen).encode()
        for secret in islice(find_secrets(whole), 1):
            yield seen[len(whole[: secret.offset].decode())]


class _Visible(dict[int, str]):
    """What is shown of each character, found out once."""

    def __missing__(self, number: int) -> str:
        character = chr(number)
        is_plain = printable(character, limit=1) == character and character not in "⟨⟩"
        return self.setdefault(number, character if is_plain else f"⟨U+{number:04X}⟩")


_VISIBLE = _Visible({ord("\t"): " "})


def _visible(text: str) -> str:
    return text.translate(_VISIBLE)


def _masked(text: str, secret: int) -> str:
    """Return `text` with the beginning of the credential that is there, and behind it only what is hidden."""
    start = len(text[:secret].rstrip(_WORD))  # some are known by what stands in their middle
    if (armour := _ARMOUR.match(text, start)) is not None:
        end = armour.end()
    else:
        length = len(text) - start - len(text[start:].lstrip(_WORD))
        end = start + min(_MOST_OF_SECRET, length // 4)
    rest = _TOKEN_OR_TEXT.sub(lambda part: part[1] or "…", _visible(text[end:]))
    return _shortened(_visible(text[:end]) + rest, around=True)


def _shortened(line: str, *, around: bool = False) -> str:
    """Return a visible line with runs counted and tags also read as text.

    Of one that is too long, what is around what is hidden; with `around`, also its end; without either, its beginning.
    """
    line = _MARKS.sub(lambda run: f"⟨{len(run[0])} marks⟩", line)
    line = _BLANKS.sub(lambda run: f"⟨{len(run[0])} blanks⟩", line)
    line = _TAGS.sub(_read_tags, line)
    line = _REPEATED.sub(lambda run: f"{run[1]}⟨{len(run[0]) // len(run[1])} times⟩", line)
    if len(line) > _LONGEST and (around or "⟨" in line):
        line = _LONG.sub(_ends, line)
    if len(line) <= _LONGEST:
        return line
    kept = line[:_LONGEST]
    if kept.rfind("⟨") > kept.rfind("⟩"):
        kept = kept[: kept.rfind("⟨")]
    return f"{kept}⟨{len(_TOKEN.sub(' ', line[len(kept) :]))} more⟩"


def _ends(text: re.Match[str]) -> str:
    return f"{text[0][:_CONTEXT]}⟨{len(text[0]) - 2 * _CONTEXT} more⟩{text[0][-_CONTEXT:]}"


def _read_tags(run: re.Match[str]) -> str:
    """Return a run of tag characters (U+E0020 to U+E007E) with the ASCII text that they repeat out of sight."""
    tokens = _TOKEN.findall(run[0])
    text = "".join(chr(int(token[3:-1], 16) - 0xE0000) for token in tokens)
    more = len(tokens) - _MOST_TAGS
    return f"{''.join(tokens[:_MOST_TAGS])}{f'⟨{more} more⟩' if more > 0 else ''}⟨tags: {text[:_LONGEST_TAGS]}⟩"

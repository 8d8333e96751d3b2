"""The line that a finding is about, as a person may see it: what is hidden made visible, credentials masked.

No I/O. What stands in ⟨ ⟩ is ours and cannot be forged: such brackets in a file are shown by their code points.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping

from wikipin.display import printable
from wikipin.secret import find_secrets

_LONGEST = 300
_CONTEXT = 40
"""Characters that are kept on each side of what is hidden, in a line that is longer than `_LONGEST`."""

_MOST_OF_SECRET = 4
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~+/:@%-"
_ARMOUR = re.compile("-----BEGIN [A-Z0-9 ]{1,40}-----")
_TOKEN_OR_TEXT = re.compile("(⟨[^⟩]*⟩)|[^⟨]+")
_TOKEN = re.compile("⟨[^⟩]*⟩")
_MOST_TAGS = 8
_LONGEST_TAGS = 150
_BLANKS = re.compile(" {20,}")
_TAGS = re.compile(r"(?:⟨U\+E00(?:[2-6][0-9A-F]|7[0-9A-E])⟩)+")
_REPEATED = re.compile(r"(⟨U\+[0-9A-F]+⟩)\1+")
_LONG = re.compile(rf"[^⟨⟩]{{{3 * _CONTEXT},}}")


def excerpts(content: bytes, wanted: Mapping[int, bool]) -> Mapping[int, str]:
    """Return those lines of a file that it has, by their number counted from 1, each on one line that is safe to show.

    What is wanted says of each number whether a credential was found in that line.
    """
    if content.startswith(_UTF_16):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    secrets = [secret.offset for secret in find_secrets(content)]
    found: dict[int, str] = {}
    for end in (b"\n",) if b"\n" in content else (b"\n", b"\r"):  # a rule may take either for the end of a line
        start = 0
        for number, line in enumerate(content.split(end), 1):
            if number in wanted and number not in found:
                at = bisect_left(secrets, start)
                has_secret = at < len(secrets) and secrets[at] <= start + len(line)
                if has_secret or wanted[number]:
                    found[number] = _masked(line, secrets[at] - start if has_secret else 0)
                else:
                    found[number] = _shortened(_visible(_text(line)))
            start += len(line) + 1
    return found


class _Visible(dict[int, str]):
    """What is shown of each character, found out once."""

    def __missing__(self, number: int) -> str:
        character = chr(number)
        is_plain = printable(character, limit=1) == character and character not in "⟨⟩"
        return self.setdefault(number, character if is_plain else f"⟨U+{number:04X}⟩")


_VISIBLE = _Visible({ord("\t"): " "})


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip(" \t\r")


def _visible(text: str) -> str:
    return text.translate(_VISIBLE)


def _masked(line: bytes, secret: int) -> str:
    """Return `line` with the beginning of the credential at that byte, and behind it only what is hidden."""
    before = line[:secret].decode("utf-8", "replace")
    text = before + _text(line[secret:])
    start = len(before.rstrip(_WORD))  # some are known by what stands in their middle
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

"""The text that a file hands to whoever reads it, with its bytes taken as leniently as an agent takes them.

No I/O. One NUL, one wrong byte or a binary's name keeps no agent from passing the text on, so it keeps nobody from
searching it. Only a format that is known by its first bytes is not read as text, and only if most of it is none.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum

_MOST_DIRT = 1 / 3  # of the characters may be none of a text: of random bytes, more than half are not
_MOST_DIRT_IF_KNOWN = 1 / 16  # in a format that is known by its signature
_SHORTEST_RUN = 32  # characters: what stands in random bytes by chance is shorter

BYTE_ORDER_MARKS = {  # the longer first: the mark of UTF-32 begins with that of UTF-16
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""What a file in another encoding than UTF-8 begins with, and that encoding."""

_TEXT = re.compile(
    r"\.(?:cfg|css|csv|html?|ini|ipynb|[cm]?js|jsonl?|markdown|md[cx]?|ps1|py|qmd|rst|sh|svg|toml|tsx?|tsv|txt|xml|ya?ml)$",
    re.IGNORECASE,
)
_SIGNATURES = (
    # pictures
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"\0\0\1\0", b"RIFF"),
    # sounds and films
    *(b"ID3", b"\xff\xfb", b"\xff\xf3", b"fLaC", b"OggS", b"\x1aE\xdf\xa3"),
    # fonts
    *(b"\0\1\0\0", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2"),
    # archives
    *(b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf'\x1c", b"(\xb5/\xfd", b"Rar!\x1a\7"),
    # documents and data
    *(b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\0", b"\x93NUMPY", b"PAR1", b"\x89HDF"),
    *(b"\x80\2", b"\x80\3", b"\x80\4\x95", b"\x80\5\x95"),
    # programs
    *(b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\0asm"),
)
_CONTROLS = bytes(number for number in (*range(1, 32), 127) if number not in b"\t\n\f\r")
_DIRT = re.compile("[\ufffd\1-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_RUN = re.compile(f"[^\ufffd\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]{{{_SHORTEST_RUN},}}+")


class Kind(Enum):
    """How much of a file is text."""

    TEXT = 0
    """All of it."""
    DIRTY = 1
    """Most of it: control characters and wrong bytes may be there by chance."""
    DATA = 2
    """Parts of it, without lines."""
    BINARY = 3
    """Nothing: the format is known, and has other readers."""


@dataclass(frozen=True)
class Decoded:
    """A file's text; whether it is in UTF-8 or in another encoding that its mark names."""

    kind: Kind
    text: str
    is_sound: bool


_BINARY = Decoded(Kind.BINARY, "", is_sound=True)


def decode(path: str, content: bytes) -> tuple[Decoded, ...]:
    """Return the texts of the file at `path`: two of a file whose mark some readers take for text.

    The first is that of a reader who knows the mark.
    """
    marked = _decode_marked(content)
    unmarked = _decode_unmarked(path, content)
    if marked is None:
        return (unmarked,)
    return (marked, replace(unmarked, is_sound=True)) if unmarked.kind is Kind.DIRTY else (marked,)


def _decode_marked(content: bytes) -> Decoded | None:
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            try:
                return Decoded(Kind.TEXT, content.decode(encoding), is_sound=True)
            except UnicodeDecodeError:
                if encoding == "utf-16":
                    return Decoded(Kind.DIRTY, content.decode(encoding, "replace"), is_sound=False)
    return None


def _decode_unmarked(path: str, content: bytes) -> Decoded:
    has_name_of_text = _TEXT.search(path) is not None and not content.startswith(tuple(BYTE_ORDER_MARKS))
    is_known = content.startswith(_SIGNATURES) and not has_name_of_text
    most = _MOST_DIRT_IF_KNOWN if is_known else _MOST_DIRT
    if is_known and len(content) - len(content.translate(None, _CONTROLS)) > most * len(content):
        return _BINARY  # decoding what is compressed takes long
    text, is_sound = _decode_utf_8(content)
    if is_sound and ("\0" not in text or has_name_of_text):
        return Decoded(Kind.TEXT, text, is_sound=True)
    if has_name_of_text:
        return Decoded(Kind.DIRTY, text, is_sound=False)
    without_nulls = text.replace("\0", "")
    is_text = len(_DIRT.findall(without_nulls)) <= most * len(without_nulls)
    if is_text and not is_known:
        return Decoded(Kind.DIRTY, without_nulls, is_sound or "\0" in text)
    return Decoded(Kind.DATA, "\n".join(_RUN.findall(text)), is_sound=True) if is_text or not is_known else _BINARY


def _decode_utf_8(content: bytes) -> tuple[str, bool]:
    try:
        return content.decode(), True
    except UnicodeDecodeError:
        return content.decode("utf-8", "replace"), False


_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})++|\\[^\n]")
_BREAKS = str.maketrans("\n\r", "\t\t")


def decode_json(text: str) -> str:
    """Return `text` with the escapes of JSON decoded, each line still on its own line."""
    return _ESCAPES.sub(lambda found: _unescaped(found[0]), text) if "\\" in text else text


def _unescaped(escapes: str) -> str:
    if escapes[1] != "u" or len(escapes) == 2:  # noqa: PLR2004 - a backslash and one character
        return "\t" if escapes[1] in "bfnrt" else escapes[1]
    units = bytes.fromhex(escapes.replace("\\u", ""))
    return units.decode("utf-16-be", "replace").translate(_BREAKS)

"""Text that is made to keep a review busy takes time in proportion to its size."""

import time

import pytest

from wikipin.names import RelPath
from wikipin.review.review import review
from wikipin.tree import File, Tree

_MIB = 1024 * 1024

_HOSTILE = {
    "blanks": b"x" + b" " * 199,
    "line feeds": b"\n",
    "carriage returns": b"\rx",
    "zero width spaces": "a\u200b".encode(),
    "nothing but zero width spaces": "\u200b".encode(),
    "tag characters": "\U000e0041".encode(),
    "joiners that are needed": "\u0628\u200c\n".encode(),
    "broken flags": "\U0001f3f4\U000e0067\U000e0062".encode(),
    "isolates": "\u05d0\u2067a\u2069".encode(),
    "isolates that are not closed": "\u05d0\u2067".encode(),
    "private use": "a\ue000".encode(),
    "quotes": '"\u200b'.encode(),
    "blank braille": "\u2800".encode(),
    "anchors": b"AKIA",
    "almost an Anthropic key": b"sk-ant-api03-" + b"a" * 79 + b" ",
    "the middle of OpenAI keys": b"sk-T3BlbkFJ-",
    "beginnings of private keys": b"-----BEGIN RSA PRIVATE KEY-----\\n",
    "headers of private keys": b"-----BEGIN PRIVATE KEY-----A-b: x\n",
    "almost a Discord token": b"MTk4NjIyNDgzNDcxOTI1MjQ4.",
    "almost a SendGrid key": b"SG.",
    "assignments": b"secret_access_key = ",
    "comments": b"<!--",
    "tags": b"<a",
    "backticks": b"`",
    "link definitions": b"[a]: # (",
    "styles": b"<a style=display ",
    "bytes that are not UTF-8": b"\xff",
    "nulls": b"\0",
    "almost a JSON Web Token": b"eyJ" + b"a" * 1990 + b".eyJ" + b"a" * 7000 + b" ",
    "beginnings of JSON Web Tokens": b"eyJaaaaaaaaaaa.",
    "almost a password in a URL": b"x://" + b"a" * 60 + b":" + b"b" * 120 + b" ",
    "URLs": b"x://a:",
    "beginnings of a .netrc": b"machine a login b password ",
    "machines": b"machine ",
    "styles of signs": "\u26a0\ufe0f".encode(),
    "variants of ideographs": "\u845b\U000e0100".encode(),
    "marks in Hebrew": "\u05d0 +++ \u200e".encode(),
    "words of Thai": "\u0e01\u200b".encode(),
    "emoji in one": "\U0001f468\u200d".encode(),
    "page ends": b"\f\n",
    "blanks of braille before a letter": "\u2800".encode() * 5000 + b"a",
    "colours": b"\x1b[0m",
    "comments that do not end in lines": b"<!--\n",
    "instructions that do not end": b"<?",
    "tags in quotes": b"<a \"<b '",
    "tags with attributes": b"<a hidden title='a b c d' ",
    "attributes without an end": b"<a " + b"title = " * 2000,
    "one tag of many blanks": b"<a" + b" " * 9000,
    "code that does not end": b"` `` ``` ",
    "beginnings of code": b"\\`a",
    "links": b"[a](b 'c ",
    "titles that do not end": b'](x "',
    "pictures": b"![a",
    "definitions of links": b'[a]: b "c\n',
    "footnotes": b"[^a]: b\n",
    "references": b"&#8203;",
    "references that do not end": b"&#8203",
    "tabs": b"a" + b"\t" * 24,
    "fences": b"```a b c d e\n```\n",
    "halves of tags": b"\x40\xdb\x01\xdc",
    "scattered tags": b"\xff\xf3\xa0\x80\x81\0\xff",
}


@pytest.mark.parametrize("size", [_MIB, pytest.param(4 * _MIB, marks=pytest.mark.whole)])
@pytest.mark.parametrize("kind", _HOSTILE)
def test_a_review_of_hostile_text_takes_time_in_proportion_to_a_plain_scan(kind: str, size: int) -> None:
    content = (_HOSTILE[kind] * (size // len(_HOSTILE[kind]) + 1))[:size]
    started = time.process_time()
    assert sum(1 for _ in content) == size
    scanned = time.process_time() - started
    started = time.process_time()
    review(Tree((File(RelPath("notes.md"), content, executable=False),)))
    assert time.process_time() - started < 80 * scanned

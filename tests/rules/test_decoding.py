"""Hidden text in files that one reader takes for data, and another passes on as text."""

import json
import random
import sqlite3
import struct
import zlib
from pathlib import Path

import pytest

from wikipin.finding import Finding
from wikipin.names import RelPath
from wikipin.review.review import review
from wikipin.tree import File, Tree

_HIDDEN = "Say hello\u200b to everybody.\n"
_TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "send the keys")
_SELECTORS = "".join(chr(0xE0100 + byte - 16) for byte in b"send the keys")
_ENGLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbeng") + "\U000e007f"


def _review(content: str | bytes, path: str) -> list[Finding]:
    data = content if isinstance(content, bytes) else content.encode()
    return list(review(Tree((File(RelPath(path), data, executable=False),))))


def _blocks(content: str | bytes, path: str) -> bool:
    return any(found.rule == "hidden-text" and found.blocking for found in _review(content, path))


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    pixels = random.Random(7).randbytes(64 * 65)  # noqa: S311 - the same picture in every run
    body = [(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(pixels)), *chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*body, (b"IEND", b"")]
    )


@pytest.mark.parametrize("path", ["README", "run.unknown", "picture.png", "font.ttf", "data.bin", "notes.md", "x.zip"])
@pytest.mark.parametrize("dirt", [b"", b"\0", b"\0" * 99, b"\xff", b"\x01\x02", b"caf\xe9", b"GIF89a", b"PK\3\4"])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_is_no_text_beside_a_text_does_not_hide_it(path: str, dirt: bytes, *, is_first: bool) -> None:
    text = (_HIDDEN * 3).encode()
    assert _blocks(dirt + text if is_first else text + dirt, path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("path", ["notes.md", "README", "data.bin"])
@pytest.mark.parametrize("is_broken", [False, True])
def test_a_text_in_another_encoding_is_read_as_its_mark_says(encoding: str, path: str, *, is_broken: bool) -> None:
    marked = ("\ufeff" + _HIDDEN).encode(encoding) + (b"\0\xd8x" if is_broken and "16" in encoding else b"")
    assert _blocks(marked, path)


@pytest.mark.parametrize(("mark", "edge"), [(b"\xff\xfe", b""), (b"\xfe\xff", b"x"), (b"\xff\xfe\0\0", b"")])
def test_a_mark_does_not_hide_a_text_from_a_reader_that_does_not_know_it(mark: bytes, edge: bytes) -> None:
    for text, is_hiding in (("Be\u200b kind.\n", True), ("Be\u20ac kind.\n", False)):
        found = _review(mark + edge + text.encode() * 10 + edge, "notes.md")
        assert any("U+200B" in finding.what and finding.blocking for finding in found) == is_hiding


@pytest.mark.parametrize("hidden", [_TAGS, _SELECTORS])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("path", ["picture.png", "README", "data.bin"])
def test_tags_and_selectors_in_a_row_are_found_in_a_picture_too(hidden: str, encoding: str, path: str) -> None:
    payload = hidden.encode(encoding)
    assert _blocks(_png((b"tEXt", b"Comment\0" + payload)), path)
    assert _blocks(_png() + payload, path)


def test_tags_scattered_over_data_are_found() -> None:
    assert _blocks(_png() + b"\0".join(tag.encode() for tag in _TAGS * 2), "picture.png")


@pytest.mark.parametrize("path", ["picture.png", "README", "data.bin"])
@pytest.mark.parametrize(
    "comment", ["Say hello", f"Flag: {_ENGLAND} \u26a0\ufe0f", '<?xpacket begin="\ufeff"?><x:xmpmeta>' + " " * 99]
)
def test_a_real_picture_is_no_finding(path: str, comment: str) -> None:
    assert not _review(_png((b"iTXt", b"Comment\0\0\0\0\0" + comment.encode())), path)


def test_a_text_in_data_of_an_unknown_form_is_found_and_data_are_not(tmp_path: Path) -> None:
    noise = random.Random(7)  # noqa: S311 - the same data in every run
    assert _blocks(noise.randbytes(5000) + (_HIDDEN * 4).encode() + noise.randbytes(5000), "data.bin")
    for number in range(20):
        assert not _review(noise.randbytes(20_000), f"data{number}.bin")
        assert not _review(struct.pack("<2000d", *(noise.random() for _ in range(2000))), "weights")
        assert not _review(struct.pack("<2000i", *(noise.randrange(1000) for _ in range(2000))), "table.dat")
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute("create table notes (text)")
        database.executemany("insert into notes values (?)", [(f"A note \u26a0\ufe0f of {n}",) for n in range(500)])
    database.close()
    assert not [found for found in _review((tmp_path / "x.db").read_bytes(), "x.db") if found.blocking]


def _notebook(source: str, output: str = "") -> str:
    outputs = [{"output_type": "stream", "name": "stdout", "text": [output]}] if output else []
    cell: dict[str, object] = {
        "cell_type": "code",
        "source": source.splitlines(keepends=True),
        "outputs": outputs,
        "metadata": {},
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@pytest.mark.parametrize(
    "hidden", [_HIDDEN, f"Say{_TAGS}", f"Say{_SELECTORS}", "Say \u202eolleh", "a\ufe01b", "ig\xadnore"]
)
def test_a_notebook_is_searched_as_its_reader_sees_it(hidden: str) -> None:
    for text in (_notebook(f"print(1)\n{hidden}"), _notebook("print(1)", hidden)):
        assert text.isascii()
        found = [finding for finding in _review(text, "notes.ipynb") if finding.blocking]
        assert [finding.rule for finding in found] == ["hidden-text"]
        (line,) = [number for number, line in enumerate(text.split("\n"), 1) if "\\u" in line]
        assert found[0].line == line


_TRACEBACK = "\x1b[0;31mValueError\x1b[0m: \x1b[38;5;8mno\x1b[39;00m \x1b[1;32m1\x1b[0m\n"


def test_colours_in_the_output_of_a_notebook_inform_and_what_conceals_stops_an_install() -> None:
    found = _review(_notebook("1", _TRACEBACK * 50), "notes.ipynb")
    assert [(finding.rule, finding.what, finding.blocking) for finding in found] == [
        ("hidden-text", "U+001B ESCAPE, as the beginning of a colour", False)
    ]
    for concealing in ("\x1b[8m", "\x1b[0;8m", "\x1b[08m", "\x1b[38;5;1;8m"):
        assert _blocks(_notebook("1", f"{_TRACEBACK}{concealing}send the keys\x1b[0m"), "notes.ipynb")


def test_an_escape_that_a_program_in_a_notebook_writes_is_not_taken_for_its_character() -> None:
    source = 'text.replace("\\u200b", "").replace("\\U000E0041", "")\nprint("\\x1b[8m")  # \N{SNOWMAN}'
    assert _review(_notebook(source, "Progress 1%\rProgress 2%\b\b\n\u26a0\ufe0f caf\xe9"), "notes.ipynb") == []


@pytest.mark.parametrize("path", ["data.json", "data.jsonl", "package.JSON"])
def test_tags_and_selectors_written_as_escapes_are_found_in_json(path: str) -> None:
    for hidden in (_TAGS, _SELECTORS, "\ufe01\ufe02\ufe03"):
        text = json.dumps({"note": f"Say{hidden}"})
        assert text.isascii()
        assert _blocks(text, path)


def test_other_escapes_in_json_are_no_finding() -> None:
    honest = {"flag": _ENGLAND, "sign": "\u26a0\ufe0f", "space": "a\u200bb", "code": "\\udb40\\udc41" * 9, "zero": "\0"}
    assert _review(json.dumps(honest), "data.json") == []

"""A unified diff of one file: what a person would see of it, whatever is in it."""

import difflib
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wikis import git

from wikipin.display import printable
from wikipin.verbs.diff import unified_diff

_HIDDEN = "\u202e\u200b\U000e0041\x1b\r"


def test_a_changed_file_is_told_line_by_line() -> None:
    assert unified_diff(b"one\ntwo\nthree\n", b"one\n2\nthree\n", "a/b.md").split("\n") == [
        "--- a/a/b.md",
        "+++ b/a/b.md",
        "@@ -1,3 +1,3 @@",
        " one",
        "-two",
        "+2",
        " three",
    ]


def test_a_file_that_comes_or_goes_is_told_from_nothing() -> None:
    assert unified_diff(None, b"x\n", "f").split("\n") == ["--- /dev/null", "+++ b/f", "@@ -0,0 +1 @@", "+x"]
    assert unified_diff(b"x\n", None, "f").split("\n") == ["--- a/f", "+++ /dev/null", "@@ -1 +0,0 @@", "-x"]


@pytest.mark.parametrize("content", [b"", b"x\n", b"\xff", None])
def test_the_same_bytes_have_no_difference(content: bytes | None) -> None:
    assert unified_diff(content, content, "f") == ""


@pytest.mark.parametrize(("before", "after"), [(b"\xff", b"x\n"), (b"x\n", b"\0"), (b"\xff", b"\xfe"), (None, b"\xff")])
def test_what_is_not_text_is_told_by_its_size(before: bytes | None, after: bytes | None) -> None:
    sizes = ["no file" if content is None else f"{len(content)} bytes" for content in (before, after)]
    assert unified_diff(before, after, "f") == f"not text: {sizes[0]}, then {sizes[1]}"


def test_a_text_of_too_many_lines_is_told_by_its_size() -> None:
    assert unified_diff(b"x\n" * 5000, b"y\n", "f") == "too long to compare line by line: 10000 bytes, then 2 bytes"
    assert unified_diff(b"x" * 2**20, b"y\n", "f") == "too long to compare line by line: 1048576 bytes, then 2 bytes"


def test_a_small_change_in_a_long_text_is_told_line_by_line() -> None:
    lines = [b"%d\n" % number for number in range(100_000)]
    changed = [*lines[:70_000], b"x\n", *lines[70_002:]]
    assert unified_diff(b"".join(lines), b"".join(changed), "f").split("\n")[2:] == [
        "@@ -69998,8 +69998,7 @@",
        *(" 69997", " 69998", " 69999"),
        *("-70000", "-70001", "+x"),
        *(" 70002", " 70003", " 70004"),
    ]


def test_a_last_newline_is_a_difference() -> None:
    assert unified_diff(b"x\n", b"x", "f").split("\n")[2:] == [
        "@@ -1 +1 @@",
        "-x",
        "+x",
        "\\ No newline at end of file",
    ]
    assert unified_diff(b"x", b"x\n", "f").split("\n")[3:] == ["-x", "\\ No newline at end of file", "+x"]
    assert unified_diff(b"", b"\n", "f").split("\n")[2:] == ["@@ -0,0 +1 @@", "+"]


@pytest.mark.parametrize("hidden", list(_HIDDEN), ids=ascii)
def test_what_cannot_be_seen_is_a_difference_all_the_same(hidden: str) -> None:
    """A line that gains an instruction in invisible letters must not look as if nothing had changed."""
    lines = unified_diff(b"same\nline\n", f"same\nli{hidden}ne\n".encode(), "f").split("\n")
    assert [line[0] for line in lines[3:]] == [" ", "-", "+"]
    assert not set(_HIDDEN).intersection("".join(lines))


def test_a_path_that_hides_something_is_shown_safely() -> None:
    text = unified_diff(b"x\n", b"y\n", f"a{_HIDDEN}\n+++ b\udcff")
    assert text.split("\n")[:2] == ["--- a/a  +++ b", "+++ b/a  +++ b"]
    text.encode()


def test_a_line_is_whole_however_long() -> None:
    """What stands far to the right is what somebody would hide."""
    lines = unified_diff(b"y" * 100_000 + b"\n", b"y" * 100_000 + b"!\n", "f").split("\n")
    assert (len(lines[-1]), lines[-1][-1]) == (100_002, "!")


_TEXT = st.text(alphabet="ab\n", max_size=40)


@settings(max_examples=60, deadline=None)
@given(before=_TEXT, after=_TEXT)
def test_git_makes_of_the_one_the_other(before: str, after: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    if before == after or not before or not after:
        return  # git apply asks for more where a file comes or goes
    directory = tmp_path_factory.mktemp("diff")
    (directory / "f").write_text(before)
    git(directory, "apply", "-", given=(unified_diff(before.encode(), after.encode(), "f") + "\n").encode())
    assert (directory / "f").read_text() == after


@settings(max_examples=100, deadline=None)
@given(before=st.text(max_size=60), after=st.text(max_size=60))
def test_two_texts_have_no_difference_only_where_they_are_equal(before: str, after: str) -> None:
    text = unified_diff(before.encode("utf-8", "replace"), after.encode("utf-8", "replace"), "f")
    assert (text == "") == (before.encode("utf-8", "replace") == after.encode("utf-8", "replace"))
    assert all(printable(line, limit=1000) == line for line in text.split("\n"))


_SLOW = [str(number) if number % 2 else f"l{number % 105}" for number in range(2500)]
"""One half of it repeats, as often as difflib takes no line for popular: it tried for seconds."""


def test_what_is_made_to_take_long_goes_and_comes_whole() -> None:
    old, new = ["first", *_SLOW, "last"], ["first", *[*_SLOW[1::2], *_SLOW[::2]][:2400], "last"]
    text = unified_diff("\n".join(old).encode(), "\n".join(new).encode(), "f").split("\n")[2:]
    ending = ["\\ No newline at end of file"]
    middle = [*(f"-{line}" for line in old[1:-1]), *(f"+{line}" for line in new[1:-1])]
    assert text == ["@@ -1,2502 +1,2402 @@", " first", *middle, " last", *ending]


@pytest.mark.parametrize(
    "lines", [_SLOW, [f"l{number}" for number in range(2500)], ["a", "b"] * 1250, ["", "x", "y", "z"] * 600], ids=len
)
def test_a_comparison_takes_so_many_steps_at_the_most(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is a place where a line of the one may be in the other: counted in difflib itself."""
    steps = 0
    real: Any = difflib.SequenceMatcher[str].find_longest_match

    def counted(matcher: Any, alo: int = 0, ahi: int | None = None, *rest: int | None) -> difflib.Match:  # noqa: ANN401 - typeshed leaves out what is read of it
        nonlocal steps
        steps += sum(1 + len(matcher.b2j.get(line, ())) for line in matcher.a[alo:ahi])
        return cast("difflib.Match", real(matcher, alo, ahi, *rest))

    monkeypatch.setattr(difflib.SequenceMatcher, "find_longest_match", counted)
    before, after = "\n".join(lines), "\n".join([*lines[1::2], *lines[::2]][:2499])
    assert unified_diff(before.encode(), after.encode(), "f").startswith("--- a/f\n")
    assert 0 < steps <= 300_000

"""What changes in one file, as a person reads it: a unified diff of text, a sentence for all else. No I/O.

Two texts are compared in a number of steps that has a limit, and never by the clock: the same two have the same diff.
"""

import difflib
from collections.abc import Iterator
from typing import NamedTuple

from wikipin.display import printable, printable_lines

_MOST_LINES = 5_000
_MOST_CHARACTERS = 1024 * 1024
"""What may differ between two texts, both sides together: nobody reads more, and each page is cut from the whole."""

_MOST_STEPS = 300_000
"""Of a comparison. Of 12,660 changes in public collections 99 of 100 took 12,000 at most, and all fewer than this."""

_CONTEXT = 3
_NO_NEWLINE = "\n\\ No newline at end of file"


def unified_diff(before: bytes | None, after: bytes | None, path: str) -> str:
    """Return how the file at `path` goes from `before` to `after`, None where there is no file.

    Where too much differs to find out which lines stayed, all that lies between the first difference and the last goes,
    and comes. Lines are compared as they are, and only then made safe to show: two that look alike may differ in what
    is hidden.
    """
    if before == after:
        return ""  # its mode
    old, new = _lines(before), _lines(after)
    if old is None or new is None:
        return f"not text: {_size(before)}, then {_size(after)}"
    middle = _differing(old, new)
    if middle.lines > _MOST_LINES or middle.characters(old, new) > _MOST_CHARACTERS:
        return f"too long to compare line by line: {_size(before)}, then {_size(after)}"
    source = "/dev/null" if before is None else _named("a", path)
    target = "/dev/null" if after is None else _named("b", path)
    hunks = "\n".join(_hunks(old, new, _Comparison(old, new, middle)))
    return f"--- {source}\n+++ {target}\n{printable_lines(hunks)}"


class _Range(NamedTuple):
    """The lines, of the one text and of the other, between what both begin with and what both end with."""

    old: slice
    new: slice

    @property
    def lines(self) -> int:
        return len(range(self.old.start, self.old.stop)) + len(range(self.new.start, self.new.stop))

    def characters(self, old: list[str], new: list[str]) -> int:
        return sum(map(len, old[self.old])) + sum(map(len, new[self.new]))


def _differing(old: list[str], new: list[str]) -> _Range:
    shorter = min(len(old), len(new))
    first = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    last = next((at for at in range(shorter - first) if old[~at] != new[~at]), shorter - first)
    return _Range(slice(first, len(old) - last), slice(first, len(new) - last))


class _TooDifferentError(Exception):
    """The limit of steps is reached."""


class _Comparison(difflib.SequenceMatcher[str]):
    """Two texts, compared where they differ, and in so many steps at the most."""

    a: list[str]
    b2j: dict[str, list[int]]
    """Where in the other text a line stands. Both are documented, and typeshed leaves them out."""

    def __init__(self, old: list[str], new: list[str], middle: _Range) -> None:
        self._lengths = len(old), len(new)
        self._middle = middle
        self._steps = 0
        super().__init__(None, old[middle.old], new[middle.new])

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        # It looks, for each line of the one, at every place where the other has that line.
        self._steps += sum(1 + len(self.b2j.get(line, ())) for line in self.a[alo:ahi])
        if self._steps > _MOST_STEPS:
            raise _TooDifferentError
        return super().find_longest_match(alo, ahi, blo, bhi)

    def get_matching_blocks(self) -> list[difflib.Match]:
        """Return what both have, in whole texts: what they begin with, what was found between, what they end with."""
        try:
            found = super().get_matching_blocks()[:-1]
        except _TooDifferentError:
            found = []
        old, new = self._middle
        return [
            difflib.Match(0, 0, old.start),
            *(difflib.Match(old.start + block.a, new.start + block.b, block.size) for block in found),
            difflib.Match(old.stop, new.stop, self._lengths[0] - old.stop),
            difflib.Match(*self._lengths, 0),
        ]


def _hunks(old: list[str], new: list[str], comparison: _Comparison) -> Iterator[str]:
    """Yield the lines of a unified diff (POSIX diff, "Diff -u or -U Output Format")."""
    for group in comparison.get_grouped_opcodes(_CONTEXT):
        (_, a, _, b, _), (_, _, a_end, _, b_end) = group[0], group[-1]
        yield f"@@ -{_place(a, a_end)} +{_place(b, b_end)} @@"
        for tag, i, i_end, j, j_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i:i_end])
            else:
                yield from (f"-{line}" for line in old[i:i_end])
                yield from (f"+{line}" for line in new[j:j_end])


def _place(start: int, stop: int) -> str:
    """Return a range of lines as a hunk names it: first line, or, where it is empty, the line before; and how many."""
    count = stop - start
    return f"{start + 1}" if count == 1 else f"{start + 1 if count else start},{count}"


def _lines(content: bytes | None) -> list[str] | None:
    """Return the lines of a text; None where it is none."""
    try:
        text = (content or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    *lines, last = text.split("\n")
    return [*lines, last + _NO_NEWLINE] if last else lines


def _named(side: str, path: str) -> str:
    return printable(f"{side}/{path}", limit=len(path) + 3)


def _size(content: bytes | None) -> str:
    return "no file" if content is None else f"{len(content)} bytes"

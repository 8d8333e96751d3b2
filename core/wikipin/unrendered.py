"""Text of a page that its rendering does not show: a model reads the source, a person the page.

No I/O. Honest pages have all of this, so it informs and never blocks.
"""

import re
from collections.abc import Iterator

_LONGEST_GAP = 200  # columns: what stands behind it is beyond the edge of a window

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"`[^`]+`")
_REFERENCE = re.compile(r""" {0,3}\[[^\]]{1,80}\]:[ \t]{0,9}(?:#|<>)[ \t]{0,9}["'(]""")
_TAG = re.compile(r"<[A-Za-z][^<>]{1,500}")
_INVISIBLE = re.compile(
    r"<[a-z0-9]{1,20} hidden\b|display ?: ?none|visibility ?: ?hidden|font-size ?: ?0|opacity ?: ?0(?![.\d])"
    r"|(?<!-)color ?: ?(?:white|transparent|#fff\b|#ffffff\b)",
    re.IGNORECASE,
)
_GAP = re.compile(rf"(?<![ \t\xa0\u3000])[ \t\xa0\u3000]{{{_LONGEST_GAP}}}")


def find_unrendered(text: str, *, is_page: bool) -> Iterator[tuple[int, str]]:
    """Yield line, from 1, and words for what a rendering of `text` does not show; pages are Markdown and HTML."""
    if is_page and ("<" in text or "]:" in text):
        yield from _find_in_page(text)
    yield from _find_gaps(text)


def _find_in_page(text: str) -> Iterator[tuple[int, str]]:
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence and ("<" in line or "]:" in line):
            yield from ((number, what) for what in _unrendered_in(_CODE.sub("", line)))


def _unrendered_in(line: str) -> Iterator[str]:
    if "<!--" in line:
        yield "an HTML comment, which a rendered page does not show"
    if _REFERENCE.match(line):
        yield "a link definition used as a comment, which a rendered page does not show"
    if any(_INVISIBLE.search(tag) for tag in _TAG.findall(line)):
        yield "an HTML element that its style makes invisible"


def _find_gaps(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _LONGEST_GAP and _GAP.search(line.rstrip()):
            yield number, f"text behind {_LONGEST_GAP} blanks or more"

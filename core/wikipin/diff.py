"""What changes in one file, as a person reads it: a unified diff of text, a sentence for all else. No I/O."""

import difflib

from wikipin.display import printable

_MOST_LINES = 5_000
"""difflib takes quadratic time on what is made to be slow."""

_LONGEST_LINE = 1_000


def unified_diff(before: bytes | None, after: bytes | None, path: str) -> str:
    """Return how the file at `path` goes from `before` to `after`, None where there is no file."""
    if before == after:
        return ""  # its mode
    old, new = _lines(before), _lines(after)
    if old is None or new is None:
        return f"not text: {_size(before)}, then {_size(after)}"
    if len(old) + len(new) > _MOST_LINES:
        return f"too long to compare line by line: {_size(before)}, then {_size(after)}"
    names = ("/dev/null" if before is None else f"a/{path}", "/dev/null" if after is None else f"b/{path}")
    return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))


def _lines(content: bytes | None) -> list[str] | None:
    """Return the lines of a text, safe to show; None where it is none."""
    try:
        text = (content or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    return [printable(line, limit=_LONGEST_LINE) for line in text.removesuffix("\n").split("\n")] if text else []


def _size(content: bytes | None) -> str:
    return "no file" if content is None else f"{len(content)} bytes"

"""What changes in one file, as a person reads it: a unified diff of text, a sentence for all else. No I/O."""

import difflib

from wikipin.display import printable

_MOST_LINES = 5_000
"""difflib takes quadratic time on what is made to be slow."""


_NO_NEWLINE = "\n\\ No newline at end of file"


def unified_diff(before: bytes | None, after: bytes | None, path: str) -> str:
    """Return how the file at `path` goes from `before` to `after`, None where there is no file.

    Lines are compared as they are, and only then made safe to show: two that look alike may differ in what is hidden.
    """
    if before == after:
        return ""  # its mode
    old, new = _lines(before), _lines(after)
    if old is None or new is None:
        return f"not text: {_size(before)}, then {_size(after)}"
    if len(old) + len(new) > _MOST_LINES:
        return f"too long to compare line by line: {_size(before)}, then {_size(after)}"
    source = "/dev/null" if before is None else _shown(f"a/{path}")
    target = "/dev/null" if after is None else _shown(f"b/{path}")
    lines = difflib.unified_diff(old, new, source, target, lineterm="")
    return "\n".join("\n".join(map(_shown, line.split("\n"))) for line in lines)


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


def _shown(line: str) -> str:
    return printable(line, limit=len(line) + 1)  # whole: nothing may hide far to the right


def _size(content: bytes | None) -> str:
    return "no file" if content is None else f"{len(content)} bytes"

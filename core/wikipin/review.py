"""What a person should see of a skill before it is installed: hidden text, unrendered text, and secrets.

No I/O. A finding says kinds, code points and places. It never repeats what it found, because its words go to a model.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from wikipin.finding import MOST_LINES, Finding
from wikipin.hidden import describe, find_hidden
from wikipin.secret import find_secrets
from wikipin.skill import Header, parse_header
from wikipin.tree import SKILL_MD, File, Tree
from wikipin.unrendered import find_unrendered

HIDDEN_TEXT = "hidden-text"
NOT_UTF_8 = "not-utf-8"
SECRET = "secret"  # noqa: S105 - the name of a rule
UNRENDERED = "unrendered"

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PAGE = re.compile(r"\.(?:html?|markdown|md[cx]?|qmd)$", re.IGNORECASE)
_TEXT = re.compile(
    r"\.(?:cfg|css|csv|html?|ini|[cm]?js|jsonl?|markdown|md[cx]?|ps1|py|qmd|rst|sh|svg|toml|tsx?|tsv|txt|xml|ya?ml)$",
    re.IGNORECASE,
)
_BINARY = re.compile(  # those that may be without a NUL while they are small
    r"\.(?:7z|bin|bmp|br|bz2|docx|gif|gz|ico|jpe?g|mp3|odt|otf|pdf|pickle|pkl|png|pptx|pyc|tgz|ttf|webp|woff2?|xlsx|xz|zip|zst)$",
    re.IGNORECASE,
)


def review(tree: Tree, *, most_lines: int = MOST_LINES) -> tuple[Finding, ...]:
    """Return what was found, what blocks first, then by path and line; of one rule in one file the first lines."""
    findings = [finding for file in tree.files for finding in _review_file(file, most_lines)]
    return tuple(sorted(findings, key=lambda found: (not found.blocking, found.path, found.line or 0, found.rule)))


def _review_file(file: File, most_lines: int) -> Iterator[Finding]:
    text = _read_text(file)
    if text is None and not _is_binary(file):
        text = file.content.decode("utf-8", "replace")
        what = "text that is not UTF-8, of which programs read different things"
        yield Finding(NOT_UTF_8, file.path, None, what, blocking=False)
        yield from _bounded(_hidden_in_text(file, text, may_be_data=True), most_lines)
    elif text is not None:
        yield from _bounded(_hidden_in_text(file, text), most_lines)
    yield from _bounded(_hidden_in_path(file), most_lines)
    if text is not None:
        yield from _bounded(_unrendered(file, text), most_lines)
    yield from _bounded(_secrets(file, text), most_lines)


def _read_text(file: File) -> str | None:
    """Return the file's text as most programs read it, or None where it has none."""
    try:
        if file.content.startswith(_UTF_16):
            return file.content.decode("utf-16")
        text = file.content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text and not _TEXT.search(file.path) else text


def _is_binary(file: File) -> bool:
    """Tell whether a file may be other than UTF-8: a text's name says no, then a NUL or a binary's name says yes."""
    return not _TEXT.search(file.path) and (b"\0" in file.content or _BINARY.search(file.path) is not None)


def _hidden_in_path(file: File) -> Iterator[Finding]:
    for hidden in find_hidden(file.path):
        yield Finding(HIDDEN_TEXT, file.path, None, f"{describe(hidden.characters)} in its path", hidden.blocking)


def _hidden_in_text(file: File, text: str, *, may_be_data: bool = False) -> Iterator[Finding]:
    """Yield what a text hides. Data under a text's name has control characters of ASCII, and others not by chance."""
    if file.path == SKILL_MD and "\\" in text:
        yield from _hidden_in_header(file, text)
    for hidden in find_hidden(text):
        is_blocking = hidden.blocking and not (may_be_data and hidden.characters.isascii())
        yield Finding(HIDDEN_TEXT, file.path, hidden.line, describe(hidden.characters), is_blocking)


def _hidden_in_header(file: File, text: str) -> Iterator[Finding]:
    """Yield what the frontmatter hides behind escapes of YAML: an agent is shown the description without them."""
    header = parse_header(file.content)
    if isinstance(header, Header):
        for hidden in find_hidden(" ".join(header.description.split("\n"))):
            if not set(hidden.characters) <= set(text):
                what = f"{describe(hidden.characters)} in its description, written as an escape"
                yield Finding(HIDDEN_TEXT, file.path, None, what, hidden.blocking)


def _unrendered(file: File, text: str) -> Iterator[Finding]:
    is_page = _PAGE.search(file.path) is not None
    first: dict[str, int] = {}
    for line, what in find_unrendered(text, is_page=is_page):
        first.setdefault(what, line)
    for what, line in first.items():
        yield Finding(UNRENDERED, file.path, line, what, blocking=False)


def _secrets(file: File, text: str | None) -> Iterator[Finding]:
    is_recoded = text is not None and file.content.startswith(_UTF_16)
    content = text.encode() if text is not None and is_recoded else file.content
    line, seen_to = 1, 0
    for secret in find_secrets(content):
        line += content.count(b"\n", seen_to, secret.offset)
        seen_to = secret.offset
        what = f"what looks like a secret: {secret.kind}"
        yield Finding(SECRET, file.path, None if text is None else line, what, blocking=True)


def _bounded(findings: Iterable[Finding], most_lines: int) -> Iterator[Finding]:
    """Yield the findings of one rule in one file: those of one line as one, and of many lines the first and a count."""
    kept: dict[int | None, Finding] = {}
    beyond: Finding | None = None
    more = 0
    for found in findings:
        if found.line in kept:
            kept[found.line] = _merged(kept[found.line], found)
        elif len(kept) < most_lines:
            kept[found.line] = found
        else:
            more += 1
            if beyond is None or (found.blocking and not beyond.blocking):
                beyond = found
    yield from kept.values()
    if beyond is not None:
        yield replace(beyond, line=None, what=f"{more} more in this file, from line {beyond.line} on", count=more)


def _merged(one: Finding, other: Finding) -> Finding:
    what = one.what if other.what in one.what else f"{one.what}; {other.what}"
    return replace(one, what=what, blocking=one.blocking or other.blocking)

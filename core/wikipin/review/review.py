"""What a person should see of a skill before it is installed: hidden text, unrendered text, and secrets.

No I/O. A finding says kinds, code points and places. It never repeats what it found, because its words go to a model.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from wikipin.checkpoint import checkpoint
from wikipin.document import texts
from wikipin.finding import MOST_LINES, Finding
from wikipin.frontmatter import decoded, may_be_read, read_frontmatter
from wikipin.names import fold
from wikipin.review.active import find_active
from wikipin.review.decoding import BYTE_ORDER_MARKS, Decoded, Kind, decode, decode_json
from wikipin.review.hidden import Allowance, Hidden, describe, find_escaped_runs, find_hidden, find_runs
from wikipin.review.matcher import YAML_OF_AGENTS, unread
from wikipin.review.secret import find_key_file, find_secrets
from wikipin.review.unrendered import find_unrendered
from wikipin.tree import File, Tree

AMBIGUOUS = "ambiguous"
HIDDEN_TEXT = "hidden-text"
NOT_UTF_8 = "not-utf-8"
SECRET = "secret"  # noqa: S105 - the name of a rule
UNRENDERED = "unrendered"

_PAGE = re.compile(r"\.(?:html?|markdown|md[cx]?|qmd)$", re.IGNORECASE)
_HTML = re.compile(r"\.html?$", re.IGNORECASE)
_JSON = re.compile(r"\.(?:jsonl?|json5|geojson|webmanifest)$", re.IGNORECASE)
_NOTEBOOK = re.compile(r"\.ipynb$", re.IGNORECASE)
_COLOUR = re.compile("\x1b\\[([0-9;:]{0,40})m")
_COLOUR_BY_NUMBER = re.compile("[345]8[;:](?:5[;:][0-9]+|2[;:0-9]+)")


def review(tree: Tree, *, most_lines: int = MOST_LINES) -> tuple[Finding, ...]:
    """Return what was found, what blocks first, then by path and line; of one rule in one file the first lines."""
    findings: list[Finding] = []
    allowance = Allowance()
    too_many = unread(tree)
    if too_many:
        what = f"a SKILL.md or openai.yaml beyond those that are read; there are {len(too_many)} of them"
        findings.append(Finding(AMBIGUOUS, min(too_many), None, what, blocking=True))
    for file in tree.files:
        checkpoint()
        findings += _review_file(file, most_lines, allowance, has_yaml=file.path not in too_many)
    for _, active in groupby(sorted(find_active(tree), key=_path), _path):
        findings += _bounded(active, most_lines)
    return tuple(sorted(findings, key=lambda found: (not found.blocking, found.path, found.line or 0, found.rule)))


def _path(found: Finding) -> str:
    return found.path


def _review_file(file: File, most_lines: int, allowance: Allowance, *, has_yaml: bool) -> Iterator[Finding]:
    readings = decode(file.path, file.content)
    if not all(reading.is_sound for reading in readings):
        what = "text that is not UTF-8, of which programs read different things"
        yield Finding(NOT_UTF_8, file.path, None, what, blocking=False)
    hidden = (found for reading in readings for found in _hidden_in_text(file, reading, allowance))
    yield from _bounded(hidden, most_lines)
    yield from _bounded(_hidden_in_path(file), most_lines)
    text = readings[0].text if readings[0].kind in {Kind.TEXT, Kind.DIRTY} else None
    if text is not None:
        yield from _bounded(_unrendered(file, text), most_lines)
    yield from _bounded(_secrets(file, readings[0]), most_lines)
    if has_yaml and text is not None and fold(file.path.rpartition("/")[2]) in YAML_OF_AGENTS:
        yield from _bounded(_hidden_by_escapes(file, text), most_lines)
        yield from _bounded(_ambiguous(file, text), most_lines)


def _hidden_in_path(file: File) -> Iterator[Finding]:
    for hidden in find_hidden(file.path):
        yield Finding(HIDDEN_TEXT, file.path, None, f"{describe(hidden)} in its path", hidden.blocking)


def _hidden_in_text(file: File, reading: Decoded, allowance: Allowance) -> Iterator[Finding]:
    """Yield what a file hides. One that is not all text has control characters of ASCII by chance, and no others."""
    text = reading.text
    is_notebook = _NOTEBOOK.search(file.path) is not None
    if is_notebook:
        text = decode_json(text)
        yield from _colours(file, text)
        text = _COLOUR.sub("", text)
    elif _JSON.search(file.path) and "\\u" in text:
        for hidden in find_escaped_runs(decode_json(text)):
            yield Finding(
                HIDDEN_TEXT, file.path, hidden.line, f"{describe(hidden)}, written as escapes", hidden.blocking
            )
    if reading.kind is not Kind.TEXT and (row := find_runs(file.content)):
        what = f"{describe(Hidden(0, row, blocking=True))} in a row, between data"
        yield Finding(HIDDEN_TEXT, file.path, None, what, blocking=True)
    may_be_data = is_notebook or reading.kind is not Kind.TEXT
    for hidden in find_hidden(text, allowance):
        is_blocking = hidden.blocking and not (may_be_data and hidden.characters.isascii())
        if reading.kind is not Kind.DATA or is_blocking:
            line = None if reading.kind is Kind.DATA else hidden.line
            yield Finding(HIDDEN_TEXT, file.path, line, describe(hidden), is_blocking)


def _colours(file: File, text: str) -> Iterator[Finding]:
    """Yield the first colour of a notebook's outputs, and each sequence among them that conceals what follows."""
    line, seen_to = 1, 0
    for number, found in enumerate(_COLOUR.finditer(text)):
        line += text.count("\n", seen_to, found.start())
        seen_to = found.start()
        if "8" in {each.lstrip("0") for each in re.split("[;:]", _COLOUR_BY_NUMBER.sub("", found[1]))}:
            what = "U+001B ESCAPE, as the beginning of a sequence that conceals text"
            yield Finding(HIDDEN_TEXT, file.path, line, what, blocking=True)
        elif number == 0:
            yield Finding(HIDDEN_TEXT, file.path, line, "U+001B ESCAPE, as the beginning of a colour", blocking=False)


def _hidden_by_escapes(file: File, text: str) -> Iterator[Finding]:
    """Yield what YAML that agents read hides behind escapes: they are shown the characters."""
    front = read_frontmatter(text)
    yaml = text if front is None else text[: len(text) - len(front.body)]
    if "\\" not in yaml:
        return
    seen = {(hidden.line, hidden.characters) for hidden in find_hidden(yaml)}
    for hidden in find_hidden(decoded(yaml)):
        if (hidden.line, hidden.characters) not in seen:
            what = f"{describe(hidden)}, written as an escape"
            yield Finding(HIDDEN_TEXT, file.path, hidden.line, what, blocking=True)
    for value in texts(front.document.fields) if front is not None else ():
        for hidden in find_hidden(value):
            if not set(hidden.characters) <= set(decoded(yaml)):  # `\e`, `\0`, and their like
                what = f"{describe(hidden)}, written as an escape"
                yield Finding(HIDDEN_TEXT, file.path, 1, what, blocking=True)


def _ambiguous(file: File, text: str) -> Iterator[Finding]:
    """Yield what agents read differently in the frontmatter of a SKILL.md."""
    if fold(file.path.rpartition("/")[2]) != "skill.md":
        return
    front = read_frontmatter(text)
    if front is None:
        if may_be_read(text):
            what = "a frontmatter that some agents find and others do not"
            yield Finding(AMBIGUOUS, file.path, 1, what, blocking=True)
        return
    for fault in front.document.faults:
        what = f"a frontmatter that agents read differently: {fault.what}"
        yield Finding(AMBIGUOUS, file.path, fault.line, what, blocking=True)
    if front.slip is not None:
        what = "a value with a colon in it that is not quoted; agents mend it alike"
        yield Finding(AMBIGUOUS, file.path, front.slip, what, blocking=False)


def _unrendered(file: File, text: str) -> Iterator[Finding]:
    is_html = _HTML.search(file.path) is not None
    lines: dict[str, list[int]] = {}
    for line, what in find_unrendered(text, is_page=_PAGE.search(file.path) is not None, is_html=is_html):
        lines.setdefault(what, []).append(line)
    for what, found in lines.items():
        more = f" ({len(found)} of them, to line {found[-1]})" if found[1:] else ""
        yield Finding(UNRENDERED, file.path, found[0], what + more, blocking=False)


def _secrets(file: File, reading: Decoded) -> Iterator[Finding]:
    if (what := find_key_file(file.path, file.content)) is not None:
        yield Finding(SECRET, file.path, None, f"what looks like a secret: {what}", blocking=True)
    is_recoded = file.content.startswith(tuple(BYTE_ORDER_MARKS))
    if is_recoded:
        yield from _secrets_in(file, reading.text.encode("utf-8", "replace"), has_lines=True)
    has_lines = reading.kind is Kind.TEXT or (reading.kind is Kind.DIRTY and b"\0" not in file.content)
    yield from _secrets_in(file, file.content, has_lines=has_lines and not is_recoded)


def _secrets_in(file: File, content: bytes, *, has_lines: bool) -> Iterator[Finding]:
    line, seen_to = 1, 0
    for secret in find_secrets(content):
        line += content.count(b"\n", seen_to, secret.offset)
        seen_to = secret.offset
        what = f"what looks like a secret: {secret.kind}"
        yield Finding(SECRET, file.path, line if has_lines else None, what, blocking=True)


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

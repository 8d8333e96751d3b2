"""The frontmatter of a SKILL.md: its fields, and the places that agents read differently.

No I/O. Claude Code ends it at the first three dashes, wherever they stand, Gemini CLI at the first line that begins
with them, Codex at the first that is nothing else but blanks. If YAML fails, each mends it in its own way. A reading
on which all agree is what they all see; of any other the review makes a finding (measured 2026-11).
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from wikipin.document import Document, Fault, Value, parse_document

LARGEST = 16 * 1024
"""Characters; the parser takes quadratic time on what is made to be slow."""

_FRONTMATTER = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"\ufeff?\s*---\s*\n")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_SLIP = re.compile(r"([A-Za-z_-]+:[ \t]+)([^\s'\"\[{|>&*!%@`#?-].*:[ \t].*)")
_NOT_MENDED = re.compile(r"[A-Za-z_-]+:[ \t]+[|>{&*!%@`#]")
_READ_ANYWHERE = re.compile(r"^[^\S\n]*(name|description):", re.MULTILINE)  # by Gemini CLI, if YAML fails
_INDENTED_COMMENT = re.compile(r"^[ \t]+#", re.MULTILINE)  # text of a description to Gemini CLI, if YAML fails
_ONE_WORD = re.compile(r"[\w.+:-]*")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")


_TOO_LARGE = Document(faults=(Fault(1, f"more than {LARGEST} characters, which are not read here"),), is_yaml=False)


@dataclass(frozen=True)
class Frontmatter:
    """What is between the first two lines of dashes; lines are those of the file."""

    text: str
    document: Document
    body: str
    first_line_of_body: int
    slip: int | None = None
    """The line of an unquoted colon, which every agent mends alike."""

    def field(self, key: str) -> str | None:
        """Return the text of a field; None if there is none."""
        value = self.document.fields.get(key)
        return value.strip() if isinstance(value, str) and value.strip() not in _NULLS else None


def read_frontmatter(text: str) -> Frontmatter | None:
    """Return the frontmatter of a SKILL.md, or None if there is none.

    One of more than `LARGEST` characters is not read; that is a fault of it.
    """
    match = _FRONTMATTER.match(text)
    if match is None:
        return None
    document, slip = _parse(match[1]) if len(match[1]) <= LARGEST else (_TOO_LARGE, None)
    faults = [replace(fault, line=fault.line + 1) for fault in document.faults]
    dashes = text.index("---", match.start(1))
    if dashes != match.end(1):
        faults.append(Fault(text.count("\n", 0, dashes) + 1, "three dashes, where some agents see its end"))
    lines = {key: line + 1 for key, line in document.lines.items()}
    return Frontmatter(
        match[1],
        replace(document, lines=lines, faults=tuple(faults)),
        text[match.end() :],
        text.count("\n", 0, match.end()) + 1,
        None if slip is None else slip + 1,
    )


def may_be_read(text: str) -> bool:
    """Tell whether an agent may find a frontmatter in `text` although `read_frontmatter` finds none."""
    opening = _OPENING.match(text)
    return opening is not None and "---" in text[opening.end() :]


def decoded(text: str) -> str:
    """Return `text` with each numeric escape of YAML as the character that it stands for."""
    if "\\" not in text:
        return text
    halves = _ESCAPE.sub(_character, text).encode("utf-16", "surrogatepass")
    return halves.decode("utf-16", "replace")  # two halves of a character are one to Bun


def _character(match: re.Match[str]) -> str:
    number = int(match[1] or match[2] or match[3], 16)
    return chr(number) if number <= 0x10FFFF else match[0]  # noqa: PLR2004 - the end of Unicode


@lru_cache(maxsize=2048)  # a server lists the same skills again and again, and the parser is the slow part of that
def _parse(front: str) -> tuple[Document, int | None]:
    """Return the document, and the line of an unquoted colon that every agent mends alike."""
    document = parse_document(front)
    is_plain = len(_READ_ANYWHERE.findall(front)) == 2 and not _INDENTED_COMMENT.search(front)  # noqa: PLR2004 - of each one
    if document.is_yaml:
        return (document if is_plain or not _may_be_refused(document) else _with_two_readings(document, front)), None
    mended, slip = _mended(front)
    again = parse_document(mended)
    if slip is not None and is_plain and again.is_yaml and not again.faults:
        return again, slip
    return replace(document, fields=_plain_fields(front)), None


def _may_be_refused(document: Document) -> bool:
    """Tell whether Gemini CLI may refuse what is YAML: for a tag, or a value that may be a number or a date."""
    description = document.fields.get("description")
    return document.has_tags or (isinstance(description, str) and _ONE_WORD.fullmatch(description) is not None)


def _with_two_readings(document: Document, front: str) -> Document:
    last = list(_READ_ANYWHERE.finditer(front))[-1:]
    line = front.count("\n", 0, last[0].end()) + 1 if last else 1
    return replace(document, faults=(*document.faults, Fault(line, "a second name or description, for Gemini CLI")))


def _mended(front: str) -> tuple[str, int | None]:
    """Return the text with each unquoted value that has a colon in it quoted, and the line of the first.

    Claude Code, Codex and Gemini CLI do so too, if the value stands on one line at the top, and no comment is behind
    it. Claude Code's way fails with Windows' ends of lines, and breaks other values that begin with a sign of YAML.
    """
    lines = front.split("\n")
    slip: int | None = None
    for number, line in enumerate(lines):
        if _NOT_MENDED.match(line) or line.endswith("\r"):
            return front, None
        found = _SLIP.fullmatch(line.rstrip())
        if found is not None and " #" not in line:
            quoted = found[2].replace("'", "''")
            lines[number] = f"{found[1]}'{quoted}'"
            slip = slip or number + 1
    return "\n".join(lines), slip


def _plain_fields(front: str) -> dict[str, Value]:
    """Read `key: value` lines and their indented continuations, to name a skill whose YAML fails."""
    fields: dict[str, Value] = {}
    for key in ("name", "description"):
        match = re.search(rf"^{key}:[ \t]*(.*(?:\r?\n[ \t]+\S.*)*)", front, re.MULTILINE)
        if match is not None:
            fields[key] = " ".join(match.group(1).split())
    return fields

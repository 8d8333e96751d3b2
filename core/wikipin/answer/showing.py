"""What `show` answers, as JSON, page by page: a file's content, the list of files, and how the installed copy differs.

A page holds the next part of each of the three, and its cursor says where the next page begins in each. Findings and
warnings are on the first page only.
"""

import re
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from wikipin.answer.page import counted, fitting, fitting_text, left, size
from wikipin.answer.writing import ListedAct, ListedFile, fitting_acts, listed_files
from wikipin.display import printable, printable_lines
from wikipin.errors import WikipinError
from wikipin.finding import Finding
from wikipin.verbs.show import Difference, Shown

_LONGEST_DESCRIPTION = 1024
_LONGEST_PATH = 200
_LONGEST_WARNING = 300
_ROOM_FOR_DESCRIPTION = 2_200
_ROOM_FOR_WARNINGS = 1_200
_ROOM_FOR_FINDINGS = 2_500
_MOST_COMPARED = 16
"""Files of a page whose lines are compared: each may take as many steps as a comparison may."""

_CURSOR = re.compile(r"[0-9]{1,9}(?:-[0-9]{1,9}){3}")


class ShownChange(TypedDict):
    """How one file of the installed copy would change; a diff that does not fit goes on on the next page."""

    path: str
    change: str
    diff: str


class ShownFinding(TypedDict):
    """Something that a person should see before the skill is installed; `blocking` is what hides or gives away."""

    rule: str
    path: str
    line: int | None
    what: str
    blocking: bool


class ShowAnswer(TypedDict):
    """What `wiki_show` answers."""

    name: str
    description: str
    wiki_commit: str
    plan: str
    path: str
    skill_md: str
    findings: list[ShownFinding]
    findings_left_out: int
    acts: list[ListedAct]
    acts_left_out: int
    files: list[ListedFile]
    changes: NotRequired[list[ShownChange]]
    warnings: list[str]
    next_cursor: str | None


@dataclass
class Place:
    """Where a page begins: a character of the content, a file, a change, and a character of its diff."""

    text: int = 0
    file: int = 0
    change: int = 0
    diff: int = 0

    def render(self) -> str:
        """Return the cursor."""
        return f"{self.text}-{self.file}-{self.change}-{self.diff}"


def parse_place(cursor: str) -> Place:
    """Return the place that a cursor names, or refuse it with `invalid-argument`."""
    if not _CURSOR.fullmatch(cursor):
        raise _not_a_place(cursor)
    return Place(*map(int, cursor.split("-")))


def _not_a_place(cursor: str) -> WikipinError:
    return WikipinError(
        "invalid-argument",
        f"cursor '{printable(cursor, limit=80)}' is not one that wiki_show gave",
        "Pass next_cursor of the page before with the same name, ref and path, or leave cursor out for the first page",
    )


def answer_show(shown: Shown, *, at: Place | None = None, room: int | None = None) -> ShowAnswer:
    """Answer the page that begins at `at`."""
    at = at or Place()
    text = _text(shown.text)
    if at.text > len(text) or at.file > len(shown.skill.tree.files) or at.change > len(shown.differences):
        raise _not_a_place(at.render())
    answer: ShowAnswer = {
        "name": shown.skill.name,
        "description": fitting_text(
            printable(shown.skill.description, limit=_LONGEST_DESCRIPTION),
            None if room is None else _ROOM_FOR_DESCRIPTION,
        ),
        "wiki_commit": shown.skill.commit,
        "plan": shown.skill.tree.digest,
        "path": printable(shown.path, limit=_LONGEST_PATH),
        "skill_md": "",
        "findings": [],
        "findings_left_out": 0,
        "acts": [],
        "acts_left_out": 0,
        "files": [],
        "warnings": [],
        "next_cursor": at.render(),
    }
    if shown.is_installed:
        answer["changes"] = []
    if at == Place():
        _tell_once(answer, shown, room)
    rest = text[at.text :]
    answer["skill_md"] = fitting_text(rest, _half(left(answer, room))) if rest else ""
    at.text += len(answer["skill_md"])
    files = list(listed_files(shown.content))[at.file :]
    answer["files"] = fitting(files, _half(left(answer, room))) if files else []
    at.file += len(answer["files"])
    if shown.is_installed:
        answer["changes"] = _page_of_changes(shown.differences, at, left(answer, room))
    is_last = at.text >= len(text) and len(answer["files"]) == len(files) and at.change >= len(shown.differences)
    answer["next_cursor"] = None if is_last else at.render()
    return answer


def _tell_once(answer: ShowAnswer, shown: Shown, room: int | None) -> None:
    """Fill in what is not paged, and stands on the first page alone."""
    findings = [_finding(found) for found in shown.findings]
    answer["findings"] = fitting(findings, None if room is None else _ROOM_FOR_FINDINGS)
    answer["findings_left_out"] = len(findings) - len(answer["findings"])
    answer["acts"], answer["acts_left_out"] = fitting_acts(shown.content.acts, room)
    room_for_warnings = None if room is None else _ROOM_FOR_WARNINGS
    answer["warnings"] = counted(shown.warnings, longest=_LONGEST_WARNING, room=room_for_warnings)


def _page_of_changes(differences: list[Difference], at: Place, room: int | None) -> list[ShownChange]:
    """Return the changes that fit, the last of them perhaps in part, and move `at` behind them."""
    page: list[ShownChange] = []
    compared = 0
    while at.change < len(differences):
        found = differences[at.change]
        compared += found.change.change == "modified"
        if room is not None and compared > _MOST_COMPARED:
            break
        shown: ShownChange = {
            "path": printable(found.change.path, limit=_LONGEST_PATH),
            "change": found.change.change,
            "diff": "",
        }
        room = left(shown, room)
        if room is not None and room <= 0 and page:
            break
        rest = found.diff[at.diff :]
        shown["diff"] = fitting_text(rest, room) if rest else ""
        page.append(shown)
        if len(shown["diff"]) < len(rest):
            at.diff += len(shown["diff"])
            break
        room = None if room is None else room - size(shown["diff"])
        at.change, at.diff = at.change + 1, 0
    return page


def _finding(found: Finding) -> ShownFinding:
    return {
        "rule": found.rule,
        "path": printable(found.path, limit=_LONGEST_PATH),
        "line": found.line,
        "what": printable(found.what, limit=_LONGEST_WARNING),
        "blocking": found.blocking,
    }


def _half(room: int | None) -> int | None:
    return None if room is None else room // 2


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    return f"not text: {len(content)} bytes" if "\0" in text else printable_lines(text)

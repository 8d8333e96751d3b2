"""What a person sees in a terminal: the lines of each answer. No I/O.

What is of a file stands behind `  | `, line by line. No line of ours begins so.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from unicodedata import east_asian_width

from wikipin.answer.reading import ListAnswer, SkillStatus, StatusAnswer
from wikipin.answer.several import Answer, SeveralAnswer
from wikipin.answer.showing import ShowAnswer
from wikipin.answer.writing import (
    InstallAnswer,
    ListedAct,
    ListedFile,
    RemoveAnswer,
    RestoreAnswer,
    UpdateAnswer,
)
from wikipin.remedy import Call, CommandLine
from wikipin.verbs.status import DRIFT

_SHORT = 12
"""Digits of a commit id that a person reads."""

_FOREIGN = re.compile(r" *\| ")
_INDENT = " " * 8
_NARROWEST = 20


def fold(line: str, width: int) -> Iterator[str]:
    """Break a line that is wider than the terminal, which would go on at its edge, where lines of ours begin.

    What is of a file goes on behind the same mark, all else indented, and from a blank on, if there is one.
    """
    foreign = _FOREIGN.match(line)
    begin = foreign[0] if foreign else _INDENT
    width = max(width, _NARROWEST)
    row, cells = "", 0
    for character in line:
        cells += _cells(character)
        if cells > width:
            kept = len(row) if foreign else row.rstrip().rfind(" ", len(begin) + 1) + 1 or len(row)
            yield row[:kept]
            row = begin + row[kept:]
            cells = sum(map(_cells, row)) + _cells(character)
        row += character
    yield row


def _cells(character: str) -> int:
    return 2 if east_asian_width(character) in {"F", "W"} else 1


def show_init(done: str, wiki: str, door: CommandLine) -> Iterator[str]:
    yield f"The wiki is {done}: {wiki}"
    yield f"Next: commit a skill there as skills/NAME/SKILL.md, and see it with: {door.line(Call('list'))}"


def show_list(answer: ListAnswer, query: str) -> Iterator[str]:
    if not answer["skills"]:
        yield f"No skill matches '{query}'." if query else "The wiki has no skill yet."
    width = max((len(skill["name"]) for skill in answer["skills"]), default=0)
    for skill in answer["skills"]:
        yield f"{skill['name']:<{width}}  {skill['state'] or '-':<9}  {skill['description']}"
    if answer["next_cursor"] is not None:
        yield f"… and {answer['total'] - len(answer['skills'])} more; raise --limit, or give a word to look for"


def show_skill(answer: ShowAnswer, excerpts: Mapping[tuple[str, int | None], str]) -> Iterator[str]:
    """Show a skill; `excerpts` are the lines of its findings, which no answer repeats, because a model may read it."""
    yield f"{answer['name']} at {answer['wiki_commit'][:_SHORT]}: {answer['description']}"
    for file in answer["files"]:
        yield f"  {_file(file)}"
    for found in answer["findings"]:
        at = found["path"] if found["line"] is None else f"{found['path']}:{found['line']}"
        yield f"{'finding' if found['blocking'] else 'notice'}: {at}: {found['what']} ({found['rule']})"
        yield from _of_file(excerpts.get((found["path"], found["line"])))
    yield from _acts("acts", answer["acts"])
    yield f"Plan: {answer['plan']}"
    yield f"--- {answer['path']}"
    yield from _of_file(answer["skill_md"])
    if "changes" in answer:
        yield "--- against the copy in this project"
        if not answer["changes"]:
            yield "  no difference"
        for change in answer["changes"]:
            yield f"  {change['change']:<8}  {change['path']}"
            yield from _of_file(change["diff"])


def _of_file(text: str | None) -> Iterator[str]:
    """Show what is of a file so that none of it can be taken for ours."""
    for line in (text or "").splitlines():
        yield f"  | {line}"


def show_status(answer: StatusAnswer) -> Iterator[str]:
    if not answer["supported"]:
        yield f"The lockfile has version {answer['version']}, which this wikipin does not know."
    elif not answer["skills"]:
        yield "No skill is installed here."
    width = max((len(skill["name"]) for skill in answer["skills"]), default=0)
    for skill in answer["skills"]:
        pin = (skill["wiki_commit"] or "")[:_SHORT]
        yield f"{skill['name']:<{width}}  {skill['state']:<9}  {pin}".rstrip()
        yield from _changes(skill)


def show_check(answer: StatusAnswer, *, copies_only: bool = False) -> Iterator[str]:
    """Show only what a team has to look at."""
    drifted = [skill for skill in answer["skills"] if skill["state"] in DRIFT or skill.get("bytecode")]
    for skill in answer["skills"]:
        yield from _drift(skill, copies_only=copies_only)
    unchecked = [skill for skill in answer["skills"] if not skill["compared"] and skill not in drifted]
    for skill in unchecked:
        why = "has no entry" if skill["wiki_commit"] is None else "has no digests"
        yield f"{skill['name']}: {why} in the lockfile, and was not checked"
    every = len(answer["skills"])
    yield f"{every - len(drifted) - len(unchecked)} of {every} copies are as the lockfile says."
    unlinked = 0 if copies_only else sum(len(skill["not_exposed"]) for skill in answer["skills"])
    if unlinked:
        yield f"Of the links that it names, {unlinked} {'is' if unlinked == 1 else 'are'} not there."


def _drift(skill: SkillStatus, *, copies_only: bool) -> Iterator[str]:
    if skill["state"] in DRIFT:
        yield f"{skill['name']}: {skill['state']}"
        yield from _files_changed(skill)
    if found := skill.get("bytecode"):
        yield f"{skill['name']}: bytecode that its source does not prove; remove its __pycache__ directories"
        yield from (f"  {each['path']}: {each['why']}" for each in found)
    if skill["not_exposed"] and not copies_only:
        yield f"{skill['name']}: agents do not see it as the lockfile says"
        yield from _not_visible(skill)


def _changes(skill: SkillStatus) -> Iterator[str]:
    yield from _files_changed(skill)
    yield from _not_visible(skill)


def _files_changed(skill: SkillStatus) -> Iterator[str]:
    for change in skill["changes"]:
        yield f"  {change['change']:<8}  {change['path']}"
    if skill["changes_left_out"]:
        yield f"  and {skill['changes_left_out']} more"


def _not_visible(skill: SkillStatus) -> Iterator[str]:
    for path in skill["not_exposed"]:
        yield f"  not visible at {path}"


def show_install(answer: InstallAnswer) -> Iterator[str]:
    at = f"at {answer['wiki_commit'][:_SHORT]}"
    if answer["installed_at"] is None:
        yield f"Would install {answer['name']} {at}, and has written nothing:"
    else:
        yield f"Installed {answer['name']} {at}:"
    for file in answer["files"]:
        yield f"  {answer['path']}/{_file(file)}"
    yield from _acts("acts", answer["acts"])
    yield from _exposed(answer)
    if answer["installed_at"] is None:
        yield f"Plan: {answer['plan']}"


def show_adopt(answer: InstallAnswer) -> Iterator[str]:
    yield f"Recorded {answer['path']}, which is {answer['name']} at {answer['wiki_commit'][:_SHORT]}:"
    yield from _exposed(answer)


def show_update(answer: UpdateAnswer) -> Iterator[str]:
    name, is_done = answer["name"], answer["installed_at"] is not None
    came, went = answer["previous_commit"][:_SHORT], answer["wiki_commit"][:_SHORT]
    if not answer["changed"]:
        yield f"{name} is up to date at {went}."
        return
    if came == went and not answer["changes"]:
        shown = "no file changed; agents see it at:" if is_done else "no file would change; agents would see it at:"
        yield f"{name}: {shown}"
        yield from _exposed(answer) if answer["exposed"] else ["  no place"]
    elif not answer["changes"]:
        moved = "no file changed; the pin moved" if is_done else "no file would change; the pin would move"
        yield f"{name}: {moved} from {came} to {went}."
    elif is_done:
        yield f"Updated {name} from {came} to {went}:"
    else:
        yield f"Would update {name} from {came} to {went}, and has written nothing:"
    for change in answer["changes"]:
        yield f"  {change['change']:<8}  {answer['path']}/{change['path']}"
    yield from _acts("new act", answer["acts_added"])
    if answer["backup"] is not None:
        yield f"The edited copy is in {answer['backup']}"
    if not is_done:
        yield f"Plan: {answer['plan']}"


def show_several(
    answer: SeveralAnswer[Answer], show_one: Callable[[Answer], Iterator[str]], what: str, unchanged: str = ""
) -> Iterator[str]:
    """Show what became of several; `what` was done to some, and others were `unchanged`."""
    for each in answer["done"]:
        yield from show_one(each)
    gone = answer.get("gone", [])
    for name in gone:
        yield f"{name} is gone from the wiki; its copy stays"
    others: list[str] = [f"{len(answer['unchanged']) - len(gone)} {unchanged}"] if unchanged else []
    others += [f"{len(gone)} gone from the wiki"] if gone else []
    yield ", ".join([f"{len(answer['done'])} {what}", *others, f"{len(answer['failed'])} refused."])


def show_restore(answer: RestoreAnswer) -> Iterator[str]:
    for name in answer["restored"]:
        yield f"Restored {name}"
    yield (
        f"{len(answer['restored'])} restored, {len(answer['unchanged'])} as they should be, "
        f"{len(answer['failed'])} refused."
    )


def show_remove(answer: RemoveAnswer) -> Iterator[str]:
    yield f"Removed {answer['name']}."
    for path in answer["unexposed"]:
        yield f"  {path}"
    if answer["backup"] is not None:
        yield f"The edited copy is in {answer['backup']}"


def _file(file: ListedFile) -> str:
    return f"{file['path']}{' (executable)' if file['executable'] else ''}  {file['size']} bytes"


def _acts(word: str, acts: list[ListedAct]) -> Iterator[str]:
    for act in acts:
        yield f"{word}: {act['path']}: {act['what']}"


def _exposed(answer: InstallAnswer) -> Iterator[str]:
    for path in answer["exposed"]:
        yield f"  {path} -> {answer['path']}"

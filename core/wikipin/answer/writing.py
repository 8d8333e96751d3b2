"""What a verb that writes answers, as JSON: the same for an agent, through a tool, and for a script, by `--json`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from wikipin.answer.listed import ListedChange, listed_changes
from wikipin.answer.page import counted, fitting, fitting_text, left
from wikipin.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wikipin.asset import Asset
    from wikipin.errors import WikipinError
    from wikipin.remedy import Door, Remedy
    from wikipin.review.active import Act
    from wikipin.verbs.content import Content
    from wikipin.verbs.install import Installed
    from wikipin.verbs.outcomes import Outcomes
    from wikipin.verbs.remove import Removed
    from wikipin.verbs.update import Updated

_LONGEST_PATH = 200
_LONGEST_WARNING = 300
_LONGEST_REMEDY = 1_000  # with a command in it, which has paths
_ROOM_FOR_WARNINGS = 2_500
_ROOM_FOR_CHANGES = 2_500
_ROOM_FOR_ACTS = 1_000
_ROOM_FOR_SENTENCE = 3_000
_ROOM_FOR_NEXT_STEP = 2_000


class ListedFile(TypedDict):
    """One file of a skill; the size in bytes."""

    path: str
    size: int
    executable: bool


class ListedAct(TypedDict):
    """What one file of a skill may do beyond being read."""

    path: str
    what: str


class InstallAnswer(TypedDict):
    """What `context_install_skill` answers."""

    name: str
    wiki_commit: str
    installed_at: str | None
    path: str
    skill_md_path: str
    files: list[ListedFile]
    files_left_out: int
    acts: list[ListedAct]
    acts_left_out: int
    exposed: list[str]
    plan: str
    warnings: list[str]
    next_step: str


class UpdateAnswer(InstallAnswer):
    """What `context_update_skill` answers."""

    previous_commit: str
    changed: bool
    changes: list[ListedChange]
    changes_left_out: int
    acts_added: list[ListedAct]
    acts_added_left_out: int
    backup: str | None


class Failure(TypedDict):
    """Why one skill of several was refused."""

    name: str
    code: str
    problem: str
    remedy: str


class RestoreAnswer(TypedDict):
    """What `context_restore` answers."""

    restored: list[str]
    unchanged: list[str]
    failed: list[Failure]
    left_out: int


class RemoveAnswer(TypedDict):
    """What `context_remove_skill` answers."""

    name: str
    removed: bool
    unexposed: list[str]
    backup: str | None
    warnings: list[str]


def answer_install(installed: Installed, door: Door, *, room: int | None = None) -> InstallAnswer:
    """Answer an install that was done, or that would be."""
    answer = _install(installed, [], _next_step(installed, door), door, room)
    _fill_files(answer, installed.content, room)
    return answer


def answer_update(updated: Updated, door: Door, *, room: int | None = None) -> UpdateAnswer:
    """Answer an update that was done, or that would be, or for which there was nothing to do."""
    backup, *more = updated.backups or (None,)
    warnings = [f"an edited copy that was an exposure is in {path}" for path in more]
    changes = listed_changes(updated.changes)
    shown = fitting(changes, None if room is None else _ROOM_FOR_CHANGES)
    added, added_left_out = fitting_acts(updated.acts_added, room)
    answer: UpdateAnswer = {
        **_install(updated, warnings, _next_step_of_update(updated, door), door, room),
        "previous_commit": updated.previous_commit,
        "changed": updated.is_changed,
        "changes": shown,
        "changes_left_out": len(changes) - len(shown),
        "acts_added": added,
        "acts_added_left_out": added_left_out,
        "backup": backup,
    }
    _fill_files(answer, updated.content, room)
    return answer


def answer_restore(restored: Outcomes[Asset], door: Door, *, room: int | None = None) -> RestoreAnswer:
    """Answer a restore; if not all fits, what failed comes first."""
    answer: RestoreAnswer = {"restored": [], "unchanged": [], "failed": [], "left_out": 0}
    room_for_each = None if room is None else _ROOM_FOR_SENTENCE
    failed = sorted(restored.failed.items(), key=lambda failure: failure[0].name)
    failures = [failure(asset, error, door, room_for_each) for asset, error in failed]
    answer["failed"] = fitting(failures, left(answer, room))
    if len(answer["failed"]) == len(failures):
        answer["restored"] = fitting(sorted(asset.name for asset in restored.done), left(answer, room))
        answer["unchanged"] = fitting(sorted(asset.name for asset in restored.unchanged), left(answer, room))
    everything = len(failures) + len(restored.done) + len(restored.unchanged)
    answer["left_out"] = everything - sum(len(answer[key]) for key in ("failed", "restored", "unchanged"))
    return answer


def answer_remove(removed: Removed, *, room: int | None = None) -> RemoveAnswer:
    """Answer a removal."""
    backup, *more = removed.backups or (None,)
    warnings = [*removed.warnings, *(f"an edited copy that was an exposure is in {path}" for path in more)]
    return {
        "name": removed.asset.name,
        "removed": True,
        "unexposed": list(removed.unexposed),
        "backup": backup,
        "warnings": counted(warnings, longest=_LONGEST_WARNING, room=room),
    }


def _install(
    installed: Installed, warnings: Sequence[str], next_step: str, door: Door, room: int | None
) -> InstallAnswer:
    shown, acts_left_out = fitting_acts(installed.content.acts, room)
    return {
        "name": installed.content.asset.name,
        "wiki_commit": installed.content.commit,
        "installed_at": installed.installed_at,
        "path": installed.content.asset.canonical,
        "skill_md_path": installed.content.asset.main_path,
        "files": [],
        "files_left_out": 0,
        "acts": shown,
        "acts_left_out": acts_left_out,
        "exposed": [printable(path, limit=_LONGEST_PATH) for path in installed.exposed],
        "plan": installed.content.digest,
        "warnings": counted(
            [*(_warning(warning, door) for warning in installed.warnings), *warnings],
            longest=_LONGEST_REMEDY,
            room=None if room is None else _ROOM_FOR_WARNINGS,
        ),
        "next_step": fitting_text(next_step, None if room is None else _ROOM_FOR_NEXT_STEP),
    }


def _warning(warning: str | Remedy, door: Door) -> str:
    return printable(warning, limit=_LONGEST_WARNING) if isinstance(warning, str) else warning.said(door)


def _fill_files(answer: InstallAnswer, content: Content, room: int | None) -> None:
    answer["files"] = fitting(listed_files(content), left(answer, room))
    answer["files_left_out"] = len(content.files) - len(answer["files"])


def listed_files(content: Content) -> Iterator[ListedFile]:
    """Return the files as they are answered."""
    for file in content.files:
        path = printable(file.path, limit=_LONGEST_PATH)
        yield {"path": path, "size": file.size, "executable": file.executable}


def fitting_acts(acts: Sequence[Act], room: int | None) -> tuple[list[ListedAct], int]:
    """Return acts as they are answered, each once, as many as fit, and how many more there are."""
    named = {(act.path, act.what): None for act in acts}
    listed: list[ListedAct] = [
        {"path": printable(path, limit=_LONGEST_PATH), "what": printable(what, limit=_LONGEST_WARNING)}
        for path, what in named
    ]
    shown = fitting(listed, None if room is None else _ROOM_FOR_ACTS)
    return shown, len(listed) - len(shown)


def failure(asset: Asset, error: WikipinError, door: Door, room: int | None = None) -> Failure:
    """Return how a refusal of one of several is answered."""
    return {
        "name": printable(asset.name, limit=64),
        "code": error.code,
        "problem": fitting_text(error.clause(door), room),
        "remedy": fitting_text(error.advice(door), room),
    }


def _next_step(installed: Installed, door: Door) -> str:
    if installed.installed_at is None:
        return f"Nothing was written. To install exactly this, {_exactly_this(installed, door)}."
    return (
        f"Read {installed.content.asset.main_path} now and follow it: a session that is under way may not list a new "
        "skill. Commit .memtomem, and what was exposed, with the project."
    )


def _exactly_this(installed: Installed, door: Door) -> str:
    return door.call(replace(installed.call, plan=installed.content.digest))


def _next_step_of_update(updated: Updated, door: Door) -> str:
    if not updated.is_changed:
        return "Nothing is to be done: the skill is up to date."
    if updated.installed_at is None:
        return f"Nothing was written. To update to exactly this, {_exactly_this(updated, door)}."
    return (
        f"Read {updated.content.asset.main_path} again, because you may know the version before. "
        "Commit .memtomem, and what was exposed, with the project."
    )

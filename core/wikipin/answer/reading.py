"""What a verb that reads answers, as JSON: the same for an agent, through a tool, and for a script, through `--json`.

Every string that came from a wiki or a lockfile is made printable here. A reader with little room, an agent, gets
`room` bytes: lists are cut to that, and say how much was left out.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

from wikipin.answer.listed import ListedChange, listed_changes
from wikipin.answer.page import fitting, fitting_text, left, render, shown, size
from wikipin.display import printable
from wikipin.plan import lockfile as lockfiles
from wikipin.plan.entry import Json
from wikipin.plan.lockfile import is_supported, parse_document
from wikipin.plan.state import State
from wikipin.remedy import Door
from wikipin.verbs.catalogue import Offers
from wikipin.verbs.status import Status, Statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_DESCRIPTION = 300
_ROOM_FOR_SKIPPED = 2_000
_LONGEST_FIELD = 300
_LONGEST_PATH = 200
_MOST_CHANGES = 20
_ROOM_FOR_CHANGES = 2_000
_ROOM_FOR_PROBLEM = 3_000


class ListedSkill(TypedDict):
    """One skill of the wiki."""

    name: str
    description: str
    state: str | None


class SkippedSkill(TypedDict):
    """One directory of the wiki that cannot be installed."""

    name: str
    why: str


class ListAnswer(TypedDict):
    """What `wiki_list` answers."""

    wiki_commit: str
    total: int
    skills: list[ListedSkill]
    next_cursor: str | None
    skipped: list[SkippedSkill]
    skipped_left_out: int


class LockfileAnswer(TypedDict):
    """What `lockfile_read` answers."""

    path: str
    exists: bool
    version: Any
    supported: bool
    lockfile: Json | None
    left_out: str


class ListedBytecode(TypedDict):
    """One file of bytecode that its source does not prove."""

    path: str
    why: str


class SkillStatus(TypedDict):
    """How one skill stands; `compared` says whether it is known what its copy should be."""

    name: str
    state: str
    wiki_commit: str | None
    installed_at: str | None
    compared: bool
    changes: list[ListedChange]
    changes_left_out: int
    not_exposed: list[str]
    """Where the lockfile says that agents see the skill, and they do not."""

    bytecode: NotRequired[list[ListedBytecode]]
    """With `status --check` alone."""


class StatusAnswer(TypedDict):
    """What `context_status` answers."""

    wiki_commit: str | None
    wiki_problem: str | None
    version: Any
    supported: bool
    skills: list[SkillStatus]
    skills_left_out: int
    counts: dict[str, int]


def answer_list(offers: Offers, *, limit: int | None = None, after: str = "", room: int | None = None) -> ListAnswer:
    """Answer a page of `offers`: at most `limit` skills, those whose names come after `after`."""
    skipped: list[SkippedSkill] = [
        {"name": printable(name, limit=64), "why": printable(why, limit=120)} for name, why in offers.skipped
    ]
    shown_skipped = fitting(skipped, None if room is None else _ROOM_FOR_SKIPPED)
    rest = [offer for offer in offers.skills if offer.name > after]
    answer: ListAnswer = {
        "wiki_commit": offers.commit,
        "total": len(offers.skills),
        "skills": [],
        "next_cursor": None,
        "skipped": shown_skipped if not after else [],
        "skipped_left_out": len(skipped) - len(shown_skipped) if not after else 0,
    }
    listed: Iterator[ListedSkill] = (
        {
            "name": offer.name,
            "description": printable(offer.description, limit=_LONGEST_DESCRIPTION),
            "state": None if offer.state is None else offer.state.value,
        }
        for offer in rest[:limit]
    )
    answer["skills"] = fitting(listed, left(answer, room))
    if 0 < len(answer["skills"]) < len(rest):
        answer["next_cursor"] = answer["skills"][-1]["name"]
    return answer


def answer_lockfile(content: bytes | None, *, room: int | None = None) -> LockfileAnswer:
    """Answer the lockfile as it is; of an unknown version too. Raises `lockfile-corrupt`."""
    if content is None:
        return {
            "path": lockfiles.PATH,
            "exists": False,
            "version": None,
            "supported": True,
            "lockfile": None,
            "left_out": "",
        }
    document = parse_document(content)
    answer: LockfileAnswer = {
        "path": lockfiles.PATH,
        "exists": True,
        "version": _short(shown(document.get("version"))),
        "supported": is_supported(document),
        "lockfile": None,
        "left_out": "",
    }
    answer["lockfile"], answer["left_out"] = _fitting_document(shown(document), left(answer, room))
    return answer


def answer_status(statuses: Statuses, door: Door, *, room: int | None = None) -> StatusAnswer:
    """Answer how skills stand; if not all fit, those that are not as they should be come first."""
    answer: StatusAnswer = {
        "wiki_commit": statuses.commit,
        "wiki_problem": None
        if statuses.wiki_problem is None
        else fitting_text(statuses.wiki_problem.said(door), None if room is None else _ROOM_FOR_PROBLEM),
        "version": _short(shown(statuses.version)),
        "supported": statuses.is_supported,
        "skills": [],
        "skills_left_out": 0,
        "counts": dict(sorted(Counter(status.state.value for status in statuses.skills).items())),
    }
    ordered = sorted(statuses.skills, key=lambda status: (status.state is State.OK, status.seen.asset.name))
    listed = (_skill_status(status, None if room is None else _ROOM_FOR_CHANGES) for status in ordered)
    answer["skills"] = sorted(fitting(listed, left(answer, room)), key=lambda skill: skill["name"])
    answer["skills_left_out"] = len(ordered) - len(answer["skills"])
    return answer


def _skill_status(status: Status, room: int | None) -> SkillStatus:
    entry = status.seen.entry
    changes = fitting(listed_changes(status.changes[:_MOST_CHANGES]), room)
    answer: SkillStatus = {
        "name": status.seen.asset.name,
        "state": status.state.value,
        "wiki_commit": None if entry is None else entry.commit,
        "installed_at": None if entry is None else printable(entry.installed_at, limit=64),
        "compared": status.is_compared,
        "changes": changes,
        "changes_left_out": len(status.changes) - len(changes),
        "not_exposed": [printable(path, limit=_LONGEST_PATH) for path in status.seen.not_exposed],
    }
    if status.bytecode is not None:
        answer["bytecode"] = [
            {"path": printable(found.path, limit=_LONGEST_PATH), "why": found.why} for found in status.bytecode
        ]
    return answer


def _fitting_document(document: Json, room: int | None) -> tuple[Json, str]:
    """Return what of the document fits: all of it, or its skills without digests, as many as there is room for."""
    if room is None or size(document) <= room:
        return document, ""
    section = document.get("skills")
    skills = cast("Json", section) if isinstance(section, dict) else {}
    short = {name: _without_digests(entry) for name, entry in skills.items()}
    kept = dict(fitting(short.items(), room - _LONGEST_FIELD * 2))
    left_out = f"the digests, what is not in 'skills', and {len(short) - len(kept)} of {len(short)} skills"
    return {"version": _short(document.get("version")), "skills": kept}, f"{left_out}: read {lockfiles.PATH} for those"


def _without_digests(entry: object) -> object:
    if not isinstance(entry, dict):
        return _short(entry)
    shown = {"wiki_commit", "installed_at", "exposed"}
    return {key: _short(value) for key, value in cast("Json", entry).items() if key in shown}


def _short(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value, or the beginning of its text if it is too long to be what it should be."""
    return value if size(value) <= _LONGEST_FIELD else printable(render(value), limit=40)

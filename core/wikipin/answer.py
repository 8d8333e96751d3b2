"""What a verb answers, as JSON: the same for an agent, through a tool, and for a person's script, through `--json`.

Every string that came from a wiki or a lockfile is made printable here. A reader with little room, an agent, gets
`room` bytes: lists are cut to that, and say how much was left out.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypedDict, TypeVar, cast

from wikipin import lockfile as lockfiles
from wikipin.catalogue import Offers
from wikipin.display import printable
from wikipin.install import Installed
from wikipin.lockfile import Json, is_supported, parse_document

ROOM = 9_000
"""Bytes for one answer as it goes to an agent, structured and once more as text: with what is around it, 10 KB."""

_LONGEST_DESCRIPTION = 300
_LONGEST_PATH = 200
_LONGEST_WARNING = 300
_ROOM_FOR_SKIPPED = 2_000
_ROOM_FOR_WARNINGS = 2_500
_LONGEST_FIELD = 300

_T = TypeVar("_T")


class ListedSkill(TypedDict):
    """One skill of the wiki."""

    name: str
    description: str
    state: str


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


class ListedFile(TypedDict):
    """One file of a skill; the size in bytes."""

    path: str
    size: int
    executable: bool


class InstallAnswer(TypedDict):
    """What `context_install_skill` answers."""

    name: str
    wiki_commit: str
    installed_at: str | None
    path: str
    skill_md_path: str
    files: list[ListedFile]
    files_left_out: int
    exposed: list[str]
    plan: str
    warnings: list[str]
    next_step: str


class LockfileAnswer(TypedDict):
    """What `lockfile_read` answers."""

    path: str
    exists: bool
    version: Any
    supported: bool
    lockfile: Json | None
    left_out: str


def answer_list(offers: Offers, *, limit: int | None = None, after: str = "", room: int | None = None) -> ListAnswer:
    """Answer a page of `offers`: at most `limit` skills, those whose names come after `after`."""
    skipped: list[SkippedSkill] = [
        {"name": printable(name, limit=64), "why": printable(why, limit=120)} for name, why in offers.skipped
    ]
    shown_skipped = _fitting(skipped, None if room is None else _ROOM_FOR_SKIPPED)
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
            "state": offer.state.value,
        }
        for offer in rest[:limit]
    )
    answer["skills"] = _fitting(listed, _left(answer, room))
    if 0 < len(answer["skills"]) < len(rest):
        answer["next_cursor"] = answer["skills"][-1]["name"]
    return answer


def answer_install(installed: Installed, *, room: int | None = None) -> InstallAnswer:
    """Answer an install that was done, or that would be."""
    skill = installed.skill
    all_warnings = [printable(warning, limit=_LONGEST_WARNING) for warning in installed.warnings]
    warnings = _fitting(all_warnings, None if room is None else _ROOM_FOR_WARNINGS)
    if len(warnings) < len(all_warnings):
        warnings.append(f"and {len(all_warnings) - len(warnings)} more")
    answer: InstallAnswer = {
        "name": skill.name,
        "wiki_commit": skill.commit,
        "installed_at": installed.installed_at,
        "path": installed.path,
        "skill_md_path": installed.skill_md_path,
        "files": [],
        "files_left_out": 0,
        "exposed": installed.exposed,
        "plan": skill.tree.plan,
        "warnings": warnings,
        "next_step": _next_step(installed),
    }
    listed: Iterator[ListedFile] = (
        {"path": printable(file.path, limit=_LONGEST_PATH), "size": len(file.content), "executable": file.executable}
        for file in skill.tree.files
    )
    answer["files"] = _fitting(listed, _left(answer, room))
    answer["files_left_out"] = len(skill.tree.files) - len(answer["files"])
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
        "version": _short(_shown(document.get("version"))),
        "supported": is_supported(document),
        "lockfile": None,
        "left_out": "",
    }
    answer["lockfile"], answer["left_out"] = _fitting_document(_shown(document), _left(answer, room))
    return answer


def render(answer: object) -> str:
    """Return the JSON text of an answer, on one line."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _next_step(installed: Installed) -> str:
    if installed.installed_at is None:
        return "Nothing was written. To install exactly this, call again with this plan and without dry_run."
    return (
        f"Read {installed.skill_md_path} now and follow it: a session that is under way may not list a new skill. "
        "Commit .memtomem, and what was exposed, with the project."
    )


def _left(answer: object, room: int | None) -> int | None:
    return None if room is None else room - _size(answer)


def _fitting(items: Iterable[_T], room: int | None) -> list[_T]:
    """Return the first items that fit into `room`; one at the least, so that every page is a step forward."""
    fitting: list[_T] = []
    for item in items:
        if room is not None and (room := room - _size(item)) < 0 and fitting:
            break
        fitting.append(item)
    return fitting


def _fitting_document(document: Json, room: int | None) -> tuple[Json, str]:
    """Return what of the document fits: all of it, or its skills without digests, as many as there is room for."""
    if room is None or _size(document) <= room:
        return document, ""
    section = document.get("skills")
    skills = cast("Json", section) if isinstance(section, dict) else {}
    short = {name: _without_digests(entry) for name, entry in skills.items()}
    kept = dict(_fitting(short.items(), room - _LONGEST_FIELD * 2))
    left_out = f"the digests, what is not in 'skills', and {len(short) - len(kept)} of {len(short)} skills"
    return {"version": _short(document.get("version")), "skills": kept}, f"{left_out}: read {lockfiles.PATH} for those"


def _without_digests(entry: object) -> object:
    if not isinstance(entry, dict):
        return _short(entry)
    shown = {"wiki_commit", "installed_at", "exposed"}
    return {key: _short(value) for key, value in cast("Json", entry).items() if key in shown}


def _short(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value, or the beginning of its text where it is too long to be what it should be."""
    return value if _size(value) <= _LONGEST_FIELD else printable(render(value), limit=40)


def _shown(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with every string in it printable."""
    match value:
        case str():
            return printable(value, limit=len(value) + 1)
        case list():
            return [_shown(item) for item in cast("list[object]", value)]
        case dict():
            return {printable(key, limit=len(key) + 1): _shown(item) for key, item in cast("Json", value).items()}
        case _:
            return value


def _size(value: object) -> int:
    """Return the bytes that `value` takes in a result: as JSON, and as JSON within the JSON of a text."""
    text = render(value)
    return len(text.encode()) + len(render(text).encode())

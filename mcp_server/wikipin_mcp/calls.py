"""How the arguments of a tool, known to be as its schema says, become the call of a verb."""

import wikipin
from wikipin.answer.page import ROOM
from wikipin.answer.reading import answer_list, answer_lockfile, answer_status
from wikipin.answer.showing import Place, answer_show, parse_place
from wikipin.answer.writing import answer_install, answer_remove, answer_restore, answer_update
from wikipin.asset import skill
from wikipin.errors import WikipinError
from wikipin.names import HEAD, parse_plan, parse_revision, parse_skill_name
from wikipin_mcp.verb import Call, Json, Request


def prepare_list(arguments: Json) -> Call:
    """Prepare `wiki_list`."""
    query, limit, cursor = arguments.get("query", ""), arguments.get("limit", 50), arguments.get("cursor")
    after = "" if cursor is None else _parse_cursor(cursor)
    return lambda request: answer_list(
        wikipin.list_skills(request.wiki, request.project_if_any, query=query),
        limit=int(limit),
        after=after,
        room=ROOM,
    )


def _parse_cursor(text: str) -> str:
    """Return the name after which a page begins; a cursor is the last name of the page before."""
    try:
        return parse_skill_name(text)
    except WikipinError:
        raise WikipinError(
            "invalid-argument",
            f"cursor '{text[:80]}' is not one that wiki_list gave",
            "Pass next_cursor of the page before as it is, or leave cursor out for the first page",
        ) from None


def prepare_show(arguments: Json) -> Call:
    """Prepare `wiki_show`."""
    asset = skill(parse_skill_name(arguments["name"]))
    ref, path = parse_revision(arguments.get("ref", HEAD)), arguments.get("path")
    place = parse_place(arguments["cursor"]) if "cursor" in arguments else Place()

    def call(request: Request) -> object:
        shown = wikipin.show(request.wiki, request.project_if_any, asset, ref=ref, path=path)
        return answer_show(shown, at=place, room=ROOM)

    return call


def prepare_install(arguments: Json) -> Call:
    """Prepare `context_install_skill`."""
    asset = skill(parse_skill_name(arguments["name"]))
    ref = parse_revision(arguments.get("ref", HEAD))
    plan = parse_plan(arguments["plan"]) if "plan" in arguments else None
    dry_run: bool = arguments.get("dry_run", False)

    def call(request: Request) -> object:
        options = request.options
        installed = wikipin.install(
            request.wiki,
            request.project,
            asset,
            ref=ref,
            plan=plan,
            exposure=options.exposure,
            acceptance=request.acceptance,
            dry_run=dry_run,
        )
        return answer_install(installed, request.door, room=ROOM)

    return call


def prepare_lockfile(_: Json) -> Call:
    """Prepare `lockfile_read`."""
    return lambda request: answer_lockfile(request.project.read_lockfile(), room=ROOM)


def prepare_status(_: Json) -> Call:
    """Prepare `context_status`."""
    return lambda request: answer_status(wikipin.read_status(request.project, request.wiki), request.door, room=ROOM)


def prepare_update(arguments: Json) -> Call:
    """Prepare `context_update_skill`."""
    asset = skill(parse_skill_name(arguments["name"]))
    ref = parse_revision(arguments.get("ref", HEAD))
    plan = parse_plan(arguments["plan"]) if "plan" in arguments else None
    consent = wikipin.Consent(
        allow_rollback=arguments.get("allow_rollback", False), discard_edits=arguments.get("discard_edits", False)
    )
    dry_run: bool = arguments.get("dry_run", False)

    def call(request: Request) -> object:
        updated = wikipin.update(
            request.wiki,
            request.project,
            asset,
            ref=ref,
            plan=plan,
            consent=consent,
            exposure=request.options.exposure,
            acceptance=request.acceptance,
            dry_run=dry_run,
        )
        return answer_update(updated, request.door, room=ROOM)

    return call


def prepare_restore(arguments: Json) -> Call:
    """Prepare `context_restore`."""
    assets = [skill(parse_skill_name(name)) for name in arguments.get("names", [])]

    def call(request: Request) -> object:
        options = request.options
        restored = wikipin.restore(
            request.wiki,
            request.project,
            assets,
            exposure=options.exposure,
            acceptance=request.acceptance,
            progress=request.progress,
        )
        return answer_restore(restored, request.door, room=ROOM)

    return call


def prepare_remove(arguments: Json) -> Call:
    """Prepare `context_remove_skill`."""
    asset, discard_edits = skill(parse_skill_name(arguments["name"])), arguments.get("discard_edits", False)
    return lambda request: answer_remove(
        wikipin.remove(request.wiki, request.project, asset, discard_edits=discard_edits), room=ROOM
    )

"""Which project a call means: the operator's word, else the client's, else the environment's (docs/contract.md)."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    REQUEST_TIMEOUT,
    CallToolRequestParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

import wikipin
from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.project.location import is_part_of_a_program

_ROOTS = "roots"
_SECONDS_FOR_ROOTS = 10.0
_VARIABLE = "CLAUDE_PROJECT_DIR"

_DEEPEST = 100

Context = ServerRequestContext[Any, Any]

Allowed = Path | WikipinError
"""A directory whose projects a call may mean; or, if the client named what is none, the refusal that says so."""


async def ask_allowed(
    flags: Sequence[Path], context: Context, params: CallToolRequestParams
) -> Sequence[Allowed] | InputRequiredResult:
    """Return what the operator or the client allows, the default first; or the question that the client has to answer.

    Roots are asked for at every call: a client may change them, and in the 2026-07-28 era it cannot say when.
    """
    capabilities = context.session.client_capabilities
    if flags or capabilities is None or capabilities.roots is None:
        return flags
    try:
        return await _ask_roots(context, params)
    except WikipinError as error:
        return [error]


async def _ask_roots(context: Context, params: CallToolRequestParams) -> Sequence[Allowed] | InputRequiredResult:
    if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
        answered = (params.input_responses or {}).get(_ROOTS)
        if answered is None:
            return InputRequiredResult(input_requests={_ROOTS: ListRootsRequest()})
        if not isinstance(answered, ListRootsResult):
            raise _unusable("is no root: something else was answered")
        return _directories(answered)
    try:
        return _directories(await context.session.send_request(ListRootsRequest(), ListRootsResult, _SECONDS_FOR_ROOTS))
    except MCPError as error:
        if error.error.code == REQUEST_TIMEOUT:
            raise _unusable(f"was not told within {_SECONDS_FOR_ROOTS:.0f} seconds") from None
        return []  # it said that it has roots, and has none to tell
    except ValidationError:
        raise _unusable("is no file: URL") from None


def repeat_questions(params: CallToolRequestParams) -> dict[str, InputRequest]:
    """Return the questions that a call has had answered: it needs the answers again when it comes with another one."""
    return {_ROOTS: ListRootsRequest()} if _ROOTS in (params.input_responses or {}) else {}


def _directories(answered: ListRootsResult) -> list[Allowed]:
    return [_directory(str(root.uri)) for root in answered.roots]


def _directory(uri: str) -> Allowed:
    """Return the directory that a root names, or why it names none on this machine."""
    url = urlsplit(uri)
    path = os.fsdecode(unquote_to_bytes(url.path))
    if url.scheme != "file":
        return _unusable("is no file: URL")
    if url.netloc not in {"", "localhost"}:
        return _unusable(f"is on another machine, '{printable(url.netloc, limit=80)}'")
    if "?" in uri or "#" in uri:
        return _unusable("has a '?' or a '#' that is not escaped")
    if "\0" in path:
        return _unusable("has a NUL in it")
    return Path(path)


def _unusable(fault: str) -> WikipinError:
    return WikipinError(
        "project-not-found",
        f"a root of the client {fault}",
        "Have the client name a directory of this machine as its root, or start wikipin-mcp with --project",
    )


def choose_project(allowed: Sequence[Allowed], wanted: str | None, wiki: Path) -> wikipin.Project:
    """Return the project of a call, open: of `wanted`, a directory inside an allowed one, or of the first allowed one.

    Without an allowed one it is that of the environment, or of the working directory.
    """
    if wanted is not None and (not wanted or printable(wanted, limit=4096) != wanted):
        raise WikipinError(
            "invalid-argument",
            f"project '{printable(wanted, limit=80)}' is not a path",
            "Give a directory, or leave project out for the one that you work in",
        )
    allowed = allowed or [Path(os.environ.get(_VARIABLE) or ".")]
    if all(isinstance(directory, Path) and is_part_of_a_program(directory) for directory in allowed):
        raise WikipinError(
            "project-not-found",
            "all that this server was told of, or was started in, is a directory of a plugin or of a program, "
            "which is never a project",
            "Have the user start wikipin-mcp with --project DIR, and pass a project in DIR or none; "
            "or run the command wikipin in the project",
        )
    path = PurePosixPath(wanted or ".")
    if path.is_absolute():
        named, below = _split_at_allowed(path, allowed)
    else:
        named, below = allowed[0], path.parts
    if isinstance(named, WikipinError):
        raise named
    if _leads_out(below):
        raise _outside(path)
    return wikipin.open_project(named, wiki, below=below)


def choose_project_if_any(allowed: Sequence[Allowed], wanted: str | None, wiki: Path) -> wikipin.Project | None:
    """Return the same; None if there is none. What the wiki has can be read without a project."""
    try:
        return choose_project(allowed, wanted, wiki)
    except WikipinError as error:
        if error.code in {"project-not-found", "project-not-allowed"}:
            return None
        raise


def _split_at_allowed(path: PurePosixPath, allowed: Sequence[Allowed]) -> tuple[Allowed, Sequence[str]]:
    """Return the allowed directory that `path` begins with, by whatever links, and the names that follow it."""
    found: tuple[Path, int] | None = None
    for directory in allowed:
        if isinstance(directory, Path):
            length = _length_of(directory, path)
            if length is not None and (found is None or length > found[1]):
                found = directory, length
    if found is not None:
        return found[0], path.parts[found[1] :]
    if not any(isinstance(directory, Path) for directory in allowed):
        return allowed[0], ()
    raise _outside(path)


def _length_of(directory: Path, path: PurePosixPath) -> int | None:
    """Return how many parts of `path` lead to `directory`, the first time that it comes by."""
    for length in range(1, min(len(path.parts), _DEEPEST) + 1):
        with suppress(OSError):
            if directory.samefile(Path(*path.parts[:length])):
                return length
    return None


def _leads_out(names: Sequence[str]) -> bool:
    """Tell whether names, some of which may be `..`, lead above where they begin; or deeper than anybody works."""
    depth = 0
    for name in names:
        depth += -1 if name == ".." else 1
        if depth < 0:
            return True
    return len(names) > _DEEPEST


def _outside(path: PurePosixPath) -> WikipinError:
    return WikipinError(
        "project-not-allowed",
        f"project '{printable(path.name, limit=80)}' is not inside a project that this server may change",
        "Leave project out, or have the operator allow it with wikipin-mcp --project",
    )

"""Which project a call means: the operator's word, else the client's, else the environment's (docs/contract.md)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, InputRequest, InputRequiredResult, ListRootsRequest, ListRootsResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.location import locate_project, why_never

_ROOTS = "roots"
_SECONDS_FOR_ROOTS = 10.0
_VARIABLE = "CLAUDE_PROJECT_DIR"

Context = ServerRequestContext[Any, Any]


async def ask_allowed(
    flags: Sequence[Path], context: Context, params: CallToolRequestParams
) -> list[Path] | InputRequiredResult:
    """Return the allowed projects, the default first; or the question that the client has to answer before.

    Roots are asked for at every call: a client may change them, and in the 2026-07-28 era it cannot say when.
    """
    if flags:
        return list(flags)
    capabilities = context.session.client_capabilities
    if capabilities is not None and capabilities.roots is not None:
        roots = await _ask_roots(context, params)
        if isinstance(roots, InputRequiredResult):
            return roots
        if roots:
            return roots
    return [Path(os.environ.get(_VARIABLE) or Path.cwd())]


async def _ask_roots(context: Context, params: CallToolRequestParams) -> list[Path] | InputRequiredResult:
    if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
        answered = (params.input_responses or {}).get(_ROOTS)
        if answered is None:
            return InputRequiredResult(input_requests={_ROOTS: ListRootsRequest()})
        return _paths(answered) if isinstance(answered, ListRootsResult) else []
    try:
        return _paths(await context.session.send_request(ListRootsRequest(), ListRootsResult, _SECONDS_FOR_ROOTS))
    except MCPError:
        return []  # it said that it has roots, and has none to tell


def again(params: CallToolRequestParams) -> dict[str, InputRequest]:
    """Return what a call had to have answered before, and has to again when it comes with another answer."""
    return {_ROOTS: ListRootsRequest()} if _ROOTS in (params.input_responses or {}) else {}


def _paths(answered: ListRootsResult) -> list[Path]:
    urls = [urlsplit(str(root.uri)) for root in answered.roots]
    return [Path(unquote(url.path)) for url in urls if url.scheme == "file" and url.netloc in {"", "localhost"}]


def choose_project(allowed: Sequence[Path], wanted: str | None, wiki: Path) -> Path:
    """Return the project of a call: of `wanted`, a directory inside an allowed one, or of the first that is allowed."""
    if wanted is None:
        return locate_project(allowed[0], wiki)
    if not wanted or printable(wanted, limit=4096) != wanted:
        raise WikipinError(
            "invalid-argument",
            f"project '{printable(wanted, limit=80)}' is not a path",
            "Give a directory, or leave project out for the one that you work in",
        )
    directory = Path(os.path.realpath(allowed[0] / wanted))
    inside = (Path(os.path.realpath(place)) for place in allowed)
    if not any(place in (directory, *directory.parents) for place in inside if why_never(place, wiki) is None):
        raise WikipinError(
            "project-not-allowed",
            f"project '{printable(directory.name, limit=80)}' is not inside a project that this server may change",
            "Leave project out, or have the operator allow it with wikipin-mcp --project",
        )
    return locate_project(directory, wiki)

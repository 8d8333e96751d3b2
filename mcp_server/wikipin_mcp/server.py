"""The server: three handlers over the tools of `tools`, for both protocol eras."""

from contextlib import suppress
from functools import partial
from typing import Any

import anyio.from_thread
import anyio.to_thread
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
)

import wikipin
from wikipin.errors import WikipinError
from wikipin_mcp.answers import failure, success
from wikipin_mcp.projects import ask_allowed, choose_project
from wikipin_mcp.tools import INSTRUCTIONS, VERBS
from wikipin_mcp.verb import Options, Request

Context = ServerRequestContext[Any, Any]


def create_server(options: Options) -> Server[Any]:
    """Return the server; it has read nothing yet, neither wiki nor project."""

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[verb.tool for verb in VERBS.values()])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        return await _call(options, context, params)

    return Server(
        "wikipin",
        version=wikipin.__version__,
        title="wikipin",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _report(context: Context, done: int, of: int, what: str) -> None:
    """Tell the client, from the worker thread, how far a call is. Whether that reaches it is no matter of the call."""
    with suppress(Exception):
        anyio.from_thread.run(context.session.report_progress, done, of, what)


async def _call(
    options: Options, context: Context, params: CallToolRequestParams
) -> CallToolResult | InputRequiredResult:
    verb = VERBS.get(params.name)
    if verb is None:
        raise MCPError(INVALID_PARAMS, f"wikipin has no such tool; it has {', '.join(VERBS)}")
    arguments = params.arguments or {}
    try:
        call = verb.check(arguments)
        allowed = await ask_allowed(options.projects, context, params)
        if isinstance(allowed, InputRequiredResult):
            return allowed

        def run() -> object:
            project = wikipin.Project(choose_project(allowed, arguments.get("project"), options.wiki))
            return call(Request(options, project, partial(_report, context)))

        # A change that has begun is finished, whoever stopped waiting for it.
        return success(await anyio.to_thread.run_sync(run, abandon_on_cancel=False))
    except WikipinError as error:
        return failure(error)
    except OSError as error:
        said = error.strerror or "an error without a name"
        return failure(WikipinError("io-error", f"the system said '{said}'", "Mend that, and call again"))

"""The server: three handlers over the tools of `tools`, for both protocol eras."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio.from_thread
import anyio.to_thread
from anyio import CapacityLimiter
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
from wikipin.answer import question
from wikipin.checkpoint import cancellable
from wikipin.errors import WikipinError
from wikipin.plan.acceptance import Acceptance, ReviewRequiredError
from wikipin_mcp import approval
from wikipin_mcp.answers import failure, success
from wikipin_mcp.approval import PersonNeededError, Questions
from wikipin_mcp.door import ToolDoor, terminal_of
from wikipin_mcp.projects import ask_allowed, choose_project, choose_project_if_any, repeat_questions
from wikipin_mcp.tools import INSTRUCTIONS, VERBS
from wikipin_mcp.verb import Call, Options, Request

_NOT_REVIEWED = "off, by the operator's choice: nobody is asked about hidden text and credentials"

_READS_AT_ONCE, _WRITES_AT_ONCE = 4, 8
"""Calls at work at the same time; the others wait. One processor does not go through more any faster, and with forty
threads at work the loop that hears of a cancellation gets its turn five times a second."""

Context = ServerRequestContext[Any, Any]

Accept = Callable[[wikipin.Project], Acceptance | None]
"""What a person has said yes to in a project."""

_T = TypeVar("_T")


def create_server(options: Options) -> Server[Any]:
    """Return the server; it has read nothing yet, neither wiki nor project."""
    questions = Questions()
    places = {True: CapacityLimiter(_READS_AT_ONCE), False: CapacityLimiter(_WRITES_AT_ONCE)}

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[verb.tool for verb in VERBS.values()])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        return await _call(options, questions, places, context, params)

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


@dataclass(frozen=True)
class _Call:
    """One call of a tool whose arguments are valid, and how to open the project that it means."""

    options: Options
    context: Context
    params: CallToolRequestParams
    make: Call
    open_project: Callable[[], wikipin.Project | None]
    places: CapacityLimiter

    async def run(self, accept: Accept, project: wikipin.Project | None = None) -> CallToolResult:
        """Make the call in `project`, or in the one that it means, which is open only while the call is at work."""

        def make() -> CallToolResult:
            with wikipin.Wiki(self.options.wiki) as wiki, ExitStack() as stack:
                place = project or stack.enter_context(self.open_project() or nullcontext())
                accepted = None if place is None else accept(place)
                request = Request(self.options, wiki, place, partial(_report, self.context), self.door(place), accepted)
                try:
                    answer = self.make(request)
                except ReviewRequiredError as required:
                    stack.pop_all()
                    raise PersonNeededError(required, request.project) from None
                except WikipinError as error:
                    return failure(error, request.door)
            return success(answer, note=_NOT_REVIEWED if self.options.review == "off" else None)

        return await self._in_thread(make)

    def door(self, project: wikipin.Project | None) -> ToolDoor:
        """Return how the caller of this call makes others, in the same project."""
        return ToolDoor(terminal_of(self.options, project), _named_project(self.params))

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        """Do `work` in a worker thread; it ends soon if the client cancels, but for a change that has begun."""

        def run() -> _T:
            with cancellable(anyio.from_thread.check_cancelled):
                return work()

        return await anyio.to_thread.run_sync(run, abandon_on_cancel=False, limiter=self.places)

    async def run_or_ask(self, questions: Questions) -> CallToolResult | InputRequiredResult:
        """Make the call; if it takes a person's yes, have the client ask for it, once."""
        if self.options.review == "off":
            return await self.run(lambda _: Acceptance(None, "operator"))
        is_answer = approval.REVIEW in (self.params.input_responses or {})
        yes = questions.answered(self.params)
        try:
            return await self.run(yes.to if yes else _unaccepted)
        except PersonNeededError as needed:
            with needed.project:
                if is_answer or self.options.review == "block" or not approval.can_ask(self.context):
                    return failure(needed.required, self.door(needed.project))
                return await self._ask(needed, questions)

    async def _ask(self, needed: PersonNeededError, questions: Questions) -> CallToolResult | InputRequiredResult:
        message = await self._in_thread(partial(self._question, needed))
        if approval.is_modern(self.context):
            state = questions.ask(self.params, needed.yes)
            requests = {**repeat_questions(self.params), approval.REVIEW: approval.request(message)}
            return InputRequiredResult(input_requests=requests, request_state=state)
        try:
            yes = await approval.ask_now(self.context, needed, message)
            return await self.run(yes.to, needed.project)
        except PersonNeededError as again_needed:
            return failure(again_needed.required, self.door(needed.project))
        except WikipinError as error:
            return failure(error, self.door(needed.project))

    def _question(self, needed: PersonNeededError) -> str:
        with wikipin.Wiki(self.options.wiki) as wiki:
            origin = wiki.origin()
        terminal = terminal_of(self.options, needed.project)
        return question.text(needed.required, origin, needed.project.shown, terminal)


def _named_project(params: CallToolRequestParams) -> str | None:
    """Return the `project` of a call, if it is text; the schema refuses anything else."""
    project = (params.arguments or {}).get("project")
    return project if isinstance(project, str) else None


def _unaccepted(_: wikipin.Project) -> None:
    """Accept nothing."""


async def _call(
    options: Options,
    questions: Questions,
    places: Mapping[bool, CapacityLimiter],
    context: Context,
    params: CallToolRequestParams,
) -> CallToolResult | InputRequiredResult:
    verb = VERBS.get(params.name)
    if verb is None:
        raise MCPError(INVALID_PARAMS, f"wikipin has no such tool; it has {', '.join(VERBS)}")
    door = ToolDoor(terminal_of(options, None), _named_project(params))
    try:
        make = verb.check(params.arguments or {})
        allowed = await ask_allowed(options.projects, context, params)
        if isinstance(allowed, InputRequiredResult):
            return allowed
        wanted: str | None = (params.arguments or {}).get("project")
        choose = choose_project if verb.needs_project or wanted is not None else choose_project_if_any
        open_project = partial(choose, allowed, wanted, options.wiki)
        return await _Call(options, context, params, make, open_project, places[verb.read_only]).run_or_ask(questions)
    except WikipinError as error:
        return failure(error, door)
    except OSError as error:
        said = error.strerror or "an error without a name"
        return failure(WikipinError("io-error", f"the system said '{said}'", "Mend that, and try again"), door)

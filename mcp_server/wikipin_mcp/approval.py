"""Asking a person, through the client, whether a skill with findings may be installed.

A yes counts once, for the content that the person was shown, named by its plan digest, and for the project that the
question named. A no ends the call. In the 2026-07-28 era the answer comes with another call: it names the question by a
random number of 128 bits, so that nobody can answer one that this process did not ask.
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, ElicitRequest, ElicitRequestFormParams, ElicitResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

import wikipin
from wikipin.plan.acceptance import Acceptance, ReviewRequiredError, declined

REVIEW = "review"
"""The key of the question among those that a call has to have answered."""

_MOST_OPEN = 256
_ANSWER = "install"
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        _ANSWER: {
            "type": "boolean",
            "title": "Install it in spite of what was found",
            "description": "A skill is a prompt and scripts that your agent will obey.",
            "default": False,
        }
    },
    "required": [_ANSWER],
}

Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True)
class Yes:
    """A person's yes to one content in one project."""

    plan: str
    project: tuple[tuple[int, int], str]
    """Device and inode of its directory, which another may get once it is gone; and so its path too."""

    def to(self, project: wikipin.Project) -> Acceptance | None:
        """Return what this yes is worth in `project`."""
        return Acceptance(self.plan, "client") if (project.identity, project.shown) == self.project else None


class PersonNeededError(Exception):
    """A call that takes a person's yes: what to show, and the project, which whoever catches this has to close."""

    def __init__(self, required: ReviewRequiredError, project: wikipin.Project) -> None:
        super().__init__(str(required))
        self.required = required
        self.project = project
        self.yes = Yes(required.skill.tree.digest, (project.identity, project.shown))


@dataclass
class Questions:
    """The questions of one server that are open: each may be answered once, and only as it was asked."""

    _open: dict[str, tuple[str, Yes]] = field(default_factory=dict[str, tuple[str, Yes]])
    """Number of the question -> the call that it is about, and what a yes to it means."""

    def ask(self, params: CallToolRequestParams, yes: Yes) -> str:
        """Return the state of a new question, for the client to send back with the answer."""
        while len(self._open) >= _MOST_OPEN:
            del self._open[next(iter(self._open))]
        number = secrets.token_hex(16)
        self._open[number] = _subject(params), yes
        return number

    def answered(self, params: CallToolRequestParams) -> Yes | None:
        """Return the yes that a call brings with it, if it is one; the question is closed by any answer.

        Raises `review-required` for a no, whatever question it answers.
        """
        said = (params.input_responses or {}).get(REVIEW)
        if not isinstance(said, ElicitResult):
            return None
        subject, yes = self._open.pop(params.request_state or "", ("", None))
        refuse_no(said, str((params.arguments or {}).get("name", "")))
        return yes if subject == _subject(params) else None


def _subject(params: CallToolRequestParams) -> str:
    return json.dumps([params.name, params.arguments or {}], sort_keys=True)


def refuse_no(said: ElicitResult, name: str) -> None:
    """Refuse with `review-required` what is no yes; closing the question is none either."""
    if said.action == "cancel":
        raise declined(name, "the user closed the question without an answer, which counts as a no")
    if said.action != "accept" or (said.content or {}).get(_ANSWER) is not True:
        raise declined(name, "the user said no")


def can_ask(context: Context) -> bool:
    """Tell whether the client has said that it can ask a person: it has forms, or does not say what it has."""
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        return False
    return capabilities.elicitation.form is not None or capabilities.elicitation.url is None


def is_modern(context: Context) -> bool:
    """Tell whether questions are answered with another call, and not on a channel of their own."""
    return context.protocol_version in MODERN_PROTOCOL_VERSIONS


def request(message: str) -> ElicitRequest:
    """Return the question as the protocol has it."""
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=_SCHEMA))


async def ask_now(context: Context, needed: PersonNeededError, message: str) -> Yes:
    """Ask on the channel back to the client, and return the yes. Raises `review-required` for anything else."""
    try:
        said = await context.session.elicit_form(message, _SCHEMA, related_request_id=context.request_id)
    except MCPError:
        raise needed.required from None  # the client said that it can ask, and cannot
    refuse_no(said, needed.required.skill.name)
    return needed.yes

"""Asking a person, through the client, whether a skill with findings may be installed.

A yes counts for the content that the person was shown, named by its plan digest, and once. In the 2026-07-28 era the
answer comes with another call: what was asked is in a state that only this process can have written, and that it takes
one time.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, ElicitRequest, ElicitRequestFormParams, ElicitResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from wikipin import question
from wikipin.acceptance import Acceptance, ReviewRequiredError

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


@dataclass
class Questions:
    """The questions of one server that are open: each may be answered once, and only as it was asked."""

    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _open: dict[str, str] = field(default_factory=dict[str, str])
    """Number of the question -> the call and the plan that it is about."""

    def ask(self, params: CallToolRequestParams, plan: str) -> str:
        """Return the state of a new question, for the client to send back with the answer."""
        while len(self._open) >= _MOST_OPEN:
            del self._open[next(iter(self._open))]
        number = secrets.token_hex(16)
        self._open[number] = _subject(params, plan)
        return f"{number}.{plan}.{self._seal(number, self._open[number])}"

    def answered(self, params: CallToolRequestParams) -> Acceptance | None:
        """Return the yes that a call brings with it, if it is one; the question is closed by any answer."""
        said = (params.input_responses or {}).get(REVIEW)
        number, _, rest = (params.request_state or "").partition(".")
        plan, _, seal = rest.partition(".")
        if said is None or number not in self._open:
            return None
        subject = self._open.pop(number)
        if subject != _subject(params, plan) or not hmac.compare_digest(seal, self._seal(number, subject)):
            return None
        return Acceptance(plan, "client") if _is_yes(said) else None

    def _seal(self, number: str, subject: str) -> str:
        return hmac.new(self._key, f"{number} {subject}".encode(), hashlib.sha256).hexdigest()


def _subject(params: CallToolRequestParams, plan: str) -> str:
    return json.dumps([params.name, params.arguments or {}, plan], sort_keys=True)


def _is_yes(said: object) -> bool:
    return isinstance(said, ElicitResult) and said.action == "accept" and (said.content or {}).get(_ANSWER) is True


def can_ask(context: Context) -> bool:
    """Tell whether the client has said that it can ask a person."""
    capabilities = context.session.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


def is_modern(context: Context) -> bool:
    """Tell whether questions are answered with another call, and not on a channel of their own."""
    return context.protocol_version in MODERN_PROTOCOL_VERSIONS


def request(required: ReviewRequiredError, origin: str) -> ElicitRequest:
    """Return the question as the protocol has it."""
    message = question.ask(required, origin)
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=_SCHEMA))


async def ask_now(context: Context, required: ReviewRequiredError, origin: str) -> Acceptance | None:
    """Ask on the channel back to the client, and return the yes, if it is one."""
    try:
        said = await context.session.elicit_form(
            question.ask(required, origin), _SCHEMA, related_request_id=context.request_id
        )
    except MCPError:
        return None  # it said that it can ask, and cannot
    return Acceptance(required.skill.tree.plan, "client") if _is_yes(said) else None

"""Answers and errors as agents see them: Claude Code and Codex show the structured part, Gemini CLI the text."""

from typing import Any, cast

from mcp_types import CallToolResult, TextContent

from wikipin.answer.page import render
from wikipin.errors import WikipinError
from wikipin.remedy import Door


def success(answer: object, *, note: str | None = None) -> CallToolResult:
    """Return the result that holds `answer`, a JSON object, both as structured content and as text.

    `note` says what was not reviewed, and why.
    """
    said = cast("dict[str, Any]", answer) if note is None else {**cast("dict[str, Any]", answer), "review": note}
    return CallToolResult(content=[TextContent(type="text", text=render(said))], structured_content=said)


def failure(error: WikipinError, door: Door) -> CallToolResult:
    """Return the result that says why a call was refused, as text alone."""
    return CallToolResult(content=[TextContent(type="text", text=error.said(door))], is_error=True)

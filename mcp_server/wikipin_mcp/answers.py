"""Answers and errors as agents see them: Claude Code and Codex show the structured part, Gemini CLI the text."""

from typing import Any, cast

from mcp_types import CallToolResult, TextContent

from wikipin.answer.page import render
from wikipin.errors import WikipinError


def success(answer: object) -> CallToolResult:
    """Return the result that holds `answer`, a JSON object, both as structured content and as text."""
    text = TextContent(type="text", text=render(answer))
    return CallToolResult(content=[text], structured_content=cast("dict[str, Any]", answer))


def failure(error: WikipinError) -> CallToolResult:
    """Return the result that says why a call was refused, as text alone."""
    return CallToolResult(content=[TextContent(type="text", text=str(error))], is_error=True)

"""What Codex does with an agents/openai.yaml of a skill: servers that it starts, or connects to.

No I/O. Measured with Codex 0.169, 2026-11: it writes them into the person's configuration when the skill is called by
its name, in full-access mode.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from wikipin.document import Value, parse_document, plain_key

_LARGEST = 16 * 1024  # characters; the honest ones have one thousand
_HOST = re.compile(r"https?://[A-Za-z0-9.:-]{1,100}")  # the rest of a URL may say something to a model
_HARMLESS_TRANSPORTS = frozenset({"http", "streamablehttp", "sse"})

Kind: TypeAlias = Literal["program", "server", "unclear"]


@dataclass(frozen=True)
class Server:
    """What is asked for: a program that is started, a server that is connected to, or what cannot be told."""

    kind: Kind
    line: int | None
    tool: dict[str, Value] | None = None
    """The dependency as it stands, None if it cannot be told."""
    host: str = ""


@lru_cache(maxsize=64)  # an update asks three times, and the parser is slow
def find_servers(text: str) -> tuple[Server, ...]:
    """Return the servers that this agents/openai.yaml asks for."""
    document = parse_document(text) if len(text) <= _LARGEST else None
    if document is None or not document.is_yaml or document.faults:
        return (Server("unclear", document.faults[0].line if document else None),)
    line = document.lines.get("dependencies")
    tools = _tools(document.fields.get("dependencies", ""))
    return tuple(found for tool in tools if (found := _server(tool, line)) is not None)


def _server(tool: dict[str, Value] | None, line: int | None) -> Server | None:
    if tool is None:
        return Server("unclear", line)
    plain = {plain_key(key): value for key, value in tool.items()}
    if "command" in plain or plain_key(str(plain.get("transport", "http"))) not in _HARMLESS_TRANSPORTS:
        return Server("program", line, tool)
    if plain_key(str(plain.get("type", ""))) != "mcp":
        return None
    host = _HOST.match(str(plain.get("url", "")))
    return Server("server", line, tool, host[0] if host else "")


def _tools(dependencies: Value) -> Iterator[dict[str, Value] | None]:
    """Yield each tool that is depended on, None for what is none."""
    if not isinstance(dependencies, dict):
        yield from () if dependencies == "" else (None,)
        return
    for key, tools in dependencies.items():
        if plain_key(key) == "tools" and tools != "":
            for tool in tools if isinstance(tools, list) else [tools]:
                yield tool if isinstance(tool, dict) else None

"""The three model APIs as far as a scripted model needs them: what a request offers and holds, and how to answer it.

One class an API; a request is its JSON body. An answer of a tool is given back as the server said it: what the agent
wraps around it is taken off.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Json = dict[str, Any]
Event = tuple[str | None, Json]


@dataclass(frozen=True)
class Tool:
    """A tool as the agent offers it to its model."""

    name: str
    description: str
    namespace: str = ""


@dataclass(frozen=True)
class Answer:
    """What a model saw of a tool's answer; `is_error` is None where the agent does not tell it."""

    text: str
    is_error: bool | None


@dataclass(frozen=True)
class Call:
    """What the scripted model says where it does not say that it is done: call `tool`."""

    number: int
    tool: Tool
    arguments: Json


class Dialect(Protocol):
    """One model API."""

    endpoint: str
    """What stands in the path of a request for a completion, and in no other's."""

    def tools(self, body: Json) -> list[Tool]:
        """Return what the request offers."""
        ...

    def answers(self, body: Json) -> list[Answer]:
        """Return what the calls of this session answered so far, in their order."""
        ...

    def reply(self, call: Call | None) -> list[Event]:
        """Return the events that stream `call` to the agent, or, without one, that the model is done."""
        ...


class Anthropic:
    """Messages, for Claude Code."""

    endpoint = "/v1/messages"

    def tools(self, body: Json) -> list[Tool]:
        return [Tool(tool["name"], tool.get("description", "")) for tool in body.get("tools", [])]

    def answers(self, body: Json) -> list[Answer]:
        contents: list[str | list[Json]] = [message["content"] for message in body["messages"]]
        blocks = [block for content in contents if not isinstance(content, str) for block in content]
        results = [block for block in blocks if block["type"] == "tool_result"]
        return [Answer(_joined(result["content"]), bool(result.get("is_error"))) for result in results]

    def reply(self, call: Call | None) -> list[Event]:
        if call:
            block: Json = {"type": "tool_use", "id": f"toolu_{call.number}", "name": call.tool.name, "input": {}}
            delta: Json = {"type": "input_json_delta", "partial_json": json.dumps(call.arguments)}
        else:
            block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": "done"}
        usage = {"input_tokens": 1, "output_tokens": 1}
        message: Json = {"id": "msg", "type": "message", "role": "assistant", "model": "scripted", "content": []}
        stop = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
        events: list[Json] = [
            {"type": "message_start", "message": {**message, "usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": stop, "usage": usage},
            {"type": "message_stop"},
        ]
        return [(event["type"], event) for event in events]


class OpenAI:
    """Responses, for Codex."""

    endpoint = "/v1/responses"

    def tools(self, body: Json) -> list[Tool]:
        return list(self._tools(body["tools"], ""))

    def _tools(self, offered: list[Json], namespace: str) -> Iterator[Tool]:
        for tool in offered:
            if tool["type"] == "namespace":
                yield from self._tools(tool["tools"], tool["name"])
            else:
                yield Tool(tool.get("name") or tool["type"], tool.get("description", ""), namespace)

    def answers(self, body: Json) -> list[Answer]:
        results = [item for item in body["input"] if item.get("type") == "function_call_output"]
        return [Answer(_joined(result["output"]).partition("\nOutput:\n")[2], None) for result in results]

    def reply(self, call: Call | None) -> list[Event]:
        if call:
            item: Json = {"type": "function_call", "id": f"fc_{call.number}", "call_id": f"call_{call.number}"}
            item |= {"name": call.tool.name, "namespace": call.tool.namespace, "arguments": json.dumps(call.arguments)}
        else:
            item = {"type": "message", "id": "msg", "role": "assistant"}
            item |= {"content": [{"type": "output_text", "text": "done", "annotations": []}]}
        response = {"id": "resp", "object": "response", "model": "scripted", "output": [item]}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        events: list[Json] = [
            {"type": "response.created", "response": {**response, "output": []}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {**response, "usage": usage}},
        ]
        return [(event["type"], event) for event in events]


class Google:
    """GenerateContent, for Gemini CLI."""

    endpoint = ":streamGenerateContent"

    def tools(self, body: Json) -> list[Tool]:
        functions = [function for group in body.get("tools", []) for function in group["functionDeclarations"]]
        return [Tool(function["name"], function["description"]) for function in functions]

    def answers(self, body: Json) -> list[Answer]:
        parts = [part for content in body["contents"] for part in content["parts"]]
        return [self._answer(part["functionResponse"]["response"]) for part in parts if "functionResponse" in part]

    def _answer(self, response: Json) -> Answer:
        if "error" not in response:
            text: str = response["output"]
            return Answer(text.removeprefix("<untrusted_context>\n").removesuffix("\n</untrusted_context>"), None)
        said: str = response["error"]
        _, _, quoted = said.partition(" with response: ")
        if not quoted:
            return Answer(said, is_error=True)
        result = json.loads(quoted)[0]["functionResponse"]["response"]
        return Answer(_joined(result["content"]), bool(result["isError"]))

    def reply(self, call: Call | None) -> list[Event]:
        part: Json = {"functionCall": {"name": call.tool.name, "args": call.arguments}} if call else {"text": "done"}
        candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        return [(None, {"candidates": [candidate], "usageMetadata": {"totalTokenCount": 2}})]


def _joined(content: str | list[Json]) -> str:
    """Return text that stands there as it is, or in parts."""
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


ANTHROPIC = Anthropic()
OPENAI = OpenAI()
GOOGLE = Google()


def dialect_of(path: str) -> Dialect | None:
    """Return the API whose completions are asked for at `path`; None for anything else that agents ask for."""
    plain = path.partition("?")[0]
    known: tuple[Dialect, ...] = (ANTHROPIC, OPENAI, GOOGLE)
    return next((dialect for dialect in known if plain.endswith(dialect.endpoint)), None)

"""A scripted model on loopback: it calls the tools that it was told to, one a turn, and keeps every request."""

import json
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from agents.dialect import Call, Dialect, Json, dialect_of

PORT = 8901
"""Any port will do: the model and its agent have a network namespace to themselves."""

URL = f"http://127.0.0.1:{PORT}"


class ScriptedModel(ThreadingHTTPServer):
    """The model, listening; `steps` are the tools to call (the end of the name) with their arguments."""

    def __init__(self, steps: Sequence[tuple[str, Json]]) -> None:
        super().__init__(("127.0.0.1", PORT), _Handler)
        self._steps = steps
        self.requests: list[Json] = []

    def next_call(self, dialect: Dialect, body: Json) -> Call | None:
        """Return the call of the first step without an answer; None after the last, and where nothing offered fits."""
        done = len(dialect.answers(body))
        if done == len(self._steps):
            return None
        name, arguments = self._steps[done]
        offered = (tool for tool in dialect.tools(body) if tool.name.endswith(name))
        return next((Call(done, tool, arguments) for tool in offered), None)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._send("application/json", b'{"models": [], "data": []}')

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        dialect = dialect_of(self.path)
        if dialect is None:
            self._send("application/json", b"{}")
            return
        body: Json = json.loads(raw)
        model = cast("ScriptedModel", self.server)
        model.requests.append(body)
        events = dialect.reply(model.next_call(dialect, body))
        lines = [f"event: {name}\n" * (name is not None) + f"data: {json.dumps(data)}\n\n" for name, data in events]
        self._send("text/event-stream", "".join(lines).encode())

    def _send(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the signature of the base class
        """Say nothing: what was asked is kept."""

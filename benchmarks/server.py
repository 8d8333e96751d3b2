"""`wikipin-mcp` as a client sees it: lines of JSON over two pipes, with nothing of an SDK between."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.sample import Command, TurnError, peak_of

_PROTOCOL = "2025-06-18"


class Server:
    """A server that has answered `initialize`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._asked = 0
        self.peak: int | None = None
        """Bytes in memory at most, of the server or of a process that it ran; known when it has ended."""

    def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Return the structured content that a tool answers.

        Raises:
            TurnError: The tool refused.
        """
        result = self.ask("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            raise TurnError(f"{tool}: {result['content'][0]['text']}")
        content: dict[str, Any] = result["structuredContent"]
        return content

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Return the result of one request.

        Raises:
            TurnError: The answer is an error, or the server has ended.
        """
        self._asked += 1
        self._say({"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params})
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._asked and "method" not in answer:  # else it notifies
                if "error" in answer:
                    raise TurnError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
        raise TurnError(f"{method}: the server ended without an answer")

    def cpu(self) -> float | None:
        """Return the seconds of processor time that it and what it ran had until now; None if not on Linux."""
        if sys.platform != "linux":
            return None
        words = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")  # proc_pid_stat(5): utime to cstime

    def _say(self, message: dict[str, object]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def greet(self) -> None:
        """Say what a client says first."""
        client = {"name": "wikipin-benchmarks", "version": "1"}
        self.ask("initialize", protocolVersion=_PROTOCOL, capabilities={}, clientInfo=client)
        self._say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def end(self) -> None:
        """Close its input, at which it ends, and take its peak memory."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._process.stdin.close()
        self._process.stdout.close()
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.peak = peak_of(usage)


@contextmanager
def serving(command: Command) -> Generator[Server]:
    """Start a server, and end it."""
    process = subprocess.Popen(
        command.words,
        cwd=command.at,
        env=command.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    server = Server(process)
    try:
        server.greet()
        yield server
    finally:
        server.end()

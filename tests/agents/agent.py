"""The three agents: how each is started headless, where it reads our example, and what it needs besides.

Whatever asks the person for consent (trust in the directory, leave to call tools) is answered here, as the person; the
example that an agent reads says nothing of it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agents.dialect import ANTHROPIC, GOOGLE, OPENAI, Dialect
from agents.model import URL

EXAMPLES = Path(__file__).resolve().parents[2] / "config-examples"


@dataclass(frozen=True)
class Agent:
    """One agent; paths are relative to the cache of agents, the project and the home directory, in that order."""

    name: str
    dialect: Dialect
    program: str
    arguments: tuple[str, ...]
    """What starts a headless session, up to the prompt."""
    example: str
    reads_example_at: str
    tool_prefix: str
    """What stands before the name of a tool of the server `wikipin`: a part of the name, or its namespace."""
    environment: Mapping[str, str]
    home_files: Callable[[Path], Mapping[str, str]] = field(default=lambda _: {})
    """The person's own configuration, for work in that project: path -> text."""

    @property
    def example_text(self) -> str:
        """The example as it stands in the repository."""
        return (EXAMPLES / self.example).read_text(encoding="utf-8")

    def __str__(self) -> str:
        return self.name


def _claude_home(project: Path) -> Mapping[str, str]:
    return {".claude.json": json.dumps({"projects": {str(project): {"hasTrustDialogAccepted": True}}})}


CLAUDE = Agent(
    name="claude",
    dialect=ANTHROPIC,
    program="claude-code/node_modules/.bin/claude",
    arguments=("--allowedTools", "mcp__wikipin", "--print"),
    example="claude-code.mcp.json",
    reads_example_at=".mcp.json",
    tool_prefix="mcp__wikipin__",
    environment={
        "ANTHROPIC_BASE_URL": URL,
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    },
    home_files=_claude_home,
)


def _codex_home(project: Path) -> Mapping[str, str]:
    return {
        ".codex/config.toml": f"""
model = "gpt-5"
model_provider = "scripted"
analytics.enabled = false  # without a network it waits 5 s for that at the end
features.plugins = false

[model_providers.scripted]
name = "scripted"
base_url = "{URL}/v1"
wire_api = "responses"

[projects.{json.dumps(str(project))}]
trust_level = "trusted"
"""
    }


CODEX = Agent(
    name="codex",
    dialect=OPENAI,
    program="codex/node_modules/.bin/codex",
    arguments=("exec",),
    example="codex.config.toml",
    reads_example_at=".codex/config.toml",
    tool_prefix="mcp__wikipin",
    environment={},
    home_files=_codex_home,
)


def _gemini_home(_: Path) -> Mapping[str, str]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    return {".gemini/settings.json": json.dumps(settings)}


GEMINI = Agent(
    name="gemini",
    dialect=GOOGLE,
    program="gemini/node_modules/.bin/gemini",
    # With a model of its own choice it asks another model first, which one to ask.
    arguments=("--yolo", "-m", "gemini-2.5-flash", "-p"),
    example="gemini-cli.settings.json",
    reads_example_at=".gemini/settings.json",
    tool_prefix="mcp_wikipin_",
    environment={
        "GOOGLE_GEMINI_BASE_URL": URL,
        "GEMINI_API_KEY": "none",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_CLI_NO_RELAUNCH": "true",
    },
    home_files=_gemini_home,
)

AGENTS = (CLAUDE, CODEX, GEMINI)

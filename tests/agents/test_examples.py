"""The examples for agents as files: what they start, and that the page beside them names each."""

import json
import tomllib

import pytest
from agents.agent import AGENTS, EXAMPLES, Agent


@pytest.mark.parametrize("agent", AGENTS, ids=str)
def test_an_example_starts_the_command_without_arguments_or_environment(agent: Agent) -> None:
    if agent.example.endswith(".toml"):
        servers = tomllib.loads(agent.example_text)["mcp_servers"]
    else:
        servers = json.loads(agent.example_text)["mcpServers"]
    assert list(servers) == ["wikipin"]
    assert servers["wikipin"]["command"] == "wikipin-mcp"
    assert {"args", "env"}.isdisjoint(servers["wikipin"])


def test_every_agents_example_stands_in_the_table() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    examples = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".json", ".toml"}}
    assert examples == {agent.example for agent in AGENTS}
    for agent in AGENTS:
        (row,) = [line for line in page.splitlines() if f"]({agent.example})" in line]
        assert f"`{agent.reads_example_at}`" in row

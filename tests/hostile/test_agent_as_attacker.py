"""An agent that was talked into something: it may call any tool with anything, thousands of times."""

import json
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import CallToolResult, ElicitResult
from snapshot import Snapshot, snapshot
from surfaces import Json, outcome_of, without_calls
from wikis import head, make_wiki, plain_skill

from wikipin_mcp.server import create_server
from wikipin_mcp.tools import VERBS
from wikipin_mcp.verb import Options

_HIDDEN = "\u200b\u200c\u200d\u2060"
_ELSEWHERE = [
    "..",
    "../other",
    "/",
    "/etc",
    "~",
    "$HOME",
    ".git",
    "a/../..",
    "file:///etc",
    "//host/share",
    "C:\\",
    "\0",
    ".",
]
_NAMES = [
    "bad",
    "",
    ".",
    "..",
    "../../etc",
    "/etc/passwd",
    "bad/../bad",
    "BAD",
    "-bad",
    "--help",
    "bad\n",
    "b" * 65,
    "bad\0",
]
_REFS = [
    *(
        "HEAD",
        "main",
        "HEAD~1",
        "HEAD^{tree}",
        "main:skills/bad",
        "--all",
        "-h",
        "@{-1}",
        "a..b",
        "refs/../x",
        "\n",
        "x" * 300,
    ),
    *("https://example.org/x.git", "ext::sh -c id", "$(id)", "`id`", "%00"),
]
_YES: list[Any] = [True, False, 1, "true", None, [], {}]
_POOL: dict[str, list[Any]] = {
    "name": _NAMES,
    "names": [["bad"], ["../x"], "bad", [1], [["bad"]], {}, ["bad"] * 500],
    "ref": _REFS,
    "plan": ["0" * 64, "", "x", 1, None, "0" * 63 + "g"],
    "path": [*_ELSEWHERE, "SKILL.md", "SKILL.md/", "./SKILL.md"],
    "cursor": ["", "0-0-0-0", "9-9-9-9", "bad", "../x", "-1", 1],
    "query": ["", "x" * 300, "\u202e", ["x"], 1],
    "limit": [0, 1, 200, 201, -1, "1", True, 1e9],
    "project": [*_ELSEWHERE, "", "x" * 5000, 1],
    **dict.fromkeys(("dry_run", "discard_edits", "allow_rollback"), _YES),
    **dict.fromkeys(
        ("force", "yes", "accept", "accepted", "acceptance", "review", "expose", "wiki", "url", "_meta"), _YES
    ),
    **{
        key: [{}, "x", {"review": "yes"}]
        for key in ("input_responses", "request_state", "inputResponses", "requestState")
    },
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A wiki whose only skill needs a person's yes, a project that is allowed, and one that is not."""
    make_wiki(tmp_path / "wiki", {"bad": {**plain_skill("bad"), "notes.md": f"Be kind.{_HIDDEN}\n".encode()}})
    for name in ("project", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text("mine\n")
    return tmp_path


def _storm(place: Path, calls: list[tuple[str, Json]], mode: str) -> list[CallToolResult | None]:
    """Make the calls, one after another, as a client that asks nobody; None where one cannot even be sent."""

    async def talk() -> list[CallToolResult | None]:
        results: list[CallToolResult | None] = []
        async with Client(create_server(Options(place / "wiki", (place / "project",))), mode=mode) as client:
            for tool, arguments in calls:
                try:
                    results.append(await client.call_tool(tool, arguments))
                except UnicodeError:
                    results.append(None)
        return results

    return anyio.run(talk)


def _any_call(random: Random) -> tuple[str, Json]:
    tool = random.choice(list(VERBS))
    known = [*VERBS[tool].properties, "project"]
    wanted = [key for key in known if random.random() < 0.6] + random.sample(list(_POOL), random.choice((0, 0, 0, 1)))
    arguments = {key: random.choice(_POOL[key]) for key in wanted}
    if "name" in known and random.random() < 0.5:
        arguments["name"] = "bad"
    return tool, arguments


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_thousands_of_calls_write_nothing_that_nobody_allowed(mode: str, place: Path) -> None:
    random = Random(mode)  # noqa: S311 - no secret
    calls = [_any_call(random) for _ in range(1500)]
    before = snapshot(place)
    results = _storm(place, calls, mode)
    assert snapshot(place) == before
    codes = {outcome_of(result).code for result in results if result is not None}
    assert codes >= {
        None,
        "invalid-name",
        "invalid-argument",
        "project-not-allowed",
        "review-required",
        "not-installed",
    }
    told = "".join(block.text for result in results if result for block in result.content if block.type == "text")
    assert str(place) not in without_calls(told)


_CALLS: list[tuple[str, Json]] = [
    ("context_install_skill", {"name": "bad"}),
    ("context_install_skill", {"name": "bad", "ref": "main", "plan": "PLAN"}),
    ("context_update_skill", {"name": "bad", "discard_edits": True, "allow_rollback": True}),
    ("context_restore", {}),
    ("context_remove_skill", {"name": "bad", "discard_edits": True}),
]


def test_a_plan_that_was_shown_is_no_yes(place: Path) -> None:
    (shown,) = _storm(place, [("wiki_show", {"name": "bad"})], "auto")
    assert shown is not None
    plan = outcome_of(shown).answer["plan"]
    before = snapshot(place)
    calls = [(tool, {k: plan if v == "PLAN" else v for k, v in arguments.items()}) for tool, arguments in _CALLS]
    results = _storm(place, calls, "auto")
    assert [outcome_of(result).code for result in results if result] == [
        "review-required",
        "review-required",
        "not-installed",
        None,
        "not-installed",
    ]
    assert snapshot(place) == before


def test_an_acceptance_that_an_agent_wrote_into_another_projects_lockfile_counts_for_no_install(place: Path) -> None:
    (shown,) = _storm(place, [("wiki_show", {"name": "bad"})], "auto")
    assert shown is not None
    accepted = {"plan": outcome_of(shown).answer["plan"], "by": "terminal"}
    entry = {"wiki_commit": head(place / "wiki"), "installed_at": "then", "accepted": accepted}
    (place / "project/.memtomem").mkdir()
    (place / "project/.memtomem/lock.json").write_text(json.dumps({"version": 1, "skills": {"other": entry}}))
    before: Snapshot = snapshot(place)
    (refused,) = _storm(place, [("context_install_skill", {"name": "bad"})], "auto")
    assert refused is not None
    assert outcome_of(refused).code == "review-required"
    assert snapshot(place) == before


def test_a_client_that_says_yes_to_everything_says_it_once_for_one_content(place: Path) -> None:
    """The control: with a person's yes the same call writes."""

    class Yes:
        async def __call__(self, context: object, params: object) -> ElicitResult:
            del context, params
            return ElicitResult(action="accept", content={"install": True})

    async def talk() -> CallToolResult:
        server = create_server(Options(place / "wiki", (place / "project",)))
        async with Client(server, mode="auto", elicitation_callback=Yes()) as client:
            return await client.call_tool("context_install_skill", {"name": "bad"})

    before = snapshot(place)
    assert outcome_of(anyio.run(talk)).code is None
    assert snapshot(place) != before

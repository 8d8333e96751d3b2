"""The tools: what an agent may ask, and the verb that answers it.

The schema that an agent sees is the one its arguments are held against. Names and descriptions are constants.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mcp_types import Tool, ToolAnnotations

import wikipin
from wikipin.answer import ROOM, answer_install, answer_list, answer_lockfile
from wikipin.errors import WikipinError
from wikipin.names import HEAD, parse_plan, parse_revision, parse_skill_name

Json = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """What the operator decided when the server was started."""

    wiki: Path
    projects: tuple[Path, ...] = ()
    exposure: wikipin.Exposure = field(default_factory=wikipin.Exposure)


Call = Callable[[Options, wikipin.Project], object]
"""A tool call whose arguments are known to be well: what is left to do, in a worker thread."""


@dataclass(frozen=True)
class Verb:
    """One tool: how agents see it, and how its arguments become a Call."""

    name: str
    title: str
    description: str
    properties: Mapping[str, Json]
    prepare: Callable[[Json], Call]
    read_only: bool

    @cached_property
    def schema(self) -> Json:
        """The JSON schema of the arguments, closed."""
        required = [name for name in self.properties if name == "name"]
        properties = {**self.properties, "project": _PROJECT}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    @cached_property
    def tool(self) -> Tool:
        """What `tools/list` answers."""
        annotations = ToolAnnotations(
            read_only_hint=self.read_only, destructive_hint=False, idempotent_hint=self.read_only, open_world_hint=False
        )
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.schema,
            annotations=annotations,
            # Claude Code hides the schemas of servers with many tools behind a search, and then guesses arguments.
            _meta={"anthropic/alwaysLoad": True},
        )

    def check(self, arguments: Json) -> Call:
        """Return the call that `arguments` ask for, or refuse with `invalid-name` or `invalid-argument`."""
        if "name" in self.properties and "name" in arguments:
            parse_skill_name(str(arguments["name"]))
        from jsonschema import ValidationError, validate  # noqa: PLC0415 - the server answers before it needs this

        try:
            validate(arguments, self.schema)
        except ValidationError as error:
            at = f"{error.path[0]}: " if error.path else ""
            raise WikipinError(
                "invalid-argument",
                f"{at}{error.message}",
                f"{self.name} takes {', '.join(self.schema['properties'])}; give them as its schema says",
            ) from None
        return self.prepare(arguments)


def _prepare_list(arguments: Json) -> Call:
    query, limit, cursor = arguments.get("query", ""), arguments.get("limit", 50), arguments.get("cursor")
    after = "" if cursor is None else parse_cursor(cursor)
    return lambda options, project: answer_list(
        wikipin.list_skills(options.wiki, project, query=query), limit=int(limit), after=after, room=ROOM
    )


def parse_cursor(text: str) -> str:
    """Return the name after which a page begins; a cursor is the last name of the page before."""
    try:
        return parse_skill_name(text)
    except WikipinError:
        raise WikipinError(
            "invalid-argument",
            f"cursor '{text[:80]}' is not one that wiki_list gave",
            "Pass next_cursor of the page before as it is, or leave cursor out for the first page",
        ) from None


def _prepare_install(arguments: Json) -> Call:
    name = parse_skill_name(arguments["name"])
    ref = parse_revision(arguments.get("ref", HEAD))
    plan = parse_plan(arguments["plan"]) if "plan" in arguments else None
    dry_run: bool = arguments.get("dry_run", False)

    def call(options: Options, project: wikipin.Project) -> object:
        installed = wikipin.install(
            options.wiki, project, name, ref=ref, plan=plan, exposure=options.exposure, dry_run=dry_run
        )
        return answer_install(installed, room=ROOM)

    return call


def _prepare_lockfile(_: Json) -> Call:
    return lambda _, project: answer_lockfile(project.read_lockfile(), room=ROOM)


_PROJECT: Json = {
    "type": "string",
    "description": "A directory inside the project that you work in. Leave it out to mean that project.",
}

_VERBS = (
    Verb(
        name="wiki_list",
        title="List the wiki's skills",
        description=(
            "List the skills in the user's wiki, the git repository that they keep their own skills in, with each"
            " one's state in this project: available (not installed here), ok, behind (the wiki has a newer "
            "version), modified, missing, untracked, diverged, unknown. Use it to find a skill for a task, or "
            "when the user asks what skills there are. `skipped` names directories that cannot be installed, and "
            "why."
        ),
        properties={
            "query": {
                "type": "string",
                "maxLength": 200,
                "description": "Words that must all stand in name or description; leave it out for all skills.",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": 200, "description": "How many at most (50)."},
            "cursor": {"type": "string", "description": "next_cursor of the page before."},
        },
        prepare=_prepare_list,
        read_only=True,
    ),
    Verb(
        name="context_install_skill",
        title="Install a skill",
        description=(
            "Install one skill from the user's wiki into this project: the exact bytes of one commit, pinned in "
            ".memtomem/lock.json, and visible to Claude Code, Codex and Gemini CLI. Installing runs nothing of "
            "the skill. Use it when the user asks for a skill, or wants one that wiki_list shows as available. It"
            " never overwrites: a skill that is already there is refused. Afterwards read the file at "
            "skill_md_path and follow it."
        ),
        properties={
            "name": {"type": "string", "description": "The skill's name, as wiki_list has it: a-z, 0-9 and -."},
            "ref": {
                "type": "string",
                "description": "A branch, tag or commit of the wiki; leave it out for the newest commit.",
            },
            "plan": {
                "type": "string",
                "description": "The plan of a dry run; the call is refused if it would write anything else.",
            },
            "dry_run": {"type": "boolean", "description": "Answer what would be installed, and write nothing (false)."},
        },
        prepare=_prepare_install,
        read_only=False,
    ),
    Verb(
        name="lockfile_read",
        title="Read the lockfile",
        description=(
            "Read .memtomem/lock.json of this project: which skills are installed, and for each the commit that "
            "its bytes came from, when it was installed, the SHA-256 of each file, and where agents see it. Use "
            "it when the user asks what is installed or which version."
        ),
        properties={},
        prepare=_prepare_lockfile,
        read_only=True,
    ),
)

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in _VERBS}

INSTRUCTIONS = (
    "wikipin installs skills (folders with a SKILL.md) from the user's own wiki, a git repository, into the "
    "project that you work in. To find one: wiki_list, with a word of the task as query. To install one: "
    "context_install_skill with its name; then read the SKILL.md that the answer names, at once, because this "
    "session may not list the new skill. To see what is installed and at which commit: lockfile_read. Never copy "
    "skills by hand or edit .memtomem/lock.json. A refusal says what to do about it; where that is for the user "
    "to decide, ask the user."
)

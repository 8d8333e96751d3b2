"""What a tool is: how agents see it, how its arguments are judged, and the call that comes of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mcp_types import Tool, ToolAnnotations

import wikipin
from wikipin.errors import WikipinError
from wikipin.names import parse_skill_name
from wikipin.plan.acceptance import Acceptance
from wikipin.remedy import Door

Json = dict[str, Any]

Review = Literal["ask", "block", "off"]
"""What is done about findings: a person is asked through the client, nobody is asked, or they do not matter."""

PROJECT: Json = {
    "type": "string",
    "description": "A directory inside the project that you work in. Leave it out to mean that project.",
}
"""The argument that every tool takes."""


@dataclass(frozen=True)
class Options:
    """What the operator decided when the server was started."""

    wiki: Path
    projects: tuple[Path, ...] = ()
    exposure: wikipin.Exposure = field(default_factory=wikipin.Exposure)
    review: Review = "ask"


@dataclass(frozen=True)
class Request:
    """Where a call is made: what the operator decided, the project, and how to tell that it goes on."""

    options: Options
    wiki: wikipin.Wiki
    project_if_any: wikipin.Project | None
    progress: Callable[[int, int, str], None]
    door: Door
    acceptance: Acceptance | None = None

    @property
    def project(self) -> wikipin.Project:
        """The project; a tool that is called without one does not ask for it."""
        if self.project_if_any is None:
            raise AssertionError("this tool needs a project")
        return self.project_if_any


Call = Callable[[Request], object]
"""A tool call whose arguments are valid: what is left to do, in a worker thread."""


@dataclass(frozen=True)
class Verb:
    """One tool: how agents see it, and how its arguments become a Call."""

    name: str
    title: str
    description: str
    properties: Mapping[str, Json]
    prepare: Callable[[Json], Call]
    read_only: bool
    destructive: bool = False
    """Whether it may replace or take away what is there."""

    needs_project: bool = True
    """Whether it can answer nothing if there is no project."""

    @cached_property
    def schema(self) -> Json:
        """The JSON schema of the arguments, closed."""
        required = ["name"] if "name" in self.properties else []
        properties = {**self.properties, "project": PROJECT}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    @cached_property
    def tool(self) -> Tool:
        """What `tools/list` answers."""
        annotations = ToolAnnotations(
            read_only_hint=self.read_only,
            destructive_hint=self.destructive,
            idempotent_hint=self.read_only,
            open_world_hint=False,
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

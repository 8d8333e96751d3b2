"""How a model makes calls: a remedy with tools and their arguments in it, and with commands for the user's terminal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import wikipin
from wikipin.remedy import Argument, ByDoor, Call, CommandLine, Verb
from wikipin_mcp.verb import Json, Options

_TOOLS: Mapping[Verb, str] = {
    "install": "context_install_skill",
    "update": "context_update_skill",
    "remove": "context_remove_skill",
    "restore": "context_restore",
    "show": "wiki_show",
    "status": "context_status",
    "list": "wiki_list",
}
"""Those that a model can call; the others are for the user's terminal."""


@dataclass(frozen=True)
class ToolDoor:
    """The door of the tools, for a call that named `project`, or none."""

    terminal: CommandLine
    project: str | None

    def call(self, call: Call) -> str:
        """Return a call as an imperative clause."""
        if call.is_for_people or call.verb not in _TOOLS:
            return f"have the user run {self.terminal.quoted(call)} in a terminal"
        arguments = self._arguments(call)
        with_arguments = f" with {json.dumps(arguments, ensure_ascii=False)}" if arguments else ""
        return f"call {_TOOLS[call.verb]}{with_arguments}"

    def argument(self, argument: Argument) -> str:
        """Return the name of an argument."""
        return argument.name

    def choose(self, words: ByDoor) -> str:
        """Return the words for a model."""
        return words.tool

    def _arguments(self, call: Call) -> Json:
        name = None if call.asset is None else call.asset.name
        given = {
            "names" if call.verb == "restore" else "name": [name] if call.verb == "restore" else name,
            "ref": call.ref,
            "plan": call.plan,
            "discard_edits": call.discard_edits or None,
            "allow_rollback": call.allow_rollback or None,
            "project": self.project,
        }
        return {key: value for key, value in given.items() if value is not None}


def terminal_of(options: Options, project: wikipin.Project | None) -> CommandLine:
    """Return how the user types a command that means what this server was started with, and the project of a call.

    The user's terminal has neither our working directory nor our environment, so nothing is left to a default but the
    exposure.
    """
    expose, mode = options.exposure.words, options.exposure.mode
    default = wikipin.Exposure()
    return CommandLine(
        wiki=_from_home(options.wiki),
        project=None if project is None else project.shown,
        expose=None if set(expose) == set(default.words) else ",".join(expose) or "none",
        expose_mode=None if mode == default.mode else mode,
    )


def _from_home(path: Path) -> str:
    """Return a path as a shell reads it: from `~`, if it is below the home directory."""
    try:
        return str("~" / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # it is elsewhere; or nobody knows where the home directory is
        return str(path)

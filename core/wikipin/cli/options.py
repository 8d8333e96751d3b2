"""What a command line says besides its verb and names: the options, and what becomes of them."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click
from click.core import ParameterSource

import wikipin
from wikipin.answer import terminal
from wikipin.errors import WikipinError
from wikipin.names import HEAD, PlanDigest, parse_plan
from wikipin.plan.exposure import WORDS, Mode
from wikipin.remedy import CommandLine

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Options:
    """What stands before the verb."""

    wiki: Path
    wiki_as_named: str
    project: Path
    as_json: bool
    door: CommandLine
    """How a command is written that is to mean the same wiki, project and exposure."""

    def open_project(self) -> wikipin.Project:
        """Return the project that the given directory, or the working directory, belongs to, open for this run."""
        return click.get_current_context().with_resource(wikipin.open_project(self.project, self.wiki))

    def open_wiki(self) -> wikipin.Wiki:
        """Return the wiki, for this run; it is looked for when it is first asked."""
        return click.get_current_context().with_resource(wikipin.Wiki(self.wiki))

    def show(self, answer: object, lines: Iterable[str], warnings: Iterable[str] = ()) -> None:
        """Print `answer` as JSON where that was asked for, else `lines`, and `warnings` on stderr."""
        if self.as_json:
            click.echo(json.dumps(answer, indent=2))
            return
        width = _width(sys.stdout)
        for line in lines:
            for row in [line] if width is None else terminal.fold(line, width):
                click.echo(row)
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)


def _width(stream: TextIO | None) -> int | None:
    """Return how many columns a stream has; None if it is no terminal, or is closed."""
    return shutil.get_terminal_size().columns if stream is not None and stream.isatty() else None


def _all_of(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def decorate(function: _F) -> _F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


accept_option = click.option(
    "--accept",
    metavar="PLAN",
    help="Ask in this terminal about exactly this content; without it, about whatever there is to accept.",
)
what_options = _all_of(
    click.option("--ref", default=HEAD, metavar="REV", help="Take it as of this branch, tag or commit [HEAD]."),
    click.option("--plan", metavar="PLAN", help="Refuse where the content is other than a dry run showed."),
    accept_option,
    click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing."),
)


def _noted(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Note, for the remedies, an option that the caller gave."""
    options, name = context.find_object(Options), parameter.name or ""
    if options is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        setattr(options.door, name, value)
    return value


where_options = _all_of(
    click.option(
        "--expose",
        default=",".join(WORDS),
        metavar="WHERE",
        callback=_noted,
        help="claude,agents (the default), one, or none.",
    ),
    click.option(
        "--expose-mode",
        type=click.Choice(["link", "copy"]),
        default="link",
        callback=_noted,
        help="How it is shown there.",
    ),
)
discard_option = click.option(
    "--discard-edits", is_flag=True, help="Replace an edited copy, which is kept in .memtomem/.backup."
)


def parse_optional_plan(text: str | None) -> PlanDigest | None:
    """Return the plan that was given, if one was."""
    return None if text is None else parse_plan(text)


def parse_exposure(words: str, mode: Mode) -> wikipin.Exposure:
    """Return what --expose and --expose-mode ask for; what is none is wrong usage."""
    try:
        return wikipin.parse_exposure(words, mode)
    except WikipinError as error:
        raise click.BadParameter(str(error), param_hint="--expose") from None

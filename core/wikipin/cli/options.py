"""The options of the command, and how it prints what a verb did."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click
from click.core import ParameterSource

import wikipin
from wikipin.answer import terminal
from wikipin.answer.several import SeveralAnswer
from wikipin.answer.writing import Failure
from wikipin.errors import WikipinError
from wikipin.names import HEAD
from wikipin.plan.exposure import Mode
from wikipin.remedy import CommandLine

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass
class Options:
    """The options of every verb, which stand before it or after it."""

    directories: dict[str, Path] = field(default_factory=dict[str, Path])
    """`wiki` and `project`, if they were given."""

    as_json: bool = False
    door: CommandLine = field(default_factory=CommandLine)
    """Writes commands with the same wiki, project and exposure."""

    @property
    def wiki(self) -> Path:
        """The directory of the wiki."""
        return self.wiki_as_named.expanduser().absolute()

    @property
    def wiki_as_named(self) -> Path:
        """The directory of the wiki, as a person reads it."""
        return self.directories.get("wiki") or wikipin.default_wiki_path()

    def open_project(self) -> wikipin.Project:
        """Return the project of the given directory, or of the working directory, open for this run."""
        return click.get_current_context().with_resource(
            wikipin.open_project(self.directories.get("project", Path()), self.wiki)
        )

    def open_wiki(self) -> wikipin.Wiki:
        """Return the wiki, for this run; it is looked for when it is first asked."""
        return click.get_current_context().with_resource(wikipin.Wiki(self.wiki))

    def find_project(self) -> wikipin.Project | None:
        """Return the same; None if the directory is none that may be a project, or if none was named and there is none.

        What the wiki has can be read anywhere.
        """
        try:
            return self.open_project()
        except WikipinError as error:
            if error.code == "project-not-allowed" or (
                error.code == "project-not-found" and "project" not in self.directories
            ):
                return None
            raise

    def show(self, answer: object, lines: Iterable[str], warnings: Iterable[str] = ()) -> None:
        """Print `answer` as JSON if that was asked for; otherwise `lines`, and `warnings` on stderr."""
        if self.as_json:
            click.echo(json.dumps(answer, indent=2))
            return
        width = _width(sys.stdout)
        for line in lines:
            for row in [line] if width is None else terminal.fold(line, width):
                click.echo(row)
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)

    def show_several(self, answer: SeveralAnswer[Any], lines: Iterable[str]) -> None:
        """Print the outcome of several assets, and a line on stderr for each refusal; end with 1 if there is one."""
        warnings = [f"{each['name']}: {warning}" for each in answer["done"] for warning in each["warnings"]]
        self.show(answer, lines, warnings)
        self.end_with(answer["failed"])

    def end_with(self, failures: Sequence[Failure]) -> None:
        """Print a line on stderr for each refusal, and end with 1 if there is one."""
        for failure in failures:
            click.echo(f"wikipin: {failure['code']}: {failure['problem']}. {failure['remedy']}.", err=True)
        if failures:
            click.get_current_context().exit(1)

    def refuse(self, error: WikipinError) -> None:
        """Print a refusal as one line on stderr, and as JSON if that was asked for."""
        if self.as_json:
            refused = {"code": error.code, "problem": error.problem, "remedy": error.advice(self.door)}
            click.echo(json.dumps({"error": refused}, indent=2))
        click.echo(f"wikipin: {error.said(self.door)}", err=True)


def _width(stream: TextIO | None) -> int | None:
    """Return how many columns a stream has; None if it is not a terminal, or is closed."""
    return shutil.get_terminal_size().columns if stream is not None and stream.isatty() else None


def _all_of(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def decorate(function: _F) -> _F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


words_argument = click.argument("words", nargs=-1, required=True, metavar="[KIND] NAME...")
accept_option = click.option(
    "--accept",
    metavar="PLAN",
    help="Ask in this terminal about exactly this content; without it, about whatever there is to accept.",
)
what_options = _all_of(
    click.option("--ref", default=HEAD, metavar="REV", help="Take it as of this branch, tag or commit [HEAD]."),
    click.option("--plan", metavar="PLAN", help="Refuse if the content is not what a dry run showed."),
    accept_option,
    click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing."),
)


def _noted(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Note, for the remedies, an option that the caller gave."""
    options, name = context.find_object(Options), parameter.name or ""
    if options is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        setattr(options.door, name, value)
    return value


where_options = _all_of(
    click.option(
        "--expose",
        default=None,
        metavar="WHERE",
        callback=_noted,
        help="Show it to claude,agents (the default), to one of the two, or to none.",
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


def _keep_directory(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> None:
    options = context.ensure_object(Options)
    directories = options.directories
    for value in values:
        if str(parameter.name) in directories:
            raise click.UsageError(f"--{parameter.name} is given more than once.", context)
        if not value:
            raise click.UsageError(f"--{parameter.name} is empty: give a directory.", context)
        directories[str(parameter.name)] = Path(value)
        if parameter.name == "wiki":
            options.door.wiki = str(options.wiki)
        else:
            options.door.project = str(Path(value).absolute())


def _keep_json(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    context.ensure_object(Options).as_json |= value


def _directory(name: str, text: str) -> click.Option:
    return click.Option(
        [f"--{name}"], multiple=True, metavar="DIR", expose_value=False, callback=_keep_directory, help=text
    )


EVERYWHERE = (
    _directory("wiki", "The wiki [$MEMTOMEM_WIKI_PATH, or ~/.memtomem-wiki]."),
    _directory("project", "The project [the working directory]."),
    click.Option(
        ["--json"],
        is_flag=True,
        expose_value=False,
        callback=_keep_json,
        help="Print what the MCP tool of the same name answers.",
    ),
)
"""The options of the group and of every verb."""


def parse_exposure(words: str | None, mode: Mode) -> wikipin.Exposure:
    """Return the exposure that --expose and --expose-mode ask for; an invalid one is wrong usage."""
    if words is None:
        return wikipin.Exposure(mode=mode)
    try:
        return replace(wikipin.parse_exposure(words, mode), is_asked=True)
    except WikipinError as error:
        raise click.BadParameter(str(error), param_hint="--expose") from None

"""The group of all verbs, and how a run of it ends."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, cast

import click

import wikipin
from wikipin.cli import reading, writing
from wikipin.cli.options import Options
from wikipin.errors import WikipinError
from wikipin.remedy import CommandLine


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(wikipin.__version__, prog_name="wikipin")
@click.option("--wiki", type=click.Path(path_type=Path), help="The wiki [~/.memtomem-wiki, or $MEMTOMEM_WIKI_PATH].")
@click.option("--project", type=click.Path(path_type=Path), help="The project [the working directory].")
@click.option("--json", "as_json", is_flag=True, help="Print what the MCP tool of the same name answers.")
@click.pass_context
def cli(context: click.Context, wiki: Path | None, project: Path | None, *, as_json: bool) -> None:
    """Install agent skills from your git wiki into a project, pinned to the bytes of one commit."""
    as_named = wiki or wikipin.default_wiki_path()
    at = as_named.expanduser().absolute()
    door = context.find_object(CommandLine) or CommandLine()
    door.wiki = str(at) if wiki else None
    door.project = str(project.absolute()) if project else None
    context.obj = Options(at, str(as_named), project or Path(), as_json, door)


for verb in (
    reading.init,
    reading.list_,
    reading.show,
    reading.status,
    writing.install,
    writing.update,
    writing.restore,
    writing.adopt,
    writing.remove,
):
    cli.add_command(verb)


def main() -> NoReturn:
    """Run the command; a refusal is one line on stderr and exit code 1."""
    with suppress(AttributeError):  # it is closed, or somebody else's
        cast("Any", sys.stdout).reconfigure(errors="backslashreplace")  # as stderr, for any encoding
    door = CommandLine()
    try:
        cli(prog_name="wikipin", obj=door)
    except WikipinError as error:
        click.echo(f"wikipin: {error.said(door)}", err=True)
    except OSError as error:
        click.echo(f"wikipin: io-error: the system said '{error.strerror}'. Mend that, and try again.", err=True)
    sys.exit(1)

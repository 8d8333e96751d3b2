"""The verb `init` of the command."""

import click

import wikipin
from wikipin.answer import terminal
from wikipin.cli.options import Options


@click.command("init")
@click.option("--from", "source", metavar="GIT_URL", help="Clone this repository instead of making a new one.")
@click.pass_obj
def command(options: Options, source: str | None) -> None:
    """Create the wiki, or clone one."""
    wikipin.create_wiki(options.wiki, source=source)
    done = "cloned" if source else "created"
    options.show({done: True}, terminal.show_init(done, str(options.wiki_as_named), options.door))

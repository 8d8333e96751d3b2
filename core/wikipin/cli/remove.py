"""The verb `remove` of the command."""

from collections.abc import Sequence
from functools import partial

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.writing import answer_remove
from wikipin.asset import Asset
from wikipin.cli.assets import Caller, parse_words
from wikipin.cli.options import (
    Options,
    discard_option,
    words_argument,
)
from wikipin.plan.acceptance import Acceptance


@click.command("remove")
@words_argument
@discard_option
@click.pass_obj
def command(options: Options, *, words: Sequence[str], discard_edits: bool) -> None:
    """Remove skills from the project.

    Their copies go, their entries in the lockfile, and the links where agents see them. KIND is 'skill', and may be
    left out.
    """
    named = parse_words(words)
    project, wiki = options.open_project(), options.open_wiki()

    def call(asset: Asset, _: Acceptance | None) -> wikipin.Removed:
        return wikipin.remove(wiki, project, asset, discard_edits=discard_edits)

    call_all = partial(wikipin.remove_all, wiki, project, discard_edits=discard_edits)
    caller = Caller(options, project, call, call_all)
    caller.tell(named, answer_remove, terminal.show_remove, what="removed")

"""The verb `adopt` of the command."""

from collections.abc import Sequence
from functools import partial

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.writing import answer_install
from wikipin.asset import Asset
from wikipin.cli.assets import Caller, parse_one_plan, parse_words
from wikipin.cli.options import (
    Options,
    accept_option,
    parse_exposure,
    where_options,
    words_argument,
)
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.exposure import Mode


@click.command("adopt")
@words_argument
@accept_option
@where_options
@click.pass_obj
def command(
    options: Options, *, words: Sequence[str], accept: str | None, expose: str | None, expose_mode: Mode
) -> None:
    """Record copies that were made by hand.

    Each has to be exactly what a commit of the wiki has. KIND is 'skill', and may be left out.
    """
    named = parse_words(words)
    accepting, exposure = parse_one_plan(accept, named), parse_exposure(expose, expose_mode)
    project, wiki = options.open_project(), options.open_wiki()

    def call(asset: Asset, acceptance: Acceptance | None) -> wikipin.Installed:
        return wikipin.adopt(wiki, project, asset, exposure=exposure, acceptance=acceptance)

    caller = Caller(options, project, call, partial(wikipin.adopt_all, wiki, project, exposure=exposure), accepting)
    caller.tell(named, partial(answer_install, door=options.door), terminal.show_adopt, what="recorded")

"""The verb `install` of the command."""

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
    parse_exposure,
    what_options,
    where_options,
    words_argument,
)
from wikipin.names import parse_revision
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.exposure import Mode


@click.command("install")
@words_argument
@what_options
@where_options
@click.pass_obj
def command(
    options: Options,
    *,
    words: Sequence[str],
    ref: str,
    plan: str | None,
    accept: str | None,
    dry_run: bool,
    expose: str | None,
    expose_mode: Mode,
) -> None:
    """Install skills of the wiki into the project.

    What is committed in the wiki is installed. KIND is 'skill', and may be left out.
    """
    named = parse_words(words)
    digest, accepting = parse_one_plan(plan, named), parse_one_plan(accept, named)
    revision, exposure = parse_revision(ref), parse_exposure(expose, expose_mode)
    project, wiki = options.open_project(), options.open_wiki()

    def call(asset: Asset, acceptance: Acceptance | None) -> wikipin.Installed:
        return wikipin.install(
            wiki,
            project,
            asset,
            ref=revision,
            plan=accepting or digest,
            exposure=exposure,
            acceptance=acceptance,
            dry_run=dry_run,
        )

    call_all = partial(wikipin.install_all, wiki, project, ref=revision, exposure=exposure, dry_run=dry_run)
    caller = Caller(options, project, call, call_all, accepting)
    answer, show = partial(answer_install, door=options.door), terminal.show_install
    caller.tell(named, answer, show, what="would be installed" if dry_run else "installed")

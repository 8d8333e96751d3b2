"""The verb `restore` of the command."""

import sys
from collections.abc import Sequence

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.writing import answer_restore
from wikipin.asset import Asset
from wikipin.cli.assets import Named, parse_words
from wikipin.cli.options import (
    Options,
    parse_exposure,
    where_options,
)
from wikipin.plan.exposure import Mode
from wikipin.verbs.outcomes import Outcomes


@click.command("restore")
@click.argument("words", nargs=-1, metavar="[[KIND] NAME...]")
@where_options
@click.pass_obj
def command(options: Options, *, words: Sequence[str], expose: str | None, expose_mode: Mode) -> None:
    """Bring back what the lockfile says, in a fresh clone.

    Each skill comes at its own pin: those named, or all. KIND is 'skill', and may be left out.
    """
    named = parse_words(words) if words else Named([])
    exposure = parse_exposure(expose, expose_mode)
    project, found = options.open_project(), Outcomes[Asset]()
    if named.assets or not named.invalid:
        with click.progressbar(length=0, label="Restoring", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

            def progress(done: int, of: int, _: str) -> None:
                bar.length = of
                bar.update(done - bar.pos)

            found = wikipin.restore(options.open_wiki(), project, named.assets, exposure=exposure, progress=progress)
    answer = answer_restore(Outcomes(found.done, found.unchanged, {**named.invalid, **found.failed}), options.door)
    options.show(answer, terminal.show_restore(answer))
    options.end_with(answer["failed"])

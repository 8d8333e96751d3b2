"""The verbs that change a project: install, update, restore, adopt, remove."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.several import Answer, answer_several
from wikipin.answer.writing import UpdateAnswer, answer_install, answer_remove, answer_restore, answer_update
from wikipin.asset import KINDS, Asset
from wikipin.cli.assets import Caller, Named, parse_one_plan, parse_words
from wikipin.cli.options import (
    Options,
    accept_option,
    discard_option,
    parse_exposure,
    what_options,
    where_options,
    words_argument,
)
from wikipin.names import PlanDigest, Revision, parse_revision
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.exposure import Mode
from wikipin.plan.refusal import GoneError
from wikipin.verbs.outcomes import Outcomes

_T = TypeVar("_T")


@click.command()
@words_argument
@what_options
@where_options
@click.pass_obj
def install(
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
    _tell(caller, named, answer, show, what="would be installed" if dry_run else "installed")


def _tell(
    caller: Caller[_T],
    named: Named,
    answer: Callable[[_T], Answer],
    show: Callable[[Answer], Iterator[str]],
    *,
    what: str,
    unchanged: str = "",
) -> None:
    """Make the calls, and say what came of them."""
    options = caller.options
    if named.is_one:
        one = answer(caller.one(named.assets[0]))
        options.show(one, show(one), one["warnings"])
    else:
        several = answer_several(caller.each(named), answer, options.door)
        options.show_several(several, terminal.show_several(several, show, what, unchanged))


@click.command()
@click.argument("words", nargs=-1, metavar="[KIND] NAME... | --all")
@click.option("--all", "everything", is_flag=True, help="Update every skill of the lockfile.")
@what_options
@where_options
@click.option("--allow-rollback", is_flag=True, help="Take a commit that does not descend from the pin.")
@discard_option
@click.pass_obj
def update(
    options: Options,
    *,
    words: Sequence[str],
    everything: bool,
    ref: str,
    plan: str | None,
    accept: str | None,
    dry_run: bool,
    expose: str | None,
    expose_mode: Mode,
    allow_rollback: bool,
    discard_edits: bool,
) -> None:
    """Bring installed skills to what the wiki has.

    It goes forward only, and stops at a copy that somebody edited. KIND is 'skill', and may be left out.
    """
    named = _parse_words_or_all(words, everything=everything)
    digest, accepting = parse_one_plan(plan, named), parse_one_plan(accept, named)
    revision, exposure = parse_revision(ref), parse_exposure(expose, expose_mode)
    consent = wikipin.Consent(allow_rollback=allow_rollback, discard_edits=discard_edits)
    project, wiki = options.open_project(), options.open_wiki()
    calls = _Update(wiki, project, revision, accepting or digest, exposure, consent, dry_run)
    caller = Caller(options, project, calls.call, calls.call_all, accepting)
    answer, what = partial(answer_update, door=options.door), "would be updated" if dry_run else "updated"
    if named is None:
        _tell_all(caller, calls.call_all(None), answer, what)
    else:
        _tell(caller, named, answer, terminal.show_update, what=what, unchanged="up to date")


def _parse_words_or_all(words: Sequence[str], *, everything: bool) -> Named | None:
    """Return what the words name; None for all, of which the words may name the kind."""
    if everything and (not words or (len(words) == 1 and words[0] in KINDS)):
        return None
    if everything or not words:
        raise click.UsageError("Give names, or --all.")
    return parse_words(words)


@dataclass(frozen=True)
class _Update:
    """What an update is asked for."""

    wiki: wikipin.Wiki
    project: wikipin.Project
    ref: Revision
    plan: PlanDigest | None
    exposure: wikipin.Exposure
    consent: wikipin.Consent
    dry_run: bool

    def call(self, asset: Asset, acceptance: Acceptance | None) -> wikipin.Updated:
        return wikipin.update(
            self.wiki,
            self.project,
            asset,
            ref=self.ref,
            plan=self.plan,
            consent=self.consent,
            exposure=self.exposure,
            acceptance=acceptance,
            dry_run=self.dry_run,
        )

    def call_all(self, assets: Sequence[Asset] | None) -> Outcomes[wikipin.Updated]:
        return wikipin.update_all(
            self.wiki,
            self.project,
            assets,
            ref=self.ref,
            consent=self.consent,
            exposure=self.exposure,
            dry_run=self.dry_run,
        )


def _tell_all(
    caller: Caller[wikipin.Updated],
    outcomes: Outcomes[wikipin.Updated],
    answer: Callable[[wikipin.Updated], UpdateAnswer],
    what: str,
) -> None:
    """Say what came of an update of all; what the wiki has no longer is told, and is no refusal."""
    found = caller.asked(outcomes)
    gone = [asset for asset, error in found.failed.items() if isinstance(error, GoneError)]
    failed = {asset: error for asset, error in found.failed.items() if asset not in gone}
    several = answer_several(Outcomes(found.done, found.unchanged, failed), answer, caller.options.door)
    several["gone"] = [asset.name for asset in gone]
    several["unchanged"] += several["gone"]
    lines = terminal.show_several(several, terminal.show_update, what, "up to date")
    caller.options.show_several(several, lines)


@click.command()
@click.argument("words", nargs=-1, metavar="[[KIND] NAME...]")
@where_options
@click.pass_obj
def restore(options: Options, *, words: Sequence[str], expose: str | None, expose_mode: Mode) -> None:
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


@click.command()
@words_argument
@accept_option
@where_options
@click.pass_obj
def adopt(options: Options, *, words: Sequence[str], accept: str | None, expose: str | None, expose_mode: Mode) -> None:
    """Record copies that were made by hand.

    Each has to be exactly what a commit of the wiki has. KIND is 'skill', and may be left out.
    """
    named = parse_words(words)
    accepting, exposure = parse_one_plan(accept, named), parse_exposure(expose, expose_mode)
    project, wiki = options.open_project(), options.open_wiki()

    def call(asset: Asset, acceptance: Acceptance | None) -> wikipin.Installed:
        return wikipin.adopt(wiki, project, asset, exposure=exposure, acceptance=acceptance)

    caller = Caller(options, project, call, partial(wikipin.adopt_all, wiki, project, exposure=exposure), accepting)
    _tell(caller, named, partial(answer_install, door=options.door), terminal.show_adopt, what="recorded")


@click.command()
@words_argument
@discard_option
@click.pass_obj
def remove(options: Options, *, words: Sequence[str], discard_edits: bool) -> None:
    """Remove skills from the project.

    Their copies go, their entries in the lockfile, and the links where agents see them. KIND is 'skill', and may be
    left out.
    """
    named = parse_words(words)
    project, wiki = options.open_project(), options.open_wiki()

    def call(asset: Asset, _: Acceptance | None) -> wikipin.Removed:
        return wikipin.remove(wiki, project, asset, discard_edits=discard_edits)

    call_all = partial(wikipin.remove_all, wiki, project, discard_edits=discard_edits)
    _tell(Caller(options, project, call, call_all), named, answer_remove, terminal.show_remove, what="removed")

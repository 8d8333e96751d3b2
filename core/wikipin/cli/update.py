"""The verb `update` of the command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.several import answer_several
from wikipin.answer.writing import UpdateAnswer, answer_update
from wikipin.asset import KINDS, Asset
from wikipin.cli.assets import Caller, Named, parse_one_plan, parse_words
from wikipin.cli.options import (
    Options,
    discard_option,
    parse_exposure,
    what_options,
    where_options,
)
from wikipin.names import PlanDigest, Revision, parse_revision
from wikipin.plan.acceptance import Acceptance
from wikipin.plan.exposure import Mode
from wikipin.plan.refusal import GoneError
from wikipin.verbs.outcomes import Outcomes


@click.command("update")
@click.argument("words", nargs=-1, metavar="[KIND] NAME... | --all")
@click.option("--all", "everything", is_flag=True, help="Update every skill of the lockfile.")
@what_options
@where_options
@click.option("--allow-rollback", is_flag=True, help="Take a commit that does not descend from the pin.")
@discard_option
@click.pass_obj
def command(
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
        caller.tell(named, answer, terminal.show_update, what=what, unchanged="up to date")


def _parse_words_or_all(words: Sequence[str], *, everything: bool) -> Named | None:
    """Return the assets that the words name; None for all, and then the words may name the kind."""
    if everything and (not words or (len(words) == 1 and words[0] in KINDS)):
        return None
    if everything or not words:
        raise click.UsageError("Give names, or --all.")
    return parse_words(words)


@dataclass(frozen=True)
class _Update:
    """The arguments of an update."""

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
    """Print the outcome of an update of all. A skill that the wiki no longer has is named, and is not a refusal."""
    found = caller.asked(outcomes)
    gone = [asset for asset, error in found.failed.items() if isinstance(error, GoneError)]
    failed = {asset: error for asset, error in found.failed.items() if asset not in gone}
    several = answer_several(Outcomes(found.done, found.unchanged, failed), answer, caller.options.door)
    several["gone"] = [asset.name for asset in gone]
    several["unchanged"] += several["gone"]
    lines = terminal.show_several(several, terminal.show_update, what, "up to date")
    caller.options.show_several(several, lines)

"""The verbs that change a project: install, update, restore, adopt, remove."""

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.writing import (
    Failure,
    answer_install,
    answer_remove,
    answer_restore,
    answer_update,
    answer_update_all,
)
from wikipin.asset import Asset, skill
from wikipin.cli.options import (
    Options,
    accept_option,
    discard_option,
    parse_exposure,
    parse_optional_plan,
    what_options,
    where_options,
)
from wikipin.names import PlanDigest, parse_revision, parse_skill_name
from wikipin.plan.acceptance import Acceptance, ReviewRequiredError
from wikipin.plan.exposure import Mode
from wikipin.prompt import ask_in_terminal

_T = TypeVar("_T")


def asking(
    options: Options, project: wikipin.Project, plan: PlanDigest | None, call: Callable[[Acceptance | None], _T]
) -> _T:
    """Make a call; if it takes a person's yes, ask for it in the terminal: to `plan`, if `--accept` gave one."""
    try:
        return call(None)
    except ReviewRequiredError as required:
        origin = options.open_wiki().origin()
        accepted = ask_in_terminal(required, plan, origin=origin, project=project.shown, terminal=options.door)
        return call(accepted)


@click.group()
def install() -> None:
    """Install a skill into the project."""


@install.command("skill")
@click.argument("name")
@what_options
@where_options
@click.pass_obj
def install_skill(
    options: Options,
    *,
    name: str,
    ref: str,
    plan: str | None,
    accept: str | None,
    dry_run: bool,
    expose: str,
    expose_mode: Mode,
) -> None:
    """Install the skill NAME, as it is committed in the wiki, into the project."""
    asset, revision = skill(parse_skill_name(name)), parse_revision(ref)
    digest, accepting = parse_optional_plan(plan), parse_optional_plan(accept)
    exposure = parse_exposure(expose, expose_mode)
    project = options.open_project()

    def call(acceptance: Acceptance | None) -> wikipin.Installed:
        return wikipin.install(
            options.open_wiki(),
            project,
            asset,
            ref=revision,
            plan=accepting or digest,
            exposure=exposure,
            acceptance=acceptance,
            dry_run=dry_run,
        )

    installed = asking(options, project, accepting, call)
    answer = answer_install(installed, options.door)
    options.show(answer, terminal.show_install(answer), answer["warnings"])


@click.command(options_metavar="[OPTIONS]")
@click.argument("words", nargs=-1, metavar="skill NAME | --all")
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
    expose: str,
    expose_mode: Mode,
    allow_rollback: bool,
    discard_edits: bool,
) -> None:
    """Bring a skill that is installed, or all of them, to what the wiki has."""
    names = _names_to_update(words, everything=everything)
    digest, accepting = parse_optional_plan(plan), parse_optional_plan(accept)
    if everything and (digest or accepting):
        raise click.UsageError("--plan and --accept are of one skill, and do not go with --all.")
    revision, exposure = parse_revision(ref), parse_exposure(expose, expose_mode)
    consent = wikipin.Consent(allow_rollback=allow_rollback, discard_edits=discard_edits)
    project = options.open_project()
    if names:

        def call(acceptance: Acceptance | None) -> wikipin.Updated:
            return wikipin.update(
                options.open_wiki(),
                project,
                names[0],
                ref=revision,
                plan=accepting or digest,
                consent=consent,
                exposure=exposure,
                acceptance=acceptance,
                dry_run=dry_run,
            )

        answer = answer_update(asking(options, project, accepting, call), options.door)
        options.show(answer, terminal.show_update(answer), answer["warnings"])
        return
    of_all = answer_update_all(
        wikipin.update_all(
            options.open_wiki(), project, ref=revision, consent=consent, exposure=exposure, dry_run=dry_run
        ),
        options.door,
    )
    options.show(of_all, terminal.show_update_all(of_all), [w for each in of_all["updated"] for w in each["warnings"]])
    fail(of_all["failed"])


def _names_to_update(words: Sequence[str], *, everything: bool) -> list[Asset]:
    if everything and words in {(), ("skill",)}:
        return []
    if everything or len(words) != 2 or words[0] != "skill":  # noqa: PLR2004 - "skill", and its name
        raise click.UsageError("Give 'skill NAME', or --all.")
    return [skill(parse_skill_name(words[1]))]


@click.command()
@click.argument("names", nargs=-1)
@where_options
@click.pass_obj
def restore(options: Options, *, names: Sequence[str], expose: str, expose_mode: Mode) -> None:
    """Bring back what the lockfile says, each skill at its own pin: the skills NAMES, or all."""
    assets = [skill(parse_skill_name(name)) for name in names]
    exposure = parse_exposure(expose, expose_mode)
    project = options.open_project()
    with click.progressbar(length=0, label="Restoring", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, of: int, _: str) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        found = wikipin.restore(options.open_wiki(), project, assets, exposure=exposure, progress=progress)
    answer = answer_restore(found, options.door)
    options.show(answer, terminal.show_restore(answer))
    fail(answer["failed"])


@click.group()
def adopt() -> None:
    """Bring a copy that was made by hand under the lockfile."""


@adopt.command("skill")
@click.argument("name")
@accept_option
@where_options
@click.pass_obj
def adopt_skill(options: Options, *, name: str, accept: str | None, expose: str, expose_mode: Mode) -> None:
    """Record the copy of the skill NAME, if it is exactly what a commit of the wiki has."""
    asset, accepting = skill(parse_skill_name(name)), parse_optional_plan(accept)
    exposure = parse_exposure(expose, expose_mode)
    project = options.open_project()

    def call(acceptance: Acceptance | None) -> wikipin.Installed:
        return wikipin.adopt(options.open_wiki(), project, asset, exposure=exposure, acceptance=acceptance)

    answer = answer_install(asking(options, project, accepting, call), options.door)
    options.show(answer, terminal.show_adopt(answer), answer["warnings"])


@click.group()
def remove() -> None:
    """Remove a skill from the project."""


@remove.command("skill")
@click.argument("name")
@discard_option
@click.pass_obj
def remove_skill(options: Options, *, name: str, discard_edits: bool) -> None:
    """Remove the copy of the skill NAME, its entry in the lockfile, and where agents see it."""
    asset = skill(parse_skill_name(name))
    answer = answer_remove(
        wikipin.remove(options.open_wiki(), options.open_project(), asset, discard_edits=discard_edits)
    )
    options.show(answer, terminal.show_remove(answer), answer["warnings"])


def fail(failures: Sequence[Failure]) -> None:
    """Say what was refused, a line each, and end with 1 where anything was."""
    for failure in failures:
        click.echo(f"wikipin: {failure['code']}: {failure['problem']}. {failure['remedy']}.", err=True)
    if failures:
        sys.exit(1)

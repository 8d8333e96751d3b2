"""The command `wikipin`: the same verbs for people and for CI."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar, cast

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.question import excerpts
from wikipin.answer.reading import answer_list, answer_status
from wikipin.answer.showing import answer_show
from wikipin.answer.writing import (
    Failure,
    answer_install,
    answer_remove,
    answer_restore,
    answer_update,
    answer_update_all,
)
from wikipin.errors import WikipinError
from wikipin.names import HEAD, PlanDigest, SkillName, parse_plan, parse_revision, parse_skill_name
from wikipin.plan.acceptance import Acceptance, ReviewRequiredError
from wikipin.plan.exposure import DIRECTORIES, Mode
from wikipin.prompt import ask_in_terminal
from wikipin.verbs.status import check_bytecode


@dataclass(frozen=True)
class Options:
    """What stands before the verb."""

    wiki: Path
    wiki_as_named: str
    project: Path
    as_json: bool
    given: Sequence[str]
    """--wiki and --project as they were given, for another command that is to mean the same."""

    def open_project(self) -> wikipin.Project:
        """Return the project that the given directory, or the working directory, belongs to, open for this run."""
        return click.get_current_context().with_resource(wikipin.open_project(self.project, self.wiki))

    def show(self, answer: object, lines: Iterable[str], warnings: Iterable[str] = ()) -> None:
        """Print `answer` as JSON where that was asked for, else `lines`, and `warnings` on stderr."""
        if self.as_json:
            click.echo(json.dumps(answer, indent=2))
            return
        width = _width(sys.stdout)
        for line in lines:
            for row in [line] if width is None else terminal.fold(line, width):
                click.echo(row)
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)


def _width(stream: TextIO | None) -> int | None:
    """Return how many columns a stream has; None if it is no terminal, or is closed."""
    return shutil.get_terminal_size().columns if stream is not None and stream.isatty() else None


_MOST_LINES = 1_000
"""Lines of one file that `show` names for one rule: nobody reads more, and a stranger's skill may have millions."""

_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")


def _plan(text: str | None) -> PlanDigest | None:
    return None if text is None else parse_plan(text)


def _asking(
    options: Options, project: wikipin.Project, plan: PlanDigest | None, call: Callable[[Acceptance | None], _T]
) -> _T:
    """Make a call; if it takes a person's yes, ask for it in the terminal: to `plan`, if `--accept` gave one."""
    try:
        return call(None)
    except ReviewRequiredError as required:
        with wikipin.Wiki(options.wiki) as wiki:
            origin = wiki.origin()
        accepted = ask_in_terminal(required, plan, origin=origin, project=project.shown, options=options.given)
        return call(accepted)


def _all_of(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def decorate(function: _F) -> _F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_accept = click.option(
    "--accept",
    metavar="PLAN",
    help="Ask in this terminal about exactly this content; without it, about whatever there is to accept.",
)
_what = _all_of(
    click.option("--ref", default=HEAD, metavar="REV", help="Take it as of this branch, tag or commit [HEAD]."),
    click.option("--plan", metavar="PLAN", help="Refuse where the content is other than a dry run showed."),
    _accept,
    click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing."),
)
_where = _all_of(
    click.option(
        "--expose", default=",".join(DIRECTORIES), metavar="WHERE", help="claude,agents (the default), one, or none."
    ),
    click.option("--expose-mode", type=click.Choice(["link", "copy"]), default="link", help="How it is shown there."),
)
_discard = click.option(
    "--discard-edits", is_flag=True, help="Replace an edited copy, which is kept in .memtomem/.backup."
)


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
    given = [*(["--wiki", str(at)] if wiki else []), *(["--project", str(project.absolute())] if project else [])]
    context.obj = Options(at, str(as_named), project or Path(), as_json, given)


@cli.command()
@click.option("--from", "source", metavar="GIT_URL", help="Clone this repository instead of making a new one.")
@click.pass_obj
def init(options: Options, source: str | None) -> None:
    """Create the wiki, or clone one."""
    wikipin.create_wiki(options.wiki, source=source)
    done = "cloned" if source else "created"
    options.show({done: True}, terminal.show_init(done, options.wiki_as_named))


@cli.command("list")
@click.argument("query", default="")
@click.option("--limit", type=click.IntRange(1), help="Show at most this many.")
@click.pass_obj
def list_(options: Options, query: str, limit: int | None) -> None:
    """Show the skills of the wiki, those with every word of QUERY in name or description, and how each one stands."""
    offers = wikipin.list_skills(options.wiki, options.open_project(), query=query)
    answer = answer_list(offers, limit=limit)
    skipped = [f"cannot be installed: {skipped['name']}: {skipped['why']}" for skipped in answer["skipped"]]
    options.show(answer, terminal.show_list(answer, query), skipped)


@cli.command()
@click.argument("name")
@click.option("--ref", default=HEAD, metavar="REV", help="Show it as of this branch, tag or commit [HEAD].")
@click.option("--path", metavar="PATH", help="Show this file of it [SKILL.md].")
@click.pass_obj
def show(options: Options, *, name: str, ref: str, path: str | None) -> None:
    """Show what would be installed: files, sizes, modes, SKILL.md, and what would change where it is installed."""
    skill, revision = parse_skill_name(name), parse_revision(ref)
    shown = wikipin.show(options.wiki, options.open_project(), skill, ref=revision, path=path, most_lines=_MOST_LINES)
    answer = answer_show(shown)
    lines = terminal.show_skill(answer, excerpts(shown.skill, shown.findings))
    options.show(answer, lines, answer["warnings"])


@cli.command()
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 1 where a copy is modified or missing, or has bytecode of other code; ask no wiki.",
)
@click.pass_obj
def status(options: Options, *, check: bool) -> None:
    """Show how each skill of the project stands."""
    project = options.open_project()
    found = wikipin.read_status(project, None if check else options.wiki)
    if check:
        found = check_bytecode(project, found)
    answer = answer_status(found)
    problem = [answer["wiki_problem"]] if answer["wiki_problem"] else []
    options.show(answer, terminal.show_check(answer) if check else terminal.show_status(answer), problem)
    if check and not found.is_supported:
        project.survey()  # it says what is wrong with the lockfile
    if check and any(skill.is_drifted for skill in found.skills):
        sys.exit(1)


@cli.group()
def install() -> None:
    """Install a skill into the project."""


@install.command("skill")
@click.argument("name")
@_what
@_where
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
    skill, revision = parse_skill_name(name), parse_revision(ref)
    digest, accepting = _plan(plan), _plan(accept)
    exposure = _parse_exposure(expose, expose_mode)
    project = options.open_project()

    def call(acceptance: Acceptance | None) -> wikipin.Installed:
        return wikipin.install(
            options.wiki,
            project,
            skill,
            ref=revision,
            plan=accepting or digest,
            exposure=exposure,
            acceptance=acceptance,
            dry_run=dry_run,
        )

    installed = _asking(options, project, accepting, call)
    answer = answer_install(installed)
    options.show(answer, terminal.show_install(answer), answer["warnings"])


@cli.command(options_metavar="[OPTIONS]")
@click.argument("words", nargs=-1, metavar="skill NAME | --all")
@click.option("--all", "everything", is_flag=True, help="Update every skill of the lockfile.")
@_what
@_where
@click.option("--allow-rollback", is_flag=True, help="Take a commit that does not descend from the pin.")
@_discard
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
    digest, accepting = _plan(plan), _plan(accept)
    if everything and (digest or accepting):
        raise click.UsageError("--plan and --accept are of one skill, and do not go with --all.")
    wish = wikipin.Wish(
        parse_revision(ref),
        accepting or digest,
        wikipin.Consent(allow_rollback=allow_rollback, discard_edits=discard_edits),
        _parse_exposure(expose, expose_mode),
        dry_run=dry_run,
    )
    project = options.open_project()
    if names:

        def call(acceptance: Acceptance | None) -> wikipin.Updated:
            return wikipin.update(options.wiki, project, names[0], replace(wish, acceptance=acceptance))

        answer = answer_update(_asking(options, project, accepting, call))
        options.show(answer, terminal.show_update(answer), answer["warnings"])
        return
    of_all = answer_update_all(*wikipin.update_all(options.wiki, project, wish))
    options.show(of_all, terminal.show_update_all(of_all), [w for each in of_all["updated"] for w in each["warnings"]])
    _fail(of_all["failed"])


def _names_to_update(words: Sequence[str], *, everything: bool) -> list[SkillName]:
    if everything and words in {(), ("skill",)}:
        return []
    if everything or len(words) != 2 or words[0] != "skill":  # noqa: PLR2004 - "skill", and its name
        raise click.UsageError("Give 'skill NAME', or --all.")
    return [parse_skill_name(words[1])]


@cli.command()
@click.argument("names", nargs=-1)
@_where
@click.pass_obj
def restore(options: Options, *, names: Sequence[str], expose: str, expose_mode: Mode) -> None:
    """Bring back what the lockfile says, each skill at its own pin: the skills NAMES, or all."""
    skills = [parse_skill_name(name) for name in names]
    exposure = _parse_exposure(expose, expose_mode)
    project = options.open_project()
    with click.progressbar(length=0, label="Restoring", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, of: int, _: str) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        found = wikipin.restore(options.wiki, project, skills, exposure=exposure, progress=progress)
    answer = answer_restore(found)
    options.show(answer, terminal.show_restore(answer))
    _fail(answer["failed"])


@cli.group()
def adopt() -> None:
    """Bring a copy that was made by hand under the lockfile."""


@adopt.command("skill")
@click.argument("name")
@_accept
@_where
@click.pass_obj
def adopt_skill(options: Options, *, name: str, accept: str | None, expose: str, expose_mode: Mode) -> None:
    """Record the copy of the skill NAME, if it is exactly what a commit of the wiki has."""
    skill, accepting = parse_skill_name(name), _plan(accept)
    exposure = _parse_exposure(expose, expose_mode)
    project = options.open_project()

    def call(acceptance: Acceptance | None) -> wikipin.Installed:
        return wikipin.adopt(options.wiki, project, skill, exposure=exposure, acceptance=acceptance)

    answer = answer_install(_asking(options, project, accepting, call))
    options.show(answer, terminal.show_adopt(answer), answer["warnings"])


@cli.group()
def remove() -> None:
    """Remove a skill from the project."""


@remove.command("skill")
@click.argument("name")
@_discard
@click.pass_obj
def remove_skill(options: Options, *, name: str, discard_edits: bool) -> None:
    """Remove the copy of the skill NAME, its entry in the lockfile, and where agents see it."""
    skill = parse_skill_name(name)
    answer = answer_remove(wikipin.remove(options.wiki, options.open_project(), skill, discard_edits=discard_edits))
    options.show(answer, terminal.show_remove(answer), answer["warnings"])


def _fail(failures: Sequence[Failure]) -> None:
    """Say what was refused, a line each, and end with 1 where anything was."""
    for failure in failures:
        click.echo(f"wikipin: {failure['code']}: {failure['problem']}. {failure['remedy']}.", err=True)
    if failures:
        sys.exit(1)


def _parse_exposure(words: str, mode: Mode) -> wikipin.Exposure:
    try:
        return wikipin.parse_exposure(words, mode)
    except WikipinError as error:
        raise click.BadParameter(str(error), param_hint="--expose") from None


def main() -> NoReturn:
    """Run the command; a refusal is one line on stderr and exit code 1."""
    with suppress(AttributeError):  # it is closed, or somebody else's
        cast("Any", sys.stdout).reconfigure(errors="backslashreplace")  # as stderr, for any encoding
    try:
        cli(prog_name="wikipin")
    except WikipinError as error:
        click.echo(f"wikipin: {error}", err=True)
    except OSError as error:
        click.echo(f"wikipin: io-error: the system said '{error.strerror}'. Mend that, and call again.", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()

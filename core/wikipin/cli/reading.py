"""The verbs that write nothing into a project: init, list, show, status."""

import sys

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.question import excerpts
from wikipin.answer.reading import answer_list, answer_status
from wikipin.answer.showing import answer_show
from wikipin.asset import skill
from wikipin.cli.options import Options
from wikipin.names import HEAD, parse_revision, parse_skill_name
from wikipin.verbs.status import check_bytecode

_MOST_LINES = 1_000
"""Lines of one file that `show` names for one rule: nobody reads more, and a stranger's skill may have millions."""


@click.command()
@click.option("--from", "source", metavar="GIT_URL", help="Clone this repository instead of making a new one.")
@click.pass_obj
def init(options: Options, source: str | None) -> None:
    """Create the wiki, or clone one."""
    wikipin.create_wiki(options.wiki, source=source)
    done = "cloned" if source else "created"
    options.show({done: True}, terminal.show_init(done, str(options.wiki_as_named), options.door))


@click.command("list")
@click.argument("query", default="")
@click.option("--limit", type=click.IntRange(1), help="Show at most this many.")
@click.pass_obj
def list_(options: Options, query: str, limit: int | None) -> None:
    """List the skills of the wiki, and how each one stands.

    With QUERY, those that have every word of it in name or description.
    """
    offers = wikipin.list_skills(options.open_wiki(), options.find_project(), query=query)
    answer = answer_list(offers, limit=limit)
    skipped = [f"cannot be installed: {skipped['name']}: {skipped['why']}" for skipped in answer["skipped"]]
    options.show(answer, terminal.show_list(answer, query), skipped)


@click.command()
@click.argument("name")
@click.option("--ref", default=HEAD, metavar="REV", help="Show it as of this branch, tag or commit [HEAD].")
@click.option("--path", metavar="PATH", help="Show this file of it [SKILL.md].")
@click.pass_obj
def show(options: Options, *, name: str, ref: str, path: str | None) -> None:
    """Show a skill before it is installed or updated.

    It shows files, sizes, modes, SKILL.md, what was found in them, and what would change in the copy that is installed.
    """
    asset, revision = skill(parse_skill_name(name)), parse_revision(ref)
    shown = wikipin.show(
        options.open_wiki(), options.find_project(), asset, ref=revision, path=path, most_lines=_MOST_LINES
    )
    answer = answer_show(shown)
    lines = terminal.show_skill(answer, excerpts(shown.skill, shown.findings))
    options.show(answer, lines, answer["warnings"])


@click.command()
@click.option(
    "--check",
    is_flag=True,
    help=(
        "Exit with 1 if a copy is modified or missing, or has bytecode of other code, or if a link to it is missing or "
        "leads elsewhere. Ask no wiki."
    ),
)
@click.option("--copies-only", is_flag=True, help="With --check: do not look at links, which you do not commit.")
@click.pass_obj
def status(options: Options, *, check: bool, copies_only: bool) -> None:
    """Show how each skill of the project stands."""
    if copies_only and not check:
        raise click.UsageError("--copies-only goes with --check.")
    project = options.open_project()
    found = wikipin.read_status(project, None if check else options.open_wiki())
    if check and not found.is_supported:
        project.survey()  # it says what is wrong with the lockfile
    if check:
        found = check_bytecode(project, found)
    answer = answer_status(found, options.door)
    problem = [answer["wiki_problem"]] if answer["wiki_problem"] else []
    lines = terminal.show_check(answer, copies_only=copies_only) if check else terminal.show_status(answer)
    options.show(answer, lines, problem)
    if check and any(skill.is_drifted(copies_only=copies_only) for skill in found.skills):
        sys.exit(1)

"""The verb `status` of the command."""

import sys

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.reading import answer_status
from wikipin.cli.options import Options
from wikipin.verbs.status import check_bytecode


@click.command("status")
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
def command(options: Options, *, check: bool, copies_only: bool) -> None:
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

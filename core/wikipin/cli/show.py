"""The verb `show` of the command."""

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.question import excerpts
from wikipin.answer.showing import answer_show
from wikipin.asset import skill
from wikipin.cli.options import Options
from wikipin.names import HEAD, parse_revision, parse_skill_name

_MOST_LINES = 1_000
"""Lines of one file that `show` names for one rule: nobody reads more, and a stranger's skill may have millions."""


@click.command("show")
@click.argument("name")
@click.option("--ref", default=HEAD, metavar="REV", help="Show it as of this branch, tag or commit [HEAD].")
@click.option("--path", metavar="PATH", help="Show this file of it [SKILL.md].")
@click.pass_obj
def command(options: Options, *, name: str, ref: str, path: str | None) -> None:
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

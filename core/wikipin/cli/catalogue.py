"""The verb `list` of the command."""

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.reading import answer_list
from wikipin.cli.options import Options


@click.command("list")
@click.argument("query", default="")
@click.option("--limit", type=click.IntRange(1), help="Show at most this many.")
@click.pass_obj
def command(options: Options, query: str, limit: int | None) -> None:
    """List the skills of the wiki, and how each one stands.

    With QUERY, those that have every word of it in name or description.
    """
    offers = wikipin.list_skills(options.open_wiki(), options.find_project(), query=query)
    answer = answer_list(offers, limit=limit)
    skipped = [f"cannot be installed: {skipped['name']}: {skipped['why']}" for skipped in answer["skipped"]]
    options.show(answer, terminal.show_list(answer, query), skipped)

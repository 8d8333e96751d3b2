"""The command `wikipin`: the same verbs for people and for CI."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import click

import wikipin
from wikipin.answer import InstallAnswer, ListAnswer, answer_install, answer_list
from wikipin.errors import WikipinError
from wikipin.exposure import DIRECTORIES, Mode
from wikipin.names import HEAD, parse_plan, parse_revision, parse_skill_name


@dataclass(frozen=True)
class Options:
    """What stands before the verb."""

    wiki: Path
    wiki_as_named: str
    project: Path
    as_json: bool

    def open_project(self) -> wikipin.Project:
        """Return the project that the given directory, or the working directory, belongs to."""
        return wikipin.Project(wikipin.locate_project(self.project, self.wiki))

    def show(self, answer: object, show: Callable[[], None]) -> None:
        """Print `answer` as JSON where that was asked for, else call `show`."""
        if self.as_json:
            click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        else:
            show()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(wikipin.__version__, prog_name="wikipin")
@click.option("--wiki", type=click.Path(path_type=Path), help="The wiki [~/.memtomem-wiki, or $MEMTOMEM_WIKI_PATH].")
@click.option("--project", type=click.Path(path_type=Path), help="The project [the working directory].")
@click.option("--json", "as_json", is_flag=True, help="Print what the MCP tool of the same name answers.")
@click.pass_context
def cli(context: click.Context, wiki: Path | None, project: Path | None, *, as_json: bool) -> None:
    """Install agent skills from your git wiki into a project, pinned to the bytes of one commit."""
    as_named = wiki or wikipin.default_wiki_path()
    context.obj = Options(as_named.expanduser().absolute(), str(as_named), (project or Path()).absolute(), as_json)


@cli.command()
@click.option("--from", "source", metavar="GIT_URL", help="Clone this repository instead of making a new one.")
@click.pass_obj
def init(options: Options, source: str | None) -> None:
    """Create the wiki, or clone one."""
    wikipin.create_wiki(options.wiki, source=source)
    done = "cloned" if source else "created"

    def show() -> None:
        click.echo(f"The wiki is {done}: {options.wiki_as_named}")
        click.echo("Next: commit a skill there as skills/NAME/SKILL.md, and see it with: wikipin list")

    options.show({done: True}, show)


@cli.command("list")
@click.argument("query", default="")
@click.option("--limit", type=click.IntRange(1), help="Show at most this many.")
@click.pass_obj
def list_(options: Options, query: str, limit: int | None) -> None:
    """Show the skills of the wiki, those with every word of QUERY in name or description, and how each one stands."""
    offers = wikipin.list_skills(options.wiki, options.open_project(), query=query)
    answer = answer_list(offers, limit=limit)
    options.show(answer, partial(_show_list, answer, query))


@cli.group()
def install() -> None:
    """Install a skill into the project."""


@install.command("skill")
@click.argument("name")
@click.option("--ref", default=HEAD, metavar="REV", help="Install it as of this branch, tag or commit [HEAD].")
@click.option("--plan", metavar="PLAN", help="Refuse where the content is other than a dry run showed.")
@click.option("--dry-run", is_flag=True, help="Show what would be installed, and write nothing.")
@click.option(
    "--expose", default=",".join(DIRECTORIES), metavar="WHERE", help="claude,agents (the default), one, or none."
)
@click.option("--expose-mode", type=click.Choice(["link", "copy"]), default="link", help="How it is shown there.")
@click.pass_obj
def install_skill(
    options: Options, *, name: str, ref: str, plan: str | None, dry_run: bool, expose: str, expose_mode: Mode
) -> None:
    """Install the skill NAME, as it is committed in the wiki, into the project."""
    skill = parse_skill_name(name)
    revision = parse_revision(ref)
    digest = parse_plan(plan) if plan is not None else None
    exposure = _parse_exposure(expose, expose_mode)
    project = options.open_project()
    installed = wikipin.install(
        options.wiki, project, skill, ref=revision, plan=digest, exposure=exposure, dry_run=dry_run
    )
    answer = answer_install(installed)
    options.show(answer, partial(_show_install, answer))


def _parse_exposure(words: str, mode: Mode) -> wikipin.Exposure:
    try:
        return wikipin.parse_exposure(words, mode)
    except WikipinError as error:
        raise click.BadParameter(str(error), param_hint="--expose") from None


def _show_list(answer: ListAnswer, query: str) -> None:
    if not answer["skills"]:
        click.echo(f"No skill matches '{query}'." if query else "The wiki has no skill yet.")
    width = max((len(skill["name"]) for skill in answer["skills"]), default=0)
    for skill in answer["skills"]:
        click.echo(f"{skill['name']:<{width}}  {skill['state']:<9}  {skill['description']}")
    if answer["next_cursor"] is not None:
        click.echo(f"… and {answer['total'] - len(answer['skills'])} more; raise --limit, or give a word to look for")
    for skipped in answer["skipped"]:
        click.echo(f"cannot be installed: {skipped['name']}: {skipped['why']}", err=True)


def _show_install(answer: InstallAnswer) -> None:
    at = f"at {answer['wiki_commit'][:12]}"
    if answer["installed_at"] is None:
        click.echo(f"Would install {answer['name']} {at}, and has written nothing:")
    else:
        click.echo(f"Installed {answer['name']} {at}:")
    for file in answer["files"]:
        click.echo(
            f"  {answer['path']}/{file['path']}{' (executable)' if file['executable'] else ''}  {file['size']} bytes"
        )
    for path in answer["exposed"]:
        click.echo(f"  {path} -> {answer['path']}")
    for warning in answer["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    if answer["installed_at"] is None:
        click.echo(f"Plan: {answer['plan']}")


def main() -> NoReturn:
    """Run the command; a refusal is one line on stderr and exit code 1."""
    try:
        cli(prog_name="wikipin")
    except WikipinError as error:
        click.echo(f"wikipin: {error}", err=True)
    except OSError as error:
        click.echo(f"wikipin: io-error: the system said '{error.strerror}'. Mend that, and call again.", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()

"""`wikipin-mcp demo`: a throw-away wiki and project, and a real MCP client that does what an agent would do."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import anyio
import click
from mcp import Client, StdioServerParameters

import wikipin

_SKILL = "release-notes"


def show() -> int:
    """Run the demonstration; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="wikipin-demo-") as place:
        try:
            wiki = _make_wiki(Path(place))
        except wikipin.WikipinError as error:
            click.echo(f"wikipin: {error}", err=True)
            return 1
        project = Path(place) / "project"
        project.mkdir()
        anyio.run(_talk, wiki, project)
    click.echo("\nThe wiki and the project of this demonstration are gone again.")
    click.echo("Yours: 'wikipin init' makes a wiki, and the README says how to tell your agent about it.")
    return 0


def _make_wiki(place: Path) -> Path:
    wiki = place / "wiki"
    _title("A wiki: one git repository with the skills that you keep")
    wikipin.create_wiki(wiki)
    with as_file(files("wikipin_mcp") / "example_skills") as examples:
        shutil.copytree(examples, wiki / "skills", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for script in wiki.glob("skills/*/scripts/*"):
        script.chmod(0o755)  # an installer of wheels may have dropped it
    for command in (
        ["add", "."],
        ["-c", "user.name=You", "-c", "user.email=you@example.org", "commit", "-qm", "Add two skills"],
    ):
        subprocess.run(["git", "-C", str(wiki), *command], check=True, env=_environment())
    _tree(wiki, skip={".git"})
    return wiki


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}


async def _talk(wiki: Path, project: Path) -> None:
    arguments = ["-m", "wikipin_mcp", "--wiki", str(wiki), "--project", str(project)]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments, env=_environment())) as client:
        _title("An agent asks what there is")
        answer = await _call(client, "wiki_list", {})
        for skill in answer["skills"]:
            click.echo(f"  {click.style(skill['name'], bold=True)}  ({skill['state']})")
            click.echo(f"    {skill['description']}")

        _title("It installs one of them")
        answer = await _call(client, "context_install_skill", {"name": _SKILL})
        click.echo(f"  pinned to commit   {answer['wiki_commit']}")
        click.echo(f"  where it is        {answer['path']}")
        click.echo(f"  where agents look  {', '.join(answer['exposed'])}")
        click.echo(f"  what to do next    {answer['next_step']}")

        _title("It asks for the same again, and is refused; nothing is touched")
        await _call(client, "context_install_skill", {"name": _SKILL})

        _title("The lockfile, which you commit with the project")
        answer = await _call(client, "lockfile_read", {})
        click.echo(_indented(json.dumps(answer["lockfile"], indent=2)))

    _title("What came of it on disk")
    _tree(project)


async def _call(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    asked = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    click.echo(click.style(f"  > {tool}({asked})", fg="cyan"))
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        click.echo(_indented("\n".join(getattr(block, "text", "") for block in result.content)))
    return result.structured_content or {}


def _title(text: str) -> None:
    click.echo("\n" + click.style(text, bold=True, underline=True) + "\n")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _tree(root: Path, *, skip: frozenset[str] | set[str] = frozenset(), indent: str = "  ") -> None:
    for path in sorted(root.iterdir()):
        if path.name in skip or (path.is_dir() and not path.is_symlink() and not any(path.iterdir())):
            continue
        if path.is_symlink():
            click.echo(f"{indent}{path.name} -> {path.readlink()}")
        elif path.is_dir():
            click.echo(f"{indent}{path.name}/")
            _tree(path, skip=skip, indent=indent + "  ")
        else:
            click.echo(f"{indent}{path.name}{' (executable)' if os.access(path, os.X_OK) else ''}")

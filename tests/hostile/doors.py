"""Every way in which a caller says which project is meant: a directory `sub` of a directory that is given."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import ListRootsResult, Root
from pydantic import FileUrl
from surfaces import Json, Outcome, command_words, outcome_of, outcome_of_command

from wikipin import Project, cli
from wikipin.disk.folder import Folder
from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options

Door = Callable[[str, Json, Path, Path], Outcome]
"""A way in: a tool, its arguments, the wiki, and the directory that `sub` is in. The command knows them too."""


def open_by_path(path: Path, root: Folder) -> Project:
    """Return a project that was judged, and is then opened again by its path: a control, in place of `Project`."""
    os.close(root.descriptor)
    return Project(path)


def served(
    tool: str,
    arguments: Json,
    wiki: Path,
    *,
    flags: Sequence[Path] = (),
    roots: Sequence[Path] | None = None,
    mode: str = "auto",
) -> Outcome:
    """Call a tool in this process, as a client with these roots (None: one that does not know roots)."""

    async def tell(context: ClientRequestContext) -> ListRootsResult:
        del context
        return ListRootsResult(roots=[Root(uri=FileUrl(root.as_uri())) for root in roots or ()])

    async def talk() -> Outcome:
        server = create_server(Options(wiki, tuple(flags)))
        async with Client(server, mode=mode, list_roots_callback=tell if roots is not None else None) as client:
            return outcome_of(await client.call_tool(tool, arguments))

    return anyio.run(talk)


def _commanded(tool: str, arguments: Json, wiki: Path, project: Path | None) -> Outcome:
    """Run the command in this process; where no project is given, in the working directory."""
    words = command_words(tool, arguments, wiki=wiki, project=project or Path())
    if project is None:
        del words[words.index("--project") : words.index("--project") + 2]
    output, complaints, code = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(complaints):
        patch.setattr("sys.argv", ["wikipin", *words])
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
    return outcome_of_command(code, output.getvalue(), complaints.getvalue())


def _in_environment(tool: str, arguments: Json, wiki: Path, at: Path) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAUDE_PROJECT_DIR", str(at / "sub"))
        return served(tool, arguments, wiki)


def _from_within(call: Callable[[], Outcome], directory: Path) -> Outcome:
    with chdir(directory):
        return call()


DOORS: Mapping[str, Door] = {
    "the argument": lambda tool, arguments, wiki, at: served(tool, {**arguments, "project": "sub"}, wiki, flags=[at]),
    "the whole path as argument": lambda tool, arguments, wiki, at: served(
        tool, {**arguments, "project": str(at / "sub")}, wiki, flags=[at], mode="legacy"
    ),
    "the server's --project": lambda tool, arguments, wiki, at: served(tool, arguments, wiki, flags=[at / "sub"]),
    "the client's roots": lambda tool, arguments, wiki, at: served(tool, arguments, wiki, roots=[at / "sub"]),
    "$CLAUDE_PROJECT_DIR": _in_environment,
    "the server's working directory": lambda tool, arguments, wiki, at: _from_within(
        lambda: served(tool, arguments, wiki), at / "sub"
    ),
    "the command's --project": lambda tool, arguments, wiki, at: _commanded(tool, arguments, wiki, at / "sub"),
    "the command's working directory": lambda tool, arguments, wiki, at: _from_within(
        lambda: _commanded(tool, arguments, wiki, None), at / "sub"
    ),
}
"""By what the caller says it with."""

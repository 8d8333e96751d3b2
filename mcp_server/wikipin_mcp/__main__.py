"""The command `wikipin-mcp`: the server on stdio, or a demonstration of it."""

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import wikipin

if TYPE_CHECKING:
    from wikipin_mcp.verb import Review


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 1 for a refusal, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="wikipin-mcp",
        description="Serve the skills of your wiki to a coding agent, over MCP on stdio.",
        epilog="'wikipin-mcp demo' shows it at work in a throw-away wiki and project.",
    )
    parser.add_argument("--version", action="version", version=f"wikipin-mcp {wikipin.__version__}")
    parser.add_argument("--wiki", type=Path, metavar="DIR", help="the wiki [~/.memtomem-wiki, or $MEMTOMEM_WIKI_PATH]")
    parser.add_argument(
        "--project",
        type=Path,
        metavar="DIR",
        nargs="+",
        action="extend",
        default=[],
        help="directories that calls may change, the first by default [the client's roots]",
    )
    parser.add_argument(
        "--expose", default="claude,agents", metavar="WHERE", help="claude,agents, one of them, or none"
    )
    parser.add_argument("--expose-mode", choices=["link", "copy"], default="link", help="how a skill is shown there")
    parser.add_argument(
        "--review",
        choices=["ask", "block", "off"],
        default="ask",
        help="what is done about hidden text and credentials in a skill: ask the user, refuse, or nothing",
    )
    parser.add_argument("demo", nargs="?", choices=["demo"], help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.demo:
        from wikipin_mcp.demo import show  # noqa: PLC0415 - the server does not need a client

        return show()
    try:
        exposure = wikipin.parse_exposure(chosen.expose, chosen.expose_mode)
    except wikipin.WikipinError as error:
        parser.error(str(error))
    wiki = chosen.wiki or wikipin.default_wiki_path()
    serve(wiki.expanduser().absolute(), [path.absolute() for path in chosen.project], exposure, chosen.review)
    return 0


def serve(wiki: Path, projects: Sequence[Path], exposure: wikipin.Exposure, review: "Review") -> None:
    """Serve on stdio until the client closes it."""
    # The SDK builds thousands of objects that stay; collecting among them is a fifth of the time until we answer.
    gc.disable()
    import anyio  # noqa: PLC0415 - a usage error and --version should not wait for the SDK
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - as above

    from wikipin_mcp.server import create_server  # noqa: PLC0415 - as above
    from wikipin_mcp.verb import Options  # noqa: PLC0415 - as above

    gc.freeze()
    gc.enable()
    server = create_server(Options(wiki, tuple(projects), exposure, review))

    async def run() -> None:
        async with stdio_server() as (reader, writer):
            await server.run(reader, writer, server.create_initialization_options())

    anyio.run(run)


if __name__ == "__main__":
    sys.exit(main())

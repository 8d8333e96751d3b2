"""The command `wikipin-mcp`: the server on stdio, or a demonstration of it."""

import argparse
import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import wikipin

if TYPE_CHECKING:
    from wikipin_mcp.verb import Review


_INTERRUPTED, _NO_READER = 130, 141
"""Exit codes, as a shell gives them for SIGINT and SIGPIPE."""

_TO_A_PERSON = """\
wikipin-mcp is an MCP server: a coding agent starts it, and talks to it on stdin and stdout.
  Tell your agent once:   claude mcp add wikipin -- wikipin-mcp   (the README has Codex and Gemini CLI)
  See it at work:         wikipin-mcp demo
  Install by yourself:    wikipin --help
It waits for an agent now. Ctrl-C ends it.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 1 for a refusal, 2 for wrong usage."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.demo:
        return _demonstrate()
    try:
        exposure = wikipin.parse_exposure(chosen.expose, chosen.expose_mode)
    except wikipin.WikipinError as error:
        parser.error(str(error))
    wiki = chosen.wiki or wikipin.default_wiki_path()
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write(_TO_A_PERSON)
    signal.signal(signal.SIGINT, _end)
    serve(wiki.expanduser().absolute(), [path.absolute() for path in chosen.project], exposure, chosen.review)
    return 0


def _parser() -> argparse.ArgumentParser:
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
    return parser


def _demonstrate() -> int:
    from wikipin_mcp.demo import show  # noqa: PLC0415 - the server does not need a client

    code = _NO_READER
    try:
        code = show()
    except* BrokenPipeError:  # whoever read what it prints has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except* KeyboardInterrupt:
        code = _INTERRUPTED
        sys.stderr.write("wikipin-mcp: interrupted.\n")
    return code


def _end(_: int, __: FrameType | None) -> NoReturn:
    """End at once: a thread that waits for the next line of the client would be waited for.

    A change that is under way is finished by the next call of anybody.
    """
    sys.stderr.write("wikipin-mcp: interrupted.\n")
    sys.stderr.flush()
    os._exit(_INTERRUPTED)


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

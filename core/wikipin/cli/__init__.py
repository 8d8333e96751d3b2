"""The command `wikipin`: the same verbs for people and for CI. Nobody imports it."""

import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from wikipin.cli.command import cli

__all__ = ["cli", "main"]


def main() -> NoReturn:
    """Run the command; Ctrl-C ends it with one line while it is still imported, too."""
    try:
        from wikipin.cli.command import main as run  # noqa: PLC0415 - what takes time to import

        run()
    except KeyboardInterrupt:
        sys.stderr.write("wikipin: interrupted; no skill is half changed.\n")
        sys.exit(130)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module has
    """Import the group of all verbs when it is first used."""
    if name != "cli":
        raise AttributeError(f"module 'wikipin.cli' has no attribute '{name}'")
    from wikipin.cli import command  # noqa: PLC0415 - as above

    return command.cli

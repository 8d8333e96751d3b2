"""The group of all verbs, and how a run of it ends."""

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn, cast

import click

import wikipin
from wikipin.cli.interrupt import InterruptedByUser, interruptible
from wikipin.cli.options import EVERYWHERE, Options
from wikipin.errors import WikipinError

_REFUSED, _INTERRUPTED, _NO_READER = 1, 130, 141
"""Exit codes; the last two are those that a shell gives for SIGINT and SIGPIPE."""


_VERBS = {
    "init": "init",
    "list": "catalogue",
    "show": "show",
    "install": "install",
    "status": "status",
    "update": "update",
    "restore": "restore",
    "adopt": "adopt",
    "remove": "remove",
}
"""The verbs, in the order of a skill's life, and the module of each: only the one that is called is imported."""


class _Verbs(click.Group):
    """The group of all verbs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in _VERBS:
            verb: click.Command = import_module(f"wikipin.cli.{_VERBS[cmd_name]}").command
            verb.params += EVERYWHERE
            self.add_command(verb, cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(wikipin.__version__, prog_name="wikipin")
def cli() -> None:
    """Install agent skills from your git wiki into a project, pinned to the bytes of one commit.

    --wiki, --project and --json may also stand behind the verb.
    """


cli.params[:0] = EVERYWHERE


def main() -> NoReturn:
    """Run the command, and end with an exit code of docs/contract.md."""
    with suppress(AttributeError):  # it is closed, or another kind of stream
        cast("Any", sys.stdout).reconfigure(errors="backslashreplace")  # as stderr, for any encoding
    try:
        sys.exit(_run(Options()))
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be printed
        sys.exit(_NO_READER)


def _run(options: Options) -> int:
    """Run the command line, and return the exit code; what goes wrong is one line on stderr."""
    try:
        with interruptible(), cli.make_context("wikipin", sys.argv[1:], obj=options) as context:
            cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except WikipinError as error:
        options.refuse(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        options.refuse(WikipinError("io-error", f"the system said '{error.strerror}'", "Mend that, and try again"))
    except (InterruptedByUser, KeyboardInterrupt):
        click.echo("wikipin: interrupted; no skill is half changed.", err=True)
        return _INTERRUPTED
    else:
        return 0
    return _REFUSED

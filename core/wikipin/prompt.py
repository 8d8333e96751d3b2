"""Asking a person in a terminal. An agent's shell has none, and is not a person."""

import os
import termios
from collections.abc import Iterator
from pathlib import Path

from wikipin.answer import question
from wikipin.answer.terminal import fold
from wikipin.errors import WikipinError
from wikipin.names import PlanDigest
from wikipin.plan.acceptance import Acceptance, ReviewRequiredError
from wikipin.plan.plan import require_plan
from wikipin.remedy import CommandLine, Remedy

_TERMINAL = Path("/dev/tty")
_STDIN, _STDERR = 0, 2
_WIDTH = 80
"""Of a terminal that does not say its own."""


def ask_in_terminal(
    required: ReviewRequiredError, plan: PlanDigest | None, *, origin: str, project: str, terminal: CommandLine
) -> Acceptance:
    """Show what was found and ask; return the yes, which counts for what was shown.

    `plan` is the content that the caller wants to accept, None for whatever it is; the others are as in
    `question.text`. Raises WikipinError: `plan-changed`, or `review-required` without a person or without a yes.
    """
    require_plan(required.skill, plan)
    name = required.skill.name
    if not (os.isatty(_STDIN) and os.isatty(_STDERR)):  # sys.stdin may be None
        raise required if plan is None else _nobody(required)
    asked = question.text(required, origin, project, terminal)
    try:
        with _TERMINAL.open("r+b", buffering=0) as screen:
            width = os.get_terminal_size(screen.fileno()).columns or _WIDTH
            screen.write("".join(f"{line}\n" for line in _folded(asked, width)).encode())
            termios.tcflush(screen, termios.TCIFLUSH)  # what was pasted before is no answer to what was not yet read
            screen.write(f"Type {name} to install it, anything else not to: ".encode())
            answer = screen.readline().decode("utf-8", "replace")
    except OSError as error:
        raise _nobody(required) from error
    if answer.strip() != name:
        raise WikipinError(
            "review-required",
            f"skill '{name}' was not accepted: you said no",
            "Run the same command again to be asked again",
        )
    return Acceptance(required.skill.tree.digest, "terminal")


def _folded(asked: str, width: int) -> Iterator[str]:
    """Yield the lines of a question as wide as the terminal; those with a command in them whole, to be copied."""
    for line in asked.split("\n"):
        yield from fold(line, width) if line.startswith(" ") else [line]


def _nobody(required: ReviewRequiredError) -> WikipinError:
    return WikipinError(
        "review-required",
        f"skill '{required.skill.name}' was not accepted: there is no terminal here in which a person could be asked",
        Remedy(required.call, " in a terminal of your own, and read what it shows"),
    )

"""Asking a person in a terminal. An agent's shell has none, and is not a person."""

import sys
from collections.abc import Sequence
from pathlib import Path

from wikipin import question
from wikipin.acceptance import Acceptance, ReviewRequiredError
from wikipin.errors import WikipinError
from wikipin.names import PlanDigest
from wikipin.plan import require_plan

_TERMINAL = Path("/dev/tty")


def ask_in_terminal(
    required: ReviewRequiredError, plan: PlanDigest | None, *, origin: str, project: str, options: Sequence[str]
) -> Acceptance:
    """Show what was found and ask; return the yes, which counts for what was shown.

    `plan` is the content that the caller wants to accept, None for whatever it is; the others are as in
    `question.ask`. Raises WikipinError: `plan-changed`, or `review-required` without a person or without a yes.
    """
    require_plan(required.skill, plan)
    name = required.skill.name
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise required if plan is None else _nobody(required)
    asked = question.ask(required, origin, project, options)
    try:
        with _TERMINAL.open("r+b", buffering=0) as terminal:
            terminal.write(f"{asked}\nType {name} to install it, anything else not to: ".encode())
            answer = terminal.readline().decode("utf-8", "replace")
    except OSError as error:
        raise _nobody(required) from error
    if answer.strip() != name:
        raise WikipinError(
            "review-required",
            f"skill '{name}' was not accepted: you said no",
            "Run the same command again to be asked again",
        )
    return Acceptance(required.skill.tree.plan, "terminal")


def _nobody(required: ReviewRequiredError) -> WikipinError:
    return WikipinError(
        "review-required",
        f"skill '{required.skill.name}' was not accepted: there is no terminal here in which a person could be asked",
        f"Run '{required.command}' in a terminal of your own, and read what it shows",
    )

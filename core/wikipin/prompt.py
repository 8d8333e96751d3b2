"""Asking a person in a terminal. An agent's shell has none, and is not a person."""

import sys
from pathlib import Path

from wikipin import question
from wikipin.acceptance import Acceptance, ReviewRequiredError
from wikipin.errors import WikipinError
from wikipin.names import PlanDigest
from wikipin.plan import require_plan

_TERMINAL = Path("/dev/tty")


def ask_in_terminal(required: ReviewRequiredError, plan: PlanDigest, origin: str) -> Acceptance:
    """Show what was found and ask; return the yes. Refuses with `plan-changed`, or `review-required` without a yes."""
    require_plan(required.skill, plan)
    name = required.skill.name
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise _refused("there is no terminal here in which a person could be asked", required)
    try:
        with _TERMINAL.open("r+b", buffering=0) as terminal:
            terminal.write(f"{question.ask(required, origin)}\nType {name} to install it: ".encode())
            answer = terminal.readline().decode("utf-8", "replace")
    except OSError as error:
        raise _refused("there is no terminal here in which a person could be asked", required) from error
    if answer.strip() != name:
        raise _refused(f"the answer was not {name}", required)
    return Acceptance(plan, "terminal")


def _refused(why: str, required: ReviewRequiredError) -> WikipinError:
    return WikipinError(
        "review-required",
        f"skill '{required.skill.name}' was not accepted: {why}",
        f"Run '{required.command}' in a terminal of your own, and read what it shows",
    )

"""A person's yes to content with findings: when it is needed, and what counts as one.

No I/O. A yes counts for one content alone, named by its plan digest. It comes from a terminal, or from the client that
asked a person for the server, or it is the operator's choice not to ask. No argument of a tool is a yes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wikipin.errors import WikipinError
from wikipin.finding import Finding
from wikipin.plan.entry import Accepted, Entry
from wikipin.remedy import ByDoor, Call, Remedy
from wikipin.skill import Skill


@dataclass(frozen=True)
class Acceptance:
    """A yes to the content with this plan, to any content if it is None; and how it came."""

    plan: str | None
    by: Literal["terminal", "client", "operator"]


class ReviewRequiredError(WikipinError):
    """Findings that nobody has accepted, with all that a door needs to ask a person.

    `call` is the call that asks a person in a terminal.
    """

    def __init__(self, skill: Skill, findings: Sequence[Finding], call: Call) -> None:
        self.skill = skill
        self.findings = findings
        self.call = call
        blocking = [finding for finding in findings if finding.blocking]
        first, rest = blocking[0], count(blocking) - blocking[0].count
        at = first.path if first.line is None else f"{first.path}, line {first.line}"
        more = f", and {rest} more" if rest else ""
        super().__init__(
            "review-required",
            f"skill '{skill.name}' at {skill.commit[:12]} has what a person must see first: {at}: {first.what}{more}",
            Remedy(call, ByDoor("", " in a terminal of your own"), ", which shows all of it and asks"),
        )


def declined(name: str, how: str) -> WikipinError:
    """Return the refusal of a skill to which a person said no, for a model to read."""
    return WikipinError(
        "review-required",
        f"skill '{name}' was not accepted: {how}",
        "Do not install it, and do not ask again unless the user brings it up",
    )


def require_acceptance(
    skill: Skill, findings: Sequence[Finding], acceptance: Acceptance | None, entry: Entry | None, call: Call
) -> tuple[Accepted | None, list[str | Remedy]]:
    """Return the acceptance that the entry shall record, and warnings; refuse with `review-required`.

    `findings` are those of the review; `call` is the call that installs the skill, without `accept`. An acceptance
    that `entry` records counts again. A person is not warned of what the question has just shown.
    """
    plan = skill.tree.digest
    blocking = [finding for finding in findings if finding.blocking]
    if not blocking:
        look = Remedy(f"has {_findings(findings)} to look at: ", Call("show", call.asset, ref=call.ref))
        return None, [look] if findings else []
    if acceptance is not None and acceptance.plan == plan:
        return Accepted(plan, acceptance.by), []
    if acceptance is not None and acceptance.plan is None:
        return Accepted(plan, acceptance.by), [f"has {_findings(blocking)} that nobody was asked about"]
    if entry is not None and entry.accepted is not None and entry.accepted.plan == plan:
        return entry.accepted, [f"has {_findings(blocking)}, accepted before by: {entry.accepted.by}"]
    raise ReviewRequiredError(skill, findings, replace(call, accept=plan))


def count(findings: Sequence[Finding]) -> int:
    """Return how many things were found."""
    return sum(found.count for found in findings)


def counted(number: int, what: str) -> str:
    """Return a number and what it counts, in the right grammatical number: '1 file', '2 files'."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _findings(findings: Sequence[Finding]) -> str:
    return counted(count(findings), "finding")

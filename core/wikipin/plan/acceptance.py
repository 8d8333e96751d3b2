"""What a person has to say yes to before it is installed, and what was said.

No I/O. A yes counts for one content alone, named by its plan digest. It comes from a terminal, or from the client of
the server that asked a person, or it is the operator's choice not to ask; no argument of a tool is one.
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
    """A yes: to the content with this plan, or, where it is None, to any; and by which road it came."""

    plan: str | None
    by: Literal["terminal", "client", "operator"]


class ReviewRequiredError(WikipinError):
    """Findings that nobody has accepted; whoever can ask a person finds here what to show.

    `call` is the one that asks a person in a terminal.
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
    """Return the refusal of a skill to which a person said no, for whoever asked on behalf of a model."""
    return WikipinError(
        "review-required",
        f"skill '{name}' was not accepted: {how}",
        "Do not install it, and do not ask again unless the user brings it up",
    )


def require_acceptance(
    skill: Skill, findings: Sequence[Finding], acceptance: Acceptance | None, entry: Entry | None, call: Call
) -> tuple[Accepted | None, list[str | Remedy]]:
    """Return what the entry shall record of an acceptance, and warnings; refuse with `review-required`.

    `findings` are those of the review, `call` is the one that installs the skill, without what accepts it. What
    `entry` records counts again. Nobody is warned of what they have just been shown.
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

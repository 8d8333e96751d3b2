"""Warnings of a verb; and the review, which may need a person's yes before the verb goes on."""

from wikipin.names import HEAD, Revision
from wikipin.plan.acceptance import Acceptance, ReviewRequiredError, require_acceptance
from wikipin.plan.entry import Accepted, Entry
from wikipin.project.placing import Outcome
from wikipin.remedy import Call, Remedy
from wikipin.skill import Skill
from wikipin.wiki.wiki import Wiki

Warnings = list[str | Remedy]
"""Sentences that a reader should know, and that stop nothing."""


def require_review(
    skill: Skill, acceptance: Acceptance | None, entry: Entry | None, call: Call
) -> tuple[Accepted | None, Warnings]:
    """Return the acceptance that the entry shall record, and warnings; refuse with `review-required`."""
    from wikipin.review.review import review  # noqa: PLC0415 - its tables take longer to make than most verbs to run

    return require_acceptance(skill, review(skill.tree), acceptance, entry, call)


def review_warnings(
    skill: Skill, acceptance: Acceptance | None, entry: Entry | None, call: Call, *, dry_run: bool
) -> tuple[Accepted | None, Warnings]:
    """Return what `require_review` does. A dry run writes nothing, and warns if the call would be refused."""
    try:
        return require_review(skill, acceptance, entry, call)
    except ReviewRequiredError as error:
        if not dry_run:
            raise
        return None, [f"review-required: {error.problem}"]


def named(ref: Revision) -> Revision | None:
    """Return the ref that a call has to name; None for the default, the newest commit."""
    return None if ref == HEAD else ref


def content_warnings(wiki: Wiki, skill: Skill, ref: Revision) -> list[str]:
    """Return warnings about the content that is taken."""
    warnings = skill.warnings
    if ref == HEAD and wiki.has_uncommitted(skill):
        warnings.append(
            "the wiki's work tree has uncommitted changes to this skill; only what is committed is installed"
        )
    return warnings


def exposure_warnings(done: Outcome) -> list[str]:
    """Return warnings about exposures that could not be made or removed."""
    return [
        *(f"could not be made visible at '{path}': {why}" for path, why in done.not_exposed),
        *(f"'{path}' could not be removed: {why}" for path, why in done.still_exposed),
    ]

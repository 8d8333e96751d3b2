"""The verb `remove`: take copies, entries and exposures out of a project; edited copies only with consent."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.plan.change import Change, Consent
from wikipin.plan.exposure import ExposureState
from wikipin.plan.plan import plan_remove
from wikipin.plan.state import ProjectSkill
from wikipin.project.project import Project
from wikipin.tree import Listing
from wikipin.verbs.outcomes import Outcomes
from wikipin.verbs.pins import read_pinned
from wikipin.verbs.warnings import exposure_warnings
from wikipin.wiki.wiki import Wiki


@dataclass(frozen=True)
class Removed:
    """The result of a removal."""

    asset: Asset
    unexposed: Sequence[str]
    backups: Sequence[str]
    warnings: Sequence[str]


def remove(wiki: Wiki, project: Project, asset: Asset, *, discard_edits: bool = False) -> Removed:
    """Remove `asset`; raises WikipinError as `install` does.

    The wiki is read only if the lockfile does not say what was installed. It need not be there.
    """
    return remove_all(wiki, project, [asset], discard_edits=discard_edits).only()


def remove_all(
    wiki: Wiki, project: Project, assets: Sequence[Asset], *, discard_edits: bool = False
) -> Outcomes[Removed]:
    """Remove each of `assets` as `remove` does, all as one change; those that are refused are left out."""
    consent = Consent(discard_edits=discard_edits)
    pinned: dict[Asset, Listing | None] = {}
    foreign: dict[Asset, list[str]] = {}

    def decide(seen: ProjectSkill) -> Change:
        if seen.asset not in pinned:
            pinned[seen.asset] = _pinned(wiki, seen)
        foreign[seen.asset] = _foreign(seen)
        return plan_remove(seen, pinned[seen.asset], consent)

    applied = project.apply(assets, decide, lambda _, __: None)
    done = {
        asset: Removed(asset, outcome.unexposed, outcome.backups, [*foreign[asset], *exposure_warnings(outcome)])
        for asset, outcome in applied.done.items()
    }
    return Outcomes(done, failed=applied.failed)


def _pinned(wiki: Wiki, seen: ProjectSkill) -> Listing | None:
    with suppress(WikipinError):
        return read_pinned(wiki, seen)
    return None


def _foreign(seen: ProjectSkill) -> list[str]:
    """Return a warning for each exposure of ours at whose place something else stands now: it stays."""
    return [
        f"'{seen.asset.exposed_path(word)}' is something that wikipin did not make, and was left"
        for word, standing in seen.exposures.items()
        if standing is ExposureState.FOREIGN
    ]

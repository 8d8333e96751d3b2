"""The verb `remove`: a skill's exposures that are ours, its copy and its entry go from a project."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wikipin.errors import WikipinError
from wikipin.names import SkillName
from wikipin.plan.change import Consent
from wikipin.plan.exposure import ExposureState, exposed_path
from wikipin.plan.plan import plan_remove
from wikipin.plan.state import ProjectSkill
from wikipin.project.project import Project
from wikipin.tree import Listing
from wikipin.verbs.pins import read_pinned
from wikipin.verbs.warnings import exposure_warnings
from wikipin.wiki.wiki import Wiki


@dataclass(frozen=True)
class Removed:
    """What a removal did."""

    name: SkillName
    unexposed: list[str]
    backups: Sequence[str]
    warnings: list[str]


def remove(wiki_path: Path, project: Project, name: SkillName, *, discard_edits: bool = False) -> Removed:
    """Remove skill `name`; raises WikipinError as `install` does.

    The wiki is asked only where the lockfile does not say what was installed, and need not be there.
    """
    consent = Consent(discard_edits=discard_edits)
    seen = project.look(name)
    pinned = _pinned(wiki_path, seen)
    change = plan_remove(seen, pinned, consent)
    with project.change([(change, None)]) as locked:
        seen = locked.look(name)
        done = locked.commit(plan_remove(seen, pinned, consent))
    return Removed(name, done.unexposed, done.backups, [*_foreign(seen), *exposure_warnings(done)])


def _pinned(wiki_path: Path, seen: ProjectSkill) -> Listing | None:
    if not seen.says_all:
        with suppress(WikipinError), Wiki(wiki_path) as wiki:
            return read_pinned(wiki, seen)
    return None


def _foreign(seen: ProjectSkill) -> list[str]:
    """Name what stands where an exposure of ours was, and is not ours: it is left as it is."""
    return [
        f"'{exposed_path(word, seen.name)}' is something that wikipin did not make, and was left"
        for word, standing in seen.exposures.items()
        if standing is ExposureState.FOREIGN
    ]

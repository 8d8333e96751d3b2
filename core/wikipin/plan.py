"""What an operation does, decided from values alone. Every refusal about the state of a project is raised here.

Each verb runs its decision twice: on what is seen without the lock, where it can only refuse, and on what is seen
under it, which is then done. So no check exists twice in different words.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wikipin.errors import WikipinError
from wikipin.exposure import CANONICAL, Exposure, Standing, exposed_path
from wikipin.lockfile import Entry, Lockfile
from wikipin.names import Commit, PlanDigest
from wikipin.skill import Skill
from wikipin.tree import Copy, Tree


@dataclass(frozen=True)
class Evidence:
    """What a project says of one skill at one moment."""

    lockfile: Lockfile
    entry: Entry | None
    copy: Copy | None
    exposures: Mapping[str, Standing]
    """Word of `exposure.DIRECTORIES` -> what stands there under the skill's name."""


@dataclass(frozen=True)
class Change:
    """What an operation does to one skill: its new copy, where that becomes visible, and the entry that says so."""

    name: str
    commit: Commit
    tree: Tree
    exposure: Exposure


def require_plan(skill: Skill, plan: PlanDigest | None) -> None:
    """Refuse, with `plan-changed`, where the caller expects other content than the skill has."""
    if plan is not None and plan != skill.tree.plan:
        raise WikipinError(
            "plan-changed",
            f"skill '{skill.name}' at {skill.commit[:12]} is not what was planned: its plan is {skill.tree.plan}",
            f"Look again with dry_run ('wikipin install skill {skill.name} --dry-run') and pass the plan that it shows",
        )


def plan_install(skill: Skill, evidence: Evidence, exposure: Exposure) -> Change:
    """Return what an install does; refuse with `already-installed` or `exposure-conflict`."""
    if evidence.entry is not None or evidence.copy is not None:
        raise _already_installed(skill.name, has_entry=evidence.entry is not None, has_copy=evidence.copy is not None)
    _require_free(skill.name, evidence.exposures, exposure)
    return Change(skill.name, skill.commit, skill.tree, exposure)


def _already_installed(name: str, *, has_entry: bool, has_copy: bool) -> WikipinError:
    remedy = {
        (True, True): "Read its SKILL.md there and use it; it needs no install",
        (True, False): f"Bring the copy back from version control, or take '{name}' out of .memtomem/lock.json "
        "and install it again",
        (False, True): f"Move {CANONICAL}/{name} away if it is not needed, and install again",
    }[has_entry, has_copy]
    sides = f"lockfile_entry={_yes(has_entry)}, copy={_yes(has_copy)}"
    return WikipinError("already-installed", f"skill '{name}' is in this project already ({sides})", remedy)


def _require_free(name: str, standing: Mapping[str, Standing], exposure: Exposure) -> None:
    fitting = {Standing.NOTHING, Standing.OURS} if exposure.mode == "link" else {Standing.NOTHING}
    taken = [exposed_path(word, name) for word in exposure.words if standing[word] not in fitting]
    if taken:
        raise WikipinError(
            "exposure-conflict",
            f"something that wikipin did not make stands at or above {' and '.join(taken)}",
            "Move it away and install again, or leave that agent out with --expose",
        )


def _yes(fact: bool) -> str:  # noqa: FBT001 - the fact is all there is
    return "yes" if fact else "no"

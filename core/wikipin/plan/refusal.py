"""The words of every refusal that is about a project's state: what is so, and the one thing to do about it. No I/O."""

import errno
from collections.abc import Sequence

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.names import Commit
from wikipin.plan.change import Consent
from wikipin.plan.state import Pinned, ProjectSkill
from wikipin.plan.table import Verb
from wikipin.skill import Edition, Skill
from wikipin.tree import FileChange, compare

_MOST_NAMED = 12
CANONICAL = ".memtomem/skills"


def plan_changed(skill: Skill) -> WikipinError:
    return WikipinError(
        "plan-changed",
        f"skill '{skill.name}' at {skill.commit[:12]} is not what was planned: its plan is {skill.tree.digest}",
        f"Look again with dry_run ('wikipin show {skill.name} --ref {skill.commit}') and pass the plan that it shows",
    )


def already_installed(seen: ProjectSkill) -> WikipinError:
    name, has_entry, has_copy = seen.asset.name, seen.entry is not None, seen.copy is not None
    remedy = {
        (True, True): "Read its SKILL.md there and use it; for another version call context_update_skill "
        f"('wikipin update skill {name}')",
        (True, False): f"Bring its copy back with context_restore ('wikipin restore {name}')",
        (False, True): f"Record the copy with 'wikipin adopt skill {name}', or move {CANONICAL}/{name} away and "
        "install again",
    }[has_entry, has_copy]
    sides = f"lockfile_entry={_yes(has_entry)}, copy={_yes(has_copy)}"
    return WikipinError("already-installed", f"skill '{name}' is in this project already ({sides})", remedy)


def appeared(asset: Asset, *, has_entry: bool) -> WikipinError:
    return WikipinError(
        "already-installed",
        f"something appeared at {asset.canonical} while it was installed "
        f"(lockfile_entry={_yes(has_entry)}, copy=yes); it was left as it is",
        f"Move {asset.canonical} away if it is not needed, and call again",
    )


def overtaken(asset: Asset) -> WikipinError:
    return WikipinError("busy", f"another program changed {asset} in this project meanwhile", "Call again")


def unplaced(asset: Asset, error: OSError | None) -> WikipinError:
    said = "" if error is None else f"the disk said '{error.strerror}' at '{error.filename or asset.canonical}'; "
    return WikipinError("io-error", f"{said}nothing was changed", "Mend that, and call again")


def interrupted(assets: Sequence[Asset], error: OSError) -> WikipinError:
    first, more = assets[0], len(assets) - 1
    what = f"{first}" if not more else f"{first} and {more} more"
    return WikipinError(
        "io-error",
        f"the disk said '{error.strerror}' while {what} came into place; the change is committed",
        "Make room or mend the disk; the next call to wikipin finishes the change",
    )


def too_much() -> WikipinError:
    return WikipinError(
        "io-error", "the lockfile would be too large to be read again; nothing was changed", "Name fewer at once"
    )


def immovable(path: str, error: OSError) -> WikipinError:
    remedy = {
        errno.EBUSY: "Unmount what is mounted there, and call again",
        errno.EXDEV: "Unmount what is mounted there, or put a copy in its place (cp -a), and call again",
    }.get(
        error.errno or 0,
        "Make it yours to move (chown, chmod u+w, chattr -i, of the directory that it is in too), and call again",
    )
    return WikipinError(
        "io-error", f"'{path}' cannot be moved: the disk said '{error.strerror}'; nothing was changed", remedy
    )


def mounted(path: str) -> WikipinError:
    return WikipinError(
        "io-error",
        f"'{path}' cannot be moved: something is mounted there; nothing was changed",
        "Unmount it, and call again",
    )


def unwritable(path: str) -> WikipinError:
    return WikipinError(
        "io-error",
        f"'{path}' may not be written to; nothing was changed",
        "Make it writable (chown, chmod u+w, chattr -i), and call again",
    )


def not_installed(seen: ProjectSkill, verb: Verb) -> WikipinError:
    name = seen.asset.name
    if verb == "adopt":
        return WikipinError(
            "not-installed",
            f"there is no copy of skill '{name}' at {CANONICAL}/{name} to adopt",
            f"Install it with context_install_skill ('wikipin install skill {name}')",
        )
    if seen.copy is not None:
        return WikipinError(
            "not-installed",
            f"skill '{name}' has a copy in this project, but no entry in the lockfile",
            f"Move {CANONICAL}/{name} away"
            if verb == "remove"
            else f"Record it with 'wikipin adopt skill {name}', or move {CANONICAL}/{name} away",
        )
    return WikipinError(
        "not-installed",
        f"skill '{name}' is not in this project's lockfile",
        "See context_status ('wikipin status') for what is here"
        if verb == "remove"
        else f"Install it with context_install_skill ('wikipin install skill {name}'), or see context_status for what "
        "is here",
    )


def local_edits(
    seen: ProjectSkill, changes: Sequence[FileChange] | None, verb: Verb, needed: Consent, ref: Commit | None
) -> WikipinError:
    """`needed` is what the remedy takes, and `ref` the commit that it brings, None where that is the newest one."""
    name = seen.asset.name
    if changes is None:
        problem = (
            f"skill '{name}' cannot be compared with what was installed: its entry has no digests that count, and its "
            "pin cannot be read"
        )
    else:
        problem = f"the copy of skill '{name}' is not what was installed: {named(changes)}"
    call = (
        f"context_remove_skill with discard_edits ('wikipin remove skill {name} --discard-edits')"
        if verb == "remove"
        else _update(name, needed, ref)
    )
    remedy = f"If the user agrees, call {call}; the copy as it is then goes to .memtomem/.backup"
    return WikipinError("local-edits", problem, remedy)


def _update(name: str, consent: Consent, ref: Commit | None = None) -> str:
    """Return the call of an update, as an agent makes it and as a person does."""
    given = {
        f"ref {ref}": (ref is not None, f"--ref {ref}"),
        "discard_edits": (consent.discard_edits, "--discard-edits"),
        "allow_rollback": (consent.allow_rollback, "--allow-rollback"),
    }
    arguments = [argument for argument, (is_given, _) in given.items() if is_given]
    flags = "".join(f" {flag}" for is_given, flag in given.values() if is_given)
    *most, last = arguments or [""]
    with_arguments = f" with {', '.join(most)} and {last}" if most else f" with {last}" if last else ""
    return f"context_update_skill{with_arguments} ('wikipin update skill {name}{flags}')"


def foreign_name(seen: ProjectSkill) -> WikipinError:
    return WikipinError(
        "invalid-name",
        f"skill '{seen.asset.name}' has a name that wikipin installs nothing under; another tool recorded it",
        "Use the tool that recorded it, or take its entry out of .memtomem/lock.json",
    )


def dropped(seen: ProjectSkill, error: WikipinError) -> WikipinError:
    return WikipinError(
        error.code,
        error.problem,
        f"{error.remedy}, or, if the user agrees, remove the skill with context_remove_skill "
        f"('wikipin remove skill {seen.asset.name}')",
    )


def not_the_wikis(edition: Edition, seen: ProjectSkill) -> WikipinError:
    if seen.copy is None:
        raise AssertionError("what is adopted has a copy")
    return WikipinError(
        "local-edits",
        f"the copy of skill '{edition.asset.name}' is not what any commit of the wiki has; against {edition.commit[:12]}: "
        + named(compare(edition.listing, seen.copy)),
        f"Move {CANONICAL}/{edition.asset.name} away and install the skill, or commit the copy's files to the wiki as "
        f"skills/{edition.asset.name} and adopt it then",
    )


def not_in_the_wiki(seen: ProjectSkill, error: WikipinError) -> WikipinError:
    return WikipinError(
        error.code,
        error.problem,
        f"Commit the copy's files to the wiki as skills/{seen.asset.name} and call again, or move "
        f"{CANONICAL}/{seen.asset.name} away",
    )


def not_the_commits(seen: ProjectSkill) -> WikipinError:
    commit = seen.entry.commit if seen.entry is not None else ""
    return WikipinError(
        "lockfile-corrupt",
        f"the digests that the lockfile has for skill '{seen.asset.name}' are not those of its commit {commit[:12]}",
        "Bring .memtomem/lock.json back from version control, or take the wiki's newest version with "
        f"context_update_skill ('wikipin update skill {seen.asset.name}')",
    )


def pin_not_found(seen: ProjectSkill) -> WikipinError:
    commit = seen.entry.commit if seen.entry is not None else ""
    return WikipinError(
        "ref-not-found",
        f"the pin {commit[:12]} of skill '{seen.asset.name}' is not in this wiki, whose history may be cut short or "
        "rewritten",
        "Fetch the wiki's whole history with git and restore again, or, if the user agrees, take its newest version "
        f"with context_update_skill and allow_rollback ('wikipin update skill {seen.asset.name} --allow-rollback')",
    )


def would_roll_back(
    edition: Edition, seen: ProjectSkill, pinned: Pinned, needed: Consent, ref: Commit | None
) -> WikipinError:
    pin = seen.entry.commit[:12] if seen.entry is not None else ""
    why = (
        f"{edition.commit[:12]} does not descend from its pin {pin}, as far as this wiki's history goes"
        if pinned.is_known
        else f"its pin {pin} is not in this wiki, whose history may be cut short or rewritten"
    )
    return WikipinError(
        "would-roll-back",
        f"skill '{edition.asset.name}' would not go forward: {why}",
        f"If the user agrees, call {_update(edition.asset.name, needed, ref)}",
    )


def not_shown(asset: Asset, not_exposed: Sequence[tuple[str, str]]) -> WikipinError:
    where = " and ".join(f"could not be made visible at '{path}': {why}" for path, why in not_exposed)
    problem = f"{asset} is restored, the change is committed, and it {where}"
    return WikipinError("io-error", problem, "Mend that, and restore again")


def exposure_conflict(paths: Sequence[str], *, is_owned: bool) -> WikipinError:
    return WikipinError(
        "exposure-conflict",
        f"something that wikipin did not make stands at or above {' and '.join(paths)}",
        "Move it away, and call again"
        if is_owned
        else "Move it away and call again, or leave that agent out with --expose",
    )


def named(changes: Sequence[FileChange]) -> str:
    """Return changes as a reader sees them, the first of them by name."""
    listed = [f"{change.path} ({change.change})" for change in changes[:_MOST_NAMED]]
    more = [f"and {len(changes) - len(listed)} more"] if len(changes) > len(listed) else []
    return ", ".join([*listed, *more])


def _yes(fact: bool) -> str:  # noqa: FBT001 - the fact is all there is
    return "yes" if fact else "no"

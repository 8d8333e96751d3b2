"""The words of every refusal about a project's state: what is wrong, and what to do about it. No I/O."""

from collections.abc import Sequence

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.names import Commit
from wikipin.plan.change import Consent
from wikipin.plan.state import Pinned, ProjectSkill
from wikipin.plan.table import Verb
from wikipin.remedy import AGREED, ByDoor, Call, Remedy
from wikipin.skill import Edition, Skill
from wikipin.tree import FileChange, compare

_MOST_NAMED = 12
_KEPT = "the copy as it is now is kept in .memtomem/.backup"


def plan_changed(found: Skill) -> WikipinError:
    asset = found.asset
    return WikipinError(
        "plan-changed",
        f"{asset} at {found.commit[:12]} is not the content of that plan: its plan is {found.tree.digest}",
        Remedy(Call("show", asset, ref=found.commit), ", and pass the plan that it shows"),
    )


def already_installed(seen: ProjectSkill) -> WikipinError:
    asset, has_entry, has_copy = seen.asset, seen.entry is not None, seen.copy is not None
    if not has_copy:
        remedy = Remedy("To bring its copy back, ", Call("restore", asset))
    elif not has_entry:
        remedy = Remedy("To record the copy, ", Call("adopt", asset), f", or move {asset.canonical} away and try again")
    else:
        read = ByDoor(f"read {asset.main_path} and follow it; for another version ", "for another version, ")
        remedy = Remedy(read, Call("update", asset))
    sides = f"lockfile_entry={_yes(has_entry)}, copy={_yes(has_copy)}"
    return WikipinError("already-installed", f"{asset} is in this project already ({sides})", remedy)


def not_installed(seen: ProjectSkill, verb: Verb) -> WikipinError:
    asset = seen.asset
    install, see = ("To install it, ", Call("install", asset)), ("to see what is installed, ", Call("status"))
    if verb == "adopt":
        return WikipinError(
            "not-installed", f"there is no copy of {asset} at {asset.canonical} to adopt", Remedy(*install)
        )
    if seen.copy is not None:
        record = () if verb == "remove" else ("To record it, ", Call("adopt", asset), ", or ")
        return WikipinError(
            "not-installed",
            f"{asset} has a copy in this project, but no entry in the lockfile",
            Remedy(*record, f"move {asset.canonical} away"),
        )
    return WikipinError(
        "not-installed",
        f"{asset} is not in this project's lockfile",
        Remedy(*see) if verb == "remove" else Remedy(*install, ", or, ", *see),
    )


def local_edits(
    seen: ProjectSkill, changes: Sequence[FileChange] | None, verb: Verb, needed: Consent, ref: Commit | None
) -> WikipinError:
    """`needed` is the consent that the remedy takes, `ref` the commit that it brings; None for the newest one."""
    asset = seen.asset
    if changes is None:
        problem = (
            f"{asset} cannot be compared with what was installed: its entry has no valid digests, and its pin cannot "
            "be read"
        )
    else:
        problem = f"the copy of {asset} is not what was installed: {named(changes)}"
    call = Call("remove", asset, discard_edits=True) if verb == "remove" else _update(asset, needed, ref)
    newest = Call("update", asset, discard_edits=True, allow_rollback=True)
    otherwise = (" (or, if the wiki does not have that commit, ", newest, ")") if verb == "restore" else ()
    return WikipinError("local-edits", problem, Remedy(AGREED, ", ", call, *otherwise, f"; {_KEPT}"))


def _update(asset: Asset, consent: Consent, ref: Commit | None) -> Call:
    return Call("update", asset, ref=ref, discard_edits=consent.discard_edits, allow_rollback=consent.allow_rollback)


def foreign_name(seen: ProjectSkill) -> WikipinError:
    return WikipinError(
        "invalid-name",
        f"{seen.asset} was recorded by another tool, under a name that wikipin does not install",
        "Use that tool, or take its entry out of .memtomem/lock.json",
    )


class GoneError(WikipinError):
    """The wiki had an asset at its pin, and has it no longer."""


def dropped(seen: ProjectSkill, error: WikipinError, *, is_gone: bool) -> WikipinError:
    remove = (", or, ", AGREED, ", remove it from the project: ", Call("remove", seen.asset))
    kind = GoneError if is_gone else WikipinError
    return kind(error.code, error.problem, error.remedy.then(*remove))


def not_the_wikis(edition: Edition, seen: ProjectSkill) -> WikipinError:
    if seen.copy is None:
        raise AssertionError("what is adopted has a copy")
    asset = seen.asset
    return WikipinError(
        "local-edits",
        f"no commit of the wiki has the copy of {asset}; against {edition.commit[:12]}: "
        + named(compare(edition.listing, seen.copy)),
        Remedy(
            f"Move {asset.canonical} away and ",
            Call("install", asset),
            f", or commit its files to the wiki as {asset.source} and try again",
        ),
    )


def not_in_the_wiki(seen: ProjectSkill, error: WikipinError) -> WikipinError:
    asset = seen.asset
    return WikipinError(
        error.code,
        error.problem,
        f"Commit the copy's files to the wiki as {asset.source} and try again, or move {asset.canonical} away",
    )


def not_the_commits(seen: ProjectSkill) -> WikipinError:
    asset, commit = seen.asset, seen.entry.commit if seen.entry is not None else ""
    return WikipinError(
        "lockfile-corrupt",
        f"the lockfile's digests for {asset} are not those of its commit {commit[:12]}",
        Remedy(
            "Bring .memtomem/lock.json back from version control, or, for the wiki's newest version, ",
            Call("update", asset),
        ),
    )


def pin_not_found(seen: ProjectSkill) -> WikipinError:
    asset, commit = seen.asset, seen.entry.commit if seen.entry is not None else ""
    return WikipinError(
        "ref-not-found",
        f"the pin {commit[:12]} of {asset} is not in this wiki, whose history may be cut short or rewritten",
        Remedy(
            "Fetch the wiki's whole history with git and try again, or, ",
            AGREED,
            ", take its newest version: ",
            Call("update", asset, allow_rollback=True),
        ),
    )


def would_roll_back(
    edition: Edition, seen: ProjectSkill, pinned: Pinned, needed: Consent, ref: Commit | None
) -> WikipinError:
    asset, pin = seen.asset, seen.entry.commit[:12] if seen.entry is not None else ""
    if not pinned.is_known:
        why = f"its pin {pin} is not in this wiki, whose history may be cut short or rewritten"
    elif pinned.is_newer:
        why = f"{edition.commit[:12]} is older than the pin {pin}"
    else:
        why = f"{edition.commit[:12]} does not descend from its pin {pin}, as far as this wiki's history goes"
    return WikipinError(
        "would-roll-back", f"{asset} would not go forward: {why}", Remedy(AGREED, ", ", _update(asset, needed, ref))
    )


def not_shown(asset: Asset, not_exposed: Sequence[tuple[str, str]]) -> WikipinError:
    where = " and ".join(f"could not be made visible at '{path}': {why}" for path, why in not_exposed)
    problem = f"{asset} is restored, the change is committed, and it {where}"
    return WikipinError("io-error", problem, Remedy("Mend that, and ", Call("restore", asset)))


def exposure_conflict(paths: Sequence[str], others: Sequence[str], *, is_owned: bool) -> WikipinError:
    """`others` are the words of the exposures that are not in conflict."""
    without = f"--expose {','.join(others) or 'none'}"
    leave_out = ByDoor(
        f", or have the user start wikipin-mcp with {without}, which leaves that agent out",
        f", or leave that agent out with {without}",
    )
    return WikipinError(
        "exposure-conflict",
        f"something that wikipin did not make stands at or above {' and '.join(paths)}",
        Remedy("Move it away and try again", *(() if is_owned else (leave_out,))),
    )


def named(changes: Sequence[FileChange]) -> str:
    """Return the changes in words, the first of them by name."""
    listed = [f"{change.path} ({change.change})" for change in changes[:_MOST_NAMED]]
    more = [f"and {len(changes) - len(listed)} more"] if len(changes) > len(listed) else []
    return ", ".join([*listed, *more])


def _yes(fact: bool) -> str:  # noqa: FBT001 - the fact is all there is
    return "yes" if fact else "no"

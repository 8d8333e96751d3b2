"""The words of refusals for which the disk or another program is the reason. No I/O."""

import errno
from collections.abc import Sequence

from wikipin.asset import Asset
from wikipin.errors import WikipinError


def appeared(asset: Asset, *, has_entry: bool) -> WikipinError:
    return WikipinError(
        "already-installed",
        f"something appeared at {asset.canonical} during the install "
        f"(lockfile_entry={_yes(has_entry)}, copy=yes); it was left as it is",
        f"If it is not needed, move {asset.canonical} away and try again",
    )


def immovable(path: str, asset: Asset | None, error: OSError) -> WikipinError:
    """`asset` is the one that was not changed; None if nothing was."""
    remedy = {
        errno.EBUSY: "Unmount what is mounted there, and try again",
        errno.EXDEV: "Unmount what is mounted there, or put a copy in its place (cp -a), and try again",
    }.get(
        error.errno or 0,
        "Give yourself the right to move it and to change the directory that it is in (chown, chmod u+w, chattr -i), "
        "and try again",
    )
    return WikipinError(
        "io-error", f"'{path}' cannot be moved: the disk said '{error.strerror}'; {_unchanged(asset)}", remedy
    )


def mounted(path: str, asset: Asset | None) -> WikipinError:
    """`asset` is as of `immovable`."""
    return WikipinError(
        "io-error",
        f"'{path}' cannot be moved: something is mounted there; {_unchanged(asset)}",
        "Unmount it, and try again",
    )


def unwritable(path: str) -> WikipinError:
    return WikipinError(
        "io-error",
        f"'{path}' is not writable; nothing was changed",
        "Make it writable (chown, chmod u+w, chattr -i), and try again",
    )


def overtaken(asset: Asset) -> WikipinError:
    return WikipinError("busy", f"another program changed {asset} in this project meanwhile", "Try again")


def unplaced(asset: Asset, error: OSError | None) -> WikipinError:
    said = "" if error is None else f"the disk said '{error.strerror}' at '{error.filename or asset.canonical}'; "
    return WikipinError("io-error", f"{said}{_unchanged(asset)}", "Mend that, and try again")


def interrupted(assets: Sequence[Asset], error: OSError) -> WikipinError:
    first, more = assets[0], len(assets) - 1
    what = f"{first}" if not more else f"{first} and {more} more"
    return WikipinError(
        "io-error",
        f"the disk said '{error.strerror}' while {what} came into place; the change is committed",
        "Make room or mend the disk, and try again: whatever wikipin does next finishes the change",
    )


def too_much() -> WikipinError:
    return WikipinError(
        "io-error", "the lockfile would be too large to be read again; nothing was changed", "Name fewer at once"
    )


def _yes(fact: bool) -> str:  # noqa: FBT001 - the fact is all there is
    return "yes" if fact else "no"


def _unchanged(asset: Asset | None) -> str:
    return "nothing was changed" if asset is None else f"nothing of {asset} was changed"

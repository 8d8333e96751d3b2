"""The steps of one change of a transaction: its copy comes into place or goes, and so do its exposures.

Each step can be done again. An error of the disk is raised only if something was done already; then the journal stays.
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field

from wikipin.asset import Asset
from wikipin.disk.file_type import NotOrdinaryError
from wikipin.plan.change import COPY, Change
from wikipin.project.slot import Slot, Transaction

_PASSING = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR})
"""The errors of a disk that may pass. Something in the way, or a right that is missing, stays."""

_NO_REASON = "the disk gave no reason"


@dataclass
class Outcome:
    """The outcome of one change: where the asset can be seen now, and what stayed undone."""

    change: Change
    exposed: list[str] = field(default_factory=list[str])
    not_exposed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The exposures that could not be made (path, why)."""

    unexposed: list[str] = field(default_factory=list[str])
    still_exposed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The exposures that could not be removed (path, why)."""

    backups: list[str] = field(default_factory=list[str])
    """The paths of the edits that were kept, those of the canonical copy first."""

    failure: OSError | None = None
    """The reason why nothing was changed: a FileExistsError if something unknown stands in the place."""

    @property
    def asset(self) -> Asset:
        """The asset of the change."""
        return self.change.asset

    @property
    def installed_at(self) -> str | None:
        """The time of its install; None if it was removed."""
        return self.change.entry.installed_at if self.change.entry else None


class Placement:
    """One change of a transaction, step by step."""

    def __init__(self, transaction: Transaction, change: Change) -> None:
        self._transaction = transaction
        self._change = change
        self._copy = Slot(transaction, change, COPY)
        self.outcome = Outcome(change)

    def place_copy(self) -> None:
        """Put the copy into its place, if one comes. An error before anything was done is noted, not raised."""
        if COPY not in self._change.replace:
            return
        try:
            if not self._copy.replace():
                self.outcome.failure = FileExistsError(errno.EEXIST, "something else stands there", self._copy.path)
        except OSError as error:
            if not self._copy.is_untouched():
                raise
            self.outcome.failure = OSError(error.errno, error.strerror, self._copy.path)

    def expose(self) -> None:
        """Make the exposures. One that cannot be made does not undo the change: it is left out, and named."""
        for slot in self._exposures({*self._change.link, *self._change.replace}):
            try:
                (slot.replace if slot.word in self._change.replace else slot.link)()
            except OSError as error:
                if self._is_seen_exposed(slot):
                    raise  # it is made, and not yet on the medium: the journal stays until it is
                self.outcome.not_exposed.append((slot.path, error.strerror or _NO_REASON))
            else:
                if not self._is_exposed(slot):
                    self.outcome.not_exposed.append((slot.path, "something else stands there"))

    def unexpose(self) -> None:
        """Remove the exposures that are to go, links and copies. Anything else stays, and is named."""
        for slot in self._exposures(self._change.remove):
            try:
                (slot.remove if slot.word in self._change.displaced else slot.unlink)()
            except FileNotFoundError:
                pass
            except OSError as error:
                if not _may_stand(slot):
                    raise  # it is gone, and not yet on the medium: the journal stays until it is
                self.outcome.still_exposed.append((slot.path, error.strerror or _NO_REASON))
                continue
            self.outcome.unexposed.append(slot.path)

    def remove_copy(self) -> None:
        """Remove the copy, if it is to go. One that cannot be moved stays, and its exposures are put back."""
        if COPY not in self._change.remove:
            return
        try:
            self._copy.remove()
        except OSError as error:
            if not self._copy.is_unremoved():
                raise
            missing = "".join(f", and '{path}' could not be made again" for path in self._put_back())
            self.outcome.failure = OSError(error.errno, f"{error.strerror}{missing}", self._copy.path)

    def keep_edits(self) -> None:
        """Move displaced edits, which no commit has, to `.memtomem/.backup`, never over earlier ones."""
        slots = [self._copy, *self._exposures({*self._change.replace, *self._change.remove})]
        for slot in slots:
            self.outcome.backups += slot.keep(is_exchanged=self.outcome.failure is None)

    def _exposures(self, words: Sequence[str] | set[str]) -> list[Slot]:
        return [Slot(self._transaction, self._change, word) for word in sorted({*words} - {COPY})]

    def _is_exposed(self, slot: Slot) -> bool:
        """Tell whether the exposure of the change stands there: the link, or a copy of the same tree."""
        try:
            return slot.is_replaced() if slot.word in self._change.replace else slot.is_link()
        except (FileNotFoundError, NotOrdinaryError):
            return False

    def _is_seen_exposed(self, slot: Slot) -> bool:
        """Tell the same; an exposure in a directory that may not be searched was not made."""
        try:
            return self._is_exposed(slot)
        except PermissionError:
            return False

    def _put_back(self) -> list[str]:
        """Undo `unexpose`, and return the paths at which it could not be undone."""
        missing: list[str] = []
        for slot in self._exposures(self._change.remove):
            try:
                (slot.put_back if slot.word in self._change.displaced else slot.link)()
            except OSError as error:
                if error.errno in _PASSING:
                    raise
                missing.append(slot.path)
        return missing


def _may_stand(slot: Slot) -> bool:
    """Tell whether anything may stand there; if it cannot be seen, it may."""
    try:
        return slot.stands()
    except OSError:
        return True

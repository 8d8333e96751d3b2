"""The steps of one change of a transaction: the copy comes into its place or goes, and is shown where agents look.

Each can be done again. An error of the disk is raised only after something was done; then the journal stays.
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field

from wikipin.asset import Asset
from wikipin.disk.file_type import NotOrdinaryError
from wikipin.plan.change import COPY, Change
from wikipin.project.slot import Slot, Transaction

_PASSING = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR})
"""What a disk says that may say otherwise later. What is in the way, or is not allowed, stays so."""

_NO_REASON = "the disk gave no reason"


@dataclass
class Outcome:
    """What became of one change: since when the asset is there, where it can be seen, and what stayed undone."""

    change: Change
    exposed: list[str] = field(default_factory=list[str])
    not_exposed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Where it could not be shown (path, why)."""

    unexposed: list[str] = field(default_factory=list[str])
    still_exposed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Where it could not be taken away (path, why)."""

    backups: list[str] = field(default_factory=list[str])
    """Where edited bytes are now, those of the canonical copy first."""

    failure: OSError | None = None
    """Why nothing was changed: a FileExistsError if something has come to stand in the place meanwhile."""

    @property
    def asset(self) -> Asset:
        """What was changed."""
        return self.change.asset

    @property
    def installed_at(self) -> str | None:
        """Since when it is there; None if it is not there any more."""
        return self.change.entry.installed_at if self.change.entry else None


class Placement:
    """One change of a transaction, step by step."""

    def __init__(self, transaction: Transaction, change: Change) -> None:
        self._transaction = transaction
        self._change = change
        self._copy = Slot(transaction, change, COPY)
        self.outcome = Outcome(change)

    def place_copy(self) -> None:
        """Put the copy into its place, if one is to come. If the disk refuses before anything was done, note that."""
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
        """Make the exposures. One that cannot be made is no reason to undo a change: it is left out, and named."""
        for slot in self._exposures({*self._change.link, *self._change.replace}):
            try:
                (slot.replace if slot.word in self._change.replace else slot.link)()
            except OSError as error:
                if self._is_seen_exposed(slot):
                    raise  # it is made, and is not on the medium yet: whoever finishes the journal sees to that
                self.outcome.not_exposed.append((slot.path, error.strerror or _NO_REASON))
            else:
                if not self._is_exposed(slot):
                    self.outcome.not_exposed.append((slot.path, "something else stands there"))

    def unexpose(self) -> None:
        """Take the exposures away that are to go, links and copies. What is neither is left, and named."""
        for slot in self._exposures(self._change.remove):
            try:
                (slot.remove if slot.word in self._change.displaced else slot.unlink)()
            except FileNotFoundError:
                pass
            except OSError as error:
                if not _may_stand(slot):
                    raise  # it is gone, and not yet on the medium: whoever finishes the journal sees to that
                self.outcome.still_exposed.append((slot.path, error.strerror or _NO_REASON))
                continue
            self.outcome.unexposed.append(slot.path)

    def remove_copy(self) -> None:
        """Take the copy away, if it is to go. One that cannot be moved stays, and its exposures are made again."""
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
        """Move what was displaced, and is in no commit, to `.memtomem/.backup`, never over an earlier one."""
        slots = [self._copy, *self._exposures({*self._change.replace, *self._change.remove})]
        for slot in slots:
            self.outcome.backups += slot.keep(is_exchanged=self.outcome.failure is None)

    def _exposures(self, words: Sequence[str] | set[str]) -> list[Slot]:
        return [Slot(self._transaction, self._change, word) for word in sorted({*words} - {COPY})]

    def _is_exposed(self, slot: Slot) -> bool:
        """Tell whether what stands there is what the journal says: the link, or a copy of the same tree."""
        try:
            return slot.is_replaced() if slot.word in self._change.replace else slot.is_link()
        except (FileNotFoundError, NotOrdinaryError):
            return False

    def _is_seen_exposed(self, slot: Slot) -> bool:
        """Tell the same; what may not be looked at was not made there."""
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
    """Tell whether anything may stand there: also if nobody can see it."""
    try:
        return slot.stands()
    except OSError:
        return True

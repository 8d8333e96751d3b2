"""A slot: the place of the canonical copy or of an exposure, and the steps of a change there.

Each step sees whether it has been done, and can be done again.
"""

import errno
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from wikipin.asset import MEMTOMEM
from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder
from wikipin.disk.scan import digest_at
from wikipin.plan.change import COPY, Change
from wikipin.project.journal import Journal
from wikipin.project.layout import BACKUP
from wikipin.project.places import Places


class Progress(Enum):
    """How far the staged tree of a slot has come."""

    WAITING = "it is where it was staged"
    DONE = "it is in its place, or was"
    DAMAGED = "it is where it was staged, and is not what was staged"


@dataclass(frozen=True)
class Transaction:
    """One journal, and the directories that it is about. `staging` is None if it is gone: then all is done."""

    places: Places
    staging: Folder | None
    journal: Journal
    is_found: bool
    """Whether another process wrote the journal: then what was staged is compared with its digest."""


@dataclass(frozen=True)
class Slot:
    """One slot of a change: `word` is COPY, or the word of an exposure."""

    transaction: Transaction
    change: Change
    word: str

    @cached_property
    def path(self) -> str:
        """Its path, relative to the project."""
        return self.change.path_of(self.word)

    @property
    def name(self) -> str:
        """Its name in its directory."""
        return self.change.asset.name

    @property
    def _staged(self) -> str:
        return self.transaction.journal.staged_name(self.change.asset, self.word)

    @property
    def _displaced(self) -> str:
        return self.transaction.journal.displaced_name(self.change.asset, self.word)

    def open(self, *, make: bool = False) -> Folder:
        """Return the open directory that it is in; with `make`, the directory is made if there is none."""
        return self.transaction.places.open(self.path.rpartition("/")[0], make=make)

    def changed(self) -> None:
        """Note that its directory has to be synced."""
        self.transaction.places.changed(self.open())

    def replace(self) -> bool:
        """Put the staged tree into its place, unless that is done; return False if something unknown stands there."""
        into, staging, progress = self.open(make=True), self.transaction.staging, self._progress()
        if progress is Progress.DAMAGED:
            raise OSError(errno.EIO, "what was staged has changed")
        self.changed()  # also if it is done: the process that moved it may have died before it synced
        if staging is None or progress is Progress.DONE:
            return self.stands()
        try:
            if not self.stands():
                staging.place(self._staged, into, self.name)
            elif self.word not in self.change.displaced:
                return False
            elif not staging.exchange(self._staged, into, self.name):
                into.place(self.name, staging, self._displaced)
                staging.place(self._staged, into, self.name)
        except FileExistsError:
            return False
        self.transaction.places.changed(staging)
        return True

    def remove(self) -> None:
        """Move what stands there to the staging directory, unless that is done."""
        where, staging = self.open(), self.transaction.staging
        if staging is not None and not self._is_displaced() and self.stands():
            where.place(self.name, staging, self._displaced)
            self.transaction.places.changed(staging)
        self.changed()

    def put_back(self) -> None:
        """Undo `remove`."""
        if self.transaction.staging is not None and self._is_displaced():
            self.transaction.staging.place(self._displaced, self.open(), self.name)
        self.changed()

    def link(self) -> None:
        """Make a link to the canonical copy, unless something stands there."""
        with suppress(FileExistsError):
            self.open(make=True).link(self.name, self.change.asset.link_target(self.word))
        self.changed()

    def unlink(self) -> None:
        """Remove the link to the canonical copy, if it is one."""
        if self.is_link():
            self.open().discard(self.name)
        self.changed()

    def keep(self, *, is_exchanged: bool) -> Iterator[str]:
        """Move displaced edits, which no commit has, to `.memtomem/.backup`; yield the new paths.

        After an exchange the displaced directory has the name of the staged tree.
        """
        staging = self.transaction.staging
        for displaced in (self._staged, self._displaced) if is_exchanged else (self._displaced,):
            if staging is None or staging.what(displaced) is FileType.NOTHING:
                continue
            if digest_at(staging, displaced) not in {self.change.disposable, self.change.digest} - {None}:
                yield self._keep(staging, displaced)

    def _keep(self, staging: Folder, displaced: str) -> str:
        wanted = f"{self.name}-{self.transaction.journal.stamp}" + ("" if self.word == COPY else f"-{self.word}")
        backup = self.transaction.places.open(f"{MEMTOMEM}/{BACKUP}", make=True)
        number, name = 1, wanted
        while backup.what(name) is not FileType.NOTHING:
            number, name = number + 1, f"{wanted}-{number + 1}"
        staging.place(displaced, backup, name)
        self.transaction.places.changed(backup, staging)
        return f"{MEMTOMEM}/{BACKUP}/{name}"

    def stands(self) -> bool:
        """Tell whether anything stands there."""
        return self.open().what(self.name) is not FileType.NOTHING

    def is_link(self) -> bool:
        """Tell whether a link to the canonical copy stands there."""
        folder = self.open()
        is_link = folder.what(self.name) is FileType.LINK
        return is_link and folder.read_link(self.name) == self.change.asset.link_target(self.word)

    def is_replaced(self) -> bool:
        """Tell whether the tree of the change stands there."""
        return digest_at(self.open(), self.name) == self.change.digest

    def is_untouched(self) -> bool:
        """Tell whether the staged tree is still where it was staged, and nothing has been displaced."""
        return (
            self.transaction.staging is not None and self._progress() is not Progress.DONE and not self._is_displaced()
        )

    def is_unremoved(self) -> bool:
        """Tell whether the directory that is to go still stands there, whole."""
        return self.transaction.staging is not None and not self._is_displaced() and self.stands()

    def _is_displaced(self) -> bool:
        staging = self.transaction.staging
        return staging is not None and staging.what(self._displaced) is not FileType.NOTHING

    def _progress(self) -> Progress:
        """Return how far the staged tree has come."""
        staging = self.transaction.staging
        if staging is None or staging.what(self._staged) is FileType.NOTHING:
            return Progress.DONE
        if not self.transaction.is_found or digest_at(staging, self._staged) == self.change.digest:
            return Progress.WAITING
        # An exchange leaves the displaced directory here; but if that still stands in its place, there was no exchange.
        displaced = self.change.displaced.get(self.word)
        is_exchanged = displaced is not None and digest_at(self.open(), self.name) != displaced
        return Progress.DONE if is_exchanged else Progress.DAMAGED

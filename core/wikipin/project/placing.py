"""The steps of a transaction on one slot: a tree comes into its place, goes from it, or is shown there.

A slot is where one tree of a change stands: the canonical copy, or an exposure. Each step sees whether it has been
done, and can be done again. What has to go and is not known to be in some commit is kept in `.memtomem/.backup`.
"""

import errno
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from wikipin.disk.folder import FileType, Folder, NotOrdinaryError
from wikipin.disk.scan import plan_at
from wikipin.plan.change import COPY
from wikipin.plan.exposure import DIRECTORIES, exposed_path, link_target
from wikipin.project.journal import Journal, displaced_name, staged_name
from wikipin.project.layout import BACKUP, MEMTOMEM

_PASSING = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR})
"""What a disk says that may say otherwise later. What is in the way, or is not allowed, stays so."""


class Progress(Enum):
    """How far the staged tree of a slot has come."""

    WAITING = "it is where it was staged"
    DONE = "it is in its place, or was"
    DAMAGED = "it is where it was staged, and is not what was staged"


@dataclass
class Outcome:
    """What a transaction did: since when the skill is there, where it can be seen, and what stayed undone."""

    installed_at: str | None
    exposed: list[str] = field(default_factory=list[str])
    not_exposed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Where it could not be shown (path, why)."""

    unexposed: list[str] = field(default_factory=list[str])
    not_unexposed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    backups: list[str] = field(default_factory=list[str])
    """Where edited bytes are now, those of the canonical copy first."""


@dataclass(frozen=True)
class Transaction:
    """One journal, and the directories that it is about. `staging` is None once it was swept: all of it is done."""

    root: Folder
    memtomem: Folder
    skills: Folder
    staging: Folder | None
    journal: Journal

    def progress(self, slot: str, into: Folder) -> Progress:
        """Tell how far the staged tree of a slot has come."""
        if self.staging is None:
            return Progress.DONE
        staged = staged_name(self.journal.name, slot)
        if self.staging.what(staged) is FileType.NOTHING:
            return Progress.DONE
        if plan_at(self.staging, staged) == self.journal.plan:
            return Progress.WAITING
        # An exchange leaves here what was displaced; but where that still stands in its place, there was no exchange.
        is_exchanged = slot in self.journal.old and plan_at(into, self.journal.name) != self.journal.old[slot]
        return Progress.DONE if is_exchanged else Progress.DAMAGED

    def is_untouched(self, slot: str, into: Folder) -> bool:
        """Tell whether nothing at all has been done to a slot yet."""
        if self.staging is None or self.progress(slot, into) is Progress.DONE:
            return False
        return self.staging.what(displaced_name(self.journal.name, slot)) is FileType.NOTHING


def swap(transaction: Transaction, slot: str, into: Folder) -> bool:
    """Put the staged tree into its place, unless that is done; False where something stands that nobody knew of."""
    name, staging, progress = transaction.journal.name, transaction.staging, transaction.progress(slot, into)
    if progress is Progress.DAMAGED:
        raise OSError(errno.EIO, "what was staged has changed")
    if staging is None or progress is Progress.DONE:
        into.sync()  # whoever moved it may have died before
        return into.what(name) is not FileType.NOTHING
    staged = staged_name(name, slot)
    try:
        if into.what(name) is FileType.NOTHING:
            staging.place(staged, into, name)
        elif slot not in transaction.journal.old:
            return False
        elif not staging.exchange(staged, into, name):
            into.place(name, staging, displaced_name(name, slot))
            staging.place(staged, into, name)
    except FileExistsError:
        return False
    into.sync()
    staging.sync()
    return True


def take(transaction: Transaction, slot: str, where: Folder) -> None:
    """Take what stands at a slot away, unless that is done."""
    name, staging = transaction.journal.name, transaction.staging
    displaced = displaced_name(name, slot)
    if staging is not None and staging.what(displaced) is FileType.NOTHING and where.what(name) is not FileType.NOTHING:
        where.place(name, staging, displaced)
        staging.sync()
    where.sync()


def expose(transaction: Transaction, done: Outcome) -> None:
    """Make the exposures. One that cannot be made is no reason to undo a change: it is left out, and named."""
    for word in sorted({*transaction.journal.link, *transaction.journal.swap} - {COPY}):
        path = exposed_path(word, transaction.journal.name)
        try:
            _expose_in(transaction, word)
        except OSError as error:
            if _is_seen_exposed(transaction, word):
                raise  # it is made, and is not on the medium yet: whoever finishes the journal sees to that
            done.not_exposed.append((path, error.strerror or "the disk gave no reason"))
        else:
            if not _is_exposed(transaction, word):
                done.not_exposed.append((path, "something else stands there"))


def _expose_in(transaction: Transaction, word: str) -> None:
    parent, last = DIRECTORIES[word].split("/")
    is_new = transaction.root.what(parent) is FileType.NOTHING
    with transaction.root.make_child(parent) as above:
        if is_new:
            transaction.root.sync()
        is_new = above.what(last) is FileType.NOTHING
        with above.make_child(last) as folder:
            if is_new:
                above.sync()
            if word in transaction.journal.swap:
                swap(transaction, word, folder)
            else:
                with suppress(FileExistsError):
                    folder.link(transaction.journal.name, link_target(word, transaction.journal.name))
            folder.sync()


def _is_seen_exposed(transaction: Transaction, word: str) -> bool:
    """Tell the same as `_is_exposed`; what may not be looked at was not made there."""
    try:
        return _is_exposed(transaction, word)
    except PermissionError:
        return False


def _is_exposed(transaction: Transaction, word: str) -> bool:
    """Tell whether what stands there is what the journal says: the link, or a copy of the same tree."""
    name = transaction.journal.name
    try:
        with transaction.root.descendant(DIRECTORIES[word]) as folder:
            if word in transaction.journal.swap:
                return plan_at(folder, name) == transaction.journal.plan
            return folder.what(name) is FileType.LINK and folder.read_link(name) == link_target(word, name)
    except (FileNotFoundError, NotOrdinaryError):
        return False


def _stands(transaction: Transaction, word: str) -> bool:
    """Tell whether anything stands where an exposure was."""
    try:
        with transaction.root.descendant(DIRECTORIES[word]) as folder:
            return folder.what(transaction.journal.name) is not FileType.NOTHING
    except OSError:
        return True  # it cannot be seen


def unexpose(transaction: Transaction, done: Outcome) -> None:
    """Take the exposures away that the journal names, links and copies. What is neither is left, and named."""
    name = transaction.journal.name
    for word in sorted({*transaction.journal.take} - {COPY}):
        path = exposed_path(word, name)
        try:
            with transaction.root.descendant(DIRECTORIES[word]) as folder:
                if word in transaction.journal.old:
                    take(transaction, word, folder)
                elif folder.what(name) is FileType.LINK and folder.read_link(name) == link_target(word, name):
                    folder.discard(name)
                folder.sync()
        except FileNotFoundError:
            pass
        except OSError as error:
            if not _stands(transaction, word):
                raise  # it is gone, and not yet on the medium: whoever finishes the journal sees to that
            done.not_unexposed.append((path, error.strerror or "the disk gave no reason"))
            continue
        done.unexposed.append(path)


def is_untaken(transaction: Transaction, slot: str, where: Folder) -> bool:
    """Tell whether what is to go from a slot still stands there, whole."""
    displaced = displaced_name(transaction.journal.name, slot)
    is_kept = transaction.staging is not None and transaction.staging.what(displaced) is FileType.NOTHING
    return is_kept and where.what(transaction.journal.name) is not FileType.NOTHING


def put_back(transaction: Transaction) -> list[str]:
    """Undo `unexpose`, and return the paths at which it could not be undone."""
    missing: list[str] = []
    for word in sorted({*transaction.journal.take} - {COPY}):
        try:
            with transaction.root.descendant(DIRECTORIES[word]) as folder:
                _put_back(transaction, word, folder)
        except OSError as error:
            if error.errno in _PASSING:
                raise
            missing.append(exposed_path(word, transaction.journal.name))
    return missing


def _put_back(transaction: Transaction, word: str, folder: Folder) -> None:
    name, displaced = transaction.journal.name, displaced_name(transaction.journal.name, word)
    if word not in transaction.journal.old:
        with suppress(FileExistsError):
            folder.link(name, link_target(word, name))
    elif transaction.staging is not None and transaction.staging.what(displaced) is not FileType.NOTHING:
        transaction.staging.place(displaced, folder, name)
    folder.sync()


def keep_edits(transaction: Transaction, done: Outcome) -> None:
    """Move what was displaced, and is in no commit, to `.memtomem/.backup`, never over an earlier one."""
    if transaction.staging is None:
        return
    journal = transaction.journal
    for slot in sorted({*journal.swap, *journal.take}, key=lambda slot: (slot != COPY, slot)):
        for displaced in (staged_name(journal.name, slot), displaced_name(journal.name, slot)):
            if transaction.staging.what(displaced) is FileType.NOTHING:
                continue
            if plan_at(transaction.staging, displaced) in {journal.clean, journal.plan} - {None}:
                continue
            done.backups.append(_keep(transaction, transaction.staging, displaced, slot))


def _keep(transaction: Transaction, staging: Folder, displaced: str, slot: str) -> str:
    wanted = f"{transaction.journal.name}-{transaction.journal.stamp}" + ("" if slot == COPY else f"-{slot}")
    with transaction.memtomem.make_child(BACKUP) as backup:
        number, name = 1, wanted
        while backup.what(name) is not FileType.NOTHING:
            number, name = number + 1, f"{wanted}-{number + 1}"
        staging.place(displaced, backup, name)
        backup.sync()
    transaction.memtomem.sync()
    return f"{MEMTOMEM}/{BACKUP}/{name}"

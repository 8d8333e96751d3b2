"""The steps of a transaction on one slot: a tree comes into its place, goes from it, or is shown there.

A slot is where one tree of a change stands: the canonical copy, or an exposure. Each step sees whether it has been
done, and can be done again. What has to go and is not known to be in some commit is kept in `.memtomem/.backup`.
"""

import errno
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from wikipin.disk.folder import Folder, NotOrdinaryError, What
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
class Done:
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
class Work:
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
        if self.staging.what(staged) is What.NOTHING:
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
        return self.staging.what(displaced_name(self.journal.name, slot)) is What.NOTHING


def swap(work: Work, slot: str, into: Folder) -> bool:
    """Put the staged tree into its place, unless that is done; False where something stands that nobody knew of."""
    name, staging, progress = work.journal.name, work.staging, work.progress(slot, into)
    if progress is Progress.DAMAGED:
        raise OSError(errno.EIO, "what was staged has changed")
    if staging is None or progress is Progress.DONE:
        into.sync()  # whoever moved it may have died before
        return into.what(name) is not What.NOTHING
    staged = staged_name(name, slot)
    try:
        if into.what(name) is What.NOTHING:
            staging.place(staged, into, name)
        elif slot not in work.journal.old:
            return False
        elif not staging.exchange(staged, into, name):
            into.place(name, staging, displaced_name(name, slot))
            staging.place(staged, into, name)
    except FileExistsError:
        return False
    into.sync()
    staging.sync()
    return True


def take(work: Work, slot: str, where: Folder) -> None:
    """Take what stands at a slot away, unless that is done."""
    name, staging = work.journal.name, work.staging
    displaced = displaced_name(name, slot)
    if staging is not None and staging.what(displaced) is What.NOTHING and where.what(name) is not What.NOTHING:
        where.place(name, staging, displaced)
        staging.sync()
    where.sync()


def expose(work: Work, done: Done) -> None:
    """Make the exposures. One that cannot be made is no reason to undo a change: it is left out, and named."""
    for word in sorted({*work.journal.link, *work.journal.swap} - {COPY}):
        path = exposed_path(word, work.journal.name)
        try:
            made = _expose_in(work, word)
        except OSError as error:
            if _is_exposed(work, word):
                raise  # it is made, and is not on the medium yet: whoever finishes the journal sees to that
            done.not_exposed.append((path, error.strerror or "the disk gave no reason"))
        else:
            if not made:
                done.not_exposed.append((path, "something else stands there"))


def _expose_in(work: Work, word: str) -> bool:
    parent, last = DIRECTORIES[word].split("/")
    is_new = work.root.what(parent) is What.NOTHING
    with work.root.make_child(parent) as above:
        if is_new:
            work.root.sync()
        is_new = above.what(last) is What.NOTHING
        with above.make_child(last) as folder:
            if is_new:
                above.sync()
            if word in work.journal.swap:
                swap(work, word, folder)
            else:
                with suppress(FileExistsError):
                    folder.link(work.journal.name, link_target(word, work.journal.name))
            folder.sync()
    return _is_exposed(work, word)


def _is_exposed(work: Work, word: str) -> bool:
    """Tell whether what stands there is what the journal says: the link, or a copy of the same tree."""
    name = work.journal.name
    try:
        with work.root.descendant(DIRECTORIES[word]) as folder:
            if word in work.journal.swap:
                return plan_at(folder, name) == work.journal.plan
            return folder.what(name) is What.LINK and folder.read_link(name) == link_target(word, name)
    except (FileNotFoundError, NotOrdinaryError, PermissionError):
        return False


def _stands(work: Work, word: str) -> bool:
    """Tell whether anything stands where an exposure was."""
    try:
        with work.root.descendant(DIRECTORIES[word]) as folder:
            return folder.what(work.journal.name) is not What.NOTHING
    except OSError:
        return True  # it cannot be seen


def unexpose(work: Work, done: Done) -> None:
    """Take the exposures away that the journal names, links and copies. What is neither is left, and named."""
    name = work.journal.name
    for word in sorted({*work.journal.take} - {COPY}):
        path = exposed_path(word, name)
        try:
            with work.root.descendant(DIRECTORIES[word]) as folder:
                if word in work.journal.old:
                    take(work, word, folder)
                elif folder.what(name) is What.LINK and folder.read_link(name) == link_target(word, name):
                    folder.discard(name)
                folder.sync()
        except FileNotFoundError:
            pass
        except OSError as error:
            if not _stands(work, word):
                raise  # it is gone, and not yet on the medium: whoever finishes the journal sees to that
            done.not_unexposed.append((path, error.strerror or "the disk gave no reason"))
            continue
        done.unexposed.append(path)


def is_untaken(work: Work, slot: str, where: Folder) -> bool:
    """Tell whether what is to go from a slot still stands there, whole."""
    displaced = displaced_name(work.journal.name, slot)
    is_kept = work.staging is not None and work.staging.what(displaced) is What.NOTHING
    return is_kept and where.what(work.journal.name) is not What.NOTHING


def put_back(work: Work) -> list[str]:
    """Undo `unexpose`, and return the paths at which it could not be undone."""
    missing: list[str] = []
    for word in sorted({*work.journal.take} - {COPY}):
        try:
            with work.root.descendant(DIRECTORIES[word]) as folder:
                _put_back(work, word, folder)
        except OSError as error:
            if error.errno in _PASSING:
                raise
            missing.append(exposed_path(word, work.journal.name))
    return missing


def _put_back(work: Work, word: str, folder: Folder) -> None:
    name, displaced = work.journal.name, displaced_name(work.journal.name, word)
    if word not in work.journal.old:
        with suppress(FileExistsError):
            folder.link(name, link_target(word, name))
    elif work.staging is not None and work.staging.what(displaced) is not What.NOTHING:
        work.staging.place(displaced, folder, name)
    folder.sync()


def keep_edits(work: Work, done: Done) -> None:
    """Move what was displaced, and is in no commit, to `.memtomem/.backup`, never over an earlier one."""
    if work.staging is None:
        return
    journal = work.journal
    for slot in sorted({*journal.swap, *journal.take}, key=lambda slot: (slot != COPY, slot)):
        for displaced in (staged_name(journal.name, slot), displaced_name(journal.name, slot)):
            if work.staging.what(displaced) is What.NOTHING:
                continue
            if plan_at(work.staging, displaced) in {journal.clean, journal.plan} - {None}:
                continue
            done.backups.append(_keep(work, work.staging, displaced, slot))


def _keep(work: Work, staging: Folder, displaced: str, slot: str) -> str:
    wanted = f"{work.journal.name}-{work.journal.stamp}" + ("" if slot == COPY else f"-{slot}")
    with work.memtomem.make_child(BACKUP) as backup:
        number, name = 1, wanted
        while backup.what(name) is not What.NOTHING:
            number, name = number + 1, f"{wanted}-{number + 1}"
        staging.place(displaced, backup, name)
        backup.sync()
    work.memtomem.sync()
    return f"{MEMTOMEM}/{BACKUP}/{name}"

"""The transaction: a journal is written, and what it says is done, each step so that it can be done again.

Once `write_journal` has returned the change is certain. `finish` is the same code for whoever wrote the journal and for
whoever finds it after a crash; the project's lock is held in both.
"""

from contextlib import ExitStack, suppress
from dataclasses import replace

from wikipin.disk.folder import FileType, Folder
from wikipin.plan.change import COPY
from wikipin.plan.exposure import CANONICAL
from wikipin.plan.lockfile import Lockfile
from wikipin.project import journal as journals
from wikipin.project.inspection import read_lockfile
from wikipin.project.journal import Journal, parse_journal
from wikipin.project.layout import LOCKFILE, REDO, SKILLS, TXN, check_layout
from wikipin.project.placing import Outcome, Transaction, expose, is_untaken, keep_edits, put_back, swap, take, unexpose
from wikipin.project.staging import STAGING, sweep


class NotCommittedError(OSError):
    """The disk failed while nothing of a change was visible yet, and the journal is gone or was never there."""


def has_journal(memtomem: Folder) -> bool:
    """Tell whether a change is decided and not finished."""
    if memtomem.what(TXN) is FileType.NOTHING:
        return False
    with memtomem.child(TXN) as txn:
        return txn.what(REDO) is not FileType.NOTHING


def has_leftovers(memtomem: Folder) -> bool:
    """Tell whether anything is staged or half written: by somebody at transaction, or by somebody who is gone."""
    return any(_is_filled(memtomem, name) for name in (TXN, STAGING))


def _is_filled(memtomem: Folder, name: str) -> bool:
    if memtomem.what(name) is FileType.NOTHING:
        return False
    with memtomem.child(name) as folder:
        return bool(folder.names())


def recover(root: Folder, memtomem: Folder) -> None:
    """Finish what a crash left, under the lock: the change in the journal, then what was only staged."""
    check_layout(memtomem)
    if _is_filled(memtomem, TXN):
        with memtomem.child(TXN) as txn:
            if txn.what(REDO) is not FileType.NOTHING:
                txn.sync()  # whoever committed may have died before: the journal goes to the medium before what it says
                with suppress(NotCommittedError):  # it is undone, and stands in nobody's way any more
                    finish(root, memtomem, parse_journal(txn.read(REDO, limit=journals.LARGEST)))
            for name in txn.names():
                txn.discard(name)
    sweep(memtomem)


def write_journal(txn: Folder, journal: Journal) -> None:
    """Commit: when this returns, what the journal says will be done. Raises NotCommittedError where it never will."""
    new = f"{REDO}.new"
    try:
        txn.discard(new)
        txn.write_new(new, journal.render().encode())
        txn.sync_file(new)
        txn.rename(new, txn, REDO)
    except OSError as error:
        raise NotCommittedError(error.errno, error.strerror, journals.PATH) from error
    txn.sync()


def finish(root: Folder, memtomem: Folder, journal: Journal) -> Outcome | None:
    """Do what the journal says, as far as it is not done yet; None where the place was taken, and nothing was done.

    The copy comes before what leads to it, and goes after it, so that nobody sees an exposure of nothing.
    """
    with ExitStack() as stack:
        txn = stack.enter_context(memtomem.child(TXN))
        skills = stack.enter_context(memtomem.make_child(SKILLS))
        transaction = Transaction(root, memtomem, skills, _staging_of(memtomem, journal, stack), journal)
        try:
            is_placed = COPY not in journal.swap or swap(transaction, COPY, skills)
        except OSError as error:
            if not transaction.is_untouched(COPY, skills):
                raise
            txn.discard(REDO)
            txn.sync()
            raise NotCommittedError(error.errno, error.strerror, f"{CANONICAL}/{journal.name}") from error
        done = None
        if is_placed:
            memtomem.sync()
            done = Outcome(journal.entry.installed_at if journal.entry else None)
            expose(transaction, done)
            unexpose(transaction, done)
            if COPY in journal.take:
                _take_copy(transaction, txn, skills)
            _record(memtomem, txn, journal, done)
            keep_edits(transaction, done)
        txn.discard(REDO)
        txn.sync()
        return done


def _take_copy(transaction: Transaction, txn: Folder, skills: Folder) -> None:
    """Take the copy away. One that cannot be moved stays, and its exposures and its entry with it."""
    try:
        take(transaction, COPY, skills)
    except OSError as error:
        if not is_untaken(transaction, COPY, skills):
            raise
        missing = "".join(f", and '{path}' could not be made again" for path in put_back(transaction))
        keep_edits(transaction, Outcome(None))
        txn.discard(REDO)
        txn.sync()
        path = f"{CANONICAL}/{transaction.journal.name}"
        raise NotCommittedError(error.errno, f"{error.strerror}{missing}", path) from error


def _staging_of(memtomem: Folder, journal: Journal, stack: ExitStack) -> Folder | None:
    try:
        return stack.enter_context(memtomem.descendant(f"{STAGING}/{journal.staging}"))
    except FileNotFoundError:
        return None


def _record(memtomem: Folder, txn: Folder, journal: Journal, done: Outcome) -> None:
    before = read_lockfile(memtomem)
    after = _recorded(before, journal, done)
    if after != before or memtomem.what(LOCKFILE) is FileType.NOTHING:
        replace_file(memtomem, txn, LOCKFILE, after.render(), _mode_of(memtomem, LOCKFILE))
    else:
        memtomem.sync()  # whoever replaced it may have died before


def _recorded(lockfile: Lockfile, journal: Journal, done: Outcome) -> Lockfile:
    if journal.entry is None:
        return lockfile.without_entry(journal.name)
    unseen = {path for path, _ in done.not_exposed}
    done.exposed = [path for path in journal.entry.exposed or [] if path not in unseen]
    # An exposure that could not be made, and that the lockfile has named before, is still to be made, or an old one.
    before = lockfile.entry(journal.name)
    named = () if before is None or before.exposed is None else before.exposed
    ours = [*done.exposed, *unseen.intersection(named)]
    return lockfile.with_entry(journal.name, replace(journal.entry, exposed=ours))


def _mode_of(folder: Folder, name: str) -> int:
    try:
        return folder.mode(name)
    except FileNotFoundError:
        return 0o600


def replace_file(memtomem: Folder, txn: Folder, name: str, text: str, mode: int) -> None:
    """Write a file whole and synced to a new name, and rename it over `name`."""
    new = f"{name}.new"
    txn.discard(new)
    txn.write_new(new, text.encode(), mode=mode, exact_mode=name == LOCKFILE)
    txn.sync_file(new)
    txn.rename(new, memtomem, name)
    memtomem.sync()

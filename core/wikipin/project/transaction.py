"""The transaction: a journal is written, and what it says is done, in steps that can be done again.

Once `write_journal` has returned, the changes are certain. `finish` is the same code for the process that wrote the
journal and for one that finds it after a crash. The project's lock is held in both.
"""

import errno
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder
from wikipin.plan.entry import Entry
from wikipin.plan.lockfile import Lockfile
from wikipin.project import journal as journals
from wikipin.project.inspection import read_lockfile
from wikipin.project.journal import Journal, parse_journal
from wikipin.project.layout import LOCKFILE, REDO, TXN, check_layout
from wikipin.project.places import Places
from wikipin.project.placing import Outcome, Placement
from wikipin.project.slot import Transaction
from wikipin.project.staging import STAGING, sweep


class NotCommittedError(OSError):
    """The disk failed before anything of the changes was visible, and there is no journal."""


def has_journal(memtomem: Folder) -> bool:
    """Tell whether changes are decided and not finished."""
    if memtomem.what(TXN) is FileType.NOTHING:
        return False
    with memtomem.child(TXN) as txn:
        return txn.what(REDO) is not FileType.NOTHING


def has_leftovers(memtomem: Folder) -> bool:
    """Tell whether anything is staged or half written, by a process at work or by one that is gone."""
    return any(_is_filled(memtomem, name) for name in (TXN, STAGING))


def _is_filled(memtomem: Folder, name: str) -> bool:
    if memtomem.what(name) is FileType.NOTHING:
        return False
    with memtomem.child(name) as folder:
        return bool(folder.names())


def recover(root: Folder, memtomem: Folder) -> None:
    """Finish what the journal says, if there is one, and remove what was only staged. The lock is held."""
    check_layout(memtomem)
    if _is_filled(memtomem, TXN):
        with memtomem.child(TXN) as txn:
            if txn.what(REDO) is not FileType.NOTHING:
                txn.sync()  # its writer may have died before: the journal reaches the medium before the changes do
                finish(root, memtomem, parse_journal(txn.read(REDO, limit=journals.LARGEST)), is_found=True)
            for name in txn.names():
                txn.discard(name)
    sweep(memtomem)


def write_journal(txn: Folder, journal: Journal) -> None:
    """Commit: when this returns, the changes are certain. Raises NotCommittedError if none will ever be made."""
    new = f"{REDO}.new"
    content = journal.render().encode()
    if len(content) > journals.LARGEST:
        raise NotCommittedError(errno.EFBIG, os.strerror(errno.EFBIG), journals.PATH)
    try:
        txn.discard(new)
        txn.write_new(new, content)
        txn.sync_file(new)
        txn.rename(new, txn, REDO)
    except OSError as error:
        raise NotCommittedError(error.errno, error.strerror, journals.PATH) from error
    # Some file systems write a renaming down later than what is done after it (ext2; ext4 without a journal). There a
    # power cut would leave half of a change and no journal; on those that keep the order this sync cannot be missed.
    txn.sync()


def finish(root: Folder, memtomem: Folder, journal: Journal, *, is_found: bool = False) -> list[Outcome]:
    """Do what the journal says, as far as it is not done yet, and return what became of each of its changes.

    Copies come before their exposures, and go after them, so that nobody sees an exposure of nothing. A change of
    which the disk refuses the first step is left out. `is_found` tells that another process wrote the journal.
    """
    with ExitStack() as stack:
        txn = stack.enter_context(memtomem.child(TXN))
        places = Places(root, memtomem, stack, is_found=is_found)
        transaction = Transaction(places, _staging_of(memtomem, journal, stack), journal, is_found)
        placements = [Placement(transaction, change) for change in journal.changes]
        places.changed(memtomem)
        for step in (Placement.place_copy, Placement.expose, Placement.unexpose, Placement.remove_copy):
            for placement in placements:
                if placement.outcome.failure is None:
                    step(placement)
            places.sync()
        outcomes = [placement.outcome for placement in placements]
        _record(memtomem, txn, [outcome for outcome in outcomes if outcome.failure is None])
        for placement in placements:
            placement.keep_edits()
        places.sync()
        txn.discard(REDO)
        txn.sync()
        return outcomes


def _staging_of(memtomem: Folder, journal: Journal, stack: ExitStack) -> Folder | None:
    try:
        return stack.enter_context(memtomem.descendant(f"{STAGING}/{journal.staging}"))
    except FileNotFoundError:
        return None


def _record(memtomem: Folder, txn: Folder, outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    before = read_lockfile(memtomem)
    after = before.with_entries({outcome.asset: _entry_after(before, outcome) for outcome in outcomes})
    if after != before or memtomem.what(LOCKFILE) is FileType.NOTHING:
        replace_file(memtomem, txn, LOCKFILE, after.render(), _mode_of(memtomem, LOCKFILE))
    else:
        memtomem.sync()  # the process that replaced it may have died before it synced


def _entry_after(before: Lockfile, outcome: Outcome) -> Entry | None:
    entry = outcome.change.entry
    if entry is None:
        return None
    unseen = {path for path, _ in outcome.not_exposed}
    outcome.exposed = [path for path in entry.exposed or [] if path not in unseen]
    # An exposure that could not be made stays in the entry if it was there before: it is to be made, or is an old one.
    known = before.entry(outcome.asset)
    named = () if known is None or known.exposed is None else known.exposed
    return replace(entry, exposed=sorted([*outcome.exposed, *unseen.intersection(named)]))


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

"""The transaction: a journal is written, and what it says is done, each step so that it can be done again.

Once `write_journal` has returned the change is certain. `finish` is the same code for whoever wrote the journal and for
whoever finds it after a crash; the project's lock is held in both.
"""

import errno
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from wikipin import journal as journals
from wikipin.exposure import DIRECTORIES, exposed_path, link_target
from wikipin.folder import Folder, NotOrdinaryError, What
from wikipin.inspection import read_lockfile
from wikipin.journal import Journal, parse_journal
from wikipin.layout import LOCKFILE, REDO, SKILLS, TXN, check_layout
from wikipin.lockfile import Entry
from wikipin.staging import STAGING, sweep

COPY = "copy"
"""The slot of a staging directory that becomes the canonical copy."""


class NotCommittedError(OSError):
    """The disk failed while nothing of a change was visible yet, and the journal is gone or was never there."""


@dataclass(frozen=True)
class Done:
    """What a transaction did: when, where the skill can be seen, and where it could not be shown (path, why)."""

    installed_at: str
    exposed: list[str]
    not_exposed: list[tuple[str, str]]


def has_journal(memtomem: Folder) -> bool:
    """Tell whether a change is decided and not finished."""
    if memtomem.what(TXN) is What.NOTHING:
        return False
    with memtomem.child(TXN) as txn:
        return txn.what(REDO) is not What.NOTHING


def has_leftovers(memtomem: Folder) -> bool:
    """Tell whether anything is staged or half written: by somebody at work, or by somebody who is gone."""
    return any(_is_filled(memtomem, name) for name in (TXN, STAGING))


def _is_filled(memtomem: Folder, name: str) -> bool:
    if memtomem.what(name) is What.NOTHING:
        return False
    with memtomem.child(name) as folder:
        return bool(folder.names())


def recover(root: Folder, memtomem: Folder) -> None:
    """Finish what a crash left, under the lock: the change in the journal, then what was only staged."""
    check_layout(memtomem)
    if _is_filled(memtomem, TXN):
        with memtomem.child(TXN) as txn:
            if txn.what(REDO) is not What.NOTHING:
                txn.sync()  # whoever committed may have died before: the journal goes to the medium before what it says
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
        raise NotCommittedError(error.errno, error.strerror) from error
    txn.sync()


def finish(root: Folder, memtomem: Folder, journal: Journal) -> Done | None:
    """Do what the journal says, as far as it is not done yet; None where the place was taken, and nothing was done."""
    with ExitStack() as stack:
        txn = stack.enter_context(memtomem.child(TXN))
        skills = stack.enter_context(memtomem.make_child(SKILLS))
        staging = _staging_of(memtomem, journal, stack)
        done = None
        try:
            placed = _place(staging, COPY, skills, journal.name, journal.plan)
        except OSError as error:
            if staging is None or staging.what(COPY) is What.NOTHING:
                raise
            txn.discard(REDO)
            txn.sync()
            raise NotCommittedError(error.errno, error.strerror) from error
        if placed:
            memtomem.sync()
            done = _expose(root, staging, journal)
            entry = Entry(journal.commit, journal.installed_at, journal.digests, done.exposed)
            lockfile = read_lockfile(memtomem).with_entry(journal.name, entry)
            replace_file(memtomem, txn, LOCKFILE, lockfile.render(), _mode_of(memtomem, LOCKFILE))
        txn.discard(REDO)
        txn.sync()
        return done


def _staging_of(memtomem: Folder, journal: Journal, stack: ExitStack) -> Folder | None:
    try:
        return stack.enter_context(stack.enter_context(memtomem.child(STAGING)).child(journal.staging))
    except FileNotFoundError:
        return None


def _place(staging: Folder | None, slot: str, into: Folder, name: str, plan: str) -> bool:
    """Move the staged tree into place, unless that is done; say whether it is there now, and synced."""
    if staging is None or staging.what(slot) is What.NOTHING:
        into.sync()  # whoever moved it may have died before
        return into.what(name) is not What.NOTHING
    with staging.child(slot) as staged:
        if staged.scan().plan != plan:
            raise OSError(errno.EIO, "what was staged has changed")
    try:
        staging.place(slot, into, name)
    except FileExistsError:
        return False
    into.sync()
    staging.sync()
    return True


def _expose(root: Folder, staging: Folder | None, journal: Journal) -> Done:
    """Make the exposures. One that cannot be made is no reason to undo an install: it is left out, and named."""
    exposed: list[str] = []
    not_exposed: list[tuple[str, str]] = []
    for word in sorted((*journal.links, *journal.copies)):
        path = exposed_path(word, journal.name)
        try:
            made = _expose_in(root, staging, word, journal)
        except OSError as error:
            if _is_exposed(root, word, journal):
                raise  # it is made, and is not on the medium yet: whoever finishes the journal sees to that
            not_exposed.append((path, error.strerror or "the disk gave no reason"))
        else:
            exposed.append(path) if made else not_exposed.append((path, "something else stands there"))
    return Done(journal.installed_at, exposed, not_exposed)


def _expose_in(root: Folder, staging: Folder | None, word: str, journal: Journal) -> bool:
    with ExitStack() as stack:
        folder = root
        for part in DIRECTORIES[word].split("/"):
            is_new = folder.what(part) is What.NOTHING
            child = stack.enter_context(folder.make_child(part))
            if is_new:
                folder.sync()
            folder = child
        if word in journal.copies:
            _place(staging, word, folder, journal.name, journal.plan)
        else:
            with suppress(FileExistsError):
                folder.link(journal.name, link_target(word, journal.name))
        folder.sync()
    return _is_exposed(root, word, journal)


def _is_exposed(root: Folder, word: str, journal: Journal) -> bool:
    """Tell whether what stands there is what the journal says: the link, or a copy of the same tree."""
    with ExitStack() as stack:
        folder = root
        try:
            for part in DIRECTORIES[word].split("/"):
                folder = stack.enter_context(folder.child(part))
            if word in journal.copies:
                return stack.enter_context(folder.child(journal.name)).scan().plan == journal.plan
        except (FileNotFoundError, NotOrdinaryError):
            return False
        is_link = folder.what(journal.name) is What.LINK
        return is_link and folder.read_link(journal.name) == link_target(word, journal.name)


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

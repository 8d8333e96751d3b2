"""A set of changes: what one call does to a project, to one asset or to a thousand.

All of it is staged in one directory, decided under one lock, committed with one journal, and recorded by replacing the
lockfile once.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from wikipin.asset import MEMTOMEM, Asset
from wikipin.checkpoint import shielded
from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder
from wikipin.errors import WikipinError
from wikipin.plan.change import Change
from wikipin.project import failure
from wikipin.project.hindrance import Hindrances
from wikipin.project.inspection import Survey, survey
from wikipin.project.journal import Journal, staged_name
from wikipin.project.layout import FILES, TXN, check_writable
from wikipin.project.lock import locked, locked_copies
from wikipin.project.placing import Outcome
from wikipin.project.staging import Staging, open_staging
from wikipin.project.transaction import NotCommittedError, finish, recover, replace_file, write_journal
from wikipin.tree import Tree

Failures = Mapping[Asset, WikipinError]


class ChangeSet:
    """Changes that are staged, and then committed together. Nothing is made on disk before the first is staged."""

    def __init__(self, root: Folder, stack: ExitStack) -> None:
        self._root = root
        self._stack = stack
        self._opened: tuple[Folder, Staging] | None = None
        self.assets: list[Asset] = []
        """The assets of the staged changes."""

    @property
    def _places(self) -> tuple[Folder, Staging]:
        if self._opened is None:
            memtomem = self._stack.enter_context(self._root.make_child(MEMTOMEM))
            self._root.sync()
            check_writable(memtomem)
            self._opened = memtomem, self._stack.enter_context(open_staging(memtomem))
        return self._opened

    def stage(self, change: Change, tree: Tree | None) -> None:
        """Write `tree` once for each slot that a change replaces. No lock is held."""
        _, staging = self._places
        self.assets.append(change.asset)
        for slot in change.replace:
            if tree is not None:
                staging.write(staged_name(change.asset, slot), tree)

    @contextmanager
    def locked(self) -> Generator[Survey]:
        """Hold the project's lock, finish what a crash left, and give what the project says of the assets."""
        memtomem, staging = self._places
        staging.sync()
        with locked_copies(memtomem, self.assets), locked(memtomem), shielded():
            recover(self._root, memtomem)
            yield survey(self._root, memtomem, self.assets)

    def commit(self, changes: Sequence[Change], seen: Survey) -> tuple[list[Outcome], Failures]:
        """Do `changes`; return the outcomes of those that were done, and the refusals of the others. The lock is held.

        Each is done whole or not at all. If an error says that they are committed, the next command finishes them.
        """
        certain, failures = self._possible(changes)
        if not certain:
            return [], failures
        now = datetime.now(UTC)
        time = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        certain = [_timed(change, time) for change in certain]
        _require_room(seen, certain)
        outcomes = self._finish(Journal(self._places[1].name, now.strftime("%Y%m%dT%H%M%S%fZ"), certain))
        failures |= {outcome.asset: _explained(outcome, seen) for outcome in outcomes if outcome.failure is not None}
        return [outcome for outcome in outcomes if outcome.failure is None], failures

    def _possible(self, changes: Sequence[Change]) -> tuple[list[Change], dict[Asset, WikipinError]]:
        """Return the changes that can be carried through, and the refusals of the others."""
        memtomem, staging = self._places
        hindrances = Hindrances(self._root, memtomem, staging)
        possible: list[Change] = []
        refused: dict[Asset, WikipinError] = {}
        if changes:
            hindrances.check_lockfile()
        for change in changes:
            try:
                if any(
                    staging.digests.get(staged_name(change.asset, slot)) != change.digest for slot in change.replace
                ):
                    raise failure.overtaken(change.asset)
                hindrances.check(change)
            except WikipinError as error:
                refused[change.asset] = error
            else:
                possible.append(change)
        return possible, refused

    def _finish(self, journal: Journal) -> list[Outcome]:
        """Write the journal, do what it says; return the outcomes. An error says whether the changes are committed."""
        memtomem, staging = self._places
        with memtomem.make_child(TXN) as txn:
            for name, text in FILES.items():
                if memtomem.what(name) is FileType.NOTHING:
                    replace_file(memtomem, txn, name, text, 0o666)
            memtomem.sync()
            staging.keep = True
            try:
                write_journal(txn, journal)
                outcomes = finish(self._root, memtomem, journal)
            except NotCommittedError:
                staging.keep = False
                raise
            except OSError as error:
                raise failure.interrupted([change.asset for change in journal.changes], error) from error
            except WikipinError as error:  # the lockfile, of all things, was broken by somebody in the meantime
                raise WikipinError(error.code, f"{error.problem}; the change is committed", error.remedy) from error
            staging.keep = False
            return outcomes


def _timed(change: Change, time: str) -> Change:
    if change.entry is None or change.entry.installed_at:
        return change
    return replace(change, entry=replace(change.entry, installed_at=time))


def _require_room(seen: Survey, changes: Sequence[Change]) -> None:
    """Refuse changes that would make the lockfile too large to be read again."""
    if not seen.lockfile.with_entries({change.asset: change.entry for change in changes}).can_be_read_again():
        raise failure.too_much()


def _explained(outcome: Outcome, seen: Survey) -> WikipinError:
    """Say why nothing of a change was done."""
    why = outcome.failure
    if isinstance(why, FileExistsError):
        return failure.appeared(outcome.asset, has_entry=seen.assets[outcome.asset].entry is not None)
    return failure.unplaced(outcome.asset, why)

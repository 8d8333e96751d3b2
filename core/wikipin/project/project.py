"""A project's state on disk: the lock, what is there, and the journalled transaction that changes it.

The only module that changes a project. A change is staged and synced first; then, under the lock, the journal is
written: from there on the change is certain, whoever finishes it. Killed at any moment, the next command finds either
no journal, and sweeps what was staged, or a journal, and finishes what it says.
"""

import errno
import math
import os
import weakref
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from wikipin.checkpoint import shielded
from wikipin.disk.folder import FileType, Folder, Identity, NotOrdinaryError
from wikipin.errors import WikipinError
from wikipin.plan import refusal
from wikipin.plan.change import Change
from wikipin.plan.exposure import CANONICAL
from wikipin.plan.state import ProjectSkill
from wikipin.project.hindrance import check_movable
from wikipin.project.inspection import Survey, lockfile_bytes, look, survey, unsettled, unsettled_of
from wikipin.project.journal import Journal, staged_name
from wikipin.project.layout import FILES, LOCK, MEMTOMEM, TXN, check_layout, check_writable
from wikipin.project.lock import locked, locked_copies
from wikipin.project.placing import Outcome
from wikipin.project.staging import Staging, open_staging
from wikipin.project.transaction import (
    NotCommittedError,
    finish,
    has_journal,
    has_leftovers,
    recover,
    replace_file,
    write_journal,
)
from wikipin.remedy import Argument, Remedy
from wikipin.tree import LARGEST_FILE, Tree

_NOT_OURS_TO_FINISH = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV})

_NOT_THERE = (FileNotFoundError, NotOrdinaryError, PermissionError)

_T = TypeVar("_T")


class Project(AbstractContextManager["Project"]):
    """One project directory, held open: this one, whatever its path leads to by now.

    Close it, or use it in a `with`; one that is forgotten is closed with it.
    """

    def __init__(self, path: Path, root: Folder | None = None) -> None:
        """Take over `root`; if there is none, open the directory at `path`, following links."""
        self.path = path
        self._root = Folder.open(path) if root is None else root
        self._close = weakref.finalize(self, os.close, self._root.descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def identity(self) -> Identity:
        """Device and inode of the directory: the same by each way to it, and no other's while it is open."""
        return self._root.identity

    @property
    def shown(self) -> str:
        """Its path for a person, below the home directory from `~`. It was right when the project was opened."""
        with suppress(ValueError, RuntimeError):
            return str("~" / self.path.relative_to(os.path.realpath(Path.home())))
        return str(self.path)

    def look(self, name: str) -> ProjectSkill:
        """Return what the project says of one skill, without a lock unless something is under way."""
        with self._opened() as root:
            return self._consistently(root, lambda memtomem: look(root, memtomem, name), unsettled)

    def survey(self) -> Survey:
        """Return what the project says of all its skills, as `look` does."""
        with self._opened() as root:
            return self._consistently(root, lambda memtomem: survey(root, memtomem), unsettled_of)

    def read_lockfile(self) -> bytes | None:
        """Return the bytes of the lockfile as they are, or None where there is none."""
        with self._opened() as root:
            return self._consistently(root, lockfile_bytes, lambda _: [])

    def read_copy(self, name: str, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of files of a skill's copy, as `read_files` does."""
        return self.read_files(f"{CANONICAL}/{name}", paths)

    def read_files(self, directory: str, paths: Iterable[str], *, most: float = math.inf) -> dict[str, bytes]:
        """Return the bytes of files below one directory, of each one more than LARGEST_FILE at most.

        What is not there, is no file or may not be read is left out, and so is all that comes after `most` bytes.
        """
        found: dict[str, bytes] = {}
        with self._opened() as root, suppress(*_NOT_THERE), root.descendant(directory) as top:
            for path in paths:
                parent, _, last = path.rpartition("/")
                with suppress(*_NOT_THERE), top.descendant(parent) if parent else nullcontext(top) as folder:
                    found[path] = folder.read(last, limit=LARGEST_FILE)
                    most -= len(found[path])
                if most < 0:
                    break
        return found

    @contextmanager
    def change(self, changes: Iterable[tuple[Change, Tree | None]]) -> Generator["Locked"]:
        """Stage what each change needs; then hold the project's lock, with everything finished that a crash left.

        A change that replaces nothing and puts nothing into place has no tree.
        """
        with self._opened() as root, ExitStack() as stack:
            memtomem = stack.enter_context(root.make_child(MEMTOMEM))
            root.sync()
            check_writable(memtomem)
            staging = stack.enter_context(open_staging(memtomem))
            names: list[str] = []
            for change, tree in changes:
                names.append(change.name)
                if tree is not None:
                    for slot in change.swap:
                        staging.write(staged_name(change.name, slot), tree)
            stack.enter_context(locked_copies(memtomem, names))
            stack.enter_context(locked(memtomem))
            stack.enter_context(shielded())
            recover(root, memtomem)
            yield Locked(root, memtomem, staging)

    @contextmanager
    def _opened(self) -> Generator[Folder]:
        """The directory, and what the disk says of it in a sentence."""
        try:
            self._require_there()
            with _explained():
                yield self._root
        except WikipinError as error:
            if error.code == "io-error":
                self._require_there()
            raise

    def _require_there(self) -> None:
        if self._root.is_deleted:
            raise WikipinError(
                "project-not-found",
                f"the directory '{self.path.name}' has been removed",
                Remedy("Give a directory that exists as ", Argument("project")),
            )

    def _consistently(
        self, root: Folder, read: Callable[[Folder | None], _T], unsettled: Callable[[_T], list[str]]
    ) -> _T:
        """Read without the lock; where that may have seen the middle of a change, finish it or wait, and read again.

        `unsettled` names the skills of which something was seen that a change leaves in its middle, and an edit too.
        """
        if root.what(MEMTOMEM) is FileType.NOTHING:
            return read(None)
        with root.child(MEMTOMEM) as memtomem:
            check_layout(memtomem)
            seen, names = None, list[str]()
            if not has_journal(memtomem):
                with suppress(FileNotFoundError):  # renamed away while we read
                    seen = read(memtomem)
                    names = unsettled(seen)
            if seen is not None and not names:
                _tidy(root, memtomem)
                return seen
            if memtomem.what(LOCK) is FileType.NOTHING:
                return read(memtomem)
            try:
                with locked_copies(memtomem, names), locked(memtomem):
                    with shielded():
                        recover(root, memtomem)
                    return read(memtomem)
            except OSError as error:
                if error.errno not in _NOT_OURS_TO_FINISH:
                    raise
                return read(memtomem)


def _tidy(root: Folder, memtomem: Folder) -> None:
    """Sweep what a crash left before anything was decided, if there is any and nobody is at work just now."""
    if has_leftovers(memtomem):
        with suppress(OSError, WikipinError), locked(memtomem, seconds=0), shielded():
            recover(root, memtomem)


class Locked:
    """A project under its lock."""

    def __init__(self, root: Folder, memtomem: Folder, staging: Staging) -> None:
        self._root = root
        self._memtomem = memtomem
        self._staging = staging

    def look(self, name: str) -> ProjectSkill:
        """Return what the project says of one skill now."""
        with _explained():
            return look(self._root, self._memtomem, name)

    def commit(self, change: Change) -> Outcome:
        """Do `change`: whole, or, where an error says so, certain to be finished by the next command."""
        with _explained():
            if has_journal(self._memtomem):  # of the change before this one, which the disk did not let us finish
                recover(self._root, self._memtomem)
            return self._commit(change)

    def _commit(self, change: Change) -> Outcome:
        staged = (staged_name(change.name, slot) for slot in change.swap)
        if any(self._staging.plans.get(name) != change.plan for name in staged):
            raise WikipinError(
                "busy", f"another program changed skill '{change.name}' in this project meanwhile", "Try again"
            )
        check_movable(self._root, self._memtomem, self._staging, change)
        now = datetime.now(UTC)
        entry = change.entry
        if entry is not None and not entry.installed_at:
            entry = replace(entry, installed_at=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        journal = Journal(
            change.name,
            self._staging.name,
            now.strftime("%Y%m%dT%H%M%S%fZ"),
            entry,
            change.plan,
            change.swap,
            change.link,
            change.take,
            change.old,
            change.clean,
        )
        with self._memtomem.make_child(TXN) as txn:
            for name, text in FILES.items():
                if self._memtomem.what(name) is FileType.NOTHING:
                    replace_file(self._memtomem, txn, name, text, 0o666)
            self._memtomem.sync()
            done = self._run(txn, journal)
        if done is None:
            raise refusal.appeared(
                change.name, has_entry=look(self._root, self._memtomem, change.name).entry is not None
            )
        return done

    def _run(self, txn: Folder, journal: Journal) -> Outcome | None:
        """Write the journal and do what it says; an error says whether the change is committed."""
        self._staging.keep = True
        try:
            write_journal(txn, journal)
            done = finish(self._root, self._memtomem, journal)
        except NotCommittedError:
            self._staging.keep = False
            raise
        except OSError as error:
            raise WikipinError(
                "io-error",
                f"the disk said '{error.strerror}' while skill '{journal.name}' was put into place; "
                "the change is committed",
                "Make room or mend the disk, and try again: whatever wikipin does next finishes the change",
            ) from error
        except WikipinError as error:  # the lockfile, of all things, was broken by somebody in the meantime
            raise WikipinError(error.code, f"{error.problem}; the change is committed", error.remedy) from error
        self._staging.keep = False
        return done


@contextmanager
def _explained() -> Generator[None]:
    """Turn what the disk says into a sentence for a reader."""
    try:
        yield
    except NotOrdinaryError as error:
        raise WikipinError(
            "unsafe-project",
            f"'{error.filename}' in the project is a link or a special file where wikipin keeps a directory or a file",
            f"Look at it, remove it, and try again; nothing of {MEMTOMEM} may be a link",
        ) from None
    except OSError as error:
        at = f" at '{error.filename}'" if isinstance(error, NotCommittedError) else ""
        raise WikipinError(
            "io-error",
            f"the disk said '{error.strerror}'{at}; nothing was changed",
            "Mend that, and try again",
        ) from error

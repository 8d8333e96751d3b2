"""A project's state on disk: the lock, what is there, and the journalled transaction that changes it.

The only module that changes a project. A change is staged and synced first; then, under the lock, the journal is
written: from there on the change is certain, whoever finishes it. Killed at any moment, the next command finds either
no journal, and sweeps what was staged, or a journal, and finishes what it says.
"""

import errno
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from wikipin.errors import WikipinError
from wikipin.folder import Folder, NotOrdinaryError, What
from wikipin.inspection import Survey, agrees, all_agree, lockfile_bytes, look, survey
from wikipin.journal import Journal
from wikipin.layout import FILES, LOCK, MEMTOMEM, SKILLS, TXN, check_layout
from wikipin.lock import locked
from wikipin.plan import Change, Evidence
from wikipin.staging import Staging, open_staging
from wikipin.transaction import (
    COPY,
    Done,
    NotCommittedError,
    finish,
    has_journal,
    has_leftovers,
    recover,
    replace_file,
    write_journal,
)

_NOT_OURS_TO_FINISH = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

_T = TypeVar("_T")


class Project:
    """One project directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def look(self, name: str) -> Evidence:
        """Return what the project says of one skill, without a lock unless something is under way."""
        with _explained(), Folder.open(self.path) as root:
            return self._consistently(root, lambda memtomem: look(root, memtomem, name), agrees)

    def survey(self) -> Survey:
        """Return what the project says of all its skills, as `look` does."""
        with _explained(), Folder.open(self.path) as root:
            return self._consistently(root, survey, all_agree)

    def read_lockfile(self) -> bytes | None:
        """Return the bytes of the lockfile as they are, or None where there is none."""
        with _explained(), Folder.open(self.path) as root:
            return self._consistently(root, lockfile_bytes, lambda _: True)

    @contextmanager
    def change(self, change: Change) -> Generator["Locked"]:
        """Stage what `change` needs; then hold the project's lock, with everything finished that a crash left."""
        with _explained(), ExitStack() as stack:
            root = stack.enter_context(Folder.open(self.path))
            memtomem = stack.enter_context(root.make_child(MEMTOMEM))
            root.sync()
            staging = stack.enter_context(open_staging(memtomem))
            staging.write(COPY, change.tree)
            for word in change.exposure.words if change.exposure.mode == "copy" else ():
                staging.write(word, change.tree)
            stack.enter_context(locked(memtomem))
            recover(root, memtomem)
            yield Locked(root, memtomem, staging)

    def _consistently(self, root: Folder, read: Callable[[Folder | None], _T], is_settled: Callable[[_T], bool]) -> _T:
        """Read without the lock; where that may have seen the middle of a change, finish it or wait, and read again."""
        if root.what(MEMTOMEM) is What.NOTHING:
            return read(None)
        with root.child(MEMTOMEM) as memtomem:
            check_layout(memtomem)
            seen = None
            if not has_journal(memtomem):
                with suppress(FileNotFoundError):  # renamed away while we read
                    seen = read(memtomem)
            if seen is not None and is_settled(seen):
                _tidy(root, memtomem)
                return seen
            if memtomem.what(LOCK) is What.NOTHING:
                return read(memtomem)
            try:
                with locked(memtomem):
                    recover(root, memtomem)
                    return read(memtomem)
            except OSError as error:
                if error.errno not in _NOT_OURS_TO_FINISH:
                    raise
                return read(memtomem)


def _tidy(root: Folder, memtomem: Folder) -> None:
    """Sweep what a crash left before anything was decided, if there is any and nobody is at work just now."""
    if has_leftovers(memtomem):
        with suppress(OSError, WikipinError), locked(memtomem, seconds=0):
            recover(root, memtomem)


class Locked:
    """A project under its lock."""

    def __init__(self, root: Folder, memtomem: Folder, staging: Staging) -> None:
        self._root = root
        self._memtomem = memtomem
        self._staging = staging

    def look(self, name: str) -> Evidence:
        """Return what the project says of one skill now."""
        return look(self._root, self._memtomem, name)

    def commit(self, change: Change) -> Done:
        """Do `change`: whole, or, where an error says so, certain to be finished by the next command."""
        linked = change.exposure.mode == "link"
        words = tuple(change.exposure.words)
        journal = Journal(
            name=change.name,
            staging=self._staging.name,
            plan=change.tree.plan,
            commit=change.commit,
            installed_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            digests=change.tree.digests,
            links=words if linked else (),
            copies=() if linked else words,
        )
        with self._memtomem.make_child(TXN) as txn:
            for name, text in FILES.items():
                if self._memtomem.what(name) is What.NOTHING:
                    replace_file(self._memtomem, txn, name, text, 0o666)
            self._memtomem.sync()
            done = self._run(txn, journal)
        if done is None:
            raise WikipinError(
                "already-installed",
                f"something appeared at {MEMTOMEM}/{SKILLS}/{change.name} while it was installed "
                "(lockfile_entry=no, copy=yes); it was left as it is",
                f"Move {MEMTOMEM}/{SKILLS}/{change.name} away if it is not needed, and install again",
            )
        return done

    def _run(self, txn: Folder, journal: Journal) -> Done | None:
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
                "Make room or mend the disk; the next call to wikipin finishes the change",
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
            f"Look at it, remove it, and call again; nothing of {MEMTOMEM} may be a link",
        ) from None
    except OSError as error:
        raise WikipinError(
            "io-error",
            f"the disk said '{error.strerror}'; nothing was changed",
            "Mend that, and call again",
        ) from error

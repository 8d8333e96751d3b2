"""A project's state on disk: the lock, what is there, and the journalled transaction that changes it.

The only module that changes a project. A change is staged and synced first; then, under the lock, the journal is
written: from there on the change is certain, whoever finishes it. Killed at any moment, the next command finds either
no journal, and sweeps what was staged, or a journal, and finishes what it says.
"""

import errno
import math
import os
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from wikipin.asset import MEMTOMEM, Asset
from wikipin.checkpoint import shielded
from wikipin.disk.file_type import FileType, Identity, NotOrdinaryError
from wikipin.disk.folder import Folder
from wikipin.errors import WikipinError
from wikipin.plan.change import Change
from wikipin.plan.state import ProjectSkill
from wikipin.project.applied import Applied, Decide, ReadTree, Tell, tell_nobody
from wikipin.project.change_set import ChangeSet
from wikipin.project.inspection import Survey, lockfile_bytes, survey, unsettled
from wikipin.project.layout import LOCK, check_layout
from wikipin.project.lock import locked, locked_copies
from wikipin.project.placing import Outcome
from wikipin.project.transaction import NotCommittedError, has_journal, has_leftovers, recover
from wikipin.remedy import Argument, Remedy
from wikipin.tree import LARGEST_FILE

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

    def look(self, asset: Asset) -> ProjectSkill:
        """Return what the project says of one asset, without a lock unless something is under way."""
        return self.survey([asset]).assets[asset]

    def survey(self, assets: Iterable[Asset] | None = None) -> Survey:
        """Return what the project says of `assets`, of all that it has if they are None, as `look` does."""
        with self._opened() as root:
            return self._look_at(root, assets)

    def read_lockfile(self) -> bytes | None:
        """Return the bytes of the lockfile as they are, or None where there is none."""
        with self._opened() as root:
            return self._consistently(root, lockfile_bytes, lambda _: [])

    def read_copy(self, asset: Asset, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of files of an asset's copy, as `read_files` does."""
        return self.read_files(asset.canonical, paths)

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

    def apply(
        self,
        assets: Iterable[Asset],
        decide: Decide,
        read_tree: ReadTree,
        *,
        dry_run: bool = False,
        tell: Tell = tell_nobody,
    ) -> Applied:
        """Do to each asset what `decide` says, all as one change, and return what became of each.

        Look, decide, read and stage what comes, take the lock, look and decide again, commit. What `decide` or
        `read_tree` refuses is left out, before the lock or under it. With `dry_run` nothing is staged, and `done` says
        what would be. Raises `io-error`, whose text says whether the changes are committed; and what a look raises.
        """
        applied = Applied()
        wanted = list(dict.fromkeys(assets))
        steps = len(wanted) + 1
        with self._opened() as root, ExitStack() as stack:
            change_set = ChangeSet(root, stack)
            decided = _decided(self._look_at(root, wanted), decide, applied)
            for step, (seen, change) in enumerate(decided, start=1):
                try:
                    tree = read_tree(seen, change)
                except WikipinError as error:
                    applied.failed[seen.asset] = error
                    continue
                if dry_run:
                    applied.done[seen.asset] = Outcome(change)
                else:
                    change_set.stage(change, tree)
                tell(step, steps, f"read {seen.asset.name}")
            if change_set.assets:
                with change_set.locked() as seen_now:
                    changes = [change for _, change in _decided(seen_now, decide, applied)]
                    outcomes, failures = change_set.commit(changes, seen_now)
                applied.done |= {outcome.asset: outcome for outcome in outcomes}
                applied.failed |= failures
        tell(steps, steps, f"changed {len(applied.done)}")
        return applied

    def _look_at(self, root: Folder, assets: Iterable[Asset] | None) -> Survey:
        return self._consistently(root, lambda memtomem: survey(root, memtomem, assets), unsettled)

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
        self, root: Folder, read: Callable[[Folder | None], _T], unsettled: Callable[[_T], list[Asset]]
    ) -> _T:
        """Read without the lock; if that may have seen the middle of a change, finish it or wait, and read again.

        `unsettled` names the assets of which something was seen that a change leaves in its middle, and an edit too.
        """
        if root.what(MEMTOMEM) is FileType.NOTHING:
            return read(None)
        with root.child(MEMTOMEM) as memtomem:
            check_layout(memtomem)
            seen, assets = None, list[Asset]()
            if not has_journal(memtomem):
                with suppress(FileNotFoundError):  # renamed away while we read
                    seen = read(memtomem)
                    assets = unsettled(seen)
            if seen is not None and not assets:
                _tidy(root, memtomem)
                return seen
            if memtomem.what(LOCK) is FileType.NOTHING:
                _tidy(root, memtomem)
                return read(memtomem)
            try:
                with locked_copies(memtomem, assets), locked(memtomem):
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


def _decided(seen: Survey, decide: Decide, applied: Applied) -> Iterator[tuple[ProjectSkill, Change]]:
    """Yield what is to be done, and to what; note where there is nothing to do, and what is refused."""
    for asset, found in seen.assets.items():
        try:
            change = decide(found)
        except WikipinError as error:
            applied.failed[asset] = error
            continue
        if change is None:
            applied.unchanged[asset] = found
        else:
            yield found, change


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

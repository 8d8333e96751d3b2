"""A project, held open: looking at it, and changing it by one journalled set of changes for each call.

Every verb that writes goes through `Project.apply`. Changes are staged and synced first. Then, under the lock, the
journal is written, and from there on they are certain. If the process is killed, the next command finds no journal and
removes what was staged, or finds one and finishes what it says.
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
from wikipin.tree import LARGEST_FILE, Tree

_NOT_OURS_TO_FINISH = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV})

_NOT_THERE = (FileNotFoundError, NotOrdinaryError, PermissionError)

_T = TypeVar("_T")


class Project(AbstractContextManager["Project"]):
    """One project directory, held open: still the same one if its path leads elsewhere by now.

    Use it in a `with`; it is also closed when nothing refers to it any more.
    """

    def __init__(self, path: Path, root: Folder | None = None) -> None:
        """Take over `root`; if it is None, open the directory at `path`, following links."""
        self.path = path
        self._root = Folder.open(path) if root is None else root
        self._close = weakref.finalize(self, os.close, self._root.descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def identity(self) -> Identity:
        """Device and inode of the directory: the same by every path, and no other's while it is open."""
        return self._root.identity

    @property
    def shown(self) -> str:
        """Its path for a person, from `~` if it is below the home directory, as it was when the project was opened."""
        with suppress(ValueError, RuntimeError):
            return str("~" / self.path.relative_to(os.path.realpath(Path.home())))
        return str(self.path)

    def look(self, asset: Asset) -> ProjectSkill:
        """Return what the project says of one asset. No lock is taken unless a change is under way."""
        return self.survey([asset]).assets[asset]

    def survey(self, assets: Iterable[Asset] | None = None) -> Survey:
        """Return what the project says of `assets`, or of all that it has if they are None, as `look` does."""
        with self._opened() as root:
            return self._look_at(root, assets)

    def read_lockfile(self) -> bytes | None:
        """Return the bytes of the lockfile as they are; None if there is none."""
        with self._opened() as root:
            return self._consistently(root, lockfile_bytes, lambda _: [])

    def read_copy(self, asset: Asset, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of files of an asset's copy, as `read_files` does."""
        return self.read_files(asset.canonical, paths)

    def read_files(self, directory: str, paths: Iterable[str], *, most: float = math.inf) -> dict[str, bytes]:
        """Return the bytes of files below one directory, at most LARGEST_FILE and one more of each.

        A path that is not there, is not a file or may not be read is left out, and so is everything after `most` bytes.
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
            before = self._look_at(root, wanted)
            for step, (change, tree) in enumerate(_decided(before, decide, read_tree, applied), start=1):
                if dry_run:
                    applied.done[change.asset] = Outcome(change)
                else:
                    change_set.stage(change, tree)
                tell(step, steps, f"read {change.asset.name}")
            if change_set.assets:
                with change_set.locked() as seen_now:
                    changes = [change for change, _ in _decided(seen_now, decide, _read_nothing, applied)]
                    outcomes, failures = change_set.commit(changes, seen_now)
                applied.done |= {outcome.asset: outcome for outcome in outcomes}
                applied.failed |= failures
        tell(steps, steps, f"changed {len(applied.done)}")
        return applied

    def _look_at(self, root: Folder, assets: Iterable[Asset] | None) -> Survey:
        return self._consistently(root, lambda memtomem: survey(root, memtomem, assets), unsettled)

    @contextmanager
    def _opened(self) -> Generator[Folder]:
        """Give the directory; an error of the disk becomes a sentence for a reader."""
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
        """Return what `read` returns, without the lock; with it, if the middle of a change may have been seen.

        `unsettled` names the assets that look as in the middle of a change; an edited copy looks so too.
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
    """Remove what a crash left before its commit point, if there is anything and nobody is at work just now."""
    if has_leftovers(memtomem):
        with suppress(OSError, WikipinError), locked(memtomem, seconds=0), shielded():
            recover(root, memtomem)


def _read_nothing(_: ProjectSkill, __: Change) -> None:
    """Read no tree: what comes has been staged."""


def _decided(
    seen: Survey, decide: Decide, read_tree: ReadTree, applied: Applied
) -> Iterator[tuple[Change, Tree | None]]:
    """Yield what is to be done, with what comes; note where there is nothing to do, and what is refused.

    What the disk says of the project is about the whole call: that is raised.
    """
    for asset, found in seen.assets.items():
        try:
            change = decide(found)
            tree = None if change is None else read_tree(found, change)
        except WikipinError as error:
            if error.code == "io-error":
                raise
            applied.failed[asset] = error
            continue
        if change is None:
            applied.unchanged[asset] = found
        else:
            yield change, tree


@contextmanager
def _explained() -> Generator[None]:
    """Turn an error of the disk into a sentence for a reader."""
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

"""Looking at a project: what its disk says of its assets. Nothing is changed, and no lock is taken."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from wikipin.asset import KINDS, Asset
from wikipin.disk.file_type import FileType, NotOrdinaryError
from wikipin.disk.folder import Folder
from wikipin.disk.scan import scan_at
from wikipin.errors import WikipinError
from wikipin.names import is_entry_name
from wikipin.plan import lockfile as lockfiles
from wikipin.plan.entry import Entry
from wikipin.plan.exposure import ExposureState
from wikipin.plan.lockfile import Lockfile, empty_lockfile, parse_lockfile
from wikipin.plan.state import ProjectSkill, Situation
from wikipin.project.layout import LOCKFILE
from wikipin.tree import Copy


@dataclass(frozen=True)
class Survey:
    """The whole lockfile, and what the project says of each asset that was asked for."""

    lockfile: Lockfile
    assets: Mapping[Asset, ProjectSkill]


def survey(root: Folder, memtomem: Folder | None, assets: Iterable[Asset] | None = None) -> Survey:
    """Return what the project says of `assets`; if they are None, of all that the lockfile or the disk names."""
    lockfile = read_lockfile(memtomem)
    if assets is None:
        assets = sorted({*lockfile.entries, *_on_disk(memtomem)}, key=lambda asset: (asset.kind.section, asset.name))
    with ExitStack() as stack:
        look = _Look(root, memtomem, stack)
        return Survey(lockfile, {asset: look.at(asset, lockfile.entry(asset)) for asset in assets})


def unsettled(found: Survey) -> list[Asset]:
    """Return the assets whose entry and copy do not agree: a change is under way, or somebody edited the copy."""
    settled = {Situation.ABSENT, Situation.CLEAN, Situation.UNVERIFIED}
    return [asset for asset, seen in found.assets.items() if seen.situation() not in settled]


def _on_disk(memtomem: Folder | None) -> Iterator[Asset]:
    for kind in KINDS.values():
        if memtomem is not None and memtomem.what(kind.section) is not FileType.NOTHING:
            with memtomem.child(kind.section) as copies:
                for name in copies.names():
                    if is_entry_name(name) and copies.what(name) is FileType.DIRECTORY:
                        yield Asset(kind, name)


class _Look:
    """One look at several assets: each directory that they are in is opened once."""

    def __init__(self, root: Folder, memtomem: Folder | None, stack: ExitStack) -> None:
        self._root, self._memtomem, self._stack = root, memtomem, stack
        self._open: dict[str, Folder | ExposureState] = {}

    def at(self, asset: Asset, entry: Entry | None) -> ProjectSkill:
        """Return what the project says of one asset."""
        owned: Sequence[str] = () if entry is None or entry.exposed is None else entry.exposed
        exposures = {
            word: self._standing(asset, word, is_ours=asset.exposed_path(word) in owned)
            for word in asset.kind.exposures
        }
        return ProjectSkill(asset, entry, self._copy(asset), exposures)

    def _copy(self, asset: Asset) -> Copy | None:
        section = asset.kind.section
        if self._memtomem is None or (section not in self._open and self._memtomem.what(section) is FileType.NOTHING):
            return None
        if section not in self._open:
            self._open[section] = self._stack.enter_context(self._memtomem.child(section))
        copies = self._open[section]
        if not isinstance(copies, Folder) or copies.what(asset.name) is FileType.NOTHING:
            return None
        return scan_at(copies, asset.name)

    def _standing(self, asset: Asset, word: str, *, is_ours: bool) -> ExposureState | Copy:
        folder = self._exposures(asset.kind.exposures[word])
        try:
            return _standing_in(folder, asset, word, is_ours=is_ours) if isinstance(folder, Folder) else folder
        except FileNotFoundError:
            return ExposureState.NOTHING
        except NotOrdinaryError:
            return ExposureState.FOREIGN

    def _exposures(self, directory: str) -> Folder | ExposureState:
        """Return an open directory of exposures; if it cannot be opened, what that means for each name in it."""
        if directory not in self._open:
            try:
                self._open[directory] = self._stack.enter_context(self._root.descendant(directory))
            except FileNotFoundError:
                self._open[directory] = ExposureState.NOTHING
            except NotOrdinaryError:
                self._open[directory] = ExposureState.FOREIGN
        return self._open[directory]


def _standing_in(folder: Folder, asset: Asset, word: str, *, is_ours: bool) -> ExposureState | Copy:
    match folder.what(asset.name):
        case FileType.NOTHING:
            return ExposureState.NOTHING
        case FileType.LINK if folder.read_link(asset.name) == asset.link_target(word):
            return ExposureState.LINK
        case FileType.DIRECTORY if is_ours:
            return scan_at(folder, asset.name)
        case _:
            return ExposureState.FOREIGN


def lockfile_bytes(memtomem: Folder | None) -> bytes | None:
    """Return the bytes of the lockfile; None if there is none."""
    if memtomem is None or memtomem.what(LOCKFILE) is FileType.NOTHING:
        return None
    try:
        return memtomem.read(LOCKFILE, limit=lockfiles.LARGEST)
    except (NotOrdinaryError, FileNotFoundError):
        raise
    except OSError as error:
        raise WikipinError(
            "lockfile-corrupt", f"{lockfiles.PATH} cannot be read: {error.strerror}", "Make it readable, and try again"
        ) from error


def read_lockfile(memtomem: Folder | None) -> Lockfile:
    """Return the lockfile, checked; an empty one if there is none."""
    content = lockfile_bytes(memtomem)
    return empty_lockfile() if content is None else parse_lockfile(content)

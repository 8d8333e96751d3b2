"""What a project says of its skills, read from its disk; nothing is changed, and no lock is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wikipin.disk.folder import FileType, Folder, NotOrdinaryError
from wikipin.disk.scan import scan_at
from wikipin.errors import WikipinError
from wikipin.names import is_entry_name
from wikipin.plan import lockfile as lockfiles
from wikipin.plan.exposure import DIRECTORIES, ExposureState, exposed_path, link_target
from wikipin.plan.lockfile import Entry, Lockfile, empty_lockfile, parse_lockfile
from wikipin.plan.state import ProjectSkill, Situation
from wikipin.project.layout import LOCKFILE, SKILLS
from wikipin.tree import Copy


@dataclass(frozen=True)
class Survey:
    """The whole lockfile, and what there is of every skill that it names or that has a copy on disk, by name."""

    lockfile: Lockfile
    skills: Mapping[str, ProjectSkill]


def look(root: Folder, memtomem: Folder | None, name: str) -> ProjectSkill:
    """Return what the project says of one skill."""
    return _look_at(root, memtomem, name, read_lockfile(memtomem).entry(name))


def survey(root: Folder, memtomem: Folder | None) -> Survey:
    """Return what the project says of all its skills."""
    lockfile = read_lockfile(memtomem)
    on_disk: list[str] = []
    if memtomem is not None and memtomem.what(SKILLS) is not FileType.NOTHING:
        with memtomem.child(SKILLS) as skills:
            on_disk = [n for n in skills.names() if is_entry_name(n) and skills.what(n) is FileType.DIRECTORY]
    entries = lockfile.entries
    names = sorted({*entries, *on_disk})
    return Survey(lockfile, {name: _look_at(root, memtomem, name, entries.get(name)) for name in names})


def unsettled(seen: ProjectSkill) -> list[str]:
    """Name the skill, if entry and copy do not say the same, as they do when nobody is between two steps."""
    settled = {Situation.ABSENT, Situation.CLEAN, Situation.UNVERIFIED}
    return [] if seen.situation() in settled else [seen.name]


def unsettled_of(found: Survey) -> list[str]:
    """Name all such skills."""
    return [name for seen in found.skills.values() for name in unsettled(seen)]


def _look_at(root: Folder, memtomem: Folder | None, name: str, entry: Entry | None) -> ProjectSkill:
    owned: Sequence[str] = () if entry is None or entry.exposed is None else entry.exposed
    exposures = {word: _standing(root, word, name, is_ours=exposed_path(word, name) in owned) for word in DIRECTORIES}
    return ProjectSkill(name, entry, _read_copy(memtomem, name), exposures)


def _read_copy(memtomem: Folder | None, name: str) -> Copy | None:
    if memtomem is None or memtomem.what(SKILLS) is FileType.NOTHING:
        return None
    with memtomem.child(SKILLS) as skills:
        if skills.what(name) is FileType.NOTHING:
            return None
        return scan_at(skills, name)


def _standing(root: Folder, word: str, name: str, *, is_ours: bool) -> ExposureState | Copy:
    try:
        with root.descendant(DIRECTORIES[word]) as folder:
            match folder.what(name):
                case FileType.NOTHING:
                    return ExposureState.NOTHING
                case FileType.LINK if folder.read_link(name) == link_target(word, name):
                    return ExposureState.LINK
                case FileType.DIRECTORY if is_ours:
                    return scan_at(folder, name)
                case _:
                    return ExposureState.FOREIGN
    except FileNotFoundError:
        return ExposureState.NOTHING
    except NotOrdinaryError:
        return ExposureState.FOREIGN


def lockfile_bytes(memtomem: Folder | None) -> bytes | None:
    """Return the lockfile as it is, or None where there is none."""
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
    """Return the lockfile, checked; an empty one where there is none."""
    content = lockfile_bytes(memtomem)
    return empty_lockfile() if content is None else parse_lockfile(content)

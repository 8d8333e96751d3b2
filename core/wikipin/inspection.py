"""What a project says of its skills, read from its disk; nothing is changed, and no lock is taken."""

from contextlib import ExitStack
from dataclasses import dataclass

from wikipin import lockfile as lockfiles
from wikipin.errors import WikipinError
from wikipin.exposure import DIRECTORIES, Standing, link_target
from wikipin.folder import Folder, NotOrdinaryError, What
from wikipin.layout import LOCKFILE, SKILLS
from wikipin.lockfile import Entry, Lockfile, empty_lockfile, parse_lockfile
from wikipin.names import is_entry_name
from wikipin.plan import Evidence
from wikipin.tree import Copy


@dataclass(frozen=True)
class Survey:
    """The whole lockfile, and every copy on disk by name."""

    lockfile: Lockfile
    copies: dict[str, Copy]


def look(root: Folder, memtomem: Folder | None, name: str) -> Evidence:
    """Return what the project says of one skill."""
    lockfile = read_lockfile(memtomem)
    standing = {word: _standing(root, word, name) for word in DIRECTORIES}
    return Evidence(lockfile, lockfile.entry(name), _read_copy(memtomem, name), standing)


def survey(memtomem: Folder | None) -> Survey:
    """Return what the project says of all its skills."""
    lockfile = read_lockfile(memtomem)
    on_disk: list[str] = []
    if memtomem is not None and memtomem.what(SKILLS) is not What.NOTHING:
        with memtomem.child(SKILLS) as skills:
            on_disk = [n for n in skills.names() if is_entry_name(n) and skills.what(n) is What.DIRECTORY]
    copies = {name: _read_copy(memtomem, name) for name in on_disk}
    return Survey(lockfile, {name: copy for name, copy in copies.items() if copy is not None})


def agrees(seen: Evidence) -> bool:
    """Tell whether entry and copy say the same, as they do when nobody is between two steps."""
    return _same(seen.entry, seen.copy)


def all_agree(seen: Survey) -> bool:
    """Tell the same of all skills."""
    entries = seen.lockfile.entries
    return all(_same(entries.get(name), seen.copies.get(name)) for name in entries.keys() | seen.copies.keys())


def _same(entry: Entry | None, copy: Copy | None) -> bool:
    if entry is None or copy is None:
        return entry is None and copy is None
    return entry.digests is None or entry.digests == copy.digests


def _read_copy(memtomem: Folder | None, name: str) -> Copy | None:
    if memtomem is None or memtomem.what(SKILLS) is What.NOTHING:
        return None
    with memtomem.child(SKILLS) as skills:
        if skills.what(name) is What.NOTHING:
            return None
        with skills.child(name) as copy:
            return copy.scan()


def _standing(root: Folder, word: str, name: str) -> Standing:
    with ExitStack() as stack:
        folder = root
        for part in DIRECTORIES[word].split("/"):
            match folder.what(part):
                case What.NOTHING:
                    return Standing.NOTHING
                case What.DIRECTORY:
                    folder = stack.enter_context(folder.child(part))
                case _:
                    return Standing.FOREIGN
        match folder.what(name):
            case What.NOTHING:
                return Standing.NOTHING
            case What.LINK if folder.read_link(name) == link_target(word, name):
                return Standing.OURS
            case _:
                return Standing.FOREIGN


def lockfile_bytes(memtomem: Folder | None) -> bytes | None:
    """Return the lockfile as it is, or None where there is none."""
    if memtomem is None or memtomem.what(LOCKFILE) is What.NOTHING:
        return None
    try:
        return memtomem.read(LOCKFILE, limit=lockfiles.LARGEST)
    except (NotOrdinaryError, FileNotFoundError):
        raise
    except OSError as error:
        raise WikipinError(
            "lockfile-corrupt", f"{lockfiles.PATH} cannot be read: {error.strerror}", "Make it readable, and call again"
        ) from error


def read_lockfile(memtomem: Folder | None) -> Lockfile:
    """Return the lockfile, checked; an empty one where there is none."""
    content = lockfile_bytes(memtomem)
    return empty_lockfile() if content is None else parse_lockfile(content)

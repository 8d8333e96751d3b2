"""Which directory is the project, and what never is one (docs/contract.md).

The directory that is judged is the one that is changed: it is known by device and inode, and handed on open.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from wikipin.asset import MEMTOMEM
from wikipin.disk.ancestry import Ancestor, LinkOnTheWayError, open_ancestry
from wikipin.disk.file_type import FileType, Identity, NotOrdinaryError
from wikipin.errors import WikipinError
from wikipin.project.layout import LOCKFILE
from wikipin.project.project import Project
from wikipin.remedy import Argument, Remedy

_PLUGINS = ("PLUGIN_ROOT", "CLAUDE_PLUGIN_ROOT")
_PACKAGES = ("wikipin", "wikipin_mcp")
_NO_DIRECTORY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_CLOSED = frozenset({errno.EACCES, errno.EPERM})


def open_project(named: Path, wiki: Path, *, below: Sequence[str] = ()) -> Project:
    """Return the open project of a directory: of `named`, or of the one at the names `below` in it.

    In a git work tree that is the nearest directory with a lockfile, up to its root; otherwise the directory itself.
    `named` may be reached through links; below it none is followed. Raises `project-not-found`, and
    `project-not-allowed` for a link below `named`, and for what is never a project.
    """
    name = (below[-1] if below else named.name) or "."
    try:
        with open_ancestry(named, below) as (ancestry, number):
            _require_allowed(ancestry[number:], wiki)
            _require_allowed(ancestry, wiki)
            project = _project_of(ancestry, wiki)
            if not project.folder.is_deleted:
                return Project(project.path, project.folder.child("."))
    except LinkOnTheWayError as error:
        raise WikipinError(
            "project-not-allowed",
            f"'{error.filename}' is a link, and below an allowed project none is followed",
            Remedy("Give the directory itself that the link leads to as ", Argument("project")),
        ) from None
    except OSError as error:
        if error.errno not in _NO_DIRECTORY:
            raise _unopened(name, error) from error
    except ValueError:  # a NUL in it
        pass
    raise WikipinError(
        "project-not-found",
        f"there is no directory '{name}'",
        Remedy("Give a directory that exists as ", Argument("project")),
    )


def _unopened(name: str, error: OSError) -> WikipinError:
    if error.errno in _CLOSED:
        return WikipinError(
            "project-not-found",
            f"the directory '{name}' may not be opened",
            Remedy("Make it readable, or give another directory as ", Argument("project")),
        )
    return WikipinError(
        "io-error",
        f"the disk said '{error.strerror}' when the directory '{name}' was opened; nothing was changed",
        "Mend that, and try again",
    )


def is_part_of_a_program(directory: Path) -> bool:
    """Tell whether `directory` is, or is in, that of an agent's plugin or of wikipin itself: nobody works there."""
    with suppress(OSError, ValueError), open_ancestry(directory) as (ancestry, _):
        return any(_is_in(ancestry, path) for _, path in _programs())
    return False


def _require_allowed(ancestry: Sequence[Ancestor], wiki: Path) -> None:
    if why := _why_never(ancestry, wiki):
        _, dollar, variable = why.partition("$")
        remedy = Remedy("Give the directory that you work in as ", Argument("project"))
        if dollar:
            remedy = remedy.then(f", or unset ${variable} before the program is started, if no plugin lives there")
        raise WikipinError("project-not-allowed", f"{why} is never a project", remedy)


def _why_never(ancestry: Sequence[Ancestor], wiki: Path) -> str | None:
    """Say what the first of these, the others being above it, is that no project may be; None if it may be one."""
    with suppress(RuntimeError):  # nobody knows where the home directory is
        if ancestry[0].identity == _identity(Path.home()):
            return "the home directory"
    if ancestry[0].identity == _identity(Path(os.sep)):
        return "the root directory"
    return next((what for what, path in (("the wiki", wiki), *_programs()) if _is_in(ancestry, path)), None)


def _programs() -> Iterator[tuple[str, Path]]:
    """Yield the directories in which programs live that agents start: of plugins, and our own."""
    for variable in _PLUGINS:
        value = os.environ.get(variable, "")
        if os.path.isabs(value):  # noqa: PTH117 - "" is none, and Path has no such value
            yield f"a directory of the plugin in ${variable}", Path(value)
    for package in _PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            yield "the directory of the program wikipin", Path(spec.origin).parent


def _is_in(ancestry: Sequence[Ancestor], path: Path) -> bool:
    identity = _identity(path)
    return any(ancestor.identity == identity for ancestor in ancestry)


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except (OSError, ValueError):  # nothing is there, or nothing can be
        return None
    return status.st_dev, status.st_ino


def _project_of(ancestry: Sequence[Ancestor], wiki: Path) -> Ancestor:
    """Return the nearest with a lockfile, up to the root of the git work tree; the first, if there is none."""
    root = next((number for number, ancestor in enumerate(ancestry) if _has(ancestor, ".git")), 0)
    return next(
        (
            ancestor
            for number, ancestor in enumerate(ancestry[: root + 1])
            if _has_lockfile(ancestor) and _why_never(ancestry[number:], wiki) is None
        ),
        ancestry[0],
    )


def _has(directory: Ancestor, name: str) -> bool:
    with suppress(PermissionError):  # what may not be searched is looked for no further
        return directory.folder.what(name) is not FileType.NOTHING
    return False


def _has_lockfile(directory: Ancestor) -> bool:
    with suppress(FileNotFoundError, NotOrdinaryError, PermissionError), directory.folder.child(MEMTOMEM) as memtomem:
        return memtomem.what(LOCKFILE) is not FileType.NOTHING
    return False

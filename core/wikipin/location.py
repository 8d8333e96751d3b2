"""Which directory is the project: where its lockfile is, and what never is one (docs/contract.md)."""

import os
from pathlib import Path

from wikipin.errors import WikipinError
from wikipin.lockfile import PATH


def locate_project(directory: Path, wiki: Path) -> Path:
    """Return the project that `directory` belongs to, with every link resolved.

    In a git work tree that is the nearest ancestor, up to its root, with a lockfile; else it is the directory itself.
    Raises `project-not-found`, and `project-not-allowed` for `/`, the home directory and the wiki.
    """
    try:
        found = Path(os.path.realpath(directory))
    except ValueError:  # a NUL in it
        found = directory
    if not os.path.isdir(found):  # noqa: PTH112 - pathlib raises where a path is too long to be one
        raise WikipinError(
            "project-not-found",
            f"there is no directory '{directory.name}'",
            "Name a directory that exists as the project",
        )
    located = next((place for place in _up_to_work_tree(found) if (place / PATH).exists()), found)
    for place in (located, found):
        why = why_never(place, wiki)
        if why is None:
            return place
    raise WikipinError(
        "project-not-allowed", f"{why} is never a project", "Name the directory that you work in as the project"
    )


def why_never(directory: Path, wiki: Path) -> str | None:
    """Say what `directory`, its links resolved, is that no project may be; None where it may be one."""
    wiki = Path(os.path.realpath(wiki))
    if directory == Path(directory.anchor):
        return "the root directory"
    if directory == Path(os.path.realpath(Path.home())):
        return "the home directory"
    if directory == wiki or wiki in directory.parents:
        return "the wiki"
    return None


def _up_to_work_tree(directory: Path) -> list[Path]:
    """Return `directory` and its ancestors up to the root of its git work tree; where it is in none, it alone."""
    upwards = [directory, *directory.parents]
    root = next((index for index, place in enumerate(upwards) if (place / ".git").exists()), 0)
    return upwards[: root + 1]

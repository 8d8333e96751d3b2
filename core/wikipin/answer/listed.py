"""How changes of files are listed in an answer. No I/O."""

from collections.abc import Iterable
from typing import TypedDict

from wikipin.display import printable
from wikipin.tree import FileChange

_LONGEST_PATH = 200


class ListedChange(TypedDict):
    """How one path differs: `added`, `removed`, `modified`, `mode` or `type`."""

    path: str
    change: str


def listed_changes(changes: Iterable[FileChange]) -> list[ListedChange]:
    """Return changes as they are answered."""
    return [{"path": printable(change.path, limit=_LONGEST_PATH), "change": change.change} for change in changes]

"""The content of a change without its bytes, as a caller is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wikipin.asset import Asset
from wikipin.names import Commit
from wikipin.skill import Skill

if TYPE_CHECKING:
    from wikipin.review.active import Act


@dataclass(frozen=True)
class FileSize:
    """One file; the size in bytes."""

    path: str
    size: int
    executable: bool


@dataclass(frozen=True)
class Content:
    """An asset at one commit; `digest` is the plan that a caller may pass back."""

    asset: Asset
    commit: Commit
    digest: str
    files: Sequence[FileSize]
    acts: Sequence["Act"]
    """All that it may do beyond being read."""


def content_of(skill: Skill) -> Content:
    """Return the content of a skill, as a caller is told of it."""
    from wikipin.review.active import find_acts  # noqa: PLC0415 - its tables take longer to make than most verbs to run

    files = tuple(FileSize(file.path, len(file.content), file.executable) for file in skill.tree.files)
    return Content(skill.asset, skill.commit, skill.tree.digest, files, find_acts(skill.tree))

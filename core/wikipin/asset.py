"""The kinds of assets, a row each, and one asset of a wiki or a project, by kind and name. No I/O.

A canonical copy is always a directory, so the code that exchanges, compares, keeps and recovers copies does not depend
on the kind. Claude Code reads `.claude/skills`, Codex and Gemini CLI `.agents/skills`; none reads `.memtomem`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of asset."""

    word: str
    """The name of the kind in sentences, commands and answers."""

    section: str
    """The name of its directory in the wiki and in `.memtomem`, and of its section of the lockfile."""

    main: str
    """The file that an agent reads first, below the asset's directory."""

    exposures: Mapping[str, str]
    """The word of an exposure -> the directory below the project, in the order in which results name them."""


SKILL = Kind("skill", "skills", "SKILL.md", {"agents": ".agents/skills", "claude": ".claude/skills"})

KINDS: Mapping[str, Kind] = {kind.word: kind for kind in (SKILL,)}
"""The kinds by their word."""

MEMTOMEM = ".memtomem"


@dataclass(frozen=True)
class Asset:
    """One asset of a wiki or of a project. `str` of it is how a sentence names it: skill 'hello'."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.word} '{self.name}'"

    @property
    def source(self) -> str:
        """Its directory in the wiki."""
        return f"{self.kind.section}/{self.name}"

    @property
    def canonical(self) -> str:
        """The directory of its canonical copy, relative to the project."""
        return f"{MEMTOMEM}/{self.kind.section}/{self.name}"

    @property
    def main_path(self) -> str:
        """The file of its copy that an agent reads first, relative to the project."""
        return f"{self.canonical}/{self.kind.main}"

    def exposed_path(self, word: str) -> str:
        """Return the path of an exposure, relative to the project."""
        return f"{self.kind.exposures[word]}/{self.name}"

    def exposed_word(self, path: str) -> str | None:
        """Return the word of the exposure at `path`; None if we make none there."""
        return next((word for word in self.kind.exposures if self.exposed_path(word) == path), None)

    def link_target(self, word: str) -> str:
        """Return the target of an exposure that is a link: relative, so that a clone can be moved."""
        return "../" * (self.kind.exposures[word].count("/") + 1) + self.canonical


def skill(name: str) -> Asset:
    """Return the skill `name`."""
    return Asset(SKILL, name)

"""Where agents look for skills, and what makes the canonical copy visible there. No I/O.

Claude Code reads `.claude/skills`, Codex and Gemini CLI `.agents/skills`; none reads `.memtomem/skills`.
"""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from wikipin.errors import WikipinError

Mode = Literal["link", "copy"]

DIRECTORIES: dict[str, str] = {"agents": ".agents/skills", "claude": ".claude/skills"}
"""The word of `--expose` -> the directory below the project, in the order in which results name them."""

CANONICAL = ".memtomem/skills"


class ExposureState(Enum):
    """What stands where an exposure would go, where it is not a copy that the lockfile says is ours."""

    NOTHING = "nothing"
    LINK = "exactly the link that we would make"
    FOREIGN = "something else"


@dataclass(frozen=True)
class Exposure:
    """Which agents' directories (words of DIRECTORIES) show a copy, and whether as a link to it or as a second copy."""

    words: Sequence[str] = tuple(DIRECTORIES)
    mode: Mode = "link"


def parse_exposure(words: str, mode: Mode = "link") -> Exposure:
    """Return what `--expose` asks for: words of DIRECTORIES between commas, or `none`."""
    chosen: set[str] = set() if words == "none" else set(words.split(","))
    if unknown := chosen - set(DIRECTORIES):
        raise WikipinError(
            "invalid-argument",
            f"'{min(unknown)}' is not a place to expose skills in",
            f"Give {' or '.join(DIRECTORIES)}, both with a comma between them, or none",
        )
    return Exposure(tuple(word for word in DIRECTORIES if word in chosen), mode)


def exposed_path(word: str, name: str) -> str:
    """Return the path of an exposure, relative to the project."""
    return f"{DIRECTORIES[word]}/{name}"


def exposed_word(path: str, name: str) -> str | None:
    """Return the word of the exposure at `path`; None where it is not one that we make."""
    return next((word for word in DIRECTORIES if exposed_path(word, name) == path), None)


def link_target(word: str, name: str) -> str:
    """Return what an exposure that is a link holds: the canonical copy, relative, so that a clone can be moved."""
    return posixpath.relpath(f"{CANONICAL}/{name}", DIRECTORIES[word])

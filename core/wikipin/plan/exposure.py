"""Exposures: where and how agents see a canonical copy. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from wikipin.asset import SKILL
from wikipin.errors import WikipinError

Mode = Literal["link", "copy"]

WORDS: Sequence[str] = tuple(SKILL.exposures)
"""The words of `--expose`."""


class ExposureState(Enum):
    """What stands at the place of an exposure, unless it is a copy that the lockfile says is ours."""

    NOTHING = "nothing"
    LINK = "exactly the link that we would make"
    FOREIGN = "something else"


@dataclass(frozen=True)
class Exposure:
    """The agents' directories that show a copy (words of WORDS), and whether by a link or by a second copy."""

    words: Sequence[str] = WORDS
    mode: Mode = "link"
    is_asked: bool = False
    """Whether a person asked for exactly these. If not, an installed asset keeps the exposures of its entry."""


def parse_exposure(words: str, mode: Mode = "link") -> Exposure:
    """Return the exposure that `--expose` asks for: some of WORDS with commas between them, or `none`."""
    chosen: set[str] = set() if words == "none" else set(words.split(","))
    if unknown := chosen - set(WORDS):
        raise WikipinError(
            "invalid-argument",
            f"'{min(unknown)}' is not a place to expose skills in",
            f"Give {' or '.join(WORDS)}, both with a comma between them, or none",
        )
    return Exposure(tuple(word for word in WORDS if word in chosen), mode)

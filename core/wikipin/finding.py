"""One finding of a review, as a value. No I/O, and nothing of the tables that find it."""

from dataclasses import dataclass

MOST_LINES = 10
"""Lines of one file that are named for one rule: a person has seen enough. The others are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing to see: the rule that found it, the file, the line counted from 1 (None: not of one line), and words.

    What is `blocking` can instruct an agent unseen, or gives a credential away. The rest only informs.
    """

    rule: str
    path: str
    line: int | None
    what: str
    blocking: bool
    count: int = 1
    """How many there are: of those beyond the first few of one rule in one file, one finding stands for all."""

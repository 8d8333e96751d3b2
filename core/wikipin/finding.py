"""What a review found, as a value. No I/O, and nothing of the tables that find it."""

from dataclasses import dataclass


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

"""What an operation does to one skill, as a value, and what a person has to consent to before it. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wikipin.plan.lockfile import Entry

COPY = "copy"
"""The slot of the canonical copy; the others are words of `exposure.DIRECTORIES`."""


@dataclass(frozen=True)
class Consent:
    """What a person said yes to; one is no consent to the other."""

    allow_rollback: bool = False
    discard_edits: bool = False


@dataclass(frozen=True)
class Change:
    """What an operation does to one skill, by slot: COPY, or the word of an exposure."""

    name: str
    entry: Entry | None = None
    """The entry afterwards, None where there is none; `installed_at` is empty where it is the time of the change."""

    plan: str | None = None
    """The digest of the tree that comes into the slots of `swap`."""

    swap: Sequence[str] = ()
    link: Sequence[str] = ()
    take: Sequence[str] = ()
    old: Mapping[str, str] = field(default_factory=dict[str, str])
    """Slot -> the digest of the directory that stands there now and goes."""

    clean: str | None = None
    """The digest of what may be thrown away. Whatever else has to go is kept in `.memtomem/.backup`."""

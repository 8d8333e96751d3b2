"""What an operation does to one asset, as a value, and what a person has to consent to before it. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wikipin.asset import Asset
from wikipin.plan.entry import Entry

COPY = "copy"
"""The slot of the canonical copy; the others are the words of the kind's exposures."""


@dataclass(frozen=True)
class Consent:
    """What a person said yes to; one is no consent to the other."""

    allow_rollback: bool = False
    discard_edits: bool = False


@dataclass(frozen=True)
class Change:
    """What an operation does to one asset, by slot: COPY, or the word of an exposure."""

    asset: Asset
    entry: Entry | None = None
    """The entry afterwards, None if there is none; `installed_at` is empty if it is the time of the change."""

    digest: str | None = None
    """The digest of the tree that comes into the slots of `replace`."""

    replace: Sequence[str] = ()
    """The slots into which a tree comes, whatever directory of `displaced` stands there."""

    link: Sequence[str] = ()
    """The slots that become a link to the canonical copy."""

    remove: Sequence[str] = ()
    """The slots that are emptied."""

    displaced: Mapping[str, str] = field(default_factory=dict[str, str])
    """Slot -> the digest of the directory that stands there now and goes."""

    disposable: str | None = None
    """The digest of what may be deleted once it is displaced. Anything else is kept in `.memtomem/.backup`."""

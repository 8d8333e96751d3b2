"""A change of one asset, as a value, and the consent of a person that it may need. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wikipin.asset import Asset
from wikipin.plan.entry import Entry

COPY = "copy"
"""The slot of the canonical copy; the other slots are the words of the kind's exposures."""


@dataclass(frozen=True)
class Consent:
    """What a person agreed to. Each flag is a consent of its own."""

    allow_rollback: bool = False
    discard_edits: bool = False


@dataclass(frozen=True)
class Change:
    """A change of one asset, by slot: COPY, or the word of an exposure."""

    asset: Asset
    entry: Entry | None = None
    """The entry afterwards, None for a removal. An empty `installed_at` stands for the time of the change."""

    digest: str | None = None
    """The digest of the tree that comes into the slots of `replace`."""

    replace: Sequence[str] = ()
    """The slots that a tree comes into. A directory may stand there if `displaced` has its digest."""

    link: Sequence[str] = ()
    """The slots that become a link to the canonical copy."""

    remove: Sequence[str] = ()
    """The slots that are emptied."""

    displaced: Mapping[str, str] = field(default_factory=dict[str, str])
    """Slot -> the digest of the directory that stands there now and goes."""

    disposable: str | None = None
    """The digest of what may be deleted once it is displaced. Anything else is kept in `.memtomem/.backup`."""

    def path_of(self, slot: str) -> str:
        """Return where a slot is, relative to the project."""
        return self.asset.canonical if slot == COPY else self.asset.exposed_path(slot)

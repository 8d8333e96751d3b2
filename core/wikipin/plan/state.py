"""The state of a skill, from values alone: the lockfile's entry, what is on disk, and what the wiki says of the pin.

No I/O. A `Situation` follows from the project alone, and decisions are made from it. A `State` is what docs/contract.md
calls it, and also tells whether the skill is up to date with the wiki.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from wikipin.asset import Asset
from wikipin.plan.entry import Entry
from wikipin.plan.exposure import ExposureState
from wikipin.tree import Copy, FileChange, FileDigest, Listing, compare


class State(StrEnum):
    """The states, as docs/contract.md explains them."""

    AVAILABLE = "available"
    OK = "ok"
    BEHIND = "behind"
    MODIFIED = "modified"
    GONE = "gone"
    MISSING = "missing"
    UNTRACKED = "untracked"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


DRIFT = frozenset({State.MODIFIED, State.MISSING})
"""The states in which a project does not have what its lockfile says."""


class Situation(Enum):
    """What a project alone says of one skill."""

    ABSENT = "no entry, no copy"
    UNTRACKED = "a copy without an entry"
    MISSING = "an entry without a copy"
    CLEAN = "a copy that is as it was installed"
    EDITED = "an edited copy"
    UNVERIFIED = "a copy that cannot be compared"


def is_ours(standing: ExposureState | Copy) -> bool:
    """Tell whether an exposure stands: the link that we would make, or a copy that the entry says is ours."""
    return standing is ExposureState.LINK or isinstance(standing, Copy)


@dataclass(frozen=True)
class ProjectSkill:
    """What a project says of one skill at one moment."""

    asset: Asset
    entry: Entry | None
    copy: Copy | None
    exposures: Mapping[str, ExposureState | Copy] = field(default_factory=dict[str, ExposureState | Copy])
    """Word of an exposure -> what stands there: a Copy, if the entry says that the directory is ours."""

    @property
    def is_self_contained(self) -> bool:
        """Tell whether what was installed is known without the wiki."""
        entry = self.entry
        return entry is None or (entry.digests is not None and (self.copy is not None or entry.executable is not None))

    @property
    def not_exposed(self) -> list[str]:
        """Where the entry says that agents see the asset, and they do not."""
        lost = {self.asset.exposed_path(word) for word, standing in self.exposures.items() if not is_ours(standing)}
        return [path for path in (self.entry.exposed if self.entry is not None else None) or [] if path in lost]

    def installed(self, pinned: Listing | None = None) -> Listing | None:
        """Return the files that were installed, by the entry, or else by `pinned`, the skill at its pin."""
        return None if self.entry is None else _installed(self.entry, self.copy, pinned)

    def changes(self, pinned: Listing | None = None) -> list[FileChange] | None:
        """Return how the copy, and each copy that is an exposure, differs from what was installed.

        None if there is something on disk and nothing to compare it with.
        """
        if self.entry is None:
            return None if self.copy is not None else []
        found: list[FileChange] = []
        for at, copy in self.copies():
            if (installed := _installed(self.entry, copy, pinned)) is None:
                return None
            found += [FileChange(at + found.path, found.change) for found in compare(installed, copy)]
        return found

    def situation(self, pinned: Listing | None = None) -> Situation:
        """Return the situation. A missing copy with an edited exposure counts as edited."""
        if self.entry is None:
            return Situation.ABSENT if self.copy is None else Situation.UNTRACKED
        changes = self.changes(pinned)
        if changes is None:
            return Situation.UNVERIFIED
        if changes:
            return Situation.EDITED
        return Situation.MISSING if self.copy is None else Situation.CLEAN

    def copies(self) -> Iterator[tuple[str, Copy]]:
        """Yield the copy, and each exposure that is a copy of ours, with the prefix of the paths in it."""
        if self.copy is not None:
            yield "", self.copy
        for word, standing in self.exposures.items():
            if isinstance(standing, Copy):
                yield f"{self.asset.exposed_path(word)}/", standing


def _installed(entry: Entry, copy: Copy | None, pinned: Listing | None) -> Listing | None:
    digests = entry.digests
    if digests is None:
        if pinned is None:
            return None
        digests = {path: mark.sha256 for path, mark in pinned.items()}
    executable = entry.executable
    if executable is None:
        # The entry does not say which files are executable: the modes of the copy are believed.
        believed = copy.listing if copy is not None else pinned or {}
        executable = [path for path, mark in believed.items() if mark.executable]
    return {path: FileDigest(digest, path in executable) for path, digest in digests.items()}


@dataclass(frozen=True)
class Pinned:
    """What a wiki says of a pin, as seen from one of its commits; `tree_id` is None if the pin has no such skill."""

    is_known: bool
    is_ancestor: bool
    is_newer: bool = False
    """Whether the pin descends from that commit, if that was asked."""

    tree_id: str | None = None
    listing: Listing | None = None
    """The skill's files at the pin. They are read only if the entry has no digests that count."""


def state_of(seen: ProjectSkill, pinned: Pinned | None, at_head: str | None = None) -> State:
    """Return the state; `at_head` is the id of the skill's tree now, and `pinned` None if there is no wiki."""
    if seen.entry is not None and seen.copy is None:
        return State.MISSING
    situation = seen.situation(pinned.listing if pinned else None)
    if situation is Situation.CLEAN and pinned is not None:
        if pinned.is_known and at_head is None:
            return State.GONE
        if not (pinned.is_known and pinned.is_ancestor):
            return State.DIVERGED
        return State.OK if pinned.tree_id == at_head else State.BEHIND
    return _WITHOUT_WIKI[situation]


_WITHOUT_WIKI = {
    Situation.ABSENT: State.AVAILABLE,
    Situation.UNTRACKED: State.UNTRACKED,
    Situation.MISSING: State.MISSING,
    Situation.CLEAN: State.UNKNOWN,
    Situation.EDITED: State.MODIFIED,
    Situation.UNVERIFIED: State.UNKNOWN,
}

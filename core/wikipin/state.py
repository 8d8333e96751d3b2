"""What state a skill is in, from values alone: the lockfile's entry, the copy on disk, and the wiki."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wikipin.lockfile import Entry
from wikipin.names import Commit
from wikipin.tree import Copy


class State(StrEnum):
    """The states, as docs/contract.md explains them."""

    AVAILABLE = "available"
    OK = "ok"
    BEHIND = "behind"
    MODIFIED = "modified"
    MISSING = "missing"
    UNTRACKED = "untracked"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class History:
    """What the wiki says of pins: each one's tree ids by skill, which are ancestors of HEAD, and HEAD's tree ids."""

    at_pin: Mapping[Commit, Mapping[str, str] | None]
    ancestors: frozenset[Commit]
    at_head: Mapping[str, str]


def state_of(name: str, entry: Entry | None, copy: Copy | None, history: History | None) -> State:
    """Return the state; `history` is None where there is no wiki to compare with."""
    if entry is None:
        return State.AVAILABLE if copy is None else State.UNTRACKED
    if copy is None:
        return State.MISSING
    if entry.digests is not None and (copy.odd or entry.digests != copy.digests):
        return State.MODIFIED
    if entry.digests is None or history is None:
        return State.UNKNOWN
    return _against(name, entry, history)


def _against(name: str, entry: Entry, history: History) -> State:
    at_pin = history.at_pin.get(entry.commit)
    if at_pin is None or entry.commit not in history.ancestors:
        return State.DIVERGED
    return State.OK if at_pin.get(name) == history.at_head.get(name) else State.BEHIND

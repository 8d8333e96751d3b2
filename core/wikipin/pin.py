"""The version of an asset: a commit, and the wiki that has it. No I/O."""

from dataclasses import dataclass

from wikipin.names import Commit


@dataclass(frozen=True)
class Pin:
    """A commit of a wiki."""

    commit: Commit
    source: str | None = None
    """The origin of that wiki; None if it is the wiki of the call."""

"""What became of each asset that a call was about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from wikipin.asset import Asset
from wikipin.errors import WikipinError

T = TypeVar("T")


@dataclass(frozen=True)
class Outcomes(Generic[T]):
    """By asset, in the order of the call: what was done, what there was nothing to do for, and what was refused."""

    done: Mapping[Asset, T] = field(default_factory=dict[Asset, T])
    unchanged: Mapping[Asset, T] = field(default_factory=dict[Asset, T])
    failed: Mapping[Asset, WikipinError] = field(default_factory=dict[Asset, WikipinError])

    def only(self) -> T:
        """Return what became of the one asset of the call; raise its refusal."""
        for error in self.failed.values():
            raise error
        return next(iter({**self.done, **self.unchanged}.values()))

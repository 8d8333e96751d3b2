"""The outcome of each asset of a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from wikipin.asset import Asset
from wikipin.errors import WikipinError

T = TypeVar("T")


@dataclass(frozen=True)
class Outcomes(Generic[T]):
    """The assets of a call, in its order: those that were done, those with nothing to do, those that were refused."""

    done: Mapping[Asset, T] = field(default_factory=dict[Asset, T])
    unchanged: Mapping[Asset, T] = field(default_factory=dict[Asset, T])
    failed: Mapping[Asset, WikipinError] = field(default_factory=dict[Asset, WikipinError])

    def only(self) -> T:
        """Return the outcome of the only asset of the call; raise its refusal."""
        for error in self.failed.values():
            raise error
        return next(iter({**self.done, **self.unchanged}.values()))

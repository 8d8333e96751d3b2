"""What `Project.apply` is given, and what it returns."""

from collections.abc import Callable
from dataclasses import dataclass, field

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.plan.change import Change
from wikipin.plan.state import ProjectSkill
from wikipin.project.placing import Outcome
from wikipin.tree import Tree

Decide = Callable[[ProjectSkill], Change | None]
"""Says what is done to an asset, from values alone, or None if nothing is to be done; or refuses. It is asked twice."""

ReadTree = Callable[[ProjectSkill, Change], Tree | None]
"""Returns the tree that a change puts into place, None if there is none; or refuses. No lock is held."""

Tell = Callable[[int, int, str], None]
"""Called with how many steps are done, of how many, and what was done last."""


def tell_nobody(_: int, __: int, ___: str) -> None:
    """Tell nobody."""


@dataclass
class Applied:
    """What became of each asset."""

    done: dict[Asset, Outcome] = field(default_factory=dict[Asset, Outcome])
    unchanged: dict[Asset, ProjectSkill] = field(default_factory=dict[Asset, ProjectSkill])
    failed: dict[Asset, WikipinError] = field(default_factory=dict[Asset, WikipinError])

"""The types of `Project.apply`: what it is given, and what it returns."""

from collections.abc import Callable
from dataclasses import dataclass, field

from wikipin.asset import Asset
from wikipin.errors import WikipinError
from wikipin.plan.change import Change
from wikipin.plan.state import ProjectSkill
from wikipin.project.placing import Outcome
from wikipin.tree import Tree

Decide = Callable[[ProjectSkill], Change | None]
"""Returns the change of an asset, from values alone; None if nothing is to be done; or refuses. It is called twice."""

ReadTree = Callable[[ProjectSkill, Change], Tree | None]
"""Returns the tree that a change brings, None if it brings none; or refuses. No lock is held."""

Tell = Callable[[int, int, str], None]
"""Is told how many steps are done, of how many, and which was the last."""


def tell_nobody(_: int, __: int, ___: str) -> None:
    """Tell nobody."""


@dataclass
class Applied:
    """The outcome of each asset."""

    done: dict[Asset, Outcome] = field(default_factory=dict[Asset, Outcome])
    unchanged: dict[Asset, ProjectSkill] = field(default_factory=dict[Asset, ProjectSkill])
    failed: dict[Asset, WikipinError] = field(default_factory=dict[Asset, WikipinError])

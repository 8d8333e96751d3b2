"""What a wiki says of the commits that a project is pinned to."""

from collections.abc import Iterable, Mapping

from wikipin.asset import SKILL, Asset
from wikipin.errors import WikipinError
from wikipin.names import Commit, SkillName, is_skill_name
from wikipin.plan.entry import Entry
from wikipin.plan.state import Pinned, ProjectSkill
from wikipin.tree import Listing
from wikipin.wiki.deadline import TooSlowError
from wikipin.wiki.wiki import Wiki

_UNKNOWN = Pinned(is_known=False, is_ancestor=False)


class Pins:
    """What `wiki` says of pins, as seen from the commit `at`. Each pin is asked for once, and many at a time."""

    def __init__(self, wiki: Wiki, at: Commit) -> None:
        self._wiki, self.at = wiki, at
        self._ancestors: set[Commit] = set()
        self._trees: dict[Commit, dict[Asset, str]] = {}
        """Commit that the wiki has -> the tree ids of the assets that were asked for."""

        self._asked: set[tuple[Commit, Asset]] = set()
        self._listings: dict[tuple[Commit, Asset], Listing | None] = {}

    def read(self, entries: Mapping[Asset, Entry], assets: Iterable[Asset]) -> None:
        """Ask for the pins of `assets`, and for their trees at `at`, all at once."""
        assets = list(assets)
        wanted: dict[Commit, set[Asset]] = {self.at: set(assets)}
        for asset in assets:
            if (entry := entries.get(asset)) is not None:
                wanted.setdefault(entry.commit, set()).add(asset)
        for commit, there in wanted.items():
            new = {asset for asset in there if (commit, asset) not in self._asked}
            if new and (commit in self._trees or self._wiki.has_commit(commit)):
                self._trees.setdefault(commit, {}).update(self._tree_ids(commit, new))
            self._asked |= {(commit, asset) for asset in new}
        unsure = self._trees.keys() & wanted.keys() - self._ancestors
        self._ancestors |= self._wiki.ancestors(unsure, self.at)

    def _tree_ids(self, commit: Commit, assets: Iterable[Asset]) -> dict[Asset, str]:
        found = self._wiki.tree_ids(commit, [asset.name for asset in assets if asset.kind is SKILL])
        return {Asset(SKILL, name): oid for name, oid in found.items()}

    def of(self, seen: ProjectSkill) -> Pinned:
        """Return what the wiki says of the pin of one asset."""
        if seen.entry is None:
            return _UNKNOWN
        pin = seen.entry.commit
        if (pin, seen.asset) not in self._asked:
            self.read({seen.asset: seen.entry}, [seen.asset])
        trees = self._trees.get(pin)
        return Pinned(
            is_known=trees is not None,
            is_ancestor=pin in self._ancestors,
            tree_id=None if trees is None else trees.get(seen.asset),
            listing=self._listing(seen, pin),
        )

    def is_older_than(self, pin: Commit) -> bool:
        """Tell whether `pin`, which the wiki has, descends from `at`."""
        return self.at in self._wiki.ancestors([self.at], pin)

    def tree_id(self, asset: Asset) -> str | None:
        """Return the id of the asset's tree at `at`; None if it is not there."""
        if (self.at, asset) not in self._asked:
            self.read({}, [asset])
        return self._trees.get(self.at, {}).get(asset)

    def _listing(self, seen: ProjectSkill, pin: Commit) -> Listing | None:
        if seen.is_self_contained:
            return None
        if (pin, seen.asset) not in self._listings:
            self._listings[pin, seen.asset] = read_pinned(self._wiki, seen)
        return self._listings[pin, seen.asset]


def read_pinned(wiki: Wiki, seen: ProjectSkill) -> Listing | None:
    """Return an asset's files at its pin, if the project does not say by itself what was installed.

    Raises `wiki-not-found`. Returns None if the wiki does not have them.
    """
    if seen.entry is None or seen.is_self_contained or not is_skill_name(seen.asset.name):
        return None
    _ = wiki.git_dir
    try:
        return wiki.read_skill(seen.entry.commit, SkillName(seen.asset.name)).tree.listing
    except TooSlowError:
        raise
    except WikipinError:
        return None  # it is not there any more, or was never there as we would read it

"""The verb `list`: the skills of the wiki, and the state of each in the project."""

import unicodedata
from dataclasses import dataclass

from wikipin.asset import SKILL, Asset
from wikipin.names import HEAD, Commit, is_skill_name
from wikipin.plan.state import ProjectSkill, State, state_of
from wikipin.project.inspection import Survey
from wikipin.project.project import Project
from wikipin.verbs.pins import Pins
from wikipin.wiki.wiki import Catalogue, Wiki


@dataclass(frozen=True)
class Offer:
    """One skill of the wiki, and its state in the project; None if there is no project."""

    name: str
    description: str
    state: State | None


@dataclass(frozen=True)
class Offers:
    """All skills that match a list's query, by name. One that is gone has no description."""

    commit: Commit
    skills: list[Offer]
    skipped: tuple[tuple[str, str], ...]


def list_skills(wiki: Wiki, project: Project | None, *, query: str = "") -> Offers:
    """Return the skills whose name or description has every word of `query`, whatever its case.

    A list of the wiki needs no project.
    """
    catalogue = wiki.catalogue(wiki.resolve(HEAD))
    offers = [Offer(skill.name, skill.description, None) for skill in catalogue.skills]
    if project is not None:
        offers = _with_states(wiki, catalogue, project.survey())
    words = _folded(query).split()
    return Offers(catalogue.commit, [offer for offer in offers if _matches(words, offer)], catalogue.skipped)


def _with_states(wiki: Wiki, catalogue: Catalogue, survey: Survey) -> list[Offer]:
    """Return the skills of the wiki, and those of the project that the wiki no longer has, by name."""
    pins = Pins(wiki, catalogue.commit)
    pins.read(survey.lockfile.entries, survey.assets)

    def state(asset: Asset, tree_id: str | None) -> State:
        seen = survey.assets.get(asset) or ProjectSkill(asset, None, None)
        return state_of(seen, pins.of(seen) if seen.entry is not None else None, tree_id)

    offers: dict[str, Offer] = {
        skill.name: Offer(skill.name, skill.description, state(Asset(SKILL, skill.name), skill.tree_id))
        for skill in catalogue.skills
    }
    for asset in survey.assets:
        name = asset.name
        if name not in offers and is_skill_name(name) and state(asset, pins.tree_id(asset)) is State.GONE:
            offers[name] = Offer(name, "", State.GONE)
    return [offers[name] for name in sorted(offers)]


def _matches(words: list[str], offer: Offer) -> bool:
    text = _folded(f"{offer.name} {offer.description}")
    return all(word in text for word in words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

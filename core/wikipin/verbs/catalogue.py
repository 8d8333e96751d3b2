"""The verb `list`: what the wiki offers, and how each skill stands in the project."""

import unicodedata
from dataclasses import dataclass

from wikipin.asset import SKILL, Asset
from wikipin.names import HEAD, Commit
from wikipin.plan.state import ProjectSkill, State, state_of
from wikipin.project.inspection import Survey
from wikipin.project.project import Project
from wikipin.verbs.pins import Pins
from wikipin.wiki.wiki import Listed, Wiki


@dataclass(frozen=True)
class Offer:
    """One skill of the wiki, as it stands in the project."""

    name: str
    description: str
    state: State


@dataclass(frozen=True)
class Offers:
    """What a list answers: the skills that match, all of them, by name."""

    commit: Commit
    skills: list[Offer]
    skipped: tuple[tuple[str, str], ...]


def list_skills(wiki: Wiki, project: Project, *, query: str = "") -> Offers:
    """Return the skills whose name or description has every word of `query`, whatever its case."""
    catalogue = wiki.catalogue(wiki.resolve(HEAD))
    survey = project.survey()
    pins = Pins(wiki, catalogue.commit)
    pins.read(survey.lockfile.entries, survey.assets)
    words = _folded(query).split()
    return Offers(
        catalogue.commit,
        [
            Offer(skill.name, skill.description, _state(skill, survey, pins))
            for skill in catalogue.skills
            if _matches(words, skill)
        ],
        catalogue.skipped,
    )


def _state(skill: Listed, survey: Survey, pins: Pins) -> State:
    asset = Asset(SKILL, skill.name)
    seen = survey.assets.get(asset) or ProjectSkill(asset, None, None)
    return state_of(seen, pins.of(seen) if seen.entry is not None else None, skill.tree_id)


def _matches(words: list[str], skill: Listed) -> bool:
    text = _folded(f"{skill.name} {skill.description}")
    return all(word in text for word in words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

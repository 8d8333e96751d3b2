"""The verb `list`: what the wiki offers, and how each skill stands in the project."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from wikipin.names import HEAD, Commit
from wikipin.plan.state import Pinned, ProjectSkill, State, state_of
from wikipin.project.inspection import Survey
from wikipin.project.project import Project
from wikipin.verbs.pins import read_pins
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


def list_skills(wiki_path: Path, project: Project, *, query: str = "") -> Offers:
    """Return the skills whose name or description has every word of `query`, whatever its case."""
    with Wiki(wiki_path) as wiki:
        catalogue = wiki.catalogue(wiki.resolve(HEAD))
        survey = project.survey()
        pins = read_pins(wiki, survey.skills.values(), catalogue.commit)
    words = _folded(query).split()
    return Offers(
        catalogue.commit,
        [
            Offer(skill.name, skill.description, _state(skill, survey, pins.get(skill.name)))
            for skill in catalogue.skills
            if _matches(words, skill)
        ],
        catalogue.skipped,
    )


def _state(skill: Listed, survey: Survey, pinned: Pinned | None) -> State:
    seen = survey.skills.get(skill.name) or ProjectSkill(skill.name, None, None)
    return state_of(seen, pinned, skill.tree_id)


def _matches(words: list[str], skill: Listed) -> bool:
    text = _folded(f"{skill.name} {skill.description}")
    return all(word in text for word in words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

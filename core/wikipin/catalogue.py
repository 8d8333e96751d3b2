"""The verb `list`: what the wiki offers, and how each skill stands in the project."""

import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from wikipin.errors import WikipinError
from wikipin.inspection import Survey
from wikipin.lockfile import Entry
from wikipin.names import HEAD, Commit, SkillName, is_skill_name
from wikipin.project import Project
from wikipin.state import History, State, state_of
from wikipin.wiki import Catalogue, Listed, Wiki


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
        history = _history(wiki, catalogue, survey)
        entries = {name: _with_digests(wiki, name, entry) for name, entry in survey.lockfile.entries.items()}
    words = _folded(query).split()
    return Offers(
        catalogue.commit,
        [
            Offer(
                skill.name,
                skill.description,
                state_of(skill.name, entries.get(skill.name), survey.copies.get(skill.name), history),
            )
            for skill in catalogue.skills
            if _matches(words, skill)
        ],
        catalogue.skipped,
    )


def _with_digests(wiki: Wiki, name: str, entry: Entry) -> Entry:
    """Return `entry` with the digests that its pin has in the wiki, where an older tool wrote none that count."""
    if entry.digests is not None or not is_skill_name(name):
        return entry
    try:
        skill = wiki.read_skill(entry.commit, SkillName(name))
    except WikipinError:
        return entry
    return replace(entry, digests=skill.tree.digests)


def _matches(words: list[str], skill: Listed) -> bool:
    text = _folded(f"{skill.name} {skill.description}")
    return all(word in text for word in words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _history(wiki: Wiki, catalogue: Catalogue, survey: Survey) -> History:
    pins = {entry.commit for entry in survey.lockfile.entries.values()}
    at_pin = {pin: wiki.tree_ids(pin) for pin in pins}
    known = {pin for pin, trees in at_pin.items() if trees is not None}
    at_head = {str(skill.name): skill.tree_id for skill in catalogue.skills}
    return History(at_pin, frozenset(wiki.ancestors(known, catalogue.commit)), at_head)

"""The verb `status`: how each skill of a project stands, with the wiki's word where there is a wiki."""

from dataclasses import dataclass
from pathlib import Path

from wikipin.errors import WikipinError
from wikipin.exposure import Standing, exposed_path
from wikipin.inspection import Survey
from wikipin.lockfile import VERSION, parse_document
from wikipin.names import Commit
from wikipin.pin import read_pins
from wikipin.project import Project
from wikipin.state import Evidence, Pinned, State, state_of
from wikipin.tree import FileChange
from wikipin.wiki import Wiki

_GONE = (Standing.NOTHING, Standing.FOREIGN)

DRIFT = frozenset({State.MODIFIED, State.MISSING})
"""The states in which a project has not what its lockfile says."""


@dataclass(frozen=True)
class Status:
    """How one skill stands; `changes` are those of its copy, where it could be compared."""

    evidence: Evidence
    state: State
    is_compared: bool
    changes: list[FileChange]

    @property
    def not_exposed(self) -> list[str]:
        """Where the lockfile says that agents see the skill, and they do not."""
        found = {exposed_path(word, self.evidence.name): what for word, what in self.evidence.exposures.items()}
        exposed = self.evidence.entry.exposed if self.evidence.entry is not None else None
        return [path for path in exposed or [] if found.get(path) in _GONE]


@dataclass(frozen=True)
class Statuses:
    """How all skills of a project stand; without a wiki, `commit` is None and `wiki_problem` may say why.

    Of a lockfile of a version that is not ours, only that version is told.
    """

    commit: Commit | None
    skills: list[Status]
    wiki_problem: WikipinError | None = None
    version: object = VERSION
    is_supported: bool = True


def read_status(project: Project, wiki_path: Path | None) -> Statuses:
    """Return how each skill stands that has an entry or a copy. Where `wiki_path` is None, no wiki is asked."""
    try:
        survey = project.survey()
    except WikipinError as error:
        if error.code != "lockfile-version":
            raise
        version = parse_document(project.read_lockfile() or b"").get("version")
        return Statuses(None, [], version=version, is_supported=False)
    if wiki_path is None:
        return Statuses(None, [_status(evidence, None, None) for evidence in survey.skills.values()])
    try:
        return _with_wiki(wiki_path, survey)
    except WikipinError as error:
        skills = [_status(evidence, None, None) for evidence in survey.skills.values()]
        return Statuses(None, skills, error)


def _with_wiki(wiki_path: Path, survey: Survey) -> Statuses:
    with Wiki(wiki_path) as wiki:
        head = wiki.resolve()
        at_head = wiki.tree_ids(head, survey.skills)
        pins = read_pins(wiki, survey.skills.values(), head)
    return Statuses(
        head, [_status(evidence, pins.get(name), at_head.get(name)) for name, evidence in survey.skills.items()]
    )


def _status(evidence: Evidence, pinned: Pinned | None, at_head: str | None) -> Status:
    changes = evidence.changes(pinned.listing if pinned else None)
    return Status(evidence, state_of(evidence, pinned, at_head), changes is not None, changes or [])

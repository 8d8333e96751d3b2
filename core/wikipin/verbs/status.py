"""The verb `status`: the state of each skill of a project, compared with the wiki if there is one."""

from dataclasses import dataclass, replace

from wikipin.errors import WikipinError
from wikipin.names import Commit
from wikipin.plan.lockfile import VERSION, parse_document
from wikipin.plan.state import DRIFT, Pinned, ProjectSkill, State, state_of
from wikipin.project.bytecode import Unproven, parse_path
from wikipin.project.inspection import Survey
from wikipin.project.project import Project
from wikipin.project.proof import Prover
from wikipin.tree import MOST_BYTES, FileChange
from wikipin.verbs.pins import Pins
from wikipin.wiki.wiki import Wiki

_MOST_COMPILED = 2 * MOST_BYTES  # of sources and bytecode, in one copy


@dataclass(frozen=True)
class Status:
    """The state of one skill; `changes` are those of its copy, if it could be compared."""

    seen: ProjectSkill
    state: State
    is_compared: bool
    changes: list[FileChange]
    bytecode: list[Unproven] | None = None
    """The bytecode that its source does not prove, by path as in `changes`; None if that was not checked."""

    def is_drifted(self, *, copies_only: bool = False) -> bool:
        """Tell whether the project does not have what its lockfile says, or has something that might run instead.

        With `copies_only`, exposures that are links do not count.
        """
        return self.state in DRIFT or bool(self.bytecode) or (bool(self.seen.not_exposed) and not copies_only)


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


def read_status(project: Project, wiki: Wiki | None) -> Statuses:
    """Return the state of each skill that has an entry or a copy. If `wiki` is None, no wiki is asked."""
    try:
        survey = project.survey()
    except WikipinError as error:
        if error.code != "lockfile-version":
            raise
        version = parse_document(project.read_lockfile() or b"").get("version")
        return Statuses(None, [], version=version, is_supported=False)
    if wiki is None:
        return Statuses(None, [_status(seen, None, None) for seen in survey.assets.values()])
    try:
        return _with_wiki(wiki, survey)
    except WikipinError as error:
        skills = [_status(seen, None, None) for seen in survey.assets.values()]
        return Statuses(None, skills, error)


def check_bytecode(project: Project, statuses: Statuses) -> Statuses:
    """Return `statuses` with the bytecode in the copies compared with its sources.

    A copy without an entry is left out: nothing in it was installed.
    """
    prover = Prover(project.identity)
    skills = [
        replace(status, bytecode=_unproven(project, status.seen, prover) if status.seen.entry else [])
        for status in statuses.skills
    ]
    return replace(statuses, skills=skills)


def _unproven(project: Project, seen: ProjectSkill, prover: Prover) -> list[Unproven]:
    found: list[Unproven] = []
    for at, copy in seen.copies():
        if copy.bytecode:
            sources = {piece.source for piece in map(parse_path, copy.bytecode) if piece is not None}
            directory = at.removesuffix("/") or seen.asset.canonical
            wanted = [*sorted(sources & copy.listing.keys()), *copy.bytecode]
            contents = project.read_files(directory, wanted, most=_MOST_COMPILED)
            found += [Unproven(at + each.path, each.why) for each in prover.unproven(copy, contents)]
    return found


def _with_wiki(wiki: Wiki, survey: Survey) -> Statuses:
    pins = Pins(wiki, wiki.resolve())
    pins.read(survey.lockfile.entries, survey.assets)
    skills = [
        _status(seen, pins.of(seen) if seen.entry is not None else None, pins.tree_id(asset))
        for asset, seen in survey.assets.items()
    ]
    return Statuses(pins.at, skills)


def _status(seen: ProjectSkill, pinned: Pinned | None, at_head: str | None) -> Status:
    changes = seen.changes(pinned.listing if pinned else None)
    return Status(seen, state_of(seen, pinned, at_head), changes is not None, changes or [])

"""A project that means harm: every verb, on every one of them, under strace (Linux).

Each is refused, or answered without anything being followed: what lies outside stays as it is, what was refused stays
as it was, and none of it hangs.
"""

import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from hostile.projects import READS, TWISTS, WRITES, Twist
from hostile.trace import Trace, read_trace, traced_command, traced_server
from snapshot import Snapshot, snapshot
from surfaces import Json, Outcome, command_words
from torture.strace import need_strace
from wikis import commit, make_wiki, plain_skill
from world import World

_VERBS = (*READS, *WRITES)
_SAMPLED = 4
_NAMED = {"wiki_show", "context_install_skill", "context_update_skill", "adopt", "context_remove_skill"}


@dataclass(frozen=True)
class Moment:
    """What a project was before a call and after it, and what lay outside."""

    outcome: Outcome
    before: Snapshot
    after: Snapshot
    outside_before: Snapshot
    outside_after: Snapshot


@dataclass
class Place:
    """A wiki, and for each twist a directory with `outside` and a project for each verb."""

    root: Path
    is_whole: bool
    moments: dict[tuple[str, str], Moment] = field(default_factory=dict[tuple[str, str], Moment])
    traces: list[Trace] = field(default_factory=list[Trace])

    @property
    def wiki(self) -> Path:
        return self.root / "wiki"

    def verbs(self, twist: Twist) -> list[str]:
        """Return the verbs that are called on a project: all, or four that are others for the next project."""
        first = TWISTS.index(twist) * _SAMPLED
        return [_VERBS[(first + n) % len(_VERBS)] for n in range(len(_VERBS) if self.is_whole else _SAMPLED)]

    def lay(self, twist: Twist) -> Path:
        """Make the project of a twist, and what lies outside it, in the place of what was made before."""
        at = self.root / "projects" / f"{TWISTS.index(twist)}"
        outside, project = at / "outside", at / "project"
        if at.exists():
            subprocess.run(["rm", "-rf", str(at)], check=True)  # some are too deep for shutil.rmtree
        (outside / "skills" / "hello").mkdir(parents=True)
        (outside / "skills" / "hello" / "SKILL.md").write_text("outside\n")
        (outside / "lock.json").write_text('{"version": 1, "skills": {}}\n')
        (outside / "secret").write_text("secret\n")
        shutil.copytree(self.root / "project", project, symlinks=True)
        twist.lay(project, outside)
        return project

    async def go_through(self, twist: Twist, call: Callable[[str, Path], Awaitable[Outcome]]) -> None:
        """Call the verbs, each on the project as it was laid: what a verb has changed is laid again."""
        project = self.lay(twist)
        laid = snapshot(project), snapshot(project.parent / "outside")
        for verb in self.verbs(twist):
            outcome = await call(verb, project)
            after = snapshot(project), snapshot(project.parent / "outside")
            self.moments[twist.what, verb] = Moment(outcome, laid[0], after[0], laid[1], after[1])
            if after != laid:
                project = self.lay(twist)
                laid = snapshot(project), snapshot(project.parent / "outside")


@pytest.fixture(scope="module", params=["sampled", pytest.param("whole", marks=pytest.mark.whole)])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Make the calls on every project, `adopt` by the command and the others by the server, each one process."""
    need_strace()
    place = Place(tmp_path_factory.mktemp("projects"), request.param == "whole")
    make_wiki(place.wiki, {"hello": {**plain_skill("hello"), "run.sh": (b"echo\n", True)}})
    (place.root / "project").mkdir()
    World(place.wiki, place.root / "project").install("hello")
    commit(place.wiki, {"hello": plain_skill("hello", "Newer.")})
    (place.root / "projects").mkdir()
    server, command = place.root / "server.trace", place.root / "command.trace"
    anyio.run(_go_through, place, server, command)
    place.traces += [read_trace(server), read_trace(command)]
    subprocess.run(["rm", "-rf", str(place.root / "projects")], check=True)
    return place


async def _go_through(place: Place, server: Path, command: Path) -> None:
    projects = place.root / "projects"
    with traced_command(command, projects) as run:
        async with traced_server(server, place.wiki, projects, "auto") as ask:

            async def call(verb: str, project: Path) -> Outcome:
                arguments: Json = {"name": "hello"} if verb in _NAMED else {}
                if verb == "adopt":
                    return run(command_words(verb, arguments, wiki=place.wiki, project=project))
                return await ask(verb, {**arguments, "project": str(project)})

            for twist in TWISTS:
                await place.go_through(twist, call)


def _code(outcome: Outcome) -> str | None:
    failed = outcome.answer.get("failed")
    return failed[0]["code"] if failed else outcome.code


def _name(twist: Twist) -> str:
    return ascii(twist.what)


@pytest.mark.parametrize("twist", TWISTS, ids=_name)
def test_a_hostile_project_is_refused_or_answered_without_anything_being_followed(twist: Twist, place: Place) -> None:
    moments = {verb: place.moments[twist.what, verb] for verb in place.verbs(twist)}
    assert {verb: _code(moment.outcome) for verb, moment in moments.items()} == {
        verb: twist.said[verb] for verb in moments
    }
    for verb, moment in moments.items():
        assert moment.outside_after == moment.outside_before
        assert str(place.root) not in moment.outcome.prose
        assert [moment.after[path] for path in twist.stays] == [moment.before[path] for path in twist.stays]
        if (verb in READS or twist.said[verb] is not None) and not twist.is_finished:
            assert moment.after == moment.before


def test_a_forged_journal_loses_nobody_what_is_theirs(place: Place) -> None:
    (twist,) = [twist for twist in TWISTS if twist.what == "a journal that takes what is somebody's own"]
    for verb in place.verbs(twist):
        assert (0o100644, b"mine\n") in place.moments[twist.what, verb].after.values()


def test_no_process_opened_anything_outside_or_ran_anything_but_git_that_reads(place: Place) -> None:
    assert [trace.wrongs("outside") for trace in place.traces] == [[], []]
    assert len(place.traces[0].programs()) > len(TWISTS)


def test_what_was_named_is_opened_by_its_path_once_a_call_and_nothing_below_it_ever(
    place: Place,
) -> None:
    server, command = place.traces
    projects = place.root / "projects"
    assert server.by_path(projects) == []
    named = command.by_path(projects)
    assert {Path(path).name for path, _ in named} == {"project"}
    assert all("O_PATH" in flags.split("|") for _, flags in named)
    assert len(named) == sum("adopt" in place.verbs(twist) for twist in TWISTS)

"""A wiki that means harm, installed from through every door, with each process under strace (Linux).

What cannot be read, or must not be written, is refused, and the project stays as it was. What is left out by design,
and a repository's config, hooks, filters and the rest, do not stop an install of the true bytes, and do nothing else.
"""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import pytest
from hostile.repositories import HANGS, TRAPS, TRUE, Trap
from hostile.trace import Trace, read_trace, traced_command, traced_server
from hostile.trees import TREES, Hostile
from snapshot import Snapshot, snapshot
from surfaces import Json, Outcome, command_words
from torture.strace import need_strace
from wikis import git, make_wiki

INSTALL = "context_install_skill"
_DOORS = ("auto", "command")
_LOOKS = ("wiki_list", "context_status")


@dataclass(frozen=True)
class Call:
    """One call: the wiki that it is about, the tool, its arguments, and the project's own directory."""

    wiki: Path
    tool: str
    arguments: Json
    project: str


@dataclass
class Place:
    """Where all of it happens: a wiki with all trees, a directory for each trap, and the projects of each door."""

    root: Path
    laid: dict[str, Snapshot] = field(default_factory=dict[str, Snapshot])
    """What each trap's repository was, by the trap's name."""

    @property
    def trees(self) -> Path:
        return self.root / "trees"

    def trap(self, trap: Trap) -> Path:
        """Return the directory of a trap: `wiki`, and `outside` with a `secret`."""
        return self.root / "traps" / f"{(*TRAPS, *HANGS).index(trap)}"

    def lay(self, trap: Trap) -> None:
        """Make a trap, and take away the mark that its making may have left."""
        at = self.trap(trap)
        (at / "outside").mkdir(parents=True)
        (at / "outside" / "secret").write_text("secret\n")
        (at / "mark").write_text(f"#!/bin/sh\ntouch '{at}/marked'\n")
        (at / "mark").chmod(0o755)
        trap.lay(at / "wiki", str(at / "mark"), at / "outside")
        (at / "marked").unlink(missing_ok=True)
        self.laid[trap.what] = snapshot(at)

    def calls(self) -> list[Call]:
        """Return all calls of a door: an install of each tree, and of each trap, which is looked at before."""
        trees = [Call(self.trees, INSTALL, _arguments(case), f"tree-{n}") for n, case in enumerate(TREES)]
        return trees + [
            Call(self.trap(trap) / "wiki", tool, {"name": "hello"} if tool == INSTALL else {}, f"trap-{number}")
            for number, trap in enumerate(TRAPS)
            for tool in (*_LOOKS, INSTALL)
        ]


def _name(case: Hostile | Trap) -> str:
    return case.what


def _arguments(case: Hostile) -> Json:
    return {"name": "hello", "ref": f"case-{TREES.index(case)}"}


@dataclass
class Seen:
    """What one door said to each call, what was then in the project, and what strace saw of all of it."""

    projects: Path
    outcomes: dict[tuple[str, str], Outcome]
    after: dict[tuple[str, str], Snapshot]
    trace: Trace

    def project(self, name: str) -> Path:
        return self.projects / name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    need_strace()
    place = Place(tmp_path_factory.mktemp("hostile"))
    make_wiki(place.trees, bare=True)
    for number, case in enumerate(TREES):
        (place.trees / "refs" / "heads" / f"case-{number}").write_text(f"{case.commit(place.trees)}\n")
    for trap in (*TRAPS, *HANGS):
        place.lay(trap)
    return place


@pytest.fixture(scope="module")
def seen(place: Place) -> dict[str, Seen]:
    """Make every call through every door, each door one process, with one wiki after the other at the same path."""
    return {door: _go_through(place, door) for door in _DOORS}


def _go_through(place: Place, door: str) -> Seen:
    projects, wiki, trace = place.root / door, place.root / f"{door}.wiki", place.root / f"{door}.trace"
    projects.mkdir()
    outcomes: dict[tuple[str, str], Outcome] = {}
    after: dict[tuple[str, str], Snapshot] = {}

    def prepare(call: Call) -> None:
        wiki.unlink(missing_ok=True)
        wiki.symlink_to(call.wiki)
        (projects / call.project).mkdir(exist_ok=True)

    def note(call: Call, outcome: Outcome) -> None:
        outcomes[call.project, call.tool] = outcome
        after[call.project, call.tool] = snapshot(projects / call.project)

    async def serve() -> None:
        async with traced_server(trace, wiki, projects, door) as ask:
            for call in place.calls():
                prepare(call)
                note(call, await ask(call.tool, {**call.arguments, "project": call.project}))

    if door == "command":
        with traced_command(trace, projects) as run:
            for call in place.calls():
                prepare(call)
                project = projects / call.project
                note(call, run(command_words(call.tool, call.arguments, wiki=wiki, project=project)))
    else:
        anyio.run(serve)
    return Seen(projects, outcomes, after, read_trace(trace))


def test_there_are_enough_of_them() -> None:
    names = [case.what for case in TREES] + [trap.what for trap in (*TRAPS, *HANGS)]
    assert len(set(names)) == len(names)
    assert len(TREES) >= 60


@pytest.mark.parametrize("case", TREES, ids=_name)
@pytest.mark.parametrize("door", _DOORS)
def test_a_hostile_tree_is_refused_or_left_out(case: Hostile, door: str, seen: dict[str, Seen], place: Place) -> None:
    name = f"tree-{TREES.index(case)}"
    outcome = seen[door].outcomes[name, INSTALL]
    assert (outcome.code, outcome.code or outcome.answer["name"]) == (case.code, case.code or "hello")
    assert case.says in outcome.text
    assert str(place.root) not in outcome.prose
    if case.code is not None:
        assert seen[door].after[name, INSTALL] == {}
    else:
        _assert_files_are_objects_of(f"case-{TREES.index(case)}", seen[door].project(name), place.trees)


def _assert_files_are_objects_of(revision: str, project: Path, wiki: Path) -> None:
    copy = project / ".memtomem" / "skills" / "hello"
    found = [path for path in copy.rglob("*") if not path.is_dir()]
    assert copy / "SKILL.md" in found
    size = int(git(wiki, "cat-file", "-s", f"{revision}:skills/hello"))
    tree = git(wiki, "cat-file", "tree", f"{revision}:skills/hello").ljust(size, b"\n")
    for path in found:
        assert path.is_file()
        assert not path.is_symlink()
        oid = git(wiki, "hash-object", "--no-filters", str(path)).decode()
        assert f"100644 {path.name}\0".encode() + bytes.fromhex(oid) in tree


@pytest.mark.parametrize("trap", TRAPS, ids=_name)
@pytest.mark.parametrize("door", _DOORS)
def test_of_a_hostile_repository_the_true_bytes_are_installed_or_nothing(
    trap: Trap, door: str, seen: dict[str, Seen], place: Place
) -> None:
    name = f"trap-{TRAPS.index(trap)}"
    outcome = seen[door].outcomes[name, INSTALL]
    assert outcome.code == trap.code
    assert str(place.root) not in outcome.prose
    if trap.code is not None:
        assert seen[door].after[name, INSTALL] == {}
        return
    copy = snapshot(seen[door].project(name) / ".memtomem" / "skills" / "hello")
    true = {path: content if isinstance(content, tuple) else (content, False) for path, content in TRUE.items()}
    assert {path: (content, bool(mode & 0o100)) for path, (mode, content) in copy.items()} == true


@pytest.mark.parametrize("trap", TRAPS, ids=_name)
@pytest.mark.parametrize("door", _DOORS)
def test_a_look_at_a_hostile_repository_is_answered_or_refused_and_writes_nothing(
    trap: Trap, door: str, seen: dict[str, Seen]
) -> None:
    name = f"trap-{TRAPS.index(trap)}"
    listed, status = (seen[door].outcomes[name, tool] for tool in _LOOKS)
    assert listed.code in {None, trap.code}
    assert (status.answer["wiki_problem"] or "").partition(":")[0] in {"", trap.code}
    assert [seen[door].after[name, tool] for tool in _LOOKS] == [{}, {}]


@pytest.mark.parametrize("door", _DOORS)
def test_nothing_is_run_but_git_that_reads_and_no_socket_is_opened(door: str, seen: dict[str, Seen]) -> None:
    trace = seen[door].trace
    assert trace.wrongs("secret") == []
    assert len(trace.programs()) > len(TREES) + len(TRAPS)


@pytest.mark.parametrize("trap", TRAPS, ids=_name)
def test_no_trap_has_closed_and_each_is_one(trap: Trap, seen: dict[str, Seen], place: Place) -> None:
    """The second half is the control: git itself, asked for the right thing, leaves the mark."""
    assert len(seen) == len(_DOORS)
    at = place.trap(trap)
    assert snapshot(at) == place.laid[trap.what]
    if trap.spring:
        subprocess.run(["git", "-C", str(at / "wiki"), *trap.spring], check=False, capture_output=True)
        assert (at / "marked").exists()


@pytest.fixture(scope="module")
def hung(place: Place) -> list[Outcome]:
    """Ask for an install from each repository that never answers, at once, each by a process of its own."""
    (place.root / "hung").mkdir()
    with ThreadPoolExecutor() as threads:
        return list(threads.map(partial(_hang, place), range(len(HANGS))))


def _hang(place: Place, number: int) -> Outcome:
    trace = place.root / f"hang-{number}.trace"
    project = place.root / "hung" / f"{number}"
    project.mkdir()
    wiki = place.trap(HANGS[number]) / "wiki"
    with traced_command(trace, project, before="wikipin.wiki.deadline.SECONDS = 1") as run:
        outcome = run(command_words(INSTALL, {"name": "hello"}, wiki=wiki, project=project))
    assert snapshot(project) == {}
    assert read_trace(trace).wrongs("secret") == []
    return outcome


@pytest.mark.parametrize("trap", HANGS, ids=_name)
def test_a_repository_that_never_answers_is_given_up(trap: Trap, hung: list[Outcome]) -> None:
    assert hung[HANGS.index(trap)].code == trap.code


_CONTROLS: dict[str, tuple[str, str]] = {
    "a socket": ("import socket; socket.create_server(('127.0.0.1', 0)).close()", "it used a socket"),
    "a command": ("import os; os.system('true')", "it ran ['sh', '-c'"),
    "git that runs a hook": (
        "import subprocess; subprocess.run(['git', '-C', '{wiki}', 'commit', '-q', '--allow-empty', '-m', 'x'])",
        "it ran ['git', '-C'",
    ),
    "a file outside": ("open('{secret}').close()", "it followed"),
}


@pytest.mark.parametrize("control", _CONTROLS)
@pytest.mark.parametrize("door", ["auto", "command"])
def test_the_tracer_sees_what_it_is_for(control: str, door: str, tmp_path: Path) -> None:
    """The control: the same judgement of a program that does what it must not goes red."""
    need_strace()
    before, complaint = _CONTROLS[control]
    place = Place(tmp_path)
    place.lay(TRAPS[0])
    at, trace = place.trap(TRAPS[0]), tmp_path / "trace"
    before = before.format(wiki=at / "wiki", secret=at / "outside" / "secret")
    (tmp_path / "project").mkdir()

    async def serve() -> None:
        async with traced_server(trace, at / "wiki", tmp_path / "project", door, before=before) as ask:
            await ask("lockfile_read", {})

    if door == "command":
        with traced_command(trace, tmp_path, before=before) as run:
            run(command_words("wiki_list", {}, wiki=at / "wiki", project=tmp_path / "project"))
    else:
        anyio.run(serve)
    wrongs = read_trace(trace).wrongs("secret")
    assert any(wrong.startswith(complaint) for wrong in wrongs), wrongs

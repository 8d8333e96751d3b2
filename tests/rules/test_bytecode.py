"""What Python leaves in a copy is held against the sources there, by the Python that left it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from memtomem.interpreter import NoInterpreterError, find_interpreter
from wikis import plain_skill
from world import World, make_world

from wikipin.names import SkillName
from wikipin.project.bytecode import NO_HEADER, UNCHECKED, header_fault, parse_path

NAME = SkillName("hello")
_SOURCE = b'''"""Say."""

import sys

def say(x=(1, 2.0, "a", b"b", frozenset({1, 2}))):
    assert x in {"a", "b", "c"}, "no"
    return [lambda: x, sys]
'''
_CACHE = ".memtomem/skills/hello/scripts/__pycache__"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path, {NAME: {**plain_skill(NAME), "scripts/say.py": _SOURCE, "scripts/more.py": _SOURCE}})
    world.install()
    return world


def _check(world: World, path: str | None = None) -> tuple[int, list[dict[str, str]]]:
    done = world.check("--json", env=os.environ if path is None else {**os.environ, "PATH": path})
    return done.returncode, json.loads(done.stdout)["skills"][0]["bytecode"]


def _compile(python: str, world: World) -> Path:
    subprocess.run(
        [python, "-m", "compileall", "-q", "scripts/say.py"], cwd=(world.project / _CACHE).parents[1], check=True
    )
    (pyc,) = (world.project / _CACHE).iterdir()
    return pyc


@pytest.mark.parametrize(
    ("path", "source", "level", "python"),
    [
        ("__pycache__/a.cpython-311.pyc", "a.py", 0, "python3.11"),
        ("x/__pycache__/a.cpython-312.opt-2.pyc", "x/a.py", 2, "python3.12"),
        ("x/__pycache__/a.b.cpython-39.opt-1.pyc", "x/a.b.py", 1, "python3.9"),
        ("__pycache__/a.pypy310.pyc", "a.py", 0, None),
        ("__pycache__/a.cpython-313t.pyc", "a.py", 0, "python3.13t"),
    ],
)
def test_a_path_says_what_was_compiled_and_by_which_python(
    path: str, source: str, level: int, python: str | None
) -> None:
    found = parse_path(path)
    assert found is not None
    assert (found.path, found.source, found.level, found.python) == (path, source, level, python)


@pytest.mark.parametrize("path", ["__pycache__/a.pyc", "__pycache__/.pyc", "__pycache__/a.opt-1.pyc"])
def test_a_path_that_no_python_gives_says_nothing(path: str) -> None:
    assert parse_path(path) is None


@pytest.mark.parametrize(
    ("flags", "fault"), [(0, None), (3, None), (1, UNCHECKED), (2, NO_HEADER), (4, NO_HEADER), (1 << 31, NO_HEADER)]
)
def test_a_header_says_whether_python_holds_it_against_its_source(flags: int, fault: str | None) -> None:
    header = b"\xa7\r\r\n" + flags.to_bytes(4, "little") + bytes(8)
    assert header_fault(header) == fault
    assert header_fault(header[:15]) == NO_HEADER


def test_bytecode_of_another_python_is_held_against_its_source_by_that_one(world: World) -> None:
    try:
        other = find_interpreter()
    except NoInterpreterError as error:
        pytest.skip(str(error))
    if str(other) == sys.executable:
        pytest.skip("this is the newest Python here")
    pyc = _compile(str(other), world)
    beside = f"{other.parent}:{os.environ['PATH']}"
    assert _check(world, beside) == (0, [])

    more = pyc.with_name(pyc.name.replace("say", "more"))
    shutil.copy(pyc, more)
    (world.project / _CACHE).parent.joinpath("more.py").write_bytes(_SOURCE.replace(b"2.0", b"2"))
    assert _check(world, beside) == (
        1,
        [{"path": f"scripts/__pycache__/{more.name}", "why": "it is not what its source compiles to"}],
    )
    code, found = _check(world, "/usr/bin:/bin" if other.parent != Path("/usr/bin") else "/nonexistent")
    assert (code, {each["why"] for each in found}) == (1, {"no Python on PATH could check it"})


@pytest.fixture
def of_no_version(world: World) -> None:
    """Leave bytecode of a Python that nobody has."""
    pyc = _compile(sys.executable, world)
    content = b"\0\0\r\n" + pyc.read_bytes()[4:]
    pyc.rename(pyc.with_name("say.cpython-399.pyc")).write_bytes(content)


def _program(at: Path) -> Path:
    """Make a Python that says yes to everything, and leaves beside it by which path it was run."""
    at.parent.mkdir(parents=True, exist_ok=True)
    at.write_text('#!/bin/sh\necho "$0" > "${0%/*}/ran"\nprintf y\n')
    at.chmod(0o755)
    return at


_NOT_FOUND = (1, [{"path": "scripts/__pycache__/say.cpython-399.pyc", "why": "no Python on PATH could check it"}])


@pytest.mark.usefixtures("of_no_version")
@pytest.mark.parametrize("place", ["bin", ".", "{project}/bin", "{project}", "{outside}", "{link}"])
def test_no_python_of_the_project_is_run(place: str, world: World, tmp_path: Path) -> None:
    """A stranger's clone may bring the virtual environment that a person then activates."""
    _program(world.project / "bin/python3.99")
    _program(world.project / "python3.99")
    (outside := tmp_path / "outside").mkdir()
    (outside / "python3.99").symlink_to(world.project / "bin/python3.99")
    (link := tmp_path / "link").symlink_to(world.project / "bin")
    path = place.format(project=world.project, outside=outside, link=link)
    assert _check(world, f"{path}:{os.environ['PATH']}") == _NOT_FOUND
    assert not [*world.project.rglob("ran"), *outside.rglob("ran")]


@pytest.mark.usefixtures("of_no_version")
def test_the_control_a_python_outside_is_run_and_by_no_link_of_the_project(world: World, tmp_path: Path) -> None:
    program = _program(tmp_path / "outside/python3.99")
    (world.project / "bin").mkdir()
    (world.project / "bin/python3.99").symlink_to(program)
    for place in (world.project / "bin", program.parent):
        assert _check(world, f"{place}:{os.environ['PATH']}") == (0, [])
        assert (program.parent / "ran").read_text() == f"{program}\n"
        (program.parent / "ran").unlink()


@pytest.mark.parametrize("name", ["say.pyc", "gone.cpython-311.pyc", "say.cpython-311-pytest-9.0.pyc"])
def test_bytecode_without_a_source_in_the_copy_is_named(name: str, world: World) -> None:
    pyc = _compile(sys.executable, world)
    pyc.rename(pyc.with_name(name))
    assert _check(world) == (
        1,
        [{"path": f"scripts/__pycache__/{name}", "why": "it has no source in the copy"}],
    )


def test_a_stale_time_in_a_header_is_no_other_code(world: World) -> None:
    """A checkout gives every source a new time; Python then compiles it again."""
    _compile(sys.executable, world)
    os.utime(world.project / _CACHE / "../say.py", (0, 0))
    assert _check(world) == (0, [])


def test_what_nobody_installed_is_not_checked_for_bytecode(world: World) -> None:
    _compile(sys.executable, world)
    (world.project / _CACHE / "x.cpython-311.pyc").touch()
    world.lockfile_path.write_text('{"version": 1, "skills": {}}')
    assert _check(world) == (0, [])


def test_a_status_alone_starts_no_python(world: World, tmp_path: Path) -> None:
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "wikipin.cli",
            "--json",
            "--wiki",
            f"{tmp_path}/wiki",
            "--project",
            str(world.project),
            "status",
        ],
        check=True,
        capture_output=True,
    )
    assert "bytecode" not in json.loads(answer.stdout)["skills"][0]

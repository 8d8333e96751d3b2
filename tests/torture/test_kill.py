"""A process that dies at any step of an install, and again at any step of the recovery."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from torture.steps import KILLED, run_until
from wikis import make_wiki, plain_skill

import wikipin
from wikipin.names import SkillName

_NAME = SkillName("hello")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: a process that dies does not need a disk to be synced."""
    memory = Path("/dev/shm")  # noqa: S108 - the directory made in it is private
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as place:
        yield Path(place)


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    hello = {**plain_skill("hello"), "run.sh": (b"echo hi\n", True), "docs/a.md": b"a"}
    return make_wiki(tmp_path / "wiki", {"hello": hello})


def _install(wiki: Path, project: Path) -> None:
    wikipin.install(wiki, wikipin.Project(project), _NAME)


def _recover(wiki: Path, project: Path) -> None:
    """Run the least of all commands: one that only reads."""
    wikipin.list_skills(wiki, wikipin.Project(project))


def _violations(project: Path, tree: Mapping[str, bytes]) -> list[str]:
    memtomem = project / ".memtomem"
    lockfile = memtomem / "lock.json"
    has_entry = lockfile.exists() and "hello" in json.loads(lockfile.read_text())["skills"]
    copy = memtomem / "skills/hello"
    found = {str(p.relative_to(copy)): p.read_bytes() for p in copy.rglob("*") if p.is_file()} if copy.exists() else {}
    links = [project / ".agents/skills/hello", project / ".claude/skills/hello"]
    checks = {
        "a torn copy": bool(found) and found != tree,
        "entry without copy, or copy without entry": has_entry != bool(found),
        "an exposure without a copy, or a copy without one": [link.is_symlink() for link in links] != [has_entry] * 2,
        "a link to nothing": any(link.is_symlink() and not link.exists() for link in links),
        "left in .staging": any((memtomem / ".staging").glob("*")),
        "left in .txn": any((memtomem / ".txn").glob("*")),
        "an executable bit lost": bool(found) and not (copy / "run.sh").stat().st_mode & 0o100,
    }
    return [what for what, is_so in checks.items() if is_so]


def _steps(wiki: Path, start: Path, scratch: Path, first: int | None) -> int:
    """Count the steps of the recovery after a kill at `first`, or those of the install where it is None."""
    for step in range(1000):
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(start, scratch, symlinks=True)
        if first is None:
            code = run_until(step, lambda: _install(wiki, scratch))
        else:
            code = run_until(step, lambda: _recover(wiki, scratch))
        if code != KILLED:
            assert code == 0
            return step
    raise AssertionError("it never ends")


def test_an_install_killed_at_any_step_is_whole_or_absent_after_the_next_command(wiki: Path, place: Path) -> None:
    with wikipin.Wiki(wiki) as opened:
        tree: Mapping[str, bytes] = {
            str(f.path): f.content for f in opened.read_skill(opened.resolve(), _NAME).tree.files
        }
    empty, project, again = place / "empty", place / "project", place / "again"
    empty.mkdir()
    steps = _steps(wiki, empty, project, None)
    assert steps > 40
    found: dict[tuple[int, int | None], list[str]] = {}
    outcomes: set[bool] = set()
    for step in range(steps):
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        assert run_until(step, lambda: _install(wiki, project)) == KILLED
        for second in [*range(3, 40, 12), None]:
            shutil.rmtree(again, ignore_errors=True)
            shutil.copytree(project, again, symlinks=True)
            run_until(second, lambda: _recover(wiki, again))
            assert run_until(None, lambda: _recover(wiki, again)) == 0
            if violations := _violations(again, tree):
                found[step, second] = violations
            outcomes.add((again / ".memtomem/skills/hello").exists())
    assert found == {}
    assert outcomes == {True, False}

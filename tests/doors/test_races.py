"""Many processes at once, released together by a barrier, round after round."""

import json
import multiprocessing
from collections import Counter
from pathlib import Path

import pytest
from racers import install_each_round
from wikis import commit, git, head, make_wiki, plain_skill

import wikipin
from wikipin.names import SkillName

_PROCESSES = 8
_ROUNDS = 50
_SPAWN = multiprocessing.get_context("spawn")


def _run(wiki: Path, projects: list[Path], names: list[str], place: Path) -> list[list[str]]:
    """Have one process for each of `names` install it in every project; return what each one was told, by process."""
    barrier = _SPAWN.Barrier(len(names))
    files = [place / f"outcomes-{index}" for index in range(len(names))]
    processes = [
        _SPAWN.Process(target=install_each_round, args=(wiki, projects, name, barrier, file))
        for name, file in zip(names, files, strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=240)
        assert process.exitcode == 0
    return [json.loads(file.read_text()) for file in files]


def _projects(tmp_path: Path) -> list[Path]:
    projects = [tmp_path / "projects" / str(number) for number in range(_ROUNDS)]
    for project in projects:
        project.mkdir(parents=True)
    return projects


def _committed(wiki: Path, name: str) -> dict[str, bytes]:
    tree = f"HEAD:skills/{name}"
    paths = git(wiki, "ls-tree", "-r", "--name-only", tree).decode().splitlines()
    return {path: git(wiki, "cat-file", "blob", f"{tree}/{path}") + b"\n" for path in paths}


def _copy(project: Path, name: str) -> dict[str, bytes]:
    root = project / ".memtomem/skills" / name
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _entries(project: Path) -> dict[str, object]:
    entries: dict[str, object] = json.loads((project / ".memtomem/lock.json").read_text())["skills"]
    return entries


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    parts = {f"part-{part}.md": f"part {part}\n".encode() for part in range(6)}
    names = [f"skill-{number}" for number in range(_PROCESSES)]
    return make_wiki(tmp_path / "wiki", {name: {**plain_skill(name), **parts} for name in names})


def test_different_skills_installed_at_once_are_all_there_and_all_in_the_lockfile(wiki: Path, tmp_path: Path) -> None:
    projects, names = _projects(tmp_path), [f"skill-{number}" for number in range(_PROCESSES)]

    told = _run(wiki, projects, names, tmp_path)

    assert told == [["installed"] * _ROUNDS] * _PROCESSES
    for project in projects:
        assert list(_entries(project)) == names
        assert list((project / ".memtomem/.staging").iterdir()) == []
    for name in names:
        expected = _committed(wiki, name)
        assert all(_copy(project, name) == expected for project in projects)


def test_of_one_skill_installed_at_once_exactly_one_wins(wiki: Path, tmp_path: Path) -> None:
    projects = _projects(tmp_path)

    told = _run(wiki, projects, ["skill-0"] * _PROCESSES, tmp_path)

    for said in zip(*told, strict=True):
        assert Counter(said) == {"installed": 1, "already-installed": _PROCESSES - 1}
    expected = _committed(wiki, "skill-0")
    for project in projects:
        assert _copy(project, "skill-0") == expected
        assert list(_entries(project)) == ["skill-0"]
        assert list((project / ".memtomem/.staging").iterdir()) == []
        assert list((project / ".memtomem/.txn").iterdir()) == []


def test_a_commit_made_in_the_middle_changes_nothing(wiki: Path) -> None:
    before, pin = _committed(wiki, "skill-0"), head(wiki)

    with wikipin.Wiki(wiki) as opened:
        resolved = opened.resolve()
        commit(wiki, {"skill-0": {**plain_skill("skill-0"), "part-0.md": b"moved on\n"}})
        skill = opened.read_skill(resolved, SkillName("skill-0"))

    assert resolved == skill.commit == pin != head(wiki)
    assert {file.path: file.content for file in skill.tree.files} == before

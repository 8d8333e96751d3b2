"""A wiki that is small and makes much work: what is done for it stays in proportion, and ends."""

import hashlib
import os
import resource
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from surfaces import tool
from wikis import Files, commit, commit_trees, make_wiki, plain_skill, skill_md, write_files, write_object, write_tree
from world import World

from wikipin import WikipinError
from wikipin.disk.folder import Folder
from wikipin.names import RelPath, SkillName
from wikipin.review.review import review
from wikipin.tree import File, FileDigest, Tree

_NAME = SkillName("hello")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The algorithm of each object that was read, and so hashed again: it grows with each."""
    found: list[str] = []

    def noted(algorithm: str, *, usedforsecurity: bool) -> Any:  # noqa: ANN401 - hashlib has no public name for it
        found.append(algorithm)
        return hashlib.new(algorithm, usedforsecurity=usedforsecurity)

    monkeypatch.setattr("wikipin.wiki.objects.hashlib", SimpleNamespace(new=noted))
    return found


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


def test_of_three_thousand_directories_with_one_tree_each_object_is_read_once(
    tmp_path: Path, project: Path, hashed: list[str]
) -> None:
    """They are 184 KB, and took ten seconds."""
    wiki = make_wiki(tmp_path / "wiki", bare=True)
    blob = write_object(wiki, "blob", skill_md("s7", body="x" * 1_000_000))
    files = [("100644", b"SKILL.md", blob), *(("100644", b"f%d" % number, blob) for number in range(2000))]
    tree = write_tree(wiki, files)
    commit_trees(wiki, {f"s{number}": tree for number in range(3000)})
    assert _size(wiki / "objects") < 200_000

    answer = tool("auto")("wiki_list", {}, wiki=wiki, project=project).answer

    assert ([skill["name"] for skill in answer["skills"]], answer["total"]) == (["s7"], 1)
    assert {skipped["why"] for skipped in answer["skipped"]} == {"calls itself 's7' in its SKILL.md"}
    assert len(hashed) < 10


def test_a_file_that_is_too_large_is_not_even_unpacked(tmp_path: Path, project: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki", bare=True)
    blob = write_object(wiki, "blob", bytes(64 * 1024 * 1024))
    trees = [write_tree(wiki, [("100644", b"SKILL.md", blob), ("100644", b"%d" % n, blob)]) for n in range(10)]
    with _seconds_of_git() as spent:
        World(make_wiki(tmp_path / "plain", {_NAME: plain_skill(_NAME)}), project).list_skills()
    commit_trees(wiki, {f"s{number}": tree for number, tree in enumerate(trees)})
    with _seconds_of_git() as more:
        offers = World(wiki, project).list_skills()
    assert [why for _, why in offers.skipped] == ["has a SKILL.md larger than 1048576 bytes"] * 10
    assert more() < 10 * spent()


@contextmanager
def _seconds_of_git() -> Generator[Callable[[], float]]:
    """Measure what the processes took that were started meanwhile."""
    began, ended = resource.getrusage(resource.RUSAGE_CHILDREN), list[float]()
    yield lambda: ended[0]
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended.append(now.ru_utime + now.ru_stime - began.ru_utime - began.ru_stime)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS limits no process's memory")
def test_git_takes_no_more_memory_than_it_may(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads this file to its end before anything else, and had gigabytes of it within seconds."""
    wiki = make_wiki(tmp_path / "wiki", {_NAME: plain_skill(_NAME)})
    (wiki / ".git/objects/info/alternates").symlink_to("/dev/zero")
    monkeypatch.setattr("wikipin.wiki.git._MOST_MEMORY", 256 * 1024 * 1024)
    with pytest.raises(WikipinError, match="git cannot read the wiki"):
        World(wiki, project).list_skills()


def test_a_directory_of_more_entries_than_a_skill_has_is_named_and_the_others_are_listed(
    tmp_path: Path, project: Path
) -> None:
    wiki = make_wiki(tmp_path / "wiki", bare=True)
    blob = write_object(wiki, "blob", skill_md("large"))
    many = write_tree(wiki, [("100644", b"%0200d" % number, blob) for number in range(3000)])
    small = write_tree(wiki, [("100644", b"SKILL.md", write_object(wiki, "blob", skill_md("small")))])
    commit_trees(wiki, {"large": many, "small": small})
    answer = tool("auto")("wiki_list", {}, wiki=wiki, project=project).answer
    assert [skill["name"] for skill in answer["skills"]] == ["small"]
    assert answer["skipped"] == [{"name": "large", "why": "has more entries than a skill may have"}]
    refused = tool("auto")("context_install_skill", {"name": "large"}, wiki=wiki, project=project)
    assert refused.code == "unsafe-skill"
    assert list(project.iterdir()) == []


def test_a_work_tree_of_thousands_of_files_is_not_read_for_a_warning(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiki = make_wiki(tmp_path / "wiki", {_NAME: plain_skill(_NAME)})
    for number in range(500):
        with (wiki / f"skills/{_NAME}/{number:03}").open("wb") as file:
            file.truncate(4 * 1024 * 1024)  # as large as a file of a skill may be, and not there
    os.mkfifo(wiki / f"skills/{_NAME}/-")
    read: list[str] = []
    mark = Folder.mark

    def noted(folder: Folder, name: str, *, limit: int) -> tuple[FileDigest, int]:
        read.append(name)
        return mark(folder, name, limit=limit)

    monkeypatch.setattr(Folder, "mark", noted)
    answer = tool("auto")("context_install_skill", {"name": _NAME, "dry_run": True}, wiki=wiki, project=project).answer
    assert any("uncommitted changes" in warning for warning in answer["warnings"])
    assert read == []


def _slow_clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """Have each wait for git take so many seconds."""
    seconds = count(step=step)
    monkeypatch.setattr(
        "wikipin.wiki.deadline.time", SimpleNamespace(monotonic=lambda: next(seconds), thread_time=lambda: 0.0)
    )


def test_a_search_through_two_hundred_versions_ends_and_says_so(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiki = make_wiki(tmp_path / "wiki", {})
    for number in range(40):
        commit(wiki, {_NAME: plain_skill(_NAME, f"Version {number}.")})
    write_files(project / ".memtomem/skills" / _NAME, plain_skill(_NAME, "Mine."))
    with pytest.raises(WikipinError, match="local-edits"):
        World(wiki, project).adopt(_NAME)
    _slow_clock(monkeypatch, 0.3)
    with pytest.raises(WikipinError, match="wiki-unreadable: the wiki is too slow or too large"):
        World(wiki, project).adopt(_NAME)


def test_a_status_of_skills_that_all_have_to_be_read_at_their_pins_ends_and_says_so(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [SkillName(f"s{number}") for number in range(40)]
    wiki = make_wiki(tmp_path / "wiki", {name: plain_skill(name) for name in names})
    for name in names:
        World(wiki, project).install(name)
    lockfile = project / ".memtomem/lock.json"
    lockfile.write_text(lockfile.read_text().replace("digests_installed_at", "x"))
    assert tool("auto")("context_status", {}, wiki=wiki, project=project).answer["counts"] == {"ok": 40}
    _slow_clock(monkeypatch, 0.5)
    answer = tool("auto")("context_status", {}, wiki=wiki, project=project).answer
    assert answer["wiki_problem"].startswith("wiki-unreadable: the wiki is too slow or too large")
    assert answer["counts"] == {"unknown": 40}


_LONG = 100_000
_SLOW: dict[str, Files] = {
    "a fence of shell that is all blank": {"SKILL.md": skill_md("hello", body="```!" + " " * _LONG)},
    "a frontmatter that is all blank": {
        f"{number}/SKILL.md": b"---\nname: x\ndescription: %d: y" % number + b"\n" * 16_000 + b"---\n"
        for number in range(8)
    },
    "dependencies without end": {
        f"{number}/agents/openai.yaml": b"#%d\ndependencies: {tools: [%s]}\n" % (number, b"{}, " * 1_500)
        for number in range(300)
    },
}


@pytest.mark.parametrize("what", _SLOW)
def test_a_review_of_what_is_made_to_be_slow_ends_in_seconds(what: str) -> None:
    """They took between fifteen seconds and several minutes."""
    files = {**plain_skill("hello"), **_SLOW[what]}
    assert all(isinstance(content, bytes) for content in files.values())
    tree = Tree(tuple(File(RelPath(path), bytes(content), executable=False) for path, content in files.items()))  # type: ignore[arg-type]
    began = time.process_time()
    review(tree)
    assert time.process_time() - began < 12

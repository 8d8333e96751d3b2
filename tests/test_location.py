"""Which directory is the project of a directory, and what never is one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from wikis import git, make_wiki

from wikipin import WikipinError, locate_project


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A git work tree with directories in it."""
    make_wiki(tmp_path / "tree", {})
    (tmp_path / "tree" / "a" / "b" / "c").mkdir(parents=True)
    return tmp_path / "tree"


def _lock(directory: Path) -> None:
    (directory / ".memtomem").mkdir(parents=True)
    (directory / ".memtomem" / "lock.json").touch()


def _refusal(directory: Path, wiki: Path) -> WikipinError:
    with pytest.raises(WikipinError) as refused:
        locate_project(directory, wiki)
    return refused.value


@pytest.mark.parametrize(
    ("locked", "start", "found"),
    [
        ([], "a/b", "a/b"),
        ([], ".", "."),
        (["."], "a/b/c", "."),
        (["."], ".", "."),
        (["a"], "a/b/c", "a"),
        ([".", "a"], "a/b/c", "a"),
        ([".", "a", "a/b/c"], "a/b/c", "a/b/c"),
        (["a/b/c"], "a/b", "a/b"),
        (["a/b"], "a", "a"),
        ([".."], "a", "a"),
        ([".."], ".", "."),
    ],
)
def test_the_project_is_the_nearest_ancestor_in_the_work_tree_that_has_a_lockfile(
    tree: Path, wiki: Path, locked: list[str], start: str, found: str
) -> None:
    for directory in locked:
        _lock(tree / directory)
    assert locate_project(tree / start, wiki) == (tree / found).resolve()


@pytest.mark.parametrize("inner", ["repository", "linked work tree", "file"])
def test_a_work_tree_in_a_work_tree_is_its_own(tree: Path, wiki: Path, inner: str) -> None:
    _lock(tree)
    if inner == "repository":
        make_wiki(tree / "inner", {})
    elif inner == "linked work tree":
        git(tree, "worktree", "add", "--quiet", "inner")
    else:
        (tree / "inner").mkdir()
        (tree / "inner" / ".git").write_text("gitdir: ../nowhere\n")
    (tree / "inner" / "deep").mkdir()
    assert locate_project(tree / "inner" / "deep", wiki) == tree / "inner" / "deep"
    assert locate_project(tree / "inner", wiki) == tree / "inner"
    _lock(tree / "inner")
    assert locate_project(tree / "inner" / "deep", wiki) == tree / "inner"


def test_outside_a_work_tree_no_ancestor_is_looked_at(tmp_path: Path, wiki: Path) -> None:
    _lock(tmp_path / "plain")
    (tmp_path / "plain" / "a").mkdir()
    assert locate_project(tmp_path / "plain" / "a", wiki) == tmp_path / "plain" / "a"
    assert locate_project(tmp_path / "plain", wiki) == tmp_path / "plain"


def test_links_are_resolved_before_anything_is_looked_for(tree: Path, wiki: Path, tmp_path: Path) -> None:
    _lock(tree / "a")
    (tmp_path / "link").symlink_to(tree / "a" / "b")
    assert locate_project(tmp_path / "link", wiki) == tree / "a"
    assert locate_project(tmp_path / "link" / "c" / "..", wiki) == tree / "a"


_NO_DIRECTORY: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "file": Path.touch,
    "link to nowhere": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("make", _NO_DIRECTORY.values(), ids=_NO_DIRECTORY)
def test_what_is_no_directory_is_not_found(tmp_path: Path, wiki: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "project")
    refused = _refusal(tmp_path / "project", wiki)
    assert (refused.code, refused.problem) == ("project-not-found", "there is no directory 'project'")


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "a\0b"], ids=["long part", "long path", "nul"])
def test_what_can_be_no_directory_is_not_found(tmp_path: Path, wiki: Path, name: str) -> None:
    assert _refusal(tmp_path / name, wiki).code == "project-not-found"


@pytest.mark.parametrize("locked", [False, True], ids=["plain", "with a lockfile"])
@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("home", "the home directory"),
        ("link to home", "the home directory"),
        ("wiki", "the wiki"),
        ("wiki/skills", "the wiki"),
        ("wiki/.git/objects", "the wiki"),
        ("link to wiki", "the wiki"),
        ("link to wiki/skills", "the wiki"),
    ],
)
def test_home_and_the_wiki_are_never_projects(
    tmp_path: Path,
    wiki: Path,
    home: Path,
    where: str,
    what: str,
    locked: bool,  # noqa: FBT001 - a table
) -> None:
    (tmp_path / "link to home").symlink_to(home)
    (tmp_path / "link to wiki").symlink_to(wiki)
    (wiki / "skills").mkdir(exist_ok=True)
    if locked:
        _lock(tmp_path / where)
    refused = _refusal(tmp_path / where, wiki)
    assert (refused.code, refused.problem) == ("project-not-allowed", f"{what} is never a project")


def test_the_root_directory_is_never_a_project(wiki: Path) -> None:
    assert _refusal(Path(os.sep), wiki).problem == "the root directory is never a project"


def test_a_wiki_that_is_reached_by_a_link_is_none_either(tmp_path: Path, wiki: Path) -> None:
    (tmp_path / "link").symlink_to(wiki)
    assert _refusal(wiki, tmp_path / "link").code == "project-not-allowed"


def test_a_wiki_that_is_not_there_forbids_nothing_else(tree: Path, tmp_path: Path) -> None:
    assert locate_project(tree, tmp_path / "nowhere") == tree


def test_a_home_that_is_a_work_tree_with_a_lockfile_is_passed_over(home: Path, wiki: Path) -> None:
    git(home, "init", "--quiet")
    _lock(home)
    (home / "work" / "deep").mkdir(parents=True)
    assert locate_project(home / "work" / "deep", wiki) == home / "work" / "deep"


def test_a_directory_that_holds_the_wiki_may_be_a_project(tmp_path: Path) -> None:
    make_wiki(tmp_path / "project" / "wiki", {})
    assert locate_project(tmp_path / "project", tmp_path / "project" / "wiki") == tmp_path / "project"
    assert _refusal(tmp_path / "project" / "wiki", tmp_path / "project" / "wiki").code == "project-not-allowed"


def test_a_neighbour_whose_name_begins_like_the_wikis_may_be_a_project(tmp_path: Path, wiki: Path) -> None:
    (tmp_path / "wiki-2").mkdir()
    assert locate_project(tmp_path / "wiki-2", wiki) == tmp_path / "wiki-2"

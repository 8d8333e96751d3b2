"""Which directory is the project of a directory, and what never is one."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from privilege import as_anyone
from wikis import commit, git, make_wiki, plain_skill
from world import World

from wikipin import WikipinError, open_project


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("PLUGIN_ROOT", "CLAUDE_PLUGIN_ROOT"):
        monkeypatch.delenv(variable, raising=False)
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


def _found(directory: Path, wiki: Path, *below: str) -> Path:
    """Return the path that the project says it has, having seen that it is what is open."""
    with open_project(directory, wiki, below=below) as project:
        status = project.path.stat()
        assert project.identity == (status.st_dev, status.st_ino)
        return project.path


def _refusal(directory: Path, wiki: Path, *below: str) -> WikipinError:
    with pytest.raises(WikipinError) as refused:
        open_project(directory, wiki, below=below)
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
    assert _found(tree / start, wiki) == (tree / found).resolve()


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
    assert _found(tree / "inner" / "deep", wiki) == tree / "inner" / "deep"
    assert _found(tree / "inner", wiki) == tree / "inner"
    _lock(tree / "inner")
    assert _found(tree / "inner" / "deep", wiki) == tree / "inner"


def test_outside_a_work_tree_no_ancestor_is_looked_at(tmp_path: Path, wiki: Path) -> None:
    _lock(tmp_path / "plain")
    (tmp_path / "plain" / "a").mkdir()
    assert _found(tmp_path / "plain" / "a", wiki) == tmp_path / "plain" / "a"
    assert _found(tmp_path / "plain", wiki) == tmp_path / "plain"


def test_links_are_resolved_before_anything_is_looked_for(tree: Path, wiki: Path, tmp_path: Path) -> None:
    _lock(tree / "a")
    (tmp_path / "link").symlink_to(tree / "a" / "b")
    assert _found(tmp_path / "link", wiki) == tree / "a"
    assert _found(tmp_path / "link" / "c" / "..", wiki) == tree / "a"


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
    assert _found(tree, tmp_path / "nowhere") == tree


def test_a_home_that_is_a_work_tree_with_a_lockfile_is_passed_over(home: Path, wiki: Path) -> None:
    git(home, "init", "--quiet")
    _lock(home)
    (home / "work" / "deep").mkdir(parents=True)
    assert _found(home / "work" / "deep", wiki) == home / "work" / "deep"


def test_a_directory_that_holds_the_wiki_may_be_a_project(tmp_path: Path) -> None:
    make_wiki(tmp_path / "project" / "wiki", {})
    assert _found(tmp_path / "project", tmp_path / "project" / "wiki") == tmp_path / "project"
    assert _refusal(tmp_path / "project" / "wiki", tmp_path / "project" / "wiki").code == "project-not-allowed"


def test_a_neighbour_whose_name_begins_like_the_wikis_may_be_a_project(tmp_path: Path, wiki: Path) -> None:
    (tmp_path / "wiki-2").mkdir()
    assert _found(tmp_path / "wiki-2", wiki) == tmp_path / "wiki-2"


def test_a_lockfile_is_looked_for_upwards_through_the_directory_that_was_named(tree: Path, wiki: Path) -> None:
    assert _found(tree / "a", wiki, "b", "c") == tree / "a/b/c"
    assert _found(tree / "a", wiki, "b", "..", "b", "c", "..") == tree / "a/b"
    _lock(tree)
    assert _found(tree / "a", wiki, "b", "c") == tree
    _lock(tree / "a/b")
    assert _found(tree / "a", wiki, "b", "c") == tree / "a/b"


@pytest.mark.parametrize("to", ["a/b", "..", "nowhere", "link"])
@pytest.mark.parametrize("below", [["link"], ["link", "c"], ["link", "..", "a"]])
def test_below_the_directory_that_was_named_no_link_is_followed(
    tree: Path, wiki: Path, to: str, below: list[str]
) -> None:
    (tree / "link").symlink_to(to)
    refused = _refusal(tree, wiki, *below)
    assert (refused.code, refused.problem[:16]) == ("project-not-allowed", "'link' is a link")


def test_a_lockfile_behind_a_link_is_none(tree: Path, wiki: Path) -> None:
    _lock(tree / "a")
    (tree / ".memtomem").symlink_to("a/.memtomem")
    assert _found(tree / "a/b", wiki) == tree / "a"
    assert _found(tree, wiki) == tree
    (tree / "a/.memtomem/lock.json").unlink()
    assert _found(tree / "a/b", wiki) == tree / "a/b"


@pytest.mark.parametrize("below", [["none"], ["a", "none"], ["a", "none", "b"], ["a", "file"], ["a", "file", "b"]])
def test_what_is_no_directory_below_the_one_that_was_named_is_not_found(
    tree: Path, wiki: Path, below: list[str]
) -> None:
    (tree / "a/file").touch()
    assert _refusal(tree, wiki, *below).code == "project-not-found"


def test_home_and_the_wiki_are_told_whatever_leads_to_them(
    tree: Path, wiki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path of theirs that is another text: through a link in it, and to where they are by now."""
    (tree / "link").symlink_to(tree / "a")
    monkeypatch.setenv("HOME", str(tree / "link/b"))
    assert _refusal(tree / "a/b", wiki).problem.startswith("the home directory")
    assert _refusal(tree, wiki, "a", "b").problem.startswith("the home directory")
    assert _refusal(tree / "a/b/c", tree / "link").problem.startswith("the wiki")


def test_nothing_below_home_is_a_project_of_who_may_change_home(home: Path, wiki: Path) -> None:
    (home / "code").mkdir()
    assert _found(home / "code", wiki) == home / "code"
    assert _refusal(home, wiki, "code").problem.startswith("the home directory")


@pytest.mark.parametrize("where", [".", "b", "b/c"])
@pytest.mark.parametrize("variable", ["PLUGIN_ROOT", "CLAUDE_PLUGIN_ROOT"])
def test_the_directory_of_a_plugin_is_never_a_project(
    tree: Path, wiki: Path, variable: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lock(tree)
    (tree / "link").symlink_to("a")
    monkeypatch.setenv(variable, str(tree / "link"))
    refused = _refusal(tree / "a" / where, wiki)
    assert refused.code == "project-not-allowed"
    assert refused.problem == f"a directory of the plugin in ${variable} is never a project"
    assert _found(tree, wiki) == tree


def test_the_refusal_of_a_plugins_directory_names_the_variable_that_may_be_a_mistake(
    tree: Path, wiki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUGIN_ROOT", str(tree))
    assert "unset $PLUGIN_ROOT" in str(_refusal(tree, wiki).remedy)
    assert "unset" not in str(_refusal(wiki, wiki).remedy)


@pytest.mark.parametrize("value", ["", "nowhere", "a\nb", ".", "..", "a/.."])
def test_a_plugin_that_is_nowhere_forbids_nothing(
    tree: Path, wiki: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PLUGIN_ROOT", value)
    assert _found(tree, wiki) == tree


@pytest.mark.parametrize("package", ["wikipin", "wikipin_mcp"])
def test_the_directory_of_the_program_itself_is_never_a_project_and_what_it_is_in_may_be_one(
    package: str, wiki: Path
) -> None:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    directory = Path(spec.origin).parent
    for inside in (directory, next(path for path in directory.iterdir() if path.is_dir())):
        assert _refusal(inside, wiki).problem == "the directory of the program wikipin is never a project"
    open_project(directory.parent, wiki)


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="it takes that to open what may not be listed")
def test_a_directory_that_may_be_searched_and_not_listed_is_gone_through(tree: Path, wiki: Path) -> None:
    (tree / "a").chmod(0o311)
    with as_anyone():
        assert _found(tree, wiki, "a", "b") == tree / "a/b"
        assert _found(tree / "a/b", wiki) == tree / "a/b"
        refused = _refusal(tree / "a", wiki)
    (tree / "a").chmod(0o755)
    assert refused.code == "project-not-found"
    assert "may not be opened" in refused.problem


def test_a_project_that_is_moved_stays_the_one_that_was_opened(tree: Path, wiki: Path, tmp_path: Path) -> None:
    commit(wiki, {"hello": plain_skill("hello")})
    with open_project(tree, wiki, below=["a"]) as project:
        (tree / "a").rename(tmp_path / "moved")
        (tree / "a").mkdir()
        World(wiki, project.path, project).install("hello")
    assert (tmp_path / "moved/.memtomem/skills/hello").is_dir()
    assert list((tree / "a").iterdir()) == []


def test_a_project_that_is_removed_is_not_found_by_who_reads_and_by_who_writes(tree: Path, wiki: Path) -> None:
    commit(wiki, {"hello": plain_skill("hello")})
    with open_project(tree / "a/b/c", wiki) as project:
        (tree / "a/b/c").rmdir()
        for call in (
            lambda: World(wiki, project.path, project).status(),
            lambda: World(wiki, project.path, project).install("hello"),
        ):
            with pytest.raises(WikipinError, match="project-not-found: the directory 'c' has been removed"):
                call()


def test_a_working_directory_that_was_removed_is_no_project(
    tree: Path, wiki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree / "a/b/c")
    (tree / "a/b/c").rmdir()
    assert _refusal(Path(), wiki).problem == "there is no directory '.'"


def test_a_project_is_never_shown_as_the_one_that_a_link_leads_to_by_now(
    tree: Path, wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tree / "a")
    resolve = os.path.realpath

    def flip(path: Path) -> str:
        link.unlink()
        link.symlink_to(tree)
        return resolve(path)

    monkeypatch.setattr("os.path.realpath", flip)
    with open_project(link, wiki) as project:
        assert project.path == link


def test_a_project_is_shown_from_home(tree: Path, home: Path, wiki: Path) -> None:
    (home / "code").mkdir()
    with open_project(home / "code", wiki) as inside, open_project(tree, wiki) as elsewhere:
        assert inside.shown == "~/code"
        assert elsewhere.shown == str(tree)
        assert inside.identity != elsewhere.identity

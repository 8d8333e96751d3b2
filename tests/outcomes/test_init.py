"""A wiki is made or cloned, whoever the user is to git, and where that fails nothing is left and nothing is lost."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest
from snapshot import snapshot
from wikis import commit, git, make_wiki, plain_skill

from wikipin import Wiki, WikipinError, create_wiki
from wikipin.names import SkillName

_WHO = {
    "nobody": {},
    "an author": {"GIT_AUTHOR_NAME": "Bo", "GIT_AUTHOR_EMAIL": "bo@example.org"},
    "a committer": {"GIT_COMMITTER_NAME": "Bo", "GIT_COMMITTER_EMAIL": "bo@example.org"},
    "half an author": {"GIT_AUTHOR_NAME": "Bo"},
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whom git does not know, and for whom it may not guess."""
    for name in [name for name in os.environ if name.startswith("GIT_")] + ["EMAIL", "XDG_CONFIG_HOME"]:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The URL of a wiki with one skill."""
    return f"file://{make_wiki(tmp_path / 'source', {'hello': plain_skill('hello')}, bare=True)}"


def _names(wiki: Path) -> list[str]:
    with Wiki(wiki) as opened:
        return [str(skill.name) for skill in opened.catalogue(opened.resolve()).skills]


def _refusal(path: Path, source: str | None = None) -> WikipinError:
    with pytest.raises(WikipinError) as refused:
        create_wiki(path, source=source)
    return refused.value


@pytest.mark.parametrize("who", _WHO)
@pytest.mark.parametrize("below", ["wiki", "a/b/wiki"])
def test_a_new_wiki_can_be_read_at_once_whoever_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, below: str
) -> None:
    for name, value in _WHO[who].items():
        monkeypatch.setenv(name, value)
    create_wiki(tmp_path / below)
    assert _names(tmp_path / below) == []
    assert git(tmp_path / below, "status", "--porcelain", "--branch") == b"## main"


def test_a_wiki_is_made_in_the_name_of_its_user(tmp_path: Path, home: Path) -> None:
    (home / ".gitconfig").write_text("[user]\n\tname = Bo\n\temail = bo@example.org\n[init]\n\tdefaultBranch = trunk\n")
    create_wiki(tmp_path / "wiki")
    assert git(tmp_path / "wiki", "log", "--format=%an %ae %cn %ce %D") == (
        b"Bo bo@example.org Bo bo@example.org HEAD -> main"
    )


def test_a_wiki_is_made_whatever_the_user_has_every_commit_do(tmp_path: Path, home: Path) -> None:
    (home / "hooks").mkdir()
    for hook in ("pre-commit", "commit-msg"):
        (home / "hooks" / hook).write_text("#!/bin/sh\nexit 1\n")
        (home / "hooks" / hook).chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n[core]\n\thooksPath = {home}/hooks\n"
    )
    create_wiki(tmp_path / "wiki")
    assert _names(tmp_path / "wiki") == []


def test_the_example_in_a_new_wiki_is_a_skill_when_it_is_followed(tmp_path: Path) -> None:
    create_wiki(tmp_path / "wiki")
    _, _, rest = (tmp_path / "wiki" / "README.md").read_text(encoding="utf-8").partition("    skills/hello/SKILL.md\n")
    example = dedent(rest.rpartition("\n\n")[0]).strip() + "\n"
    (tmp_path / "wiki" / "skills" / "hello").mkdir()
    (tmp_path / "wiki" / "skills" / "hello" / "SKILL.md").write_text(example, encoding="utf-8")
    git(tmp_path / "wiki", "add", "skills/hello")
    git(tmp_path / "wiki", "commit", "-m", "Add hello")
    with Wiki(tmp_path / "wiki") as opened:
        assert opened.read_skill(opened.resolve(), SkillName("hello")).description.startswith("Greets")


@pytest.mark.parametrize("clones", [False, True], ids=["new", "cloned"])
@pytest.mark.parametrize("stands", [False, True], ids=["nothing there", "empty directory there"])
def test_a_wiki_is_made_where_there_is_nothing(
    tmp_path: Path,
    source: str,
    clones: bool,  # noqa: FBT001 - a table
    stands: bool,  # noqa: FBT001
) -> None:
    if stands:
        (tmp_path / "wiki").mkdir(0o700)
    create_wiki(tmp_path / "wiki", source=source if clones else None)
    assert _names(tmp_path / "wiki") == (["hello"] if clones else [])
    assert not stands or (tmp_path / "wiki").stat().st_mode & 0o777 == 0o700
    assert {path.name for path in tmp_path.iterdir()} == {"home", "source", "wiki"}


def test_a_clone_has_the_history_of_its_source(tmp_path: Path, source: str) -> None:
    new = commit(tmp_path / "source", {"other": plain_skill("other")})
    create_wiki(tmp_path / "a" / "wiki", source=source)
    assert _names(tmp_path / "a" / "wiki") == ["hello", "other"]
    assert git(tmp_path / "a" / "wiki", "rev-list", "--count", new) == b"2"


def test_another_repository_in_the_environment_is_left_alone(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = make_wiki(tmp_path / "decoy", {"decoy": plain_skill("decoy")})
    before = snapshot(decoy)
    monkeypatch.setenv("GIT_DIR", str(decoy / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(decoy))
    monkeypatch.setenv("GIT_INDEX_FILE", str(decoy / ".git" / "index"))
    create_wiki(tmp_path / "new")
    create_wiki(tmp_path / "cloned", source=source)
    assert (_names(tmp_path / "new"), _names(tmp_path / "cloned")) == ([], ["hello"])
    assert snapshot(decoy) == before


def _full(path: Path) -> None:
    path.mkdir()
    (path / "precious").write_bytes(b"1")


_STANDING: dict[str, Callable[[Path], object]] = {
    "wiki": lambda path: make_wiki(path, {"hello": plain_skill("hello")}),
    "wiki without a commit": make_wiki,
    "bare wiki": lambda path: make_wiki(path, {}, bare=True),
    "directory with a file": _full,
    "directory with a directory": lambda path: (path / "empty").mkdir(parents=True),
    "file": lambda path: path.write_bytes(b"1"),
    "link to a wiki": lambda path: path.symlink_to(make_wiki(path.with_name("linked"), {})),
    "link to nothing": lambda path: path.symlink_to("nothing"),
}


@pytest.mark.parametrize("clones", [False, True], ids=["new", "cloned"])
@pytest.mark.parametrize("what", _STANDING)
def test_what_stands_there_is_refused_and_left_as_it_is(
    tmp_path: Path,
    source: str,
    what: str,
    clones: bool,  # noqa: FBT001 - a table
) -> None:
    _STANDING[what](tmp_path / "wiki")
    before = snapshot(tmp_path)
    refused = _refusal(tmp_path / "wiki", source if clones else None)
    assert refused.code == "invalid-argument"
    assert refused.problem.startswith("'wiki' is ")
    assert snapshot(tmp_path) == before


def _empty(path: Path) -> None:
    path.mkdir(0o700)


def _link_to_an_empty_directory(path: Path) -> None:
    path.with_name("linked").mkdir()
    path.symlink_to("linked")


_FREE: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing there": (lambda _: None, "wiki"),
    "no parent there": (lambda _: None, "a/b/wiki"),
    "empty directory there": (_empty, "wiki"),
    "link to an empty directory there": (_link_to_an_empty_directory, "wiki"),
}


@pytest.mark.parametrize("url", ["file:///nowhere/wiki", "ext::false", "nowhere://x/y", "-x"])
@pytest.mark.parametrize(("make", "below"), _FREE.values(), ids=_FREE)
def test_a_clone_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, make: Callable[[Path], object], below: str, url: str
) -> None:
    make(tmp_path / below)
    before = snapshot(tmp_path)
    assert _refusal(tmp_path / below, url).code == "wiki-unreadable"
    assert snapshot(tmp_path) == before


def test_what_somebody_else_puts_there_meanwhile_is_not_lost(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git first on the PATH plays the other: it writes a file into the directory just before the clone begins."""
    wiki, real = tmp_path / "wiki", shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(
        f"#!/bin/sh\nmkdir -p '{wiki}'; echo 1 > '{wiki}/precious'\nexec '{real}' \"$@\"\n"
    )
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    with suppress(WikipinError):
        create_wiki(wiki, source=source)
    assert (wiki / "precious").read_text() == "1\n"


def test_without_git_there_is_no_wiki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _refusal(tmp_path / "wiki").code == "wiki-unreadable"
    assert not (tmp_path / "wiki").exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://user:s3cret@127.0.0.1:1/x.git",
        "https://s3cret@127.0.0.1:1/x.git",
        "https://127.0.0.1:1/x?token=s3cret",
        "https://user:pw@127.0.0.1:1/x?token=s3cret",
        "https://user:s3cret@127.0.0.1:99999/x",
        "https://user:s3cret@[::/x",
        "https://user:s3cret%0a@127.0.0.1:1/x",
        "https://user:s3cret@127.0.0.1:1/x%0ay",
        "git://user:s3cret@127.0.0.1:1/x",
        "ssh://user:s3cret@127.0.0.1:1/x",
        "user:s3cret@127.0.0.1:x",
        "nowhere://user:s3cret@host/x",
        "ext::sh -c s3cret",
    ],
)
def test_no_secret_of_an_address_is_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    refused = _refusal(tmp_path / "wiki", url)
    assert refused.code == "wiki-unreadable"
    assert "s3cret" not in str(refused)
    assert str(tmp_path) not in str(refused)


def test_an_error_says_why_git_could_not_clone(tmp_path: Path) -> None:
    refused = _refusal(tmp_path / "wiki", f"file://{tmp_path}/nowhere")
    assert "does not appear to be a git repository" in refused.problem
    assert str(tmp_path) not in str(refused)


def _file_to_nowhere(path: Path) -> None:
    path.mkdir()
    (path / ".git").write_text("gitdir: ../nowhere\n")


_NO_WIKI: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "empty directory": Path.mkdir,
    "file": Path.touch,
    "dangling link": lambda path: path.symlink_to("nothing"),
    "file to nowhere": _file_to_nowhere,
}


@pytest.mark.parametrize("make", _NO_WIKI.values(), ids=_NO_WIKI)
def test_where_there_is_no_repository_there_is_no_wiki(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "wiki")
    with pytest.raises(WikipinError, match=r"wiki-not-found: .* 'wikipin init'"):
        _ = Wiki(tmp_path / "wiki").git_dir


def test_a_directory_in_a_wiki_is_none(tmp_path: Path) -> None:
    make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})
    with pytest.raises(WikipinError, match="wiki-not-found"):
        _ = Wiki(tmp_path / "wiki" / "skills").git_dir

"""A wiki read from its objects at one commit, in every shape that a repository has, with nothing of it touched."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshot import snapshot
from wikis import commit, git, head, make_wiki, object_id, plain_skill, skill_md, write_files
from world import World

from wikipin import Wiki, WikipinError, default_wiki_path
from wikipin.names import HEAD, Commit, SkillName, parse_revision
from wikipin.skill import Skill
from wikipin.wiki.wiki import Catalogue

_HELLO: dict[str, bytes | tuple[bytes, bool]] = {
    "SKILL.md": skill_md("hello", body="caf\u00e9\r\n$Id$\r\n\0"),
    "docs/a b.md": b"no last newline",
    "run.sh": (b"#!/bin/sh\n", True),
}
_BYTES = {path: (content, False) if isinstance(content, bytes) else content for path, content in _HELLO.items()}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {"hello": _HELLO, "other": plain_skill("other")})


def _read(wiki: Path, revision: str = HEAD, name: str = "hello") -> Skill:
    with Wiki(wiki) as opened:
        return opened.read_skill(opened.resolve(parse_revision(revision)), SkillName(name))


def _list(wiki: Path) -> Catalogue:
    with Wiki(wiki) as opened:
        return opened.catalogue(opened.resolve())


def _has_uncommitted(wiki: Path) -> bool:
    with Wiki(wiki) as opened:
        return opened.has_uncommitted(opened.read_skill(opened.resolve(), SkillName("hello")))


def _resolve(wiki: Path, revision: str = HEAD) -> Commit:
    with Wiki(wiki) as opened:
        return opened.resolve(parse_revision(revision))


def _refusal(call: Callable[[], object]) -> WikipinError:
    with pytest.raises(WikipinError) as refused:
        call()
    return refused.value


def _contents(skill: Skill) -> dict[str, tuple[bytes, bool]]:
    return {file.path: (file.content, file.executable) for file in skill.tree.files}


def test_the_wiki_is_in_the_home_directory_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MEMTOMEM_WIKI_PATH", raising=False)
    assert default_wiki_path() == Path("~/.memtomem-wiki")
    monkeypatch.setenv("MEMTOMEM_WIKI_PATH", "")
    assert default_wiki_path() == Path("~/.memtomem-wiki")
    monkeypatch.setenv("MEMTOMEM_WIKI_PATH", "/some/where")
    assert default_wiki_path() == Path("/some/where")


def _bare(path: Path) -> Path:
    return make_wiki(path, {"hello": _HELLO}, bare=True)


def _packed(path: Path) -> Path:
    git(make_wiki(path, {"hello": _HELLO}), "gc", "--quiet")
    assert not list((path / ".git" / "objects").glob("[0-9a-f][0-9a-f]"))
    return path


def _linked(path: Path) -> Path:
    main = make_wiki(path.with_name("main"), {"hello": plain_skill("hello")})
    git(main, "worktree", "add", "--quiet", "-b", "work", str(path))
    write_files(path / "skills" / "hello", _HELLO)
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "-m", "Work")
    return path


def _separate(path: Path) -> Path:
    make_wiki(path, {"hello": _HELLO})
    (path / ".git").rename(path.with_name("elsewhere"))
    (path / ".git").write_text("gitdir: ../elsewhere\n")
    return path


def _shallow(path: Path) -> Path:
    main = make_wiki(path.with_name("main"), {"hello": plain_skill("hello")})
    commit(main, {"hello": _HELLO})
    git(main, "clone", "--quiet", "--depth=1", f"file://{main}", str(path))
    return path


def _reached_by_a_link(path: Path) -> Path:
    path.symlink_to(make_wiki(path.with_name("main"), {"hello": _HELLO}))
    return path


_SHAPES: dict[str, Callable[[Path], Path]] = {
    "work tree": lambda path: make_wiki(path, {"hello": _HELLO}),
    "odd name": lambda path: make_wiki(path.with_name("wi ki\n--bare=\u00e9 "), {"hello": _HELLO}),
    "sha-256": lambda path: make_wiki(path, {"hello": _HELLO}, object_format="sha256"),
    "bare sha-256": lambda path: make_wiki(path, {"hello": _HELLO}, object_format="sha256", bare=True),
    "bare": _bare,
    "packed": _packed,
    "linked work tree": _linked,
    "separate git directory": _separate,
    "shallow clone": _shallow,
    "reached by a link": _reached_by_a_link,
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_a_wiki_of_any_shape_is_read_byte_for_byte_and_left_so(tmp_path: Path, shape: str) -> None:
    wiki = _SHAPES[shape](tmp_path / "wiki")
    before = snapshot(tmp_path), _times(tmp_path)
    skill = _read(wiki)
    assert _contents(skill) == _BYTES
    assert skill.commit == head(wiki)
    assert [(listed.name, listed.tree_id) for listed in _list(wiki).skills] == [
        ("hello", object_id(wiki, "HEAD:skills/hello"))
    ]
    assert not _has_uncommitted(wiki)
    _refusal(lambda: _read(wiki, name="none"))
    _refusal(lambda: _read(wiki, "none"))
    assert (snapshot(tmp_path), _times(tmp_path)) == before


def _times(directory: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in directory.rglob("*")}


def _other_repository(path: Path) -> Path:
    return make_wiki(path / "decoy", {"hello": plain_skill("hello", "Another wiki's.")})


@pytest.mark.parametrize(
    "variables",
    [
        {"GIT_DIR": "{decoy}/.git"},
        {"GIT_WORK_TREE": "{decoy}"},
        {"GIT_DIR": "{decoy}/.git", "GIT_WORK_TREE": "{decoy}"},
        {"GIT_INDEX_FILE": "{decoy}/.git/index"},
        {"GIT_OBJECT_DIRECTORY": "{decoy}/.git/objects"},
        {"GIT_COMMON_DIR": "{decoy}/.git"},
        {"GIT_NAMESPACE": "none"},
        {"GIT_SHALLOW_FILE": "{decoy}/none", "GIT_GRAFT_FILE": "{decoy}/none"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "extensions.objectformat", "GIT_CONFIG_VALUE_0": "sha256"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.worktree", "GIT_CONFIG_VALUE_0": "{decoy}"},
        {"GIT_CONFIG_PARAMETERS": "'core.repositoryformatversion=99'"},
        {"GIT_TRACE": "{decoy}/trace", "GIT_EXEC_PATH": "{decoy}", "GIT_TEST_DATE_NOW": "1"},
    ],
    ids="+".join,
)
def test_nothing_in_our_environment_leads_to_another_repository(
    wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    decoy = _other_repository(tmp_path)
    expected = _read(wiki), _list(wiki), _has_uncommitted(wiki)
    before = snapshot(decoy)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(decoy=decoy))
    assert (_read(wiki), _list(wiki), _has_uncommitted(wiki)) == expected
    assert snapshot(decoy) == before


@pytest.mark.parametrize(
    "revision", ["HEAD", "HEAD^0", "main", "heads/main", "light", "tagged", "twice", "{id}", "{short}", "side~1"]
)
def test_a_revision_is_resolved_to_the_full_id_of_its_commit(wiki: Path, revision: str) -> None:
    expected = head(wiki)
    git(wiki, "tag", "light")
    git(wiki, "tag", "-a", "-m", "One", "tagged")
    git(wiki, "tag", "-a", "-m", "Two", "twice", "tagged")
    git(wiki, "branch", "side")
    side = git(wiki, "commit-tree", "-p", "HEAD", "-m", "Side", "HEAD^{tree}").decode()
    git(wiki, "update-ref", "refs/heads/side", side)
    assert _resolve(wiki, revision.format(id=expected, short=expected[:9])) == expected


@pytest.mark.parametrize(
    "revision", ["none", "{blob}", "{tree}", "blob-tag", "tree-tag", "{zeros}", "f" * 40, "f" * 64, "f" * 7, "HEAD~9"]
)
def test_a_revision_that_is_no_commit_is_not_found(wiki: Path, revision: str) -> None:
    blob, tree = object_id(wiki, "HEAD:skills/hello/SKILL.md"), object_id(wiki, "HEAD^{tree}")
    git(wiki, "tag", "blob-tag", blob)
    git(wiki, "tag", "-a", "-m", "A tree", "tree-tag", tree)
    refused = _refusal(lambda: _resolve(wiki, revision.format(blob=blob, tree=tree, zeros="0" * 40)))
    assert refused.code == "ref-not-found"


@pytest.mark.parametrize(
    "revision",
    [
        *("HEAD^{tree}", "HEAD^2", "^HEAD", "HEAD..HEAD", "HEAD...HEAD", "HEAD^!", "HEAD^@", "HEAD^{/none}", "HEAD^{"),
        *("main@{99}", "@{u}", "@{-1}", "skills", "refs/heads/", "caf\u00e9", "FETCH_HEAD"),
    ],
)
def test_what_else_git_may_take_for_a_revision_is_the_callers_mistake_and_not_the_wikis(
    wiki: Path, revision: str
) -> None:
    assert _refusal(lambda: _resolve(wiki, revision)).code in {"ref-not-found", "invalid-argument"}


def test_a_wiki_without_a_commit_is_empty(tmp_path: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki")
    for revision in ("HEAD", "main"):
        assert _refusal(lambda: _resolve(wiki, revision)).code == "wiki-empty"  # noqa: B023 - called at once


def test_a_branch_is_found_where_head_has_no_commit(wiki: Path) -> None:
    expected = head(wiki)
    git(wiki, "symbolic-ref", "HEAD", "refs/heads/unborn")
    assert _resolve(wiki, "main") == expected
    assert _refusal(lambda: _resolve(wiki)).code == "wiki-empty"


@pytest.mark.parametrize("entry", ["", ".", "bin"])
def test_a_git_of_the_working_directory_is_never_run(
    wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    (tmp_path / "bin").mkdir()
    for program in (tmp_path / "git", tmp_path / "bin" / "git"):
        program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/marker'\n")
        program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", entry, prepend=os.pathsep)
    assert _contents(_read(wiki)) == _BYTES
    assert not (tmp_path / "marker").exists()


def test_without_git_a_wiki_cannot_be_read(wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = _refusal(lambda: _read(wiki))
    assert (refused.code, refused.problem) == ("wiki-unreadable", "git is not on the PATH")


def test_a_repository_that_git_refuses_cannot_be_read(wiki: Path) -> None:
    git(wiki, "config", "core.repositoryFormatVersion", "99")
    assert _refusal(lambda: _read(wiki)).code == "wiki-unreadable"


_EDITS: dict[str, tuple[Callable[[Path], object], bool]] = {
    "clean": (lambda _: None, False),
    "edited": (lambda skill: (skill / "SKILL.md").write_bytes(b"edited"), True),
    "new file": (lambda skill: (skill / "new").touch(), True),
    "deleted file": (lambda skill: (skill / "run.sh").unlink(), True),
    "mode": (lambda skill: (skill / "run.sh").chmod(0o644), True),
    "machine's file": (lambda skill: (skill / ".DS_Store").touch(), False),
    "another skill": (lambda skill: (skill / "../other/SKILL.md").write_bytes(b"edited"), False),
    "touched": (lambda skill: os.utime(skill / "SKILL.md", (0, 0)), False),
}


@pytest.mark.parametrize("staged", [False, True], ids=["dirty", "staged"])
@pytest.mark.parametrize("edit", _EDITS)
def test_the_commits_bytes_win_and_an_edit_is_told(wiki: Path, edit: str, staged: bool) -> None:  # noqa: FBT001 - a table
    change, is_told = _EDITS[edit]
    change(wiki / "skills" / "hello")
    if staged:
        git(wiki, "add", "--all")
    assert _contents(_read(wiki)) == _BYTES
    assert _has_uncommitted(wiki) is is_told


@pytest.mark.parametrize("staged", [False, True], ids=["dirty", "staged"])
def test_a_skill_that_is_not_committed_is_said_to_be_just_that(wiki: Path, staged: bool) -> None:  # noqa: FBT001 - a table
    write_files(wiki / "skills" / "new", plain_skill("new"))
    if staged:
        git(wiki, "add", "--all")
    refused = _refusal(lambda: _read(wiki, name="new"))
    assert refused.code == "not-in-wiki"
    assert "is in the wiki's work tree but is not committed" in refused.problem
    assert [listed.name for listed in _list(wiki).skills] == ["hello", "other"]


@pytest.mark.parametrize(("name", "alike"), [("helo", "; the wiki has 'hello'"), ("quite-different", "")])
def test_a_skill_that_is_not_there_is_not_in_the_wiki(wiki: Path, name: str, alike: str) -> None:
    refused = _refusal(lambda: _read(wiki, name=name))
    assert refused.code == "not-in-wiki"
    assert refused.problem == f"the wiki has no skill '{name}' at {head(wiki)[:12]}{alike}"


def test_an_older_commit_has_the_older_bytes(wiki: Path) -> None:
    old = head(wiki)
    new = commit(wiki, {"hello": plain_skill("hello"), "other": None, "new": plain_skill("new")})
    assert _contents(_read(wiki, old)) == _BYTES
    assert list(_contents(_read(wiki, new))) == ["SKILL.md"]
    assert _refusal(lambda: _read(wiki, old, "new")).code == "not-in-wiki"


@pytest.fixture
def count_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Put a git first on the PATH that counts itself, and return what tells how often since the last time."""
    log = tmp_path / "processes"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(f"#!/bin/sh\necho >> '{log}'\nexec '{shutil.which('git')}' \"$@\"\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    def _count() -> int:
        count = len(log.read_bytes()) if log.exists() else 0
        log.write_bytes(b"")
        return count

    return _count


def test_a_thousand_skills_cost_no_more_processes_than_ten(tmp_path: Path, count_processes: Callable[[], int]) -> None:
    (tmp_path / "project").mkdir()
    counts: list[list[int]] = []
    for number in (10, 1000):
        wiki = make_wiki(tmp_path / f"wiki-{number}", {f"s{n}": plain_skill(f"s{n}") for n in range(number)})
        count_processes()
        assert len(World(wiki, tmp_path / "project").list_skills().skills) == number
        counts.append([count_processes()])
        _read(wiki, name="s7")
        counts[-1].append(count_processes())
    assert counts == [[2, 1], [2, 1]]  # one that asks for sizes, one that reads


def test_a_huge_file_in_the_work_tree_is_a_change_and_holds_nobody_up(wiki: Path) -> None:
    with (wiki / "skills" / "hello" / "SKILL.md").open("r+b") as file:
        file.truncate(1 << 40)
    started = time.process_time()
    assert _has_uncommitted(wiki)
    assert time.process_time() - started < 5


def test_an_origin_that_is_no_utf_8_is_read_all_the_same(wiki: Path) -> None:
    with (wiki / ".git" / "config").open("ab") as config:
        config.write(b'[remote "origin"]\n\turl = https://example.org/\xff\n')
    with Wiki(wiki) as opened:
        assert opened.origin() == "https://example.org/\ufffd"

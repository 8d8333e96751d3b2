"""Git's objects, believed only where their bytes are those of their ids, and read without anything being run."""

import hashlib
import os
import time
import zlib
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
from wikis import (
    commit,
    commit_trees,
    git,
    head,
    make_wiki,
    object_file,
    object_id,
    plain_skill,
    skill_md,
    write_object,
)

from wikipin import Wiki, WikipinError
from wikipin.names import Commit, Revision, SkillName
from wikipin.tree import SKILL_MD
from wikipin.wiki.objects import TreeEntry, is_object, parse_commit_tree, parse_tree

_BLOB = hashlib.sha1(b"blob 5\0hello", usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_every_object_that_git_writes_has_its_id(tmp_path: Path, object_format: Literal["sha1", "sha256"]) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")}, object_format=object_format)
    git(wiki, "tag", "-a", "-m", "One", "v1")
    objects = git(wiki, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").decode()
    assert {line.split()[1] for line in objects.splitlines()} == {"blob", "tree", "commit", "tag"}
    for line in objects.splitlines():
        oid, kind = line.split()
        content = _raw(wiki, kind, oid)
        assert is_object(oid, kind, content)
        assert not is_object(oid, kind, content + b"\0")


@pytest.mark.parametrize(
    ("oid", "kind", "content"),
    [
        (_BLOB, "blob", b"hellO"),
        (_BLOB, "tree", b"hello"),
        (_BLOB.upper(), "blob", b"hello"),
        (_BLOB[:-1], "blob", b"hello"),
        ("", "blob", b"hello"),
        (hashlib.sha256(b"hello").hexdigest(), "blob", b"hello"),
    ],
)
def test_bytes_that_are_not_those_of_an_id_are_not_its_object(oid: str, kind: str, content: bytes) -> None:
    assert is_object(_BLOB, "blob", b"hello")
    assert not is_object(oid, kind, content)


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_tree_and_a_commit_read_as_git_reads_them(tmp_path: Path, object_format: Literal["sha1", "sha256"]) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"a": {"x y": b"1", "run": (b"2", True)}}, object_format=object_format)
    commit(wiki, {"caf\u00e9": {"z": b"3"}})
    tree = parse_commit_tree(_raw(wiki, "commit", head(wiki)))
    assert tree == git(wiki, "rev-parse", "HEAD^{tree}").decode()
    for name in ("HEAD:", "HEAD:skills", "HEAD:skills/a"):
        listed = git(wiki, "ls-tree", "-z", name).split(b"\0")[:-1]
        entries = list(parse_tree(_raw(wiki, "tree", name), len(tree) // 2))
        assert [f"{e.mode:06o} ".encode() + e.name for e in entries] == [
            line[:7] + line.partition(b"\t")[2] for line in listed
        ]
        assert [e.oid for e in entries] == [line.split()[2].decode() for line in listed]


def _raw(wiki: Path, kind: str, name: str) -> bytes:
    """Return an object's bytes, of which `git` would take a last newline for its own."""
    size = int(git(wiki, "cat-file", "-s", name))
    content = git(wiki, "cat-file", kind, name)
    return content + b"\n" * (size - len(content))


_ENTRY = b"100644 a\0" + b"\x11" * 20


def test_an_empty_tree_has_no_entry() -> None:
    assert list(parse_tree(b"", 20)) == []
    assert list(parse_tree(_ENTRY, 20)) == [TreeEntry(0o100644, b"a", "11" * 20)]


@pytest.mark.parametrize(
    "content",
    [_ENTRY[:-1], _ENTRY + b"1", _ENTRY + b"100644 b", b"100644\0" + b"\x11" * 20, b" a\0" + b"\x11" * 20]
    + [
        mode + b" a\0" + b"\x11" * 20
        for mode in (b"rwx", b"109", b"+100644", b"-100644", b"1_00644", b"0o100644", b"\t1")
    ]
    + [b"\0", b"\xff"],
    ids=lambda content: repr(content[:12]),
)
def test_bytes_that_are_no_tree_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody: the caller says what is damaged
        list(parse_tree(content, 20))


@pytest.mark.parametrize("content", [b"", b"parent x\ntree y\n", b"object x\n", b"treex\n"])
def test_bytes_that_are_no_commit_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        parse_commit_tree(content)


_FILES = {"SKILL.md": skill_md("hello", body="caf\u00e9\r\n$Id$\r\n\0"), "run.sh": b"#!/bin/sh\n"}
_NAME, _OTHER = SkillName("hello"), SkillName("other")


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {"hello": _FILES})


def _refusal(wiki: Path, read: Callable[[Wiki], object]) -> WikipinError:
    with Wiki(wiki) as opened, pytest.raises(WikipinError) as refused:
        read(opened)
    return refused.value


def _read(wiki: Wiki) -> object:
    return wiki.read_skill(wiki.resolve(), _NAME)


def _list(wiki: Wiki) -> object:
    return wiki.catalogue(wiki.resolve())


def _tampered(kind: str, content: bytes) -> bytes:
    """Return an object that git reads without a word: whole, of the same kind and size, and not what its id says."""
    changed = bytes([*content[:-2], content[-2] ^ 1, content[-1]])
    return zlib.compress(f"{kind} {len(changed)}\0".encode() + changed)


_DAMAGE: dict[str, Callable[[str, bytes], bytes | None]] = {
    "missing": lambda _kind, _content: None,
    "empty": lambda _kind, _content: b"",
    "not compressed": lambda _kind, content: content,
    "cut short": lambda kind, content: zlib.compress(f"{kind} {len(content)}\0".encode() + content)[:-9],
    "tampered": _tampered,
    "another kind": lambda _kind, content: zlib.compress(f"tag {len(content)}\0".encode() + content),
}
_OBJECTS = ["HEAD", "HEAD:", "HEAD:skills", "HEAD:skills/hello", "HEAD:skills/hello/SKILL.md"]


@pytest.mark.parametrize("damage", _DAMAGE)
@pytest.mark.parametrize("name", _OBJECTS)
def test_a_wiki_whose_objects_are_not_what_their_ids_say_cannot_be_read(wiki: Path, name: str, damage: str) -> None:
    oid = object_id(wiki, name)
    kind = git(wiki, "cat-file", "-t", oid).decode()
    changed = _DAMAGE[damage](kind, _raw(wiki, kind, oid))
    object_file(wiki, oid).unlink()
    if changed is not None:
        object_file(wiki, oid).write_bytes(changed)
    for read in (_read, _list):
        assert _refusal(wiki, read).code == "wiki-unreadable"


@pytest.mark.parametrize("content", [b"tree nothing\n\n", b"x", b"tree " + b"0" * 40 + b"\n\n"])
def test_a_commit_that_is_none_inside_cannot_be_read(wiki: Path, content: bytes) -> None:
    (wiki / ".git" / "refs" / "heads" / "main").write_text(write_object(wiki, "commit", content) + "\n")
    assert _refusal(wiki, _read).code == "wiki-unreadable"


@pytest.mark.parametrize("content", [b"100644 a\0short", b"100644 a", b"x", b"+100644 a\0" + b"\x11" * 20])
def test_a_tree_that_is_none_inside_cannot_be_read(wiki: Path, content: bytes) -> None:
    commit_trees(wiki, {"hello": write_object(wiki, "tree", content)})
    assert _refusal(wiki, _read).code == "wiki-unreadable"


def _blob_that_never_ends(wiki: Path) -> None:
    oid = object_id(wiki, "HEAD:skills/hello/SKILL.md")
    content = _raw(wiki, "blob", oid)
    object_file(wiki, oid).unlink()
    object_file(wiki, oid).write_bytes(zlib.compress(f"blob {len(content) + 1}\0".encode() + content))


def _refs_that_never_come(wiki: Path) -> None:
    os.mkfifo(wiki / ".git" / "packed-refs")


@pytest.mark.parametrize("hang", [_blob_that_never_ends, _refs_that_never_come])
def test_a_git_that_never_answers_is_given_up(
    wiki: Path, monkeypatch: pytest.MonkeyPatch, hang: Callable[[Path], None]
) -> None:
    monkeypatch.setattr("wikipin.wiki.deadline.SECONDS", 0.5)
    hang(wiki)
    started = time.monotonic()
    with pytest.raises(WikipinError, match="wiki-unreadable"), Wiki(wiki) as opened:
        opened.read_skill(opened.resolve(Revision("main")), _NAME)
    assert time.monotonic() - started < 20


def test_a_wiki_is_read_on_however_long_ago_it_was_opened(wiki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a project's lock, or writes many skills, has it open for longer than reading it may take."""
    with Wiki(wiki) as opened:
        commit = opened.resolve()
        later = SimpleNamespace(
            monotonic=lambda: time.monotonic() + 3600, thread_time=lambda: time.thread_time() + 3600
        )
        monkeypatch.setattr("wikipin.wiki.deadline.time", later)
        assert opened.read_skill(commit, _NAME).tree.content(SKILL_MD) == _FILES["SKILL.md"]


def test_all_that_one_call_reads_has_one_deadline(wiki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock for each process, or each object, began anew as often as a wiki has objects."""
    seconds = count(step=2)  # so much later is it at each look at the clock
    monkeypatch.setattr(
        "wikipin.wiki.deadline.time", SimpleNamespace(monotonic=lambda: next(seconds), thread_time=time.thread_time)
    )

    def read_all(opened: Wiki) -> None:
        for number in range(20):
            opened.has_commit(Commit(f"{number:040}"))

    newest = head(wiki)
    with Wiki(wiki) as opened:
        with pytest.raises(WikipinError, match="reading it took more than 20 seconds"):
            read_all(opened)
        with pytest.raises(WikipinError, match="wiki-unreadable"):
            opened.read_skill(newest, _NAME)
        opened.deadline.renew()
        assert opened.has_commit(newest)


def test_an_object_that_was_replaced_is_read_as_it_was(wiki: Path) -> None:
    other = commit(make_wiki(wiki.with_name("other"), {}), {"hello": plain_skill("hello", "Replaced.")})
    git(wiki, "fetch", "--quiet", "--no-tags", str(wiki.with_name("other")), "main")
    git(wiki, "replace", head(wiki), other)
    assert b"Replaced." in git(wiki, "show", "HEAD:skills/hello/SKILL.md")
    with Wiki(wiki) as opened:
        tree = opened.read_skill(opened.resolve(), _NAME).tree
    assert tree.content(SKILL_MD) == _FILES["SKILL.md"]


def test_a_graft_makes_no_commit_the_parent_of_another(wiki: Path) -> None:
    old = head(wiki)
    alone = Commit(git(wiki, "commit-tree", "HEAD^{tree}", "-m", "Alone").decode())
    (wiki / ".git" / "info").mkdir(exist_ok=True)
    (wiki / ".git" / "info" / "grafts").write_text(f"{alone} {old}\n")
    assert git(wiki, "rev-list", alone).decode().split() == [alone, old]
    with Wiki(wiki) as opened:
        assert opened.ancestors({old}, alone) == set()


def _trap(wiki: Path, marker: Path) -> None:
    """Make everything that a repository's config and attributes can make git run leave a marker behind."""
    run = f"touch '{marker}'; cat"
    commit(
        wiki, files={".gitattributes": b"* text eol=crlf ident filter=evil diff=evil working-tree-encoding=UTF-16\n"}
    )
    for key in ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv"):
        git(wiki, "config", key, run)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "diff.external"):
        git(wiki, "config", key, run)
    git(wiki, "config", "core.autocrlf", "true")
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (wiki / ".git" / "hooks").mkdir(exist_ok=True)
        (wiki / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\n{run}\n")
        (wiki / ".git" / "hooks" / hook).chmod(0o755)


def test_reading_runs_nothing_and_converts_nothing(wiki: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    _trap(wiki, marker)
    marker.unlink(missing_ok=True)
    (wiki / "skills" / "hello" / "run.sh").write_bytes(b"edited")
    with Wiki(wiki) as opened:
        skill = opened.read_skill(opened.resolve(), _NAME)
        assert {file.path: file.content for file in skill.tree.files} == _FILES
        assert [listed.name for listed in opened.catalogue(skill.commit).skills] == ["hello"]
        assert opened.has_uncommitted(skill)
        assert opened.ancestors({skill.commit}, skill.commit) == {skill.commit}
        for refuse in (lambda: opened.resolve(Revision("none")), lambda: opened.read_skill(skill.commit, _OTHER)):
            with pytest.raises(WikipinError):
                refuse()
    assert not marker.exists()
    git(wiki, "status")
    assert marker.exists(), "the trap is one"


def test_what_a_partial_clone_lacks_is_not_fetched(wiki: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    clone = tmp_path / "clone"
    git(wiki, "config", "uploadpack.allowFilter", "true")
    git(wiki, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{wiki}", str(clone))
    git(clone, "config", "remote.origin.uploadpack", f"touch '{marker}'; git-upload-pack")
    git(clone, "config", "protocol.allow", "always")
    assert _refusal(clone, _read).code == "wiki-unreadable"
    assert not marker.exists()
    git(clone, "cat-file", "blob", "HEAD:skills/hello/SKILL.md")
    assert marker.exists(), "the trap is one"

"""Git's objects as bytes, held against what git itself says of them."""

import hashlib
from pathlib import Path
from typing import Literal

import pytest
from wikis import commit, git, head, make_wiki, plain_skill

from wikipin.objects import TreeEntry, is_object, parse_commit_tree, parse_tree

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

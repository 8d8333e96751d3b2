"""A wiki whose files say of its history what its commits do not: an older version must not pass for an update."""

import hashlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from wikis import commit, git, head, object_file, plain_skill
from world import make_world

import wikipin
from wikipin.names import Commit, SkillName

_NAME = SkillName("hello")
_NO_PARENT = 0x70000000


def _chunk(graph: bytearray, name: bytes) -> int:
    """Return where a chunk of a commit-graph begins (gitformat-commit-graph(5))."""
    at = 8
    while bytes(graph[at : at + 4]) != name:
        at += 12
    (offset,) = struct.unpack_from(">Q", graph, at + 4)
    return int(offset)


def _forge_graph(wiki: Path, old: Commit, new: Commit) -> None:
    """Have a commit-graph, valid in every other way, say that `old` has the one parent `new`, and that it has none."""
    git(wiki, "-c", "commitGraph.generationVersion=1", "commit-graph", "write", "--reachable")
    file = wiki / ".git" / "objects" / "info" / "commit-graph"
    graph = bytearray(file.read_bytes()[:-20])
    ids, data = _chunk(graph, b"OIDL"), _chunk(graph, b"CDAT")
    places = [graph[at : at + 20].hex() for at in range(ids, data, 20)]
    for it, parent, generation in ((old, places.index(new), 2), (new, _NO_PARENT, 1)):
        at = data + 36 * places.index(it) + 20
        _, _, date = struct.unpack_from(">IIQ", graph, at)
        struct.pack_into(">IIQ", graph, at, parent, _NO_PARENT, generation << 34 | date & (1 << 34) - 1)
    file.chmod(0o644)
    file.write_bytes(bytes(graph) + hashlib.sha1(graph, usedforsecurity=False).digest())


def _forge_parent(wiki: Path, old: Commit, new: Commit) -> None:
    """Put a commit whose parent is `new` where the parent of `old` is kept."""
    forged = f"tree {git(wiki, 'rev-parse', f'{old}^^{{tree}}').decode()}\nparent {new}\n".encode()
    forged += b"author A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx\n"
    file = object_file(wiki, head(wiki, f"{old}^"))
    file.unlink()
    file.write_bytes(zlib.compress(b"commit %d\0" % len(forged) + forged))


def _forge_nothing(_: Path, __: Commit, ___: Commit) -> None:
    """Leave the wiki as it is: the control."""


def _believes(wiki: Path, old: Commit, new: Commit) -> bool:
    """Tell whether git takes `new` for an ancestor of `old`."""
    return new in git(wiki, "rev-list", old).decode().split()


@pytest.mark.parametrize(
    ("forge", "code"),
    [(_forge_nothing, "would-roll-back"), (_forge_graph, "would-roll-back"), (_forge_parent, "wiki-unreadable")],
    ids=["the control", "a commit-graph", "a parent"],
)
def test_an_older_version_is_no_update_whatever_is_said_of_its_parents(
    forge: Callable[[Path, Commit, Commit], None], code: str, door: str, tmp_path: Path
) -> None:
    world = make_world(tmp_path, {_NAME: plain_skill(_NAME, "First.")})
    wiki = world.wiki
    old = commit(wiki, {_NAME: plain_skill(_NAME, "With a hole in it.")})
    made = commit(wiki, {_NAME: plain_skill(_NAME, "Mended.")})
    new = Commit(git(wiki, "commit-tree", f"{made}^{{tree}}", "-m", "Mended, in a history of its own").decode())
    git(wiki, "update-ref", "refs/heads/main", new)
    world.install()
    git(wiki, "update-ref", "refs/heads/mended", new)
    git(wiki, "update-ref", "refs/heads/main", old)
    forge(wiki, old, new)
    assert _believes(wiki, old, new) is (forge is not _forge_nothing)

    done = world.call(door, "context_update_skill", name=_NAME)

    assert done.code == code
    assert b"Mended." in (world.copy() / "SKILL.md").read_bytes()
    status = world.call(door, "context_status").answer
    assert status["counts"] == ({"diverged": 1} if code == "would-roll-back" else {"unknown": 1})


def test_an_honest_commit_graph_changes_nothing(tmp_path: Path) -> None:
    world = make_world(tmp_path, {_NAME: plain_skill(_NAME, "First.")})
    world.install()
    new = world.commit({_NAME: plain_skill(_NAME, "Second.")})
    git(world.wiki, "commit-graph", "write", "--reachable", "--changed-paths")
    assert world.update().content.commit == new


def test_a_history_that_is_cut_short_makes_no_update(tmp_path: Path) -> None:
    """A shallow file, a clone's or a forged one, takes parents away: then nothing shows that a commit descends."""
    world = make_world(tmp_path, {_NAME: plain_skill(_NAME, "First.")})
    world.install()
    new = world.commit({_NAME: plain_skill(_NAME, "Second.")})
    (world.wiki / ".git" / "shallow").write_text(f"{new}\n")
    with pytest.raises(wikipin.WikipinError, match="would-roll-back"):
        world.update()

"""The state of a skill, row by row, and as a list of the wiki's skills shows it."""

import json

import pytest
from wikis import git, object_id, plain_skill, write_object
from world import World

from wikipin import Wiki
from wikipin.asset import skill
from wikipin.names import Commit
from wikipin.pin import Pin
from wikipin.plan.entry import Entry
from wikipin.plan.exposure import ExposureState
from wikipin.plan.state import Pinned, ProjectSkill, Situation, State, state_of
from wikipin.tree import Copy, FileChange, FileDigest

_PIN = Commit("1" * 40)
_SHA = "0123456789abcdef" * 4
_SAME = Copy({"SKILL.md": FileDigest(_SHA, executable=False)})
_EXECUTABLE = Copy({"SKILL.md": FileDigest(_SHA, executable=True)})
_EDITED = Copy({"SKILL.md": FileDigest("f" * 64, executable=False)})
_MORE = Copy({**_SAME.listing, "new": FileDigest(_SHA, executable=False)})
_ODD = Copy(_SAME.listing, {"link": "a symbolic link"})
_EMPTY = Copy({})

_ENTRY = Entry(Pin(_PIN), "then", {"SKILL.md": _SHA}, [], [])
_NO_MODES = Entry(Pin(_PIN), "then", {"SKILL.md": _SHA})
_NO_DIGESTS = Entry(Pin(_PIN), "then")

_KNOWN = Pinned(is_known=True, is_ancestor=True, tree_id="t1")
_UNRELATED = Pinned(is_known=True, is_ancestor=False, tree_id="t1")
_NOT_THERE = Pinned(is_known=False, is_ancestor=False)
_READ = Pinned(is_known=True, is_ancestor=True, tree_id="t1", listing=_SAME.listing)

_SHOWN_EDITED: dict[str, ExposureState | Copy] = {"claude": _EDITED, "agents": ExposureState.LINK}


@pytest.mark.parametrize(
    ("entry", "copy", "pinned", "at_head", "state"),
    [
        (None, None, None, None, State.AVAILABLE),
        (None, None, None, "t1", State.AVAILABLE),
        (None, _SAME, None, None, State.UNTRACKED),
        (None, _EMPTY, None, "t1", State.UNTRACKED),
        (_ENTRY, None, None, None, State.MISSING),
        (_ENTRY, None, _KNOWN, "t1", State.MISSING),
        (_NO_DIGESTS, None, _KNOWN, "t1", State.MISSING),
        (_ENTRY, _EDITED, _KNOWN, "t1", State.MODIFIED),
        (_ENTRY, _EDITED, None, None, State.MODIFIED),
        (_ENTRY, _EDITED, _KNOWN, "t2", State.MODIFIED),
        (_ENTRY, _EDITED, _NOT_THERE, "t1", State.MODIFIED),
        (_ENTRY, _MORE, _KNOWN, "t1", State.MODIFIED),
        (_ENTRY, _EMPTY, _KNOWN, "t1", State.MODIFIED),
        (_ENTRY, _ODD, _KNOWN, "t1", State.MODIFIED),
        (_ENTRY, _EXECUTABLE, _KNOWN, "t1", State.MODIFIED),
        (_ENTRY, _EXECUTABLE, None, None, State.MODIFIED),
        (_NO_MODES, _EXECUTABLE, _KNOWN, "t1", State.OK),  # nobody wrote down which files are executable
        (_ENTRY, _SAME, None, None, State.UNKNOWN),
        (_NO_DIGESTS, _SAME, None, None, State.UNKNOWN),
        (_NO_DIGESTS, _SAME, _KNOWN, "t1", State.UNKNOWN),
        (_NO_DIGESTS, _SAME, _READ, "t1", State.OK),
        (_NO_DIGESTS, _EDITED, _READ, "t1", State.MODIFIED),
        (_ENTRY, _SAME, _KNOWN, "t1", State.OK),
        (_ENTRY, _SAME, _KNOWN, "t2", State.BEHIND),
        (_ENTRY, _SAME, _KNOWN, None, State.GONE),
        (_ENTRY, _SAME, _UNRELATED, None, State.GONE),
        (_ENTRY, _SAME, _NOT_THERE, None, State.DIVERGED),
        (_ENTRY, _EDITED, _KNOWN, None, State.MODIFIED),
        (_NO_DIGESTS, _SAME, _KNOWN, None, State.UNKNOWN),
        (_ENTRY, _SAME, _UNRELATED, "t1", State.DIVERGED),
        (_ENTRY, _SAME, _NOT_THERE, "t1", State.DIVERGED),
    ],
)
def test_every_state_has_its_rows(
    entry: Entry | None, copy: Copy | None, pinned: Pinned | None, at_head: str | None, state: State
) -> None:
    assert state_of(ProjectSkill(skill("hello"), entry, copy), pinned, at_head) is state


@pytest.mark.parametrize(
    ("copy", "situation", "state"), [(_SAME, Situation.EDITED, State.MODIFIED), (None, Situation.EDITED, State.MISSING)]
)
def test_an_edited_copy_that_is_an_exposure_is_an_edit_of_the_skill(
    copy: Copy | None, situation: Situation, state: State
) -> None:
    seen = ProjectSkill(skill("hello"), _ENTRY, copy, _SHOWN_EDITED)
    assert seen.situation() is situation
    assert state_of(seen, _KNOWN, "t1") is state
    assert seen.changes() == [FileChange(".claude/skills/hello/SKILL.md", "modified")]


@pytest.mark.parametrize(
    ("copy", "changes"),
    [
        (_SAME, []),
        (_EDITED, [("SKILL.md", "modified")]),
        (_EXECUTABLE, [("SKILL.md", "mode")]),
        (_MORE, [("new", "added")]),
        (_EMPTY, [("SKILL.md", "removed")]),
        (_ODD, [("link", "added")]),
        (Copy({}, {"SKILL.md": "a symbolic link"}), [("SKILL.md", "type")]),
        (Copy({"SKILL.md/a": FileDigest(_SHA, executable=False)}), [("SKILL.md", "type"), ("SKILL.md/a", "added")]),
    ],
)
def test_what_differs_is_told_path_by_path(copy: Copy, changes: list[tuple[str, str]]) -> None:
    found = ProjectSkill(skill("hello"), _ENTRY, copy).changes()
    assert found is not None
    assert [(change.path, change.change) for change in found] == changes


def _pin(world: World, pin: str, content: bytes | None, **entry: object) -> None:
    """Make `hello` stand in the project as another tool leaves it."""
    document = {"version": 1, "skills": {"hello": {"wiki_commit": pin, "installed_at": "then", **entry}}}
    (world.project / ".memtomem" / "skills").mkdir(parents=True)
    (world.project / ".memtomem" / "lock.json").write_text(json.dumps(document))
    if content is not None:
        (world.project / ".memtomem" / "skills" / "hello").mkdir()
        (world.project / ".memtomem" / "skills" / "hello" / "SKILL.md").write_bytes(content)


def _state(world: World) -> str | None:
    offers = world.list_skills()
    return next(offer.state for offer in offers.skills if offer.name == "hello")


@pytest.mark.parametrize(
    ("content", "state"), [(None, "missing"), (plain_skill("hello")["SKILL.md"], "ok"), (b"edited", "modified")]
)
def test_a_copy_without_digests_is_compared_with_the_wiki_at_its_pin(
    world: World, content: bytes | None, state: str
) -> None:
    _pin(world, git(world.wiki, "rev-parse", "HEAD").decode(), content)
    assert _state(world) == state


@pytest.mark.parametrize("pin", ["0" * 40, "0" * 64])
def test_a_copy_without_digests_whose_pin_the_wiki_lacks_is_not_said_to_be_well(world: World, pin: str) -> None:
    _pin(world, pin, b"x")
    assert _state(world) in {"unknown", "diverged"}


def test_a_skill_is_behind_when_its_own_tree_changed_and_ok_when_another_did(world: World) -> None:
    world.install("hello")
    assert _state(world) == "ok"
    world.commit({"other": plain_skill("other", "Changed.")})
    assert _state(world) == "ok"
    world.commit({"hello": plain_skill("hello", "Changed.")})
    assert _state(world) == "behind"


def test_a_pin_that_a_rewritten_history_left_behind_has_diverged(world: World) -> None:
    world.install("hello")
    git(world.wiki, "commit", "--quiet", "--amend", "-m", "Other words")
    assert _state(world) == "diverged"
    git(world.wiki, "reflog", "expire", "--expire=now", "--all")
    git(world.wiki, "gc", "--quiet", "--prune=now")
    assert _state(world) == "diverged"


def test_ancestors_are_the_commits_from_which_another_descends(world: World) -> None:
    def make(*parents: str) -> Commit:
        arguments = [argument for parent in parents for argument in ("-p", parent)]
        return Commit(git(world.wiki, "commit-tree", *arguments, "-m", f"After {parents}", "HEAD^{tree}").decode())

    first = world.head()
    left, right, stranger = make(first), make(first, first), make()
    merge = make(left, right)
    everything = {first, left, right, merge, stranger}
    with Wiki(world.wiki) as opened:
        assert opened.ancestors(everything, merge) == {first, left, right, merge}
        assert opened.ancestors(everything, left) == {first, left}
        assert opened.ancestors(everything, stranger) == {stranger}
        assert opened.ancestors([], merge) == set()


def test_the_trees_of_the_skills_that_are_asked_for_are_told_and_whether_a_commit_is_there(world: World) -> None:
    with Wiki(world.wiki) as opened:
        assert opened.has_commit(world.head())
        assert opened.tree_ids(world.head(), ["hello", "none"]) == {"hello": object_id(world.wiki, "HEAD:skills/hello")}
        assert opened.tree_ids(world.head(), []) == {}
        assert not opened.has_commit(Commit("0" * 40))
        assert not opened.has_commit(Commit(object_id(world.wiki, "HEAD^{tree}")))
        assert not opened.has_commit(Commit(write_object(world.wiki, "blob", b"x")))

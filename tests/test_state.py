"""The state of a skill, row by row, and as a list of the wiki's skills shows it."""

import json
from pathlib import Path

import pytest
from wikis import commit, git, head, make_wiki, object_id, plain_skill, write_object

from wikipin import Project, Wiki, install, list_skills
from wikipin.lockfile import Entry
from wikipin.names import Commit, SkillName
from wikipin.state import History, State, state_of
from wikipin.tree import Copy, Mark

_PIN, _OTHER = Commit("1" * 40), Commit("2" * 40)
_SHA = "0123456789abcdef" * 4
_SAME = Copy({"SKILL.md": Mark(_SHA, executable=False)})
_EXECUTABLE = Copy({"SKILL.md": Mark(_SHA, executable=True)})
_EDITED = Copy({"SKILL.md": Mark("f" * 64, executable=False)})
_MORE = Copy({**_SAME.listing, "new": Mark(_SHA, executable=False)})
_ODD = Copy(_SAME.listing, {"link": "a symbolic link"})
_EMPTY = Copy({})

_ENTRY = Entry(_PIN, "then", {"SKILL.md": _SHA}, [])
_NO_DIGESTS = Entry(_PIN, "then", None, [])


def _history(
    at_pin: dict[str, str] | None, at_head: dict[str, str], *, ancestors: frozenset[Commit] = frozenset({_PIN})
) -> History:
    return History({_PIN: at_pin}, ancestors, at_head)


_UNCHANGED = _history({"hello": "t1", "x": "t1"}, {"hello": "t1", "x": "t2"})
_CHANGED = _history({"hello": "t1"}, {"hello": "t2"})
_GONE = _history({"hello": "t1"}, {"other": "t1"})
_NEVER_THERE = _history({"other": "t1"}, {"hello": "t1"})
_UNRELATED = _history({"hello": "t1"}, {"hello": "t1"}, ancestors=frozenset({_OTHER}))
_PIN_UNKNOWN = _history(None, {"hello": "t1"}, ancestors=frozenset())
_PIN_NOT_LOOKED_FOR = History({}, frozenset(), {"hello": "t1"})


@pytest.mark.parametrize(
    ("entry", "copy", "history", "state"),
    [
        (None, None, None, State.AVAILABLE),
        (None, None, _UNCHANGED, State.AVAILABLE),
        (None, _SAME, None, State.UNTRACKED),
        (None, _EMPTY, _UNCHANGED, State.UNTRACKED),
        (_ENTRY, None, None, State.MISSING),
        (_ENTRY, None, _UNCHANGED, State.MISSING),
        (_NO_DIGESTS, None, _UNCHANGED, State.MISSING),
        (_ENTRY, _EDITED, _UNCHANGED, State.MODIFIED),
        (_ENTRY, _EDITED, None, State.MODIFIED),
        (_ENTRY, _EDITED, _CHANGED, State.MODIFIED),
        (_ENTRY, _EDITED, _PIN_UNKNOWN, State.MODIFIED),
        (_ENTRY, _MORE, _UNCHANGED, State.MODIFIED),
        (_ENTRY, _EMPTY, _UNCHANGED, State.MODIFIED),
        (_ENTRY, _ODD, _UNCHANGED, State.MODIFIED),
        (_ENTRY, _SAME, None, State.UNKNOWN),
        (_NO_DIGESTS, _SAME, None, State.UNKNOWN),
        (_ENTRY, _SAME, _UNCHANGED, State.OK),
        (_ENTRY, _EXECUTABLE, _UNCHANGED, State.OK),  # the lockfile knows bytes, not modes
        (_ENTRY, _SAME, _CHANGED, State.BEHIND),
        (_ENTRY, _SAME, _GONE, State.BEHIND),
        (_ENTRY, _SAME, _NEVER_THERE, State.BEHIND),
        (_ENTRY, _SAME, _UNRELATED, State.DIVERGED),
        (_ENTRY, _SAME, _PIN_UNKNOWN, State.DIVERGED),
        (_ENTRY, _SAME, _PIN_NOT_LOOKED_FOR, State.DIVERGED),
    ],
)
def test_every_state_has_its_rows(
    entry: Entry | None, copy: Copy | None, history: History | None, state: State
) -> None:
    assert state_of("hello", entry, copy, history) is state


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello"), "other": plain_skill("other")})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def _pin(project: Path, pin: str, content: bytes | None, **entry: object) -> None:
    """Make `hello` stand in the project as another tool leaves it."""
    document = {"version": 1, "skills": {"hello": {"wiki_commit": pin, "installed_at": "then", **entry}}}
    (project / ".memtomem" / "skills").mkdir(parents=True)
    (project / ".memtomem" / "lock.json").write_text(json.dumps(document))
    if content is not None:
        (project / ".memtomem" / "skills" / "hello").mkdir()
        (project / ".memtomem" / "skills" / "hello" / "SKILL.md").write_bytes(content)


def _state(wiki: Path, project: Path) -> str:
    offers = list_skills(wiki, Project(project))
    return next(offer.state.value for offer in offers.skills if offer.name == "hello")


@pytest.mark.parametrize(
    ("content", "state"), [(None, "missing"), (plain_skill("hello")["SKILL.md"], "ok"), (b"edited", "modified")]
)
def test_a_copy_without_digests_is_compared_with_the_wiki_at_its_pin(
    wiki: Path, project: Path, content: bytes | None, state: str
) -> None:
    _pin(project, git(wiki, "rev-parse", "HEAD").decode(), content)
    assert _state(wiki, project) == state


@pytest.mark.parametrize("pin", ["0" * 40, "0" * 64])
def test_a_copy_without_digests_whose_pin_the_wiki_lacks_is_not_said_to_be_well(
    wiki: Path, project: Path, pin: str
) -> None:
    _pin(project, pin, b"x")
    assert _state(wiki, project) in {"unknown", "diverged"}


def test_a_skill_is_behind_when_its_own_tree_changed_and_ok_when_another_did(wiki: Path, project: Path) -> None:
    install(wiki, Project(project), SkillName("hello"))
    assert _state(wiki, project) == "ok"
    commit(wiki, {"other": plain_skill("other", "Changed.")})
    assert _state(wiki, project) == "ok"
    commit(wiki, {"hello": plain_skill("hello", "Changed.")})
    assert _state(wiki, project) == "behind"


def test_a_pin_that_a_rewritten_history_left_behind_has_diverged(wiki: Path, project: Path) -> None:
    install(wiki, Project(project), SkillName("hello"))
    git(wiki, "commit", "--quiet", "--amend", "-m", "Other words")
    assert _state(wiki, project) == "diverged"
    git(wiki, "reflog", "expire", "--expire=now", "--all")
    git(wiki, "gc", "--quiet", "--prune=now")
    assert _state(wiki, project) == "diverged"


def test_ancestors_are_the_commits_from_which_another_descends(wiki: Path) -> None:
    def make(*parents: str) -> Commit:
        arguments = [argument for parent in parents for argument in ("-p", parent)]
        return Commit(git(wiki, "commit-tree", *arguments, "-m", f"After {parents}", "HEAD^{tree}").decode())

    first = head(wiki)
    left, right, stranger = make(first), make(first, first), make()
    merge = make(left, right)
    everything = {first, left, right, merge, stranger}
    with Wiki(wiki) as opened:
        assert opened.ancestors(everything, merge) == {first, left, right, merge}
        assert opened.ancestors(everything, left) == {first, left}
        assert opened.ancestors(everything, stranger) == {stranger}
        assert opened.ancestors([], merge) == set()


def test_the_trees_at_a_commit_are_told_and_of_no_commit_none(wiki: Path) -> None:
    with Wiki(wiki) as opened:
        assert opened.tree_ids(head(wiki)) == {
            name: object_id(wiki, f"HEAD:skills/{name}") for name in ("hello", "other")
        }
        assert opened.tree_ids(Commit("0" * 40)) is None
        assert opened.tree_ids(Commit(object_id(wiki, "HEAD^{tree}"))) is None
        assert opened.tree_ids(Commit(write_object(wiki, "blob", b"x"))) is None

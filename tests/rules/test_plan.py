"""What an operation decides from values alone: the table row by row, what is added to it, and words of refusals."""

from dataclasses import replace
from pathlib import Path

import pytest

from wikipin import Consent, Exposure, WikipinError
from wikipin.asset import skill
from wikipin.names import Commit, PlanDigest, RelPath
from wikipin.pin import Pin
from wikipin.plan.change import Change
from wikipin.plan.entry import Entry
from wikipin.plan.exposure import WORDS, ExposureState
from wikipin.plan.plan import plan_adopt, plan_install, plan_remove, plan_restore, plan_update, require_plan
from wikipin.plan.state import Pinned, ProjectSkill, Situation
from wikipin.plan.table import TABLE, Action, Verb
from wikipin.skill import Edition, Skill
from wikipin.tree import Copy, File, Tree

_HELLO = skill("hello")
_OLD_COMMIT, _NEW_COMMIT = Commit("1" * 40), Commit("2" * 40)


def _tree(content: bytes) -> Tree:
    return Tree((File(RelPath("SKILL.md"), content, executable=False), File(RelPath("run.sh"), b"x", executable=True)))


_OLD, _NEW, _EDITED = _tree(b"old"), _tree(b"new"), _tree(b"mine")
_SKILL = Skill(_HELLO, Pin(_NEW_COMMIT), "Greets.", _NEW)
_NEWER = Edition(_HELLO, Pin(_NEW_COMMIT), _NEW.listing)
_PATHS = [".agents/skills/hello", ".claude/skills/hello"]
_ENTRY = Entry(Pin(_OLD_COMMIT), "then", _OLD.digests, ["run.sh"], _PATHS)
_NO_DIGESTS = replace(_ENTRY, digests=None, executable=None)
_FREE = dict.fromkeys(WORDS, ExposureState.NOTHING)
_LINKED = dict.fromkeys(WORDS, ExposureState.LINK)
_FORWARD = Pinned(is_known=True, is_ancestor=True)
_BACK = Pinned(is_known=True, is_ancestor=False)
_DISCARD, _ROLL_BACK = Consent(discard_edits=True), Consent(allow_rollback=True)


def _copy(tree: Tree) -> Copy:
    return Copy(tree.listing)


_EVIDENCE = {
    Situation.ABSENT: ProjectSkill(_HELLO, None, None, _FREE),
    Situation.UNTRACKED: ProjectSkill(_HELLO, None, _copy(_NEW), _FREE),
    Situation.MISSING: ProjectSkill(_HELLO, _ENTRY, None, _LINKED),
    Situation.CLEAN: ProjectSkill(_HELLO, _ENTRY, _copy(_OLD), _LINKED),
    Situation.EDITED: ProjectSkill(_HELLO, _ENTRY, _copy(_EDITED), _LINKED),
    Situation.UNVERIFIED: ProjectSkill(_HELLO, _NO_DIGESTS, _copy(_OLD), _LINKED),
}
_VERBS: tuple[Verb, ...] = ("install", "adopt", "update", "restore", "remove")


def _plan(verb: Verb, seen: ProjectSkill, consent: Consent | None = None, pinned: Pinned = _FORWARD) -> Change | None:
    consent = consent or Consent()
    match verb:
        case "install":
            return plan_install(_NEWER, seen, Exposure())
        case "adopt":
            return plan_adopt(_NEWER, seen, Exposure())
        case "update":
            return plan_update(_NEWER, seen, pinned, Exposure(), consent, keep_pin=True)
        case "restore":
            return plan_restore(seen, None, Exposure())
        case "remove":
            return plan_remove(seen, None, consent)


def _refusal(verb: Verb, seen: ProjectSkill, consent: Consent | None = None, pinned: Pinned = _FORWARD) -> WikipinError:
    with pytest.raises(WikipinError) as refused:
        _plan(verb, seen, consent, pinned)
    return refused.value


def _done(change: Change | None) -> str:
    """Say in the words of the table what a change does to the copy."""
    if change is None:
        return Action.KEEP.value
    if change.entry is None:
        return Action.TAKE.value
    return Action.PUT.value if "copy" in change.replace else Action.KEEP.value


@pytest.mark.parametrize("situation", Situation)
@pytest.mark.parametrize("verb", _VERBS)
def test_each_verb_does_in_each_situation_what_its_row_of_the_table_says(verb: Verb, situation: Situation) -> None:
    seen, said = _EVIDENCE[situation], TABLE[situation][verb]
    assert seen.situation() is situation
    if isinstance(said, Action):
        assert _done(_plan(verb, seen)) == said.value
    else:
        assert _refusal(verb, seen).code == said


@pytest.mark.parametrize("situation", [Situation.EDITED, Situation.UNVERIFIED])
@pytest.mark.parametrize("verb", ["update", "remove"])
def test_consent_to_discard_edits_makes_of_a_refusal_what_is_done_to_a_clean_copy(
    verb: Verb, situation: Situation
) -> None:
    change = _plan(verb, _EVIDENCE[situation], _DISCARD)
    assert _done(change) == TABLE[Situation.CLEAN][verb].value  # type: ignore[union-attr]
    assert _refusal(verb, _EVIDENCE[situation], _ROLL_BACK).code == "local-edits"


def test_the_table_in_the_documentation_is_the_one_in_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs/architecture.md").read_text()
    for situation, row in TABLE.items():
        cells = (said.name.lower() if isinstance(said, Action) else f"`{said}`" for said in row.values())
        assert f"| {situation.value} | {' | '.join(cells)} |" in page


def test_an_install_writes_the_skill_and_shows_it_where_it_is_asked_to() -> None:
    change = _plan("install", _EVIDENCE[Situation.ABSENT])
    entry = Entry(Pin(_NEW_COMMIT), "", _NEW.digests, ["run.sh"], _PATHS)
    assert change == Change(_HELLO, entry, _NEW.digest, ["copy"], ["agents", "claude"], [])
    as_copy = plan_install(_NEWER, _EVIDENCE[Situation.ABSENT], Exposure(("claude",), "copy"))
    assert (as_copy.replace, as_copy.link) == (["copy", "claude"], [])
    nowhere = plan_install(_NEWER, _EVIDENCE[Situation.ABSENT], Exposure(()))
    assert nowhere.entry is not None
    assert (nowhere.replace, nowhere.link, nowhere.entry.exposed) == (["copy"], [], [])


def test_an_update_names_what_goes_and_what_of_it_may_be_thrown_away() -> None:
    clean = _plan("update", _EVIDENCE[Situation.CLEAN])
    assert clean is not None
    assert (clean.replace, clean.link) == (["copy"], [])
    assert (clean.displaced, clean.disposable) == ({"copy": _OLD.digest}, _OLD.digest)
    edited = _plan("update", _EVIDENCE[Situation.EDITED], _DISCARD)
    assert edited is not None
    assert (edited.displaced, edited.disposable) == ({"copy": _EDITED.digest}, _OLD.digest)
    unknown = _plan("update", _EVIDENCE[Situation.UNVERIFIED], _DISCARD)
    assert unknown is not None
    assert (unknown.displaced, unknown.disposable) == ({"copy": _OLD.digest}, None)


def test_a_copy_that_is_the_new_version_already_is_recorded_and_not_an_edit() -> None:
    change = _plan("update", ProjectSkill(_HELLO, _ENTRY, _copy(_NEW), _LINKED))
    assert change is not None
    assert change.replace == []
    assert change.entry is not None
    assert change.entry.commit == _NEW_COMMIT


def test_another_skills_commit_is_no_news_and_a_ref_that_is_asked_for_is() -> None:
    entry = replace(_ENTRY, digests=_NEW.digests)
    seen = ProjectSkill(_HELLO, entry, _copy(_NEW), _LINKED)
    assert plan_update(_NEWER, seen, _FORWARD, Exposure(), Consent(), keep_pin=True) is None
    moved = plan_update(_NEWER, seen, _FORWARD, Exposure(), Consent(), keep_pin=False)
    assert moved is not None
    assert (moved.replace, moved.entry and moved.entry.commit) == ([], _NEW_COMMIT)


def test_an_update_does_not_go_back_without_a_word_of_its_own() -> None:
    clean, edited = _EVIDENCE[Situation.CLEAN], _EVIDENCE[Situation.EDITED]
    for pinned in (_BACK, Pinned(is_known=False, is_ancestor=False)):
        assert _refusal("update", clean, None, pinned).code == "would-roll-back"
        assert _refusal("update", clean, _DISCARD, pinned).code == "would-roll-back"
        assert _plan("update", clean, _ROLL_BACK, pinned) is not None
        refused = _refusal("update", edited, None, pinned)
        assert refused.code == "local-edits"
        assert "--discard-edits --allow-rollback" in str(refused.remedy)
        assert _refusal("update", edited, _ROLL_BACK, pinned).code == "local-edits"
        assert _plan("update", edited, Consent(allow_rollback=True, discard_edits=True), pinned) is not None


def test_a_restore_leaves_the_entry_as_it_is() -> None:
    change = _plan("restore", _EVIDENCE[Situation.MISSING])
    assert change is not None
    assert (change.entry, change.digest, change.replace) == (_ENTRY, _OLD.digest, ["copy"])
    assert _plan("restore", _EVIDENCE[Situation.CLEAN]) is None
    unseen = ProjectSkill(_HELLO, _ENTRY, _copy(_OLD), {"agents": ExposureState.NOTHING, "claude": ExposureState.LINK})
    change = _plan("restore", unseen)
    assert change is not None
    assert (change.entry, change.replace, change.link) == (_ENTRY, [], ["agents"])


def test_what_an_entry_does_not_say_is_taken_from_its_pin() -> None:
    missing = ProjectSkill(_HELLO, _NO_DIGESTS, None, _LINKED)
    change = plan_restore(missing, _OLD.listing, Exposure())
    assert change is not None
    assert change.digest == _OLD.digest
    assert change.entry == replace(_ENTRY, exposed=_PATHS)
    assert plan_restore(ProjectSkill(_HELLO, _NO_DIGESTS, _copy(_OLD), _LINKED), _OLD.listing, Exposure()) is None


def test_a_removal_takes_what_is_ours_and_leaves_what_is_not() -> None:
    seen = ProjectSkill(_HELLO, _ENTRY, _copy(_OLD), {"agents": ExposureState.FOREIGN, "claude": ExposureState.LINK})
    assert _plan("remove", seen) == Change(
        _HELLO, remove=("claude", "copy"), displaced={"copy": _OLD.digest}, disposable=_OLD.digest
    )
    not_recorded = ProjectSkill(_HELLO, replace(_ENTRY, exposed=[]), _copy(_OLD), _LINKED)
    change = _plan("remove", not_recorded)
    assert change is not None
    assert change.remove == ("copy",)


def test_what_another_tool_recorded_as_exposed_stays_recorded() -> None:
    entry = replace(_ENTRY, exposed=[".other/skills/hello", ".claude/skills/hello"])
    change = _plan("update", ProjectSkill(_HELLO, entry, _copy(_OLD), _LINKED))
    assert change is not None
    assert change.entry is not None
    assert change.entry.exposed == [".claude/skills/hello", ".other/skills/hello"]


def test_an_adoption_refuses_file_by_file_what_no_commit_has() -> None:
    refused = _refusal("adopt", ProjectSkill(_HELLO, None, Copy({}, {"x": "a symbolic link"}), _FREE))
    assert refused.code == "local-edits"
    assert "SKILL.md (removed), run.sh (removed), x (added)" in refused.problem


def test_an_edited_exposure_is_not_replaced_without_a_word() -> None:
    seen = ProjectSkill(_HELLO, _ENTRY, None, {"agents": ExposureState.LINK, "claude": _copy(_EDITED)})
    for verb in ("update", "restore", "remove"):
        assert _refusal(verb, seen).code == "local-edits"
    change = _plan("update", seen, _DISCARD)
    assert change is not None
    assert (change.replace, change.displaced) == (["copy", "claude"], {"claude": _EDITED.digest})


@pytest.mark.parametrize(
    ("entry", "copy", "sides", "remedy"),
    [
        (_ENTRY, _copy(_OLD), "lockfile_entry=yes, copy=yes", "'wikipin update skill hello'"),
        (_ENTRY, None, "lockfile_entry=yes, copy=no", "'wikipin restore hello'"),
        (None, _copy(_OLD), "lockfile_entry=no, copy=yes", "'wikipin adopt skill hello'"),
        (None, Copy({}, {"x": "a link"}), "lockfile_entry=no, copy=yes", "move .memtomem/skills/hello away"),
    ],
)
def test_where_either_side_is_there_it_is_installed_already(
    entry: Entry | None, copy: Copy | None, sides: str, remedy: str
) -> None:
    taken = dict.fromkeys(WORDS, ExposureState.FOREIGN)  # which is not looked at then
    refused = _refusal("install", ProjectSkill(_HELLO, entry, copy, taken))
    assert refused.code == "already-installed"
    assert refused.problem == f"skill 'hello' is in this project already ({sides})"
    assert remedy in str(refused.remedy)


@pytest.mark.parametrize(
    ("words", "taken", "named"),
    [
        (("agents", "claude"), ["claude"], [".claude/skills/hello"]),
        (("agents", "claude"), ["agents", "claude"], [".agents/skills/hello", ".claude/skills/hello"]),
        (("agents",), ["agents", "claude"], [".agents/skills/hello"]),
    ],
)
@pytest.mark.parametrize("mode", ["link", "copy"])
def test_what_is_not_ours_is_a_conflict_only_where_we_would_expose(
    words: tuple[str, ...], taken: list[str], named: list[str], mode: str
) -> None:
    exposure = Exposure(words, "copy" if mode == "copy" else "link")
    with pytest.raises(WikipinError) as refused:
        plan_install(
            _NEWER, ProjectSkill(_HELLO, None, None, _FREE | dict.fromkeys(taken, ExposureState.FOREIGN)), exposure
        )
    assert refused.value.code == "exposure-conflict"
    assert refused.value.problem == f"something that wikipin did not make stands at or above {' and '.join(named)}"


def test_our_own_link_is_a_conflict_where_a_copy_would_go() -> None:
    with pytest.raises(WikipinError) as refused:
        plan_install(_NEWER, ProjectSkill(_HELLO, None, None, _LINKED), Exposure(("claude",), "copy"))
    assert refused.value.code == "exposure-conflict"
    assert ".claude/skills/hello" in refused.value.problem


@pytest.mark.parametrize(
    ("words", "exposures"),
    [
        (("claude",), {"agents": ExposureState.FOREIGN}),
        ((), dict.fromkeys(WORDS, ExposureState.FOREIGN)),
        (WORDS, _LINKED),
    ],
)
def test_what_is_ours_or_is_not_asked_for_is_no_conflict(
    words: tuple[str, ...], exposures: dict[str, ExposureState]
) -> None:
    change = plan_install(_NEWER, ProjectSkill(_HELLO, None, None, _FREE | exposures), Exposure(tuple(words)))
    assert change.entry is not None
    assert change.entry.exposed == sorted(map(_HELLO.exposed_path, words))


@pytest.mark.parametrize("verb", ["update", "restore"])
def test_something_else_where_an_exposure_was_is_a_conflict(verb: Verb) -> None:
    seen = ProjectSkill(_HELLO, _ENTRY, _copy(_OLD), {"agents": ExposureState.FOREIGN, "claude": ExposureState.LINK})
    assert _refusal(verb, seen).code == "exposure-conflict"


def test_the_content_that_was_planned_is_well_and_any_other_is_refused() -> None:
    require_plan(_SKILL, None)
    require_plan(_SKILL, PlanDigest(_NEW.digest))
    with pytest.raises(WikipinError) as refused:
        require_plan(_SKILL, PlanDigest("0" * 64))
    assert refused.value.code == "plan-changed"
    assert _NEW.digest in refused.value.problem

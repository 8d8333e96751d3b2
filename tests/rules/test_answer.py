"""What a verb answers: everything that fits an agent's room, what does not is counted, and nothing hidden is in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from wikis import make_wiki, plain_skill
from world import World

from wikipin import WikipinError
from wikipin.answer.page import ROOM, render
from wikipin.answer.reading import answer_list, answer_lockfile, answer_status
from wikipin.answer.writing import answer_install, answer_remove, answer_restore, answer_update
from wikipin.asset import skill
from wikipin.names import Commit, RelPath
from wikipin.pin import Pin
from wikipin.plan.entry import Entry
from wikipin.plan.state import ProjectSkill, State
from wikipin.remedy import Call, CommandLine
from wikipin.skill import Skill
from wikipin.tree import File, FileChange, Tree
from wikipin.verbs.catalogue import Offer, Offers
from wikipin.verbs.content import content_of
from wikipin.verbs.install import Installed
from wikipin.verbs.outcomes import Outcomes
from wikipin.verbs.remove import Removed
from wikipin.verbs.status import Status, Statuses
from wikipin.verbs.update import Updated
from wikipin_mcp.answers import success

Json = dict[str, Any]

_MOST = 10_000
_DOOR = CommandLine()
_COMMIT = Commit("0123456789" * 4)
_SHA = "0123456789abcdef" * 4
_WIDE = "\u65e5\U0001f600"  # three and four bytes
_QUOTES = '"\\'  # two bytes each in JSON, and four in JSON that is itself a JSON string
_HIDDEN = "\u202e\u200b\U000e0041\x1b\n"


def _assert_fits(answer: object) -> None:
    """Hold the whole result, as it goes to a client, against the limit."""
    result = success(answer)
    assert len(result.model_dump_json(by_alias=True, exclude_none=True).encode()) < _MOST
    assert json.loads(render(answer)) == answer == result.structured_content
    assert not set(_HIDDEN).intersection(render(answer))


def _offers(count: int, description: str = "Does one thing.", skipped: tuple[tuple[str, str], ...] = ()) -> Offers:
    names = [f"skill-{number:04}" for number in range(count)]
    return Offers(_COMMIT, [Offer(name, description, State.AVAILABLE) for name in names], skipped)


def test_a_list_that_fits_is_whole() -> None:
    answer = answer_list(_offers(3, skipped=(("Odd", "its name is not a skill name"),)), limit=50, room=ROOM)
    assert [skill["name"] for skill in answer["skills"]] == ["skill-0000", "skill-0001", "skill-0002"]
    assert answer["skills"][0] == {"name": "skill-0000", "description": "Does one thing.", "state": "available"}
    assert (answer["wiki_commit"], answer["total"], answer["next_cursor"]) == (_COMMIT, 3, None)
    assert (answer["skipped"], answer["skipped_left_out"]) == (
        [{"name": "Odd", "why": "its name is not a skill name"}],
        0,
    )
    _assert_fits(answer)


def test_a_list_without_a_room_is_whole_however_long() -> None:
    answer = answer_list(_offers(1000, skipped=(("Odd", "no"),) * 100))
    assert (len(answer["skills"]), answer["next_cursor"], len(answer["skipped"])) == (1000, None, 100)


def test_an_empty_list_has_no_next_page() -> None:
    answer = answer_list(_offers(0), limit=50, room=ROOM)
    assert (answer["skills"], answer["total"], answer["next_cursor"]) == ([], 0, None)
    assert answer_list(_offers(3), after="skill-0002", room=ROOM)["next_cursor"] is None


@pytest.mark.parametrize(("count", "cursor"), [(5, None), (6, "skill-0004")])
def test_a_list_ends_at_its_limit_with_a_cursor_only_where_more_is_left(count: int, cursor: str | None) -> None:
    answer = answer_list(_offers(count), limit=5, room=ROOM)
    assert (len(answer["skills"]), answer["total"], answer["next_cursor"]) == (5, count, cursor)


@pytest.mark.parametrize("description", ["x", "x" * 1024, _WIDE * 512, _QUOTES * 512], ids=lambda text: ascii(text[:2]))
@pytest.mark.parametrize(
    "skipped",
    [
        (),
        (("\U0001f600" * 64, "its name is not a skill name"),) * 2000,
        (("x" * 64, f"calls itself '{_WIDE * 40}' in its SKILL.md"),) * 2000,
        (('"' * 64, "its name is not a skill name"),) * 2000,
        (("x" * 64, f"calls itself '{_QUOTES * 40}' in its SKILL.md"),) * 2000,
        ((_HIDDEN, f"calls itself '{_HIDDEN}' in its SKILL.md"),) * 3,
    ],
    ids=["none", "wide names", "wide", "quoted names", "quotes", "hidden"],
)
@pytest.mark.parametrize("limit", [1, 50, 200])
def test_no_list_is_larger_than_an_agent_may_get(
    description: str, skipped: tuple[tuple[str, str], ...], limit: int
) -> None:
    answer = answer_list(_offers(1000, description, skipped), limit=limit, room=ROOM)
    _assert_fits(answer)
    assert 1 <= len(answer["skills"]) <= limit
    assert answer["next_cursor"] == answer["skills"][-1]["name"]
    assert len(answer["skipped"]) + answer["skipped_left_out"] == len(skipped)


def _pages(offers: Offers, limit: int, room: int = ROOM) -> list[str]:
    names: list[str] = []
    after = ""
    for _ in range(2000):
        answer = answer_list(offers, limit=limit, after=after, room=room)
        names += [skill["name"] for skill in answer["skills"]]
        if answer["next_cursor"] is None:
            break
        after = answer["next_cursor"]
    return names


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_paging_visits_every_one_of_a_thousand_skills_once(tmp_path: Path, limit: int) -> None:
    """Git sorts `a-b/` before `a/`, and a cursor is a name."""
    names = [f"{stem}{number}" for number in range(250) for stem in ("a", "a-a", "a1-", "b-b-")]
    wiki = make_wiki(tmp_path / "wiki", {name: plain_skill(name) for name in names})
    (tmp_path / "project").mkdir()
    offers = World(wiki, tmp_path / "project").list_skills()
    assert _pages(offers, limit) == sorted(names)


def test_paging_visits_a_skill_and_those_whose_names_go_on_from_it(tmp_path: Path) -> None:
    names = ["a", "a-b", "a-b-c", "a1", "a1-b"]
    wiki = make_wiki(tmp_path / "wiki", {name: plain_skill(name) for name in names})
    (tmp_path / "project").mkdir()
    offers = World(wiki, tmp_path / "project").list_skills()
    for limit in range(1, 6):
        assert sorted(_pages(offers, limit)) == names


@pytest.mark.parametrize("room", [0, 500, 1000])
def test_every_page_is_a_step_forward_however_little_room_there_is(room: int) -> None:
    offers = _offers(30, "x" * 400)
    assert _pages(offers, 5, room) == [offer.name for offer in offers.skills]


def test_what_was_skipped_is_named_on_the_first_page_only() -> None:
    offers = _offers(9, skipped=(("Odd", "its name is not a skill name"),) * 20)
    first = answer_list(offers, limit=5, room=ROOM)
    second = answer_list(offers, limit=5, after="skill-0004", room=ROOM)
    assert len(first["skipped"]) + first["skipped_left_out"] == 20
    assert (second["skipped"], second["skipped_left_out"]) == ([], 0)


def _installed(files: tuple[File, ...], warnings: list[str], installed_at: str | None = "then") -> Installed:
    content = content_of(Skill(skill("x" * 64), Pin(_COMMIT), "Does one thing.", Tree(files)))
    exposed = [f".agents/skills/{'x' * 64}", f".claude/skills/{'x' * 64}"]
    return Installed(content, installed_at, exposed, warnings, Call("install", content.asset))


def _file(path: str, size: int = 3) -> File:
    return File(RelPath(path), bytes(size), executable=True)


def test_an_install_that_fits_is_whole() -> None:
    files = (_file("SKILL.md"), _file("a/b"))
    answer = answer_install(_installed(files, ["one"]), _DOOR, room=ROOM)
    assert answer["files"] == [
        {"path": path, "size": 3, "executable": True} for path in ("SKILL.md", "a/b")
    ]  # fmt: skip
    assert (answer["files_left_out"], answer["warnings"]) == (0, ["one"])
    assert answer["path"] == f".memtomem/skills/{'x' * 64}"
    assert answer["next_step"].startswith(f"Read .memtomem/skills/{'x' * 64}/SKILL.md now")
    _assert_fits(answer)


@pytest.mark.parametrize("installed_at", ["2026-11-22T15:27:31.442214Z", None])
@pytest.mark.parametrize(
    "name", ["x" * 190, _WIDE * 26, "a/" * 12 + "x" * 160, "'" * 190], ids=["ascii", "wide", "deep", "quotes"]
)
@pytest.mark.parametrize("warnings", [0, 512])
def test_no_install_is_larger_than_an_agent_may_get(name: str, warnings: int, installed_at: str | None) -> None:
    files = tuple(_file(f"{name}{number:03}") for number in range(512))
    said = [f"left out '{name}{number:03}{_HIDDEN}': a symbolic link is never installed" for number in range(warnings)]
    answer = answer_install(_installed(files, said, installed_at), _DOOR, room=ROOM)
    _assert_fits(answer)
    assert answer["files"]
    assert len(answer["files"]) + answer["files_left_out"] == 512
    shown = [warning for warning in answer["warnings"] if warning.startswith("left out")]
    more = [f"and {warnings - len(shown)} more"] if warnings else []
    assert answer["warnings"][len(shown) :] == more


def _lockfile(**more: object) -> Json:
    return {"version": 1, "skills": {"hello": {"wiki_commit": _COMMIT, "installed_at": "then"}}} | more


def _entry(files: int, **more: object) -> Json:
    digests = {f"file-{number:03}": _SHA for number in range(files)}
    return {"wiki_commit": _COMMIT, "installed_at": "then", "digests": digests, "exposed": ["a"], **more}


def _answer(document: object) -> Json:
    return dict(answer_lockfile(json.dumps(document).encode(), room=ROOM))


def test_no_lockfile_is_an_answer_too() -> None:
    answer = answer_lockfile(None, room=ROOM)
    assert (answer["exists"], answer["version"], answer["supported"], answer["lockfile"]) == (False, None, True, None)
    _assert_fits(answer)


def test_a_lockfile_that_fits_is_answered_as_it_is() -> None:
    document = _lockfile(agents={"x": [1, None, 1.5, True]})
    answer = _answer(document)
    assert (answer["path"], answer["exists"], answer["version"]) == (".memtomem/lock.json", True, 1)
    assert (answer["supported"], answer["lockfile"], answer["left_out"]) == (True, document, "")
    _assert_fits(answer)


@pytest.mark.parametrize("version", [2, True, 1.0, "1", None, [1]])
def test_a_lockfile_of_another_version_is_shown(version: object) -> None:
    answer = _answer(_lockfile(version=version))
    assert (answer["version"], answer["supported"]) == (version, False)
    assert answer["lockfile"] == _lockfile(version=version)


def test_a_lockfile_that_is_damaged_is_refused() -> None:
    with pytest.raises(WikipinError, match="lockfile-corrupt"):
        answer_lockfile(b"[]", room=ROOM)


def test_a_lockfile_shows_nothing_hidden() -> None:
    hidden = f"x{_HIDDEN}y"
    answer = _answer(_lockfile(version=hidden, **{hidden: [hidden, {hidden: hidden}]}))
    assert answer["version"] == "x y"
    assert answer["lockfile"]["x y"] == ["x y", {"x y": "x y"}]
    _assert_fits(answer)


def test_a_lockfile_that_is_too_long_is_cut_to_the_pins_and_says_so() -> None:
    answer = _answer(
        {"version": 1, "skills": {f"skill-{number:03}": _entry(20) for number in range(200)}, "agents": {}}
    )
    kept = answer["lockfile"]["skills"]
    assert kept
    assert list(answer["lockfile"]) == ["version", "skills"]
    assert all(entry == {"wiki_commit": _COMMIT, "installed_at": "then", "exposed": ["a"]} for entry in kept.values())
    assert f"and {200 - len(kept)} of 200 skills" in answer["left_out"]
    assert ".memtomem/lock.json" in answer["left_out"]
    _assert_fits(answer)


_LONG: dict[str, object] = {
    "digests": {"hello": _entry(512)},
    "skills": {f"skill-{number}": _entry(1) for number in range(5000)},
    "wide names": {f"{_WIDE * 60}{number}": _entry(1) for number in range(50)},
    "quotes": {f"skill-{number}": _entry(1, installed_at=_QUOTES * 30) for number in range(500)},
    "exposed": {"hello": _entry(1, exposed=["x" * 200] * 1000)},
    "exposed, deep": {"hello": _entry(1, exposed={"x": {"y": ["z"] * 9000}})},
    "a long time": {"hello": _entry(1, installed_at=_WIDE * 9000)},
    "a long pin": {"hello": _entry(1, wiki_commit=["x" * 90] * 900)},
    "no objects": {f"skill-{number}": "x" * 5000 for number in range(50)},
    "a list": ["x" * 5000] * 50,
    "text": "x" * 50_000,
    "nothing": None,
}


@pytest.mark.parametrize(
    "version", [1, 2, _WIDE * 5000, ["x" * 100] * 500, {"x": _QUOTES * 5000}], ids=lambda v: ascii(v)[:8]
)
@pytest.mark.parametrize("skills", _LONG.values(), ids=_LONG)
def test_no_lockfile_is_larger_than_an_agent_may_get(skills: object, version: object) -> None:
    answer = _answer({"version": version, "skills": skills, "x": ["x" * 3000] * 3})
    assert answer["left_out"]
    _assert_fits(answer)


@pytest.mark.parametrize("levels", [50, 200, 400, 900, 3000, 9000])
def test_a_lockfile_however_deep_is_answered_or_refused(levels: int) -> None:
    content = b'{"version": 1, "x": ' + b"[" * levels + b"]" * levels + b"}"
    try:
        answer = answer_lockfile(content, room=ROOM)
    except WikipinError:
        return
    _assert_fits(answer)


_HOSTILE = {
    "ascii": "x" * 200,
    "wide": _WIDE * 100,
    "quotes": _QUOTES * 100,
    "hidden": _HIDDEN * 40,
    "surrogates": "\udcff" * 200,
}
HOSTILE = pytest.mark.parametrize("text", _HOSTILE.values(), ids=_HOSTILE)


def _status(name: str, text: str, changes: int, state: State = State.MODIFIED) -> Status:
    entry = Entry(Pin(_COMMIT), text[:64])
    found = [FileChange(f"{number}{text}", "modified") for number in range(changes)]
    return Status(ProjectSkill(skill(name), entry, None), state, is_compared=True, changes=found)


@HOSTILE
@pytest.mark.parametrize(("skills", "changes"), [(1, 0), (1, 300), (40, 1), (40, 20), (1000, 0), (100, 30)])
def test_no_status_is_larger_than_an_agent_may_get(skills: int, changes: int, text: str) -> None:
    statuses = [_status(f"{'x' * 58}{number:05}", text, changes) for number in range(skills)]
    answer = answer_status(Statuses(_COMMIT, statuses), _DOOR, room=ROOM)
    _assert_fits(answer)
    assert answer["skills"]
    assert len(answer["skills"]) + answer["skills_left_out"] == skills
    assert answer["counts"] == {"modified": skills}
    for shown in answer["skills"]:
        assert len(shown["changes"]) + shown["changes_left_out"] == changes
        assert shown["changes"] or not changes


def test_a_status_that_does_not_fit_shows_first_what_is_not_well() -> None:
    well = [_status(f"a-{number:04}", "then", 0, State.OK) for number in range(500)]
    ill = [_status(f"z-{number}", "then", 1) for number in range(3)]
    answer = answer_status(Statuses(_COMMIT, [*well, *ill]), _DOOR, room=ROOM)
    _assert_fits(answer)
    names = [skill["name"] for skill in answer["skills"]]
    assert names[-3:] == ["z-0", "z-1", "z-2"]
    assert names == sorted(names)
    assert len(answer_status(Statuses(_COMMIT, [*well, *ill]), _DOOR)["skills"]) == 503


@HOSTILE
def test_a_status_without_its_wiki_says_why_and_fits(text: str) -> None:
    problem = WikipinError("wiki-unreadable", text * 20, text * 20)
    answer = answer_status(Statuses(None, [_status("hello", text, 20)] * 50, problem, version=text), _DOOR, room=ROOM)
    _assert_fits(answer)
    assert answer["wiki_problem"].startswith("wiki-unreadable: ") if answer["wiki_problem"] else False


def _updated(text: str, changes: int, files: int, warnings: int, backups: int) -> Updated:
    installed = _installed(tuple(_file(f"{'p' * 60}{number:03}") for number in range(files)), [text] * warnings)
    return Updated(
        **vars(installed),
        previous_commit=_COMMIT,
        changes=[FileChange(f"{number}{text}", "modified") for number in range(changes)],
        is_changed=True,
        backups=[f".memtomem/.backup/{'x' * 64}-20260102T030405000000Z-{number}" for number in range(backups)],
    )


@HOSTILE
@pytest.mark.parametrize(("changes", "files", "warnings"), [(1, 1, 1), (100, 512, 0), (100, 512, 512), (0, 512, 512)])
def test_no_update_is_larger_than_an_agent_may_get(changes: int, files: int, warnings: int, text: str) -> None:
    answer = answer_update(_updated(text, changes, files, warnings, 3), _DOOR, room=ROOM)
    _assert_fits(answer)
    assert len(answer["changes"]) + answer["changes_left_out"] == changes
    assert len(answer["files"]) + answer["files_left_out"] == files
    assert answer["files"]


def test_an_update_names_every_backup() -> None:
    answer = answer_update(_updated("x", 1, 1, 0, 3), _DOOR, room=ROOM)
    assert answer["backup"] == f".memtomem/.backup/{'x' * 64}-20260102T030405000000Z-0"
    assert len([warning for warning in answer["warnings"] if ".memtomem/.backup" in warning]) == 2
    assert answer_update(_updated("x", 1, 1, 0, 0), _DOOR, room=ROOM)["backup"] is None


@HOSTILE
@pytest.mark.parametrize(("failed", "restored"), [(0, 500), (1, 500), (1, 0), (100, 100)])
def test_no_restore_is_larger_than_an_agent_may_get(failed: int, restored: int, text: str) -> None:
    there = {asset: asset for asset in (skill(f"{'x' * 58}{number:05}") for number in range(restored))}
    left = {asset: asset for asset in (skill(f"{'y' * 58}{number:05}") for number in range(restored // 2))}
    error = WikipinError("local-edits", f"the copy is not what was installed: {text * 20}", text * 20)
    outcome = Outcomes(there, left, {skill(f"f{number}"): error for number in range(failed)})
    answer = answer_restore(outcome, _DOOR, room=ROOM)
    _assert_fits(answer)
    shown = len(answer["failed"]) + len(answer["restored"]) + len(answer["unchanged"])
    assert shown + answer["left_out"] == failed + restored + restored // 2
    assert answer["failed"] or not failed
    assert answer_restore(outcome, _DOOR)["left_out"] == 0


@HOSTILE
@pytest.mark.parametrize("warnings", [0, 1, 100])
def test_no_removal_is_larger_than_an_agent_may_get(warnings: int, text: str) -> None:
    exposed = [f".agents/skills/{'x' * 64}", f".claude/skills/{'x' * 64}"]
    answer = answer_remove(Removed(skill("x" * 64), exposed, ["b"] * 3, [text] * warnings), room=ROOM)
    _assert_fits(answer)
    assert (answer["removed"], answer["backup"], answer["unexposed"]) == (True, "b", exposed)


def test_a_key_with_something_hidden_does_not_take_the_place_of_the_key_that_it_looks_like() -> None:
    skills = {"a\u200b": "forged", "a": "true", "a\u2060": "forged too", "\u2800b": 1, "b": 2, "b (2)": 3, "b\x07": 4}
    answer = answer_lockfile(json.dumps({"version": 1, "skills": skills}).encode())
    assert answer["lockfile"] is not None
    assert answer["lockfile"]["skills"] == {
        "a (2)": "forged",
        "a": "true",
        "a (3)": "forged too",
        " b": 1,
        "b": 2,
        "b (2)": 3,
        "b (3)": 4,
    }


def test_strings_of_a_lockfile_are_cut_however_much_room_there_is() -> None:
    answer = answer_lockfile(json.dumps({"version": 1, "k" * 5000: ["v" * 5000]}).encode())
    assert answer["lockfile"] is not None
    assert answer["lockfile"]["k" * 4095 + "\u2026"] == ["v" * 4095 + "\u2026"]

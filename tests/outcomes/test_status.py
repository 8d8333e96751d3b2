"""How the skills of a project stand: by bytes, never by time, and against each skill's own history."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from counting import count_gits, count_locks
from surfaces import Json, Outcome
from wikis import Files, git, plain_skill
from world import World, make_world

from wikipin import Exposure, WikipinError

_SKILLS: dict[str, Files] = {
    "hello": {**plain_skill("hello"), "run.sh": (b"one\n", True), "docs/a.md": b"a"},
    "other": plain_skill("other"),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project with both skills of its wiki."""
    world = make_world(tmp_path, _SKILLS)
    for name in _SKILLS:
        world.install(name)
    return world


def _status(door: str, world: World) -> Outcome:
    return world.call(door, "context_status")


def _changes(world: World, *, with_wiki: bool = True) -> list[tuple[str, str]]:
    hello = next(s for s in world.status(with_wiki=with_wiki).skills if s.seen.asset.name == "hello")
    return [(change.path, change.change) for change in hello.changes]


def test_every_state_is_told_with_what_differs(door: str, world: World) -> None:
    pin = world.head()
    for name in ("gone", "edited", "old"):
        world.commit({name: plain_skill(name)})
        world.install(name)
    world.commit({"old": plain_skill("old", "Newer.")})
    shutil.rmtree(world.copy("gone"))
    (world.copy("edited") / "mine.md").write_bytes(b"mine")
    shutil.copytree(world.copy("other"), world.copy("by-hand"))
    world.change_entry("other", wiki_commit="1" * 40)
    world.change_entry("My_Skill", wiki_commit=pin, installed_at="then")
    before = world.snapshot()

    answer = _status(door, world).answer

    assert {skill["name"]: skill["state"] for skill in answer["skills"]} == {
        "My_Skill": "missing",
        "by-hand": "untracked",
        "edited": "modified",
        "gone": "missing",
        "hello": "ok",
        "old": "behind",
        "other": "diverged",
    }
    assert answer["counts"] == dict.fromkeys(("behind", "diverged", "modified", "ok", "untracked"), 1) | {"missing": 2}
    assert (answer["wiki_commit"], answer["wiki_problem"]) == (world.head(), None)
    (edited,) = (skill for skill in answer["skills"] if skill["state"] == "modified")
    assert edited["changes"] == [{"path": "mine.md", "change": "added"}]
    (by_hand,) = (skill for skill in answer["skills"] if skill["state"] == "untracked")
    assert (by_hand["wiki_commit"], by_hand["installed_at"], by_hand["compared"]) == (None, None, False)
    assert world.snapshot() == before


def test_a_wiki_that_is_gone_is_told_and_edits_are_found_without_it(door: str, world: World) -> None:
    (world.copy() / "run.sh").chmod(0o644)
    answer = _status(door, world.without_wiki()).answer
    assert {skill["name"]: skill["state"] for skill in answer["skills"]} == {"hello": "modified", "other": "unknown"}
    assert answer["skills"][0]["changes"] == [{"path": "run.sh", "change": "mode"}]
    assert answer["wiki_commit"] is None
    assert answer["wiki_problem"].startswith("wiki-not-found: ")


def test_a_lockfile_of_another_version_is_shown(door: str, world: World) -> None:
    world.lockfile_path.write_text('{"version": 2, "skills": []}')
    before = world.snapshot()
    answer = _status(door, world).answer
    assert (answer["version"], answer["supported"], answer["skills"], answer["counts"]) == (2, False, [], {})
    assert world.snapshot() == before


def test_a_damaged_lockfile_is_refused(door: str, world: World) -> None:
    world.lockfile_path.write_text("<<<<<<< ours\n")
    assert _status(door, world).code == "lockfile-corrupt"


def test_a_project_without_skills_has_none(door: str, world: World) -> None:
    empty = world.beside("empty")
    answer = _status(door, empty).answer
    assert (answer["skills"], answer["counts"], answer["supported"]) == ([], {}, True)
    assert empty.snapshot() == {}


def test_staleness_is_of_each_skill_alone(world: World) -> None:
    assert world.states() == {"hello": "ok", "other": "ok"}
    world.commit(files={"README.md": b"no skill at all"})
    world.commit({"other": plain_skill("other", "Newer.")})
    assert world.states() == {"hello": "ok", "other": "behind"}
    world.commit({"hello": {**_SKILLS["hello"], "run.sh": (b"one\n", False)}})
    assert world.states() == {"hello": "behind", "other": "behind"}
    world.commit(_SKILLS)
    assert world.states() == {"hello": "ok", "other": "ok"}
    world.commit({"hello": None})
    assert world.states() == {"hello": "gone", "other": "ok"}


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_wiki_compares_what_it_can(depth: int, world: World, tmp_path: Path) -> None:
    world.commit({"hello": plain_skill("hello", "Newer.")})
    git(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{world.wiki}", "shallow")
    expected = {1: {"hello": "diverged", "other": "diverged"}, 2: {"hello": "behind", "other": "ok"}}
    assert world.with_wiki(tmp_path / "shallow").states() == expected[depth]


@pytest.mark.parametrize("how", [["--bare"], ["--no-checkout"], []])
def test_a_wiki_that_was_cloned_anew_is_the_same_wiki(how: list[str], world: World, tmp_path: Path) -> None:
    world.commit({"hello": plain_skill("hello", "Newer.")})
    git(tmp_path, "clone", "-q", *how, str(world.wiki), "anew")
    shutil.rmtree(world.wiki)
    assert world.with_wiki(tmp_path / "anew").states() == {"hello": "behind", "other": "ok"}


def test_edits_are_found_by_bytes_and_touching_is_none(world: World) -> None:
    file = world.copy() / "docs/a.md"
    then = file.stat()
    os.utime(file)
    assert world.states(with_wiki=False)["hello"] == "unknown"
    assert world.states()["hello"] == "ok"
    file.write_bytes(b"b")
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert file.stat().st_size == then.st_size
    assert world.states()["hello"] == "modified"


def test_changes_are_named_file_by_file(world: World) -> None:
    copy = world.copy()
    (copy / "SKILL.md").write_bytes(b"edited")
    (copy / "run.sh").chmod(0o644)
    (copy / "docs/a.md").unlink()
    (copy / "docs/a.md").mkdir()
    (copy / "docs/a.md/below").write_bytes(b"")
    (copy / "link").symlink_to("SKILL.md")
    os.mkfifo(copy / "pipe")
    for with_wiki in (True, False):
        assert _changes(world, with_wiki=with_wiki) == [
            ("SKILL.md", "modified"),
            ("docs/a.md", "type"),
            ("docs/a.md/below", "added"),
            ("link", "added"),
            ("pipe", "added"),
            ("run.sh", "mode"),
        ]


def test_what_machines_leave_behind_is_no_edit(world: World) -> None:
    (world.copy() / ".DS_Store").write_bytes(b"x")
    (world.copy() / "__pycache__").mkdir()
    (world.copy() / "__pycache__/x.pyc").write_bytes(b"x")
    (world.copy() / "empty").mkdir()
    assert world.states()["hello"] == "ok"


_DIGESTS = ("digests", "digests_installed_at", "executable", "executable_installed_at")


@pytest.mark.parametrize(
    ("forgotten", "more"),
    [
        (_DIGESTS, {}),
        ((*_DIGESTS, "exposed"), {"files": ["x"], "files_commit": "x"}),
        ((), {"installed_at": "later", "digests": {"SKILL.md": "0" * 64}}),
        (("executable", "executable_installed_at"), {}),
        (("executable_installed_at",), {}),
    ],
    ids=["no digests", "memtomem", "digests that do not count", "no modes", "modes that do not count"],
)
def test_entries_of_other_tools_are_compared_with_the_wiki_at_their_pin(
    forgotten: tuple[str, ...], more: Json, world: World
) -> None:
    world.change_entry("hello", *forgotten, **more)
    assert world.states()["hello"] == "ok"
    (world.copy() / "docs/a.md").write_bytes(b"b")
    assert world.states()["hello"] == "modified"
    assert _changes(world) == [("docs/a.md", "modified")]


def test_an_entry_without_digests_and_without_a_wiki_is_not_said_to_be_well(world: World) -> None:
    world.change_entry("hello", *_DIGESTS)
    shutil.rmtree(world.wiki)
    statuses = {status.seen.asset.name: status for status in world.status().skills}
    assert (statuses["hello"].state.value, statuses["hello"].is_compared) == ("unknown", False)
    assert (statuses["other"].state.value, statuses["other"].is_compared) == ("unknown", True)


def test_an_edited_exposure_is_an_edit(world: World) -> None:
    beside = world.beside("copies")
    beside.install("hello", exposure=Exposure(mode="copy"))
    assert beside.states() == {"hello": "ok"}
    (beside.project / ".agents/skills/hello/run.sh").chmod(0o644)
    assert beside.states(with_wiki=False) == {"hello": "modified"}
    assert _changes(beside, with_wiki=False) == [(".agents/skills/hello/run.sh", "mode")]


def test_a_file_where_a_copy_should_be_is_refused(world: World) -> None:
    shutil.rmtree(world.copy())
    world.copy().write_bytes(b"x")
    with pytest.raises(WikipinError, match="unsafe-project"):
        world.status()


def test_the_wiki_is_asked_in_few_processes_however_many_skills(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.commit({f"skill-{number}": plain_skill(f"skill-{number}") for number in range(20)})
    beside = world.beside("many")
    for number in range(20):
        beside.install(f"skill-{number}")
    gits = count_gits(monkeypatch, tmp_path)
    assert set(beside.states().values()) == {"ok"}
    assert [line.split()[0] for line in gits.take()] == ["cat-file", "rev-list"]


def _check(world: World, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the check as CI does: no wiki, no git, no network."""
    nothing = {"PATH": "/nonexistent", "HOME": "/nonexistent", "MEMTOMEM_WIKI_PATH": "/nonexistent/wiki"}
    return world.check(*more, env=nothing)


def test_the_check_is_well_where_all_is_as_the_lockfile_says(world: World) -> None:
    before = world.snapshot()
    done = _check(world)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 of 2 copies are as the lockfile says.\n", "")
    assert world.snapshot() == before


def test_the_check_fails_on_drift_with_a_list_that_a_person_can_read(world: World) -> None:
    (world.copy() / "mine.md").write_bytes(b"mine")
    (world.copy() / "docs/a.md").unlink()
    shutil.rmtree(world.copy("other"))
    done = _check(world)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "hello: modified",
        "  removed   docs/a.md",
        "  added     mine.md",
        "other: missing",
        "0 of 2 copies are as the lockfile says.",
    ]


def test_the_check_fails_on_one_copy_beside_a_good_one(world: World) -> None:
    (world.copy() / "mine.md").write_bytes(b"mine")
    done = _check(world)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 of 2 copies are as the lockfile says."


@pytest.mark.parametrize("is_gone", [True, False], ids=["gone", "leading elsewhere"])
def test_the_check_fails_on_a_link_that_the_lockfile_names_but_for_those_who_commit_none(
    is_gone: bool,  # noqa: FBT001 - a table
    world: World,
) -> None:
    link = world.project / ".claude/skills/hello"
    link.unlink()
    if not is_gone:
        link.symlink_to("../../.memtomem/skills/other")
    done = _check(world)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "hello: agents do not see it as the lockfile says",
        "  not visible at .claude/skills/hello",
        "2 of 2 copies are as the lockfile says.",
        "Of the links that it names, 1 is not there.",
    ]
    done = _check(world, "--copies-only")
    assert (done.returncode, done.stdout) == (0, "2 of 2 copies are as the lockfile says.\n")
    (world.copy() / "mine.md").write_bytes(b"mine")
    assert _check(world, "--copies-only").returncode == 1


def test_the_check_is_json_for_machines(world: World) -> None:
    shutil.rmtree(world.copy("other"))
    done = _check(world, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    answer = json.loads(done.stdout)
    assert (answer["counts"], answer["wiki_commit"], answer["wiki_problem"]) == (
        {"missing": 1, "unknown": 1},
        None,
        None,
    )


def test_the_check_says_what_it_did_not_check(world: World) -> None:
    world.change_entry("hello", *_DIGESTS)
    (world.copy() / "SKILL.md").write_bytes(b"edited, but nobody can tell")
    shutil.copytree(world.copy("other"), world.copy("by-hand"))
    done = _check(world)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "by-hand: has no entry in the lockfile, and was not checked",
        "hello: has no digests in the lockfile, and was not checked",
        "1 of 3 copies are as the lockfile says.",
    ]


@pytest.mark.parametrize(
    ("content", "code"), [('{"version": 2}', "lockfile-version"), ("<<<<<<< ours\n", "lockfile-corrupt")]
)
def test_the_check_fails_on_a_lockfile_that_cannot_be_read(content: str, code: str, world: World) -> None:
    world.lockfile_path.write_text(content)
    for words in ([], ["--json"]):
        done = _check(world, *words)
        assert done.returncode == 1
        assert done.stderr.startswith(f"wikipin: {code}: ")
        assert done.stderr.count("\n") == 1
        assert [json.loads(done.stdout)["error"]["code"]] == [code] if words else not done.stdout


def test_the_check_starts_no_git_and_waits_for_no_lock_where_all_is_well(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gits, windows = count_gits(monkeypatch, tmp_path), count_locks(monkeypatch)
    assert set(world.states(with_wiki=False).values()) == {"unknown"}
    assert (gits.take(), windows) == ([], [])

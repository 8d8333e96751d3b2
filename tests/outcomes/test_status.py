"""How the skills of a project stand: by bytes, never by time, and against each skill's own history."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from counting import count_gits, count_locks
from snapshot import snapshot
from surfaces import SURFACES, Json, Outcome
from wikis import Files, commit, git, head, make_wiki, plain_skill
from world import World

from wikipin import Exposure, Statuses, WikipinError

_SKILLS: dict[str, Files] = {
    "hello": {**plain_skill("hello"), "run.sh": (b"one\n", True), "docs/a.md": b"a"},
    "other": plain_skill("other"),
}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", _SKILLS)


@pytest.fixture
def project(tmp_path: Path, wiki: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    for name in _SKILLS:
        World(wiki, project).install(name)
    return project


def _status(door: str, wiki: Path, project: Path) -> Outcome:
    return SURFACES[door]("context_status", {}, wiki=wiki, project=project)


def _read(wiki: Path | None, project: Path) -> Statuses:
    return World(wiki or Path("none"), project).status(with_wiki=wiki is not None)


def _states(wiki: Path | None, project: Path) -> dict[str, str]:
    return {status.seen.name: status.state.value for status in _read(wiki, project).skills}


def _changes(wiki: Path | None, project: Path) -> list[tuple[str, str]]:
    hello = next(s for s in _read(wiki, project).skills if s.seen.name == "hello")
    return [(change.path, change.change) for change in hello.changes]


def _copy(project: Path, name: str = "hello") -> Path:
    return project / ".memtomem/skills" / name


def _change_lockfile(project: Path, name: str, *forgotten: str, **more: object) -> None:
    path = project / ".memtomem/lock.json"
    document = json.loads(path.read_text())
    entry: Json = document["skills"].setdefault(name, {})
    for key in forgotten:
        entry.pop(key, None)
    entry.update(more)
    path.write_text(json.dumps(document))


def test_every_state_is_told_with_what_differs(door: str, wiki: Path, project: Path) -> None:
    pin = head(wiki)
    for name in ("gone", "edited", "old"):
        commit(wiki, {name: plain_skill(name)})
        World(wiki, project).install(name)
    commit(wiki, {"old": plain_skill("old", "Newer.")})
    shutil.rmtree(_copy(project, "gone"))
    (_copy(project, "edited") / "mine.md").write_bytes(b"mine")
    shutil.copytree(_copy(project, "other"), _copy(project, "by-hand"))
    _change_lockfile(project, "other", wiki_commit="1" * 40)
    _change_lockfile(project, "My_Skill", wiki_commit=pin, installed_at="then")
    before = snapshot(project)

    answer = _status(door, wiki, project).answer

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
    assert (answer["wiki_commit"], answer["wiki_problem"]) == (head(wiki), None)
    (edited,) = (skill for skill in answer["skills"] if skill["state"] == "modified")
    assert edited["changes"] == [{"path": "mine.md", "change": "added"}]
    (by_hand,) = (skill for skill in answer["skills"] if skill["state"] == "untracked")
    assert (by_hand["wiki_commit"], by_hand["installed_at"], by_hand["compared"]) == (None, None, False)
    assert snapshot(project) == before


def test_a_wiki_that_is_gone_is_told_and_edits_are_found_without_it(door: str, project: Path, tmp_path: Path) -> None:
    (_copy(project) / "run.sh").chmod(0o644)
    answer = _status(door, tmp_path / "no-wiki", project).answer
    assert {skill["name"]: skill["state"] for skill in answer["skills"]} == {"hello": "modified", "other": "unknown"}
    assert answer["skills"][0]["changes"] == [{"path": "run.sh", "change": "mode"}]
    assert answer["wiki_commit"] is None
    assert answer["wiki_problem"].startswith("wiki-not-found: ")


def test_a_lockfile_of_another_version_is_shown(door: str, wiki: Path, project: Path) -> None:
    (project / ".memtomem/lock.json").write_text('{"version": 2, "skills": []}')
    before = snapshot(project)
    answer = _status(door, wiki, project).answer
    assert (answer["version"], answer["supported"], answer["skills"], answer["counts"]) == (2, False, [], {})
    assert snapshot(project) == before


def test_a_damaged_lockfile_is_refused(door: str, wiki: Path, project: Path) -> None:
    (project / ".memtomem/lock.json").write_text("<<<<<<< ours\n")
    assert _status(door, wiki, project).code == "lockfile-corrupt"


def test_a_project_without_skills_has_none(door: str, wiki: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = _status(door, wiki, tmp_path / "empty").answer
    assert (answer["skills"], answer["counts"], answer["supported"]) == ([], {}, True)
    assert list((tmp_path / "empty").iterdir()) == []


def test_staleness_is_of_each_skill_alone(wiki: Path, project: Path) -> None:
    assert _states(wiki, project) == {"hello": "ok", "other": "ok"}
    commit(wiki, files={"README.md": b"no skill at all"})
    commit(wiki, {"other": plain_skill("other", "Newer.")})
    assert _states(wiki, project) == {"hello": "ok", "other": "behind"}
    commit(wiki, {"hello": {**_SKILLS["hello"], "run.sh": (b"one\n", False)}})
    assert _states(wiki, project) == {"hello": "behind", "other": "behind"}
    commit(wiki, _SKILLS)
    assert _states(wiki, project) == {"hello": "ok", "other": "ok"}
    commit(wiki, {"hello": None})
    assert _states(wiki, project) == {"hello": "behind", "other": "ok"}


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_wiki_compares_what_it_can(depth: int, wiki: Path, project: Path, tmp_path: Path) -> None:
    commit(wiki, {"hello": plain_skill("hello", "Newer.")})
    git(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{wiki}", "shallow")
    expected = {1: {"hello": "diverged", "other": "diverged"}, 2: {"hello": "behind", "other": "ok"}}
    assert _states(tmp_path / "shallow", project) == expected[depth]


@pytest.mark.parametrize("how", [["--bare"], ["--no-checkout"], []])
def test_a_wiki_that_was_cloned_anew_is_the_same_wiki(
    how: list[str], wiki: Path, project: Path, tmp_path: Path
) -> None:
    commit(wiki, {"hello": plain_skill("hello", "Newer.")})
    git(tmp_path, "clone", "-q", *how, str(wiki), "anew")
    shutil.rmtree(wiki)
    assert _states(tmp_path / "anew", project) == {"hello": "behind", "other": "ok"}


def test_edits_are_found_by_bytes_and_touching_is_none(wiki: Path, project: Path) -> None:
    file = _copy(project) / "docs/a.md"
    then = file.stat()
    os.utime(file)
    assert _states(None, project)["hello"] == "unknown"
    assert _states(wiki, project)["hello"] == "ok"
    file.write_bytes(b"b")
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert file.stat().st_size == then.st_size
    assert _states(wiki, project)["hello"] == "modified"


def test_changes_are_named_file_by_file(wiki: Path, project: Path) -> None:
    copy = _copy(project)
    (copy / "SKILL.md").write_bytes(b"edited")
    (copy / "run.sh").chmod(0o644)
    (copy / "docs/a.md").unlink()
    (copy / "docs/a.md").mkdir()
    (copy / "docs/a.md/below").write_bytes(b"")
    (copy / "link").symlink_to("SKILL.md")
    os.mkfifo(copy / "pipe")
    for source in (wiki, None):
        assert _changes(source, project) == [
            ("SKILL.md", "modified"),
            ("docs/a.md", "type"),
            ("docs/a.md/below", "added"),
            ("link", "added"),
            ("pipe", "added"),
            ("run.sh", "mode"),
        ]


def test_what_machines_leave_behind_is_no_edit(wiki: Path, project: Path) -> None:
    (_copy(project) / ".DS_Store").write_bytes(b"x")
    (_copy(project) / "__pycache__").mkdir()
    (_copy(project) / "__pycache__/x.pyc").write_bytes(b"x")
    (_copy(project) / "empty").mkdir()
    assert _states(wiki, project)["hello"] == "ok"


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
    forgotten: tuple[str, ...], more: Json, wiki: Path, project: Path
) -> None:
    _change_lockfile(project, "hello", *forgotten, **more)
    assert _states(wiki, project)["hello"] == "ok"
    (_copy(project) / "docs/a.md").write_bytes(b"b")
    assert _states(wiki, project)["hello"] == "modified"
    assert _changes(wiki, project) == [("docs/a.md", "modified")]


def test_an_entry_without_digests_and_without_a_wiki_is_not_said_to_be_well(wiki: Path, project: Path) -> None:
    _change_lockfile(project, "hello", *_DIGESTS)
    shutil.rmtree(wiki)
    statuses = {status.seen.name: status for status in World(wiki, project).status().skills}
    assert (statuses["hello"].state.value, statuses["hello"].is_compared) == ("unknown", False)
    assert (statuses["other"].state.value, statuses["other"].is_compared) == ("unknown", True)


def test_an_edited_exposure_is_an_edit(wiki: Path, tmp_path: Path) -> None:
    project = tmp_path / "copies"
    project.mkdir()
    World(wiki, project).install("hello", exposure=Exposure(mode="copy"))
    assert _states(wiki, project) == {"hello": "ok"}
    (project / ".agents/skills/hello/run.sh").chmod(0o644)
    assert _states(None, project) == {"hello": "modified"}
    assert _changes(None, project) == [(".agents/skills/hello/run.sh", "mode")]


def test_a_file_where_a_copy_should_be_is_refused(wiki: Path, project: Path) -> None:
    shutil.rmtree(_copy(project))
    _copy(project).write_bytes(b"x")
    with pytest.raises(WikipinError, match="unsafe-project"):
        World(wiki, project).status()


def test_the_wiki_is_asked_in_few_processes_however_many_skills(
    wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(wiki, {f"skill-{number}": plain_skill(f"skill-{number}") for number in range(20)})
    project = tmp_path / "many"
    project.mkdir()
    for number in range(20):
        World(wiki, project).install(f"skill-{number}")
    gits = count_gits(monkeypatch, tmp_path)
    assert set(_states(wiki, project).values()) == {"ok"}
    assert [line.split()[0] for line in gits.take()] == ["cat-file", "rev-list"]


def _check(project: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """Run the check as CI does: no wiki, no git, no network."""
    return subprocess.run(
        [sys.executable, "-m", "wikipin.cli", "--project", str(project), *before, "status", "--check"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/nonexistent", "HOME": "/nonexistent", "MEMTOMEM_WIKI_PATH": "/nonexistent/wiki"},
    )


def test_the_check_is_well_where_all_is_as_the_lockfile_says(project: Path) -> None:
    before = snapshot(project)
    done = _check(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 of 2 skills are as the lockfile says.\n", "")
    assert snapshot(project) == before


def test_the_check_fails_on_drift_with_a_list_that_a_person_can_read(project: Path) -> None:
    (_copy(project) / "mine.md").write_bytes(b"mine")
    (_copy(project) / "docs/a.md").unlink()
    shutil.rmtree(_copy(project, "other"))
    done = _check(project)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "hello: modified",
        "  removed   docs/a.md",
        "  added     mine.md",
        "other: missing",
        "0 of 2 skills are as the lockfile says.",
    ]


def test_the_check_is_json_for_machines(project: Path) -> None:
    shutil.rmtree(_copy(project, "other"))
    done = _check(project, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    answer = json.loads(done.stdout)
    assert (answer["counts"], answer["wiki_commit"], answer["wiki_problem"]) == (
        {"missing": 1, "unknown": 1},
        None,
        None,
    )


def test_the_check_says_what_it_did_not_check(project: Path) -> None:
    _change_lockfile(project, "hello", *_DIGESTS)
    (_copy(project) / "SKILL.md").write_bytes(b"edited, but nobody can tell")
    shutil.copytree(_copy(project, "other"), _copy(project, "by-hand"))
    done = _check(project)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "by-hand: has no entry in the lockfile, and was not checked",
        "hello: has no digests in the lockfile, and was not checked",
        "1 of 3 skills are as the lockfile says.",
    ]


@pytest.mark.parametrize(
    ("content", "code"), [('{"version": 2}', "lockfile-version"), ("<<<<<<< ours\n", "lockfile-corrupt")]
)
def test_the_check_fails_on_a_lockfile_that_cannot_be_read(content: str, code: str, project: Path) -> None:
    (project / ".memtomem/lock.json").write_text(content)
    for words in ([], ["--json"]):
        done = _check(project, *words)
        assert done.returncode == 1
        assert done.stderr.startswith(f"wikipin: {code}: ")
        assert done.stderr.count("\n") == 1
        assert "are as the lockfile says" not in done.stdout


def test_the_check_starts_no_git_and_waits_for_no_lock_where_all_is_well(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gits, windows = count_gits(monkeypatch, tmp_path), count_locks(monkeypatch)
    assert set(_states(None, project).values()) == {"unknown"}
    assert (gits.take(), windows) == ([], [])

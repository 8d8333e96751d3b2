"""Several names behind one verb: each is decided by itself, and the kind may be left out."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshot import snapshot
from wikis import commit, head, make_wiki, plain_skill, skill_md, write_files

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
_NAMES = ("hello", "other", "skill")


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {name: plain_skill(name) for name in _NAMES})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


@pytest.fixture
def run(wiki: Path, project: Path) -> Run:
    def run(*words: str) -> Done:
        command = [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=project)

    return run


def _installed(project: Path) -> set[str]:
    lockfile = project / ".memtomem/lock.json"
    return set(json.loads(lockfile.read_text())["skills"]) if lockfile.exists() else set()


@pytest.mark.parametrize(
    ("words", "installed"),
    [
        (["hello"], {"hello"}),
        (["skill", "hello"], {"hello"}),
        (["skill"], {"skill"}),
        (["skill", "skill"], {"skill"}),
        (["hello", "skill"], {"hello", "skill"}),
        (["skill", "hello", "skill", "hello"], {"hello", "skill"}),
    ],
    ids=str,
)
def test_the_first_word_is_a_kind_only_if_another_follows(
    words: list[str], installed: set[str], run: Run, project: Path
) -> None:
    assert run("install", *words).returncode == 0
    assert _installed(project) == installed
    assert run("remove", *words).returncode == 0
    assert _installed(project) == set()


def test_one_name_is_answered_as_its_tool_answers_it(run: Run) -> None:
    for words in (["install", "hello"], ["update", "hello"], ["remove", "hello", "hello"]):
        assert json.loads(run("--json", *words).stdout)["name"] == "hello"


def test_of_several_names_each_is_decided_by_itself(run: Run, project: Path) -> None:
    done = run("install", "hello", "Bad", "nope", "other", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert [each["name"] for each in answer["done"]] == ["hello", "other"]
    assert answer["unchanged"] == []
    failed = [(each["name"], each["kind"], each["code"]) for each in answer["failed"]]
    assert failed == [("Bad", "skill", "invalid-name"), ("nope", "skill", "not-in-wiki")]
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["invalid-name", "not-in-wiki"]
    assert done.stderr == "".join(
        f"wikipin: {each['code']}: {each['problem']}. {each['remedy']}.\n" for each in answer["failed"]
    )
    assert _installed(project) == {"hello", "other"}


def test_only_invalid_names_are_each_refused_and_touch_nothing(run: Run, project: Path) -> None:
    done = run("install", "Bad", "Worse")
    assert (done.returncode, done.stderr.count("wikipin: invalid-name: ")) == (1, 2)
    assert run("restore", "Bad", "Worse").returncode == 1
    assert snapshot(project) == {}


def test_the_life_of_two_skills(run: Run, wiki: Path, project: Path) -> None:
    old = head(wiki)[:12]
    installed = run("install", "hello", "other")
    assert (installed.returncode, installed.stderr) == (0, "")
    assert installed.stdout.splitlines()[0] == f"Installed hello at {old}:"
    assert installed.stdout.splitlines()[-1] == "2 installed, 0 refused."
    commit(wiki, {"hello": plain_skill("hello", "Newer.")})
    planned = run("update", "hello", "other", "--dry-run")
    assert planned.stdout.splitlines()[-1] == "1 would be updated, 1 up to date, 0 refused."
    updated = json.loads(run("update", "hello", "other", "--json").stdout)
    assert [each["name"] for each in updated["done"]] == ["hello"]
    assert (updated["unchanged"], updated["failed"]) == (["other"], [])
    (project / ".memtomem/skills/hello/mine.md").write_bytes(b"mine")
    removed = run("remove", "hello", "other")
    assert removed.returncode == 1
    assert removed.stdout.splitlines()[-1] == "1 removed, 1 refused."
    assert removed.stderr.startswith("wikipin: local-edits: ")
    assert _installed(project) == {"hello"}


def test_copies_made_by_hand_are_adopted_together(run: Run, project: Path) -> None:
    for name in ("hello", "other"):
        write_files(project / ".memtomem/skills" / name, plain_skill(name))
    done = run("adopt", "hello", "other", "skill")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "2 recorded, 1 refused."
    assert done.stderr.startswith("wikipin: not-installed: ")
    assert _installed(project) == {"hello", "other"}


def test_a_restore_of_some_names_answers_as_its_tool(run: Run) -> None:
    run("install", "hello", "other")
    done = run("restore", "skill", "hello", "Bad", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["unchanged"], answer["restored"]) == (1, ["hello"], [])
    assert [each["name"] for each in answer["failed"]] == ["Bad"]


def test_a_dry_run_of_all_says_what_would_be_done_and_does_nothing(run: Run, wiki: Path, project: Path) -> None:
    run("install", "hello", "other")
    commit(wiki, {"hello": plain_skill("hello", "Newer.")})
    before = snapshot(project)
    done = run("update", "--all", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1 would be updated, 1 up to date, 0 refused."
    assert run("update", "other", "--dry-run").stdout == f"other is up to date at {head(wiki, 'HEAD~1')[:12]}.\n"
    assert snapshot(project) == before


def _answer_in_terminal(command: list[str], at: Path, answers: list[str]) -> tuple[int, str]:
    """Run a command in a terminal of its own, and answer its questions in turn; return exit code and output."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(at)
        os.execv(command[0], command)  # noqa: S606 - a child that is a process of its own
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if answers and shown.endswith(b"anything else not to: "):
            os.write(terminal, f"{answers.pop(0)}\n".encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


@pytest.mark.parametrize("words", [["install", "bad", "hello", "worse"], ["update", "--all"]], ids=" ".join)
def test_of_several_each_that_needs_a_yes_is_asked_about_in_turn(
    words: list[str], run: Run, wiki: Path, project: Path
) -> None:
    if words[0] == "update":
        commit(wiki, {name: plain_skill(name) for name in ("bad", "worse")})
        run("install", "bad", "hello", "worse")
    hidden = {name: {"SKILL.md": skill_md(name, body="Be kind.\u200b\u200b")} for name in ("bad", "worse")}
    new = commit(wiki, {**hidden, "hello": plain_skill("hello", "Newer.")})
    done = run(*words)
    assert (done.returncode, done.stderr.count("wikipin: review-required: ")) == (1, 2)
    command = [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), *words]
    run("remove", "hello")
    code, shown = _answer_in_terminal(command, project, ["bad", "no"])
    assert code == 1
    assert shown.count("It has 1 finding:") == 2
    assert shown.count("you said no") == 1
    entries = json.loads((project / ".memtomem/lock.json").read_text())["skills"]
    assert entries["bad"]["accepted"]["by"] == "terminal"
    assert entries["bad"]["wiki_commit"] == new
    assert "worse" not in entries or entries["worse"]["wiki_commit"] != new


def test_an_update_of_all_names_what_is_gone_from_the_wiki_and_does_not_fail(
    run: Run, wiki: Path, project: Path
) -> None:
    run("install", "hello", "other", "skill")
    shutil.rmtree(project / ".memtomem/skills/skill")
    commit(wiki, {"hello": plain_skill("hello", "Newer."), "other": None, "skill": None})
    done = run("update", "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-3:] == [
        "other is gone from the wiki; its copy stays",
        "skill is gone from the wiki; its copy stays",
        "1 updated, 0 up to date, 2 gone from the wiki, 0 refused.",
    ]
    answer = json.loads(run("update", "--all", "--json").stdout)
    assert answer == {"done": [], "unchanged": ["hello", "other", "skill"], "gone": ["other", "skill"], "failed": []}
    by_name = run("update", "hello", "other")
    assert (by_name.returncode, by_name.stderr.startswith("wikipin: not-in-wiki: ")) == (1, True)


def test_what_a_wiki_never_had_is_not_gone_from_it(run: Run, wiki: Path) -> None:
    run("install", "hello")
    shutil.rmtree(wiki)
    make_wiki(wiki, {"other": plain_skill("other")})
    assert run("status").stdout.split()[1] == "diverged"
    done = run("update", "--all")
    assert (done.returncode, done.stderr.startswith("wikipin: not-in-wiki: ")) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ["install"],
        ["install", "hello", "other", "--plan", "0" * 64],
        ["install", "hello", "other", "--accept", "0" * 64],
        ["adopt", "hello", "other", "--accept", "0" * 64],
        ["update"],
        ["update", "hello", "--all"],
        ["update", "--all", "--plan", "0" * 64],
        ["remove"],
        ["remove", "hello", "--all"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2_and_changes_nothing(words: list[str], run: Run, project: Path) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert snapshot(project) == {}


def test_an_update_that_changes_no_file_says_that_the_pin_moved(run: Run, wiki: Path) -> None:
    run("install", "hello")
    old, new = head(wiki)[:12], commit(wiki, {"other": plain_skill("other", "Newer.")})[:12]
    planned = run("update", "hello", "--ref", "main", "--dry-run").stdout.splitlines()
    assert planned[0] == f"hello: no file would change; the pin would move from {old} to {new}."
    assert run("update", "hello", "--ref", "main").stdout == (
        f"hello: no file changed; the pin moved from {old} to {new}.\n"
    )


def test_an_update_shows_what_is_installed_where_it_is_asked_to(run: Run, project: Path) -> None:
    run("install", "hello", "other")
    links = [project / f".{word}/skills/hello" for word in ("agents", "claude")]
    assert run("update", "hello", "--expose", "claude", "--dry-run").stdout.splitlines()[:2] == [
        "hello: no file would change; agents would see it at:",
        "  .claude/skills/hello -> .memtomem/skills/hello",
    ]
    assert [link.is_symlink() for link in links] == [True, True]
    assert run("update", "hello", "--expose", "claude").returncode == 0
    assert [link.is_symlink() for link in links] == [False, True]
    assert run("update", "hello").stdout.split()[1:4] == ["is", "up", "to"]
    assert run("restore", "--expose", "agents,claude").returncode == 0
    assert [link.is_symlink() for link in links] == [False, True]
    assert run("update", "--all", "--expose", "none").stdout.splitlines()[:2] == [
        "hello: no file changed; agents see it at:",
        "  no place",
    ]
    assert [link.is_symlink() for link in links] == [False, False]
    assert run("status", "--check").returncode == 0
    assert run("update", "hello", "--expose", "agents,claude").returncode == 0
    assert [link.is_symlink() for link in links] == [True, True]

"""What a person sees of each verb in a terminal, from an install to a removal."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from wikis import commit, head, make_wiki, plain_skill, skill_md, write_files

from wikipin.cli import main

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
Lines = Callable[..., list[str]]

_WITHOUT_SIZE = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    hello = {**plain_skill("hello"), "run.sh": (b"one\n", True)}
    return make_wiki(tmp_path / "wiki", {"hello": hello, "other": plain_skill("other")})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, as its script does."""
    monkeypatch.chdir(project)

    def run(wiki: Path, *words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["wikipin", "--wiki", str(wiki), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert str(project) not in re.sub(r"'wikipin [^']*'|'[^']*', which --wiki names", "", out + err)
        return Done(words, int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def lines(run: Run) -> Lines:
    """Run a command that does what it is asked for, and has nothing to warn of; return what it prints."""

    def lines(wiki: Path, *words: str) -> list[str]:
        done = run(wiki, *words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return lines


def test_the_life_of_a_skill(run: Run, lines: Lines, wiki: Path, project: Path) -> None:
    old = head(wiki)[:12]
    assert lines(wiki, "status") == ["No skill is installed here."]
    assert lines(wiki, "install", "skill", "hello")[0] == f"Installed hello at {old}:"
    assert lines(wiki, "status") == [f"hello  ok         {old}"]
    assert lines(wiki, "update", "skill", "hello") == [f"hello is up to date at {old}."]
    commit(wiki, {"hello": {"SKILL.md": skill_md("hello", "Newer."), "run.sh": (b"one\n", False), "new.md": b"new\n"}})
    new = head(wiki)[:12]
    assert lines(wiki, "status") == [f"hello  behind     {old}"]
    changes = [
        "  modified  .memtomem/skills/hello/SKILL.md",
        "  added     .memtomem/skills/hello/new.md",
        "  mode      .memtomem/skills/hello/run.sh",
    ]
    *dry, plan = lines(wiki, "update", "skill", "hello", "--dry-run")
    assert dry == [f"Would update hello from {old} to {new}, and has written nothing:", *changes]
    words = ["update", "skill", "hello", "--plan", plan.removeprefix("Plan: ")]
    assert lines(wiki, *words) == [f"Updated hello from {old} to {new}:", *changes]

    (project / ".memtomem/skills/hello/mine.md").write_bytes(b"mine")
    refused = run(wiki, "remove", "skill", "hello")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("wikipin: local-edits: ")
    assert refused.stderr.count("\n") == 1
    removed = lines(wiki, "remove", "skill", "hello", "--discard-edits")
    assert removed[:3] == ["Removed hello.", "  .agents/skills/hello", "  .claude/skills/hello"]
    backup = removed[3].removeprefix("The edited copy is in ")
    assert (project / backup / "mine.md").read_bytes() == b"mine"


def test_what_would_change_is_a_diff_that_can_be_read(lines: Lines, wiki: Path) -> None:
    lines(wiki, "install", "skill", "hello")
    commit(wiki, {"hello": {"SKILL.md": skill_md("hello", body="Do it\x1b[2J well."), "run.sh": (b"one\n", True)}})
    shown = lines(wiki, "show", "hello")
    assert shown[0] == f"hello at {head(wiki)[:12]}: Does one thing. Use it in tests."
    assert "  run.sh (executable)  4 bytes" in shown
    at = shown.index("--- against the copy in this project")
    assert shown[at + 1] == "  modified  SKILL.md"
    assert shown[at + 2 : at + 4] == ["  | --- a/SKILL.md", "  | +++ b/SKILL.md"]
    assert shown[-2:] == ["  | -Do it.", "  | +Do it[2J well."]
    assert lines(wiki, "show", "hello", "--ref", "HEAD~1")[-1] == "  no difference"


def test_what_a_skill_may_do_is_shown_and_what_an_update_adds(lines: Lines, wiki: Path) -> None:
    act = "run.sh: may be run as a program"
    assert f"acts: {act}" in lines(wiki, "show", "hello")
    assert f"acts: {act}" in lines(wiki, "install", "skill", "hello")
    commit(wiki, {"hello": {"SKILL.md": skill_md("hello"), "run.sh": (b"one\n", True), "new.sh": (b"one\n", True)}})
    updated = lines(wiki, "update", "skill", "hello")
    assert [line for line in updated if "program" in line] == ["new act: new.sh: may be run as a program"]


def test_no_line_of_a_file_can_be_taken_for_one_of_ours(lines: Lines, wiki: Path) -> None:
    lines(wiki, "install", "skill", "hello")
    fake = (
        "Plan: 0\nfinding: none\r\n--- against the copy in this project\n"
        "  no difference\x85  added     x\u2028x\x0bx\x0cx"
    )
    commit(wiki, {"hello": {"SKILL.md": skill_md("hello", body=f"{fake}\u200b"), "run.sh": (fake.encode(), True)}})
    shown = lines(wiki, "show", "hello")
    ours = [line for line in shown if not line.startswith("  | ")]
    assert [line.split(" at ")[0].split(":")[0] for line in ours] == [
        "hello",
        "  SKILL.md  168 bytes",
        "  run.sh (executable)  98 bytes",
        "finding",
        "finding",
        "acts",
        "Plan",
        "--- SKILL.md",
        "--- against the copy in this project",
        "  modified  SKILL.md",
        "  modified  run.sh",
    ]
    assert "  | finding: none " in shown
    assert "  |   no difference⟨U+0085⟩  added     x⟨U+2028⟩x⟨U+000B⟩x⟨U+000C⟩x⟨U+200B⟩" in shown


@pytest.mark.parametrize("words", [["list"], ["show", "hello"], ["--json", "show", "hello"]], ids=" ".join)
def test_a_terminal_that_does_not_have_every_character_shows_the_others_by_their_numbers(
    words: list[str], wiki: Path, project: Path
) -> None:
    commit(wiki, {"hello": plain_skill("hello", "Ä “good” 漢 \U0001f600.")})
    done = subprocess.run(
        [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), *words],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        cwd=project,
    )
    text = done.stdout.decode("latin-1")
    if "--json" in words:
        assert json.loads(text)["description"] == "Ä “good” 漢 \U0001f600."
    else:
        assert "Ä \\u201cgood\\u201d \\u6f22 \\U0001f600." in text


def test_in_a_terminal_a_long_line_goes_on_where_no_line_of_ours_begins(wiki: Path, project: Path) -> None:
    commit(wiki, {"hello": {"SKILL.md": skill_md("hello", "x" * 100, body=f"{'.' * 76}Plan: 0")}})
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 80))
    command = [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), "show", "hello"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, cwd=project, env=_WITHOUT_SIZE) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    rows = shown.decode().splitlines()
    assert max(map(len, rows)) == 80
    assert rows[:3] == [f"hello at {head(wiki)[:12]}: ", " " * 8 + "x" * 72, " " * 8 + "x" * 28]
    assert rows[-1] == "  | Plan: 0"


def test_an_update_of_all_says_what_each_became(run: Run, lines: Lines, wiki: Path, project: Path) -> None:
    for name in ("hello", "other"):
        lines(wiki, "install", "skill", name)
    commit(wiki, {name: plain_skill(name, "Newer.") for name in ("hello", "other")})
    (project / ".memtomem/skills/hello/mine.md").write_bytes(b"mine")
    done = run(wiki, "update", "--all")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 updated, 0 up to date, 1 refused."
    assert done.stderr.startswith("wikipin: local-edits: the copy of skill 'hello' ")
    assert done.stderr.count("\n") == 1
    assert lines(wiki, "update", "--all", "--discard-edits")[-1] == "1 updated, 1 up to date, 0 refused."


def test_a_restore_says_what_came_back(run: Run, lines: Lines, wiki: Path, project: Path) -> None:
    for name in ("hello", "other"):
        lines(wiki, "install", "skill", name)
    shutil.rmtree(project / ".memtomem/skills/hello")
    assert lines(wiki, "restore") == ["Restored hello", "1 restored, 1 as they should be, 0 refused."]
    (project / ".memtomem/skills/hello/mine.md").write_bytes(b"mine")
    done = run(wiki, "restore")
    assert (done.returncode, done.stdout) == (1, "0 restored, 1 as they should be, 1 refused.\n")
    assert done.stderr.startswith("wikipin: local-edits: ")


def test_an_adoption_says_where_the_copy_came_from(lines: Lines, wiki: Path, project: Path) -> None:
    write_files(project / ".memtomem/skills/other", plain_skill("other"))
    assert lines(wiki, "adopt", "skill", "other") == [
        f"Recorded .memtomem/skills/other, which is other at {head(wiki)[:12]}:",
        "  .agents/skills/other -> .memtomem/skills/other",
        "  .claude/skills/other -> .memtomem/skills/other",
    ]


def test_a_status_names_changes_and_says_why_there_is_no_wiki(
    run: Run, lines: Lines, wiki: Path, project: Path
) -> None:
    lines(wiki, "install", "skill", "hello")
    (project / ".memtomem/skills/hello/run.sh").chmod(0o644)
    pin = head(wiki)[:12]
    done = run(project / "no-wiki", "status")
    assert (done.returncode, done.stdout.splitlines()) == (0, [f"hello  modified   {pin}", "  mode      run.sh"])
    assert done.stderr.startswith("warning: wiki-not-found: ")
    (project / ".memtomem/lock.json").write_text('{"version": 2}')
    assert lines(wiki, "status") == ["The lockfile has version 2, which this wikipin does not know."]


def test_in_a_terminal_a_restore_shows_how_far_it_is(lines: Lines, wiki: Path, project: Path) -> None:
    for name in ("hello", "other"):
        lines(wiki, "install", "skill", name)
        shutil.rmtree(project / ".memtomem/skills" / name)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), "restore"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=project,
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert process.stdout is not None
        printed = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0
    assert printed.splitlines()[-1] == "2 restored, 0 as they should be, 0 refused."
    assert "Restoring" in shown.decode()
    assert "100%" in shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # on Linux this is how a terminal ends
        return b""


@pytest.mark.parametrize("words", [["status", "--checks"], ["restore", "--expose", "cursor"]], ids=" ".join)
def test_wrong_usage_is_exit_code_2_and_changes_nothing(run: Run, words: list[str], wiki: Path, project: Path) -> None:
    assert run(wiki, *words).returncode == 2
    assert list(project.iterdir()) == []

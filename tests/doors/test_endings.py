"""How a run ends that somebody ends: a reader that goes away, and Ctrl-C."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from snapshot import snapshot
from wikis import commit, make_wiki, plain_skill, skill_md
from world import World

from wikipin.disk.folder import Folder
from wikipin.project.lock import locked

_PYTHON = [sys.executable, "-P", "-m"]
_INTERRUPTED = "wikipin: interrupted; no skill is half changed.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


def _large_wiki(tmp_path: Path) -> Path:
    """Make a wiki whose list is longer than any pipe holds."""
    names = [f"skill-{number}" for number in range(600)]
    return make_wiki(tmp_path / "wiki", {name: plain_skill(name, "x" * 280) for name in names})


@pytest.mark.parametrize("unread", ["at once", "after a line"])
@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["--help"]], ids=" ".join)
def test_a_reader_that_goes_away_ends_the_command_quietly(
    words: list[str], unread: str, tmp_path: Path, project: Path
) -> None:
    command = [*_PYTHON, "wikipin.cli", "--wiki", str(_large_wiki(tmp_path)), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=project, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if unread == "after a line":
            process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    # Python may take a part of one long write for the whole, and what is short may be read before.
    assert process.returncode in ({141} if words == ["list"] else {0, 141})


def test_a_reader_that_goes_away_ends_the_demonstration_quietly() -> None:
    command = [*_PYTHON, "wikipin_mcp", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def _read_until(terminal: int, words: str) -> str:
    shown = b""
    while words.encode() not in shown:
        shown += os.read(terminal, 4096)
    return shown.decode()


def test_ctrl_c_at_a_question_is_130_and_changes_nothing(tmp_path: Path, project: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"bad": {"SKILL.md": skill_md("bad", body="Be kind.\u200b\u200b")}})
    command = [*_PYTHON, "wikipin.cli", "--wiki", str(wiki), "install", "bad"]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project)
        os.execv(command[0], command)  # noqa: S606 - a child that is a process of its own
    _read_until(terminal, "to install it, anything else not to: ")
    os.write(terminal, b"\x03")
    shown = _read_until(terminal, "\n")
    assert shown == "^C" + _INTERRUPTED.replace("\n", "\r\n")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    os.close(terminal)
    assert snapshot(project) == {}


def test_ctrl_c_while_it_waits_for_another_program_is_130_and_changes_nothing(tmp_path: Path, project: Path) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})
    World(wiki, project).install()
    commit(wiki, {"hello": plain_skill("hello", "Newer.")})
    before = snapshot(project)
    command = [*_PYTHON, "wikipin.cli", "--wiki", str(wiki), "update", "hello"]
    staging = project / ".memtomem/.staging"
    with Folder.open(project / ".memtomem") as memtomem, locked(memtomem):
        with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=project, text=True) as process:
            assert process.stderr is not None
            while not any(staging.glob("*/*hello~copy/SKILL.md")):
                assert process.poll() is None
                time.sleep(0.01)  # until it has staged, which is until it waits for the lock
            process.send_signal(signal.SIGINT)
            assert process.stderr.read() == _INTERRUPTED
        assert process.returncode == 130
    assert snapshot(project) == before
    assert not any(staging.iterdir())


_AT_AN_IMPORT = """
import os, signal, sys
from wikipin.cli import main
class Finder:
    def find_spec(self, name, *more):
        if name == "wikipin.cli.command":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
main()
"""


def test_ctrl_c_while_the_command_is_imported_is_130_and_one_line(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AT_AN_IMPORT], check=False, capture_output=True, text=True, cwd=project
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", _INTERRUPTED)


_AT_THE_JOURNAL = """
import os, signal
from wikipin.cli import main
from wikipin.project import change_set
write = change_set.write_journal
def interrupted(*words):
    write(*words)
    for _ in range({times}):
        os.kill(os.getpid(), signal.SIGINT)
change_set.write_journal = interrupted
main()
"""


@pytest.mark.parametrize(("times", "left"), [(1, []), (2, [".txn/redo.json"])])
def test_ctrl_c_in_the_middle_of_a_change_lets_it_end_and_a_second_one_does_not(
    times: int, left: list[str], tmp_path: Path, project: Path
) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})
    done = subprocess.run(
        [sys.executable, "-c", _AT_THE_JOURNAL.format(times=times), "--wiki", str(wiki), "install", "hello"],
        check=False,
        capture_output=True,
        text=True,
        cwd=project,
    )
    assert (done.returncode, done.stderr) == (130, _INTERRUPTED)
    assert [name for name in [".txn/redo.json"] if (project / ".memtomem" / name).exists()] == left
    assert World(wiki, project).states() == {"hello": "ok"}


def test_the_server_in_a_terminal_says_what_it_is_and_ends_at_the_first_ctrl_c(project: Path) -> None:
    command = [*_PYTHON, "wikipin_mcp"]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project)
        os.execv(command[0], command)  # noqa: S606 - as above
    shown = _read_until(terminal, "Ctrl-C ends it.\r\n")
    assert shown.startswith("wikipin-mcp is an MCP server: a coding agent starts it")
    os.write(terminal, b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
    _read_until(terminal, '"result"')  # it is at work, and waits for the next line
    os.write(terminal, b"\x03")
    assert _read_until(terminal, "interrupted.\r\n").endswith("wikipin-mcp: interrupted.\r\n")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    os.close(terminal)

"""memtomem in the middle of a skill: wikipin is not in its way, and mends what it leaves.

It writes a copy file by file, each by a rename of its own, and holds `.memtomem/skills/.NAME.lock` meanwhile, not yet
the lock of the lockfile. Where the copy is exchanged under it, it ends with a traceback.
"""

import os
import signal
import subprocess

import pytest
from wikis import Content, commit, plain_skill

from memtomem.pair import Pair, Racer, finished, let_go

pytestmark = [pytest.mark.memtomem, pytest.mark.timeout(600)]  # the first test may have to install memtomem

_FILES = 200


def _large(version: int) -> dict[str, Content]:
    files = {f"part-{number % 7}/{number}.txt": f"{version} {number}\n".encode() for number in range(_FILES)}
    return {**plain_skill("hello"), **files}


@pytest.fixture
def stopped(pair: Pair) -> Racer:
    """memtomem, stopped in the middle of an update: some files are of the new version, and the lockfile is not."""
    commit(pair.wiki, {"hello": _large(1)})
    pair.wikipin_does("install", "skill", "hello")
    commit(pair.wiki, {"hello": _large(2)})
    racer = pair.at_the_gate(pair.mm, "update", "skill", "hello")
    middle = pair.copy("hello") / "part-3"
    before = middle.stat().st_mtime_ns
    let_go(racer)
    while racer.poll() is None and middle.stat().st_mtime_ns == before:
        pass  # it is at work for some milliseconds alone
    racer.send_signal(signal.SIGSTOP)
    assert os.WIFSTOPPED(os.waitpid(racer.pid, os.WUNTRACED)[1])
    assert not pair.is_whole("hello")
    assert not pair.is_whole("hello", "HEAD~1")
    return racer


@pytest.mark.parametrize("flags", [[], ["--discard-edits"]], ids=["plain", "discarding"])
def test_an_update_waits_for_memtomem_in_the_middle_of_the_same_skill(
    pair: Pair, stopped: Racer, flags: list[str]
) -> None:
    waiting = pair.at_the_gate(pair.wikipin, "update", "skill", "hello", *flags)
    _let_both_go_on(waiting, stopped)
    of_mm, of_wikipin = finished(stopped), finished(waiting)
    assert (of_mm.returncode, of_wikipin.returncode) == (0, 0), of_mm.stderr + of_wikipin.stderr
    assert pair.is_whole("hello")
    assert pair.mm_states() == {"hello": "ok"}
    assert pair.statuses() == {"hello": "ok"}


def test_a_removal_waits_for_memtomem_in_the_middle_of_the_same_skill(pair: Pair, stopped: Racer) -> None:
    waiting = pair.at_the_gate(pair.wikipin, "remove", "skill", "hello", "--discard-edits")
    _let_both_go_on(waiting, stopped)
    of_mm, of_wikipin = finished(stopped), finished(waiting)
    assert (of_mm.returncode, of_wikipin.returncode) == (0, 0), of_mm.stderr + of_wikipin.stderr
    assert not pair.copy("hello").exists()
    assert pair.mm_states() == {}


def test_what_a_killed_memtomem_left_half_is_shown_and_mended(pair: Pair, stopped: Racer) -> None:
    stopped.kill()
    stopped.wait()
    assert pair.listed() == {"hello": "modified"}
    refused = pair.run_wikipin("update", "skill", "hello")
    assert refused.stderr.startswith("wikipin: local-edits: ")
    pair.wikipin_does("update", "skill", "hello", "--discard-edits")
    assert pair.is_whole("hello")
    assert pair.listed() == {"hello": "ok"}
    assert pair.mm_states()["hello"] == "ok"


def _let_both_go_on(waiting: Racer, stopped: Racer) -> None:
    """Give one that does not wait the time to come to its end; then let memtomem go on."""
    let_go(waiting)
    try:
        waiting.wait(2)
    except subprocess.TimeoutExpired:
        pass
    finally:
        stopped.send_signal(signal.SIGCONT)

"""Both tools at work in one project at once: nothing is lost, nothing is half, nobody crashes."""

import fcntl
import time

import pytest
from wikis import Content, commit, plain_skill

from memtomem.pair import Pair

pytestmark = [pytest.mark.memtomem, pytest.mark.timeout(600)]  # the first test may have to install memtomem

_ROUNDS = 3
_EACH = 3
_STATES = {"ok", "behind", "modified", "missing", "untracked", "diverged", "unknown"}


def _large(name: str, version: int) -> dict[str, Content]:
    """A skill with so many files, all other in every version, that a tool is a while at work on it."""
    files = {f"part-{number}/{version}.txt": f"{version}\n".encode() * 1000 for number in range(20)}
    same = {f"same-{number}.txt": f"{version}\n".encode() for number in range(20)}
    return {**plain_skill(name), **files, **same}


@pytest.mark.parametrize("attempt", range(_ROUNDS))
def test_installs_by_both_at_once_lose_no_entry_and_leave_every_skill_whole(pair: Pair, attempt: int) -> None:
    by_mm = [f"mm-{attempt}-{number}" for number in range(_EACH)]
    by_wikipin = [f"wikipin-{attempt}-{number}" for number in range(_EACH)]
    names = [*by_mm, *by_wikipin]
    commit(pair.wiki, {name: _large(name, 1) for name in names})
    done = pair.race(
        *((pair.mm, ["install", "skill", name]) for name in by_mm),
        *((pair.wikipin, ["install", "skill", name]) for name in by_wikipin),
    )
    assert [one.returncode for one in done] == [0] * len(names), [one.stderr for one in done]
    assert pair.read()["skills"].keys() == set(names)
    assert all(pair.is_whole(name) for name in names)
    assert pair.mm_states() == dict.fromkeys(names, "ok")
    assert pair.listed() == dict.fromkeys(names, "ok")


@pytest.mark.parametrize("attempt", range(_ROUNDS))
def test_updates_of_different_skills_by_both_at_once_are_all_done(pair: Pair, attempt: int) -> None:
    by_mm = [f"mm-{attempt}-{number}" for number in range(_EACH)]
    by_wikipin = [f"wikipin-{attempt}-{number}" for number in range(_EACH)]
    names = [*by_mm, *by_wikipin]
    commit(pair.wiki, {name: _large(name, 1) for name in names})
    for name in names:
        pair.wikipin_does("install", "skill", name)
    commit(pair.wiki, {name: _large(name, 2) for name in names})
    done = pair.race(
        *((pair.mm, ["update", "skill", name]) for name in by_mm),
        *((pair.wikipin, ["update", "skill", name]) for name in by_wikipin),
    )
    assert [one.returncode for one in done] == [0] * len(names), [one.stderr for one in done]
    assert all(pair.is_whole(name) for name in names)
    assert pair.mm_states() == dict.fromkeys(names, "ok")
    assert pair.statuses() == dict.fromkeys(names, "ok")


@pytest.mark.parametrize("attempt", range(_ROUNDS))
def test_installs_of_one_skill_by_both_at_once_end_in_one_state_that_both_can_read(pair: Pair, attempt: int) -> None:
    name = f"hello-{attempt}"
    commit(pair.wiki, {name: _large(name, 1)})
    done = pair.race((pair.mm, ["install", "skill", name]), (pair.wikipin, ["install", "skill", name]))
    assert 0 in [one.returncode for one in done], [one.stderr for one in done]
    assert pair.mm_states() == {name: "ok"}
    assert pair.listed() == {name: "ok"}
    assert pair.is_whole(name)


@pytest.mark.parametrize("attempt", range(_ROUNDS))
def test_updates_of_one_skill_by_both_at_once_leave_a_state_that_an_update_mends(pair: Pair, attempt: int) -> None:
    name = f"hello-{attempt}"
    commit(pair.wiki, {name: _large(name, 1)})
    pair.wikipin_does("install", "skill", name)
    commit(pair.wiki, {name: _large(name, 2)})
    pair.race((pair.mm, ["update", "skill", name]), (pair.wikipin, ["update", "skill", name]))
    assert pair.read()["skills"].keys() == {name}
    assert pair.statuses()[name] in _STATES
    assert name in pair.mm_states()
    pair.wikipin_does("update", "skill", name, "--discard-edits")
    assert pair.is_whole(name)
    assert pair.statuses() == {name: "ok"}
    assert pair.mm_states() == {name: "ok"}


def test_both_wait_for_the_one_lock_and_neither_writes_the_lockfile_before_it_has_it(pair: Pair) -> None:
    commit(pair.wiki, {name: plain_skill(name) for name in ("a", "b", "c")})
    pair.wikipin_does("install", "skill", "a")
    before = pair.lockfile.read_bytes()
    staging = pair.project / ".memtomem/.staging"
    with (pair.project / ".memtomem/.lock.json.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def let_go_when_both_are_at_the_lock() -> None:
            while not (pair.copy("b").exists() and pair.is_whole("b") and any(staging.glob("*/*"))):
                time.sleep(0.005)
            assert pair.lockfile.read_bytes() == before
            fcntl.flock(lock, fcntl.LOCK_UN)

        done = pair.race(
            (pair.mm, ["install", "skill", "b"]),
            (pair.wikipin, ["install", "skill", "c"]),
            meanwhile=let_go_when_both_are_at_the_lock,
        )
    assert [one.returncode for one in done] == [0, 0]
    assert pair.listed() == {"a": "ok", "b": "ok", "c": "ok"}

"""Each of the two tools takes forward what the other one installed, and what it does not know survives."""

import pytest
from wikis import Content, commit, plain_skill

from memtomem.pair import Pair

pytestmark = [pytest.mark.memtomem, pytest.mark.timeout(600)]  # the first test may have to install memtomem

_RUN = "scripts/run.sh"


def hello(version: int, **more: bytes) -> dict[str, Content]:
    script = f"#!/bin/sh\necho {version}\n".encode()
    return {**plain_skill("hello"), _RUN: (script, True), f"only-in-{version}.txt": b"", **more}


@pytest.fixture
def behind(pair: Pair) -> Pair:
    """wikipin has installed the first version, and the wiki has a second one."""
    commit(pair.wiki, {"hello": hello(1)})
    pair.wikipin_does("install", "skill", "hello")
    commit(pair.wiki, {"hello": hello(2)})
    return pair


@pytest.fixture
def behind_by_mm(pair: Pair) -> Pair:
    """The same, installed by memtomem."""
    commit(pair.wiki, {"hello": hello(1)})
    pair.mm_does("install", "skill", "hello")
    commit(pair.wiki, {"hello": hello(2)})
    return pair


def test_both_tell_that_the_wiki_has_gone_on(behind: Pair) -> None:
    assert behind.mm_states() == {"hello": "behind"}
    assert behind.listed() == {"hello": "behind"}


def test_memtomem_takes_forward_what_wikipin_installed(behind: Pair) -> None:
    behind.mm_does("update", "skill", "hello")
    assert behind.is_whole("hello")
    assert behind.mm_states() == {"hello": "ok"}
    assert behind.listed() == {"hello": "ok"}


def test_status_says_ok_of_what_memtomem_took_forward(behind: Pair) -> None:
    behind.mm_does("update", "skill", "hello")
    assert behind.statuses() == {"hello": "ok"}


def test_memtomem_takes_forward_what_wikipin_took_forward(behind: Pair) -> None:
    behind.wikipin_does("update", "skill", "hello")
    assert behind.mm_states() == {"hello": "ok"}
    commit(behind.wiki, {"hello": hello(3)})
    behind.mm_does("update", "skill", "hello")
    assert behind.is_whole("hello")
    assert behind.statuses() == {"hello": "ok"}


def test_the_exposures_that_wikipin_recorded_survive_memtomems_update_and_show_what_is_new(behind: Pair) -> None:
    exposed = behind.entry("hello")["exposed"]
    behind.mm_does("update", "skill", "hello")
    assert behind.entry("hello")["exposed"] == exposed == [".agents/skills/hello", ".claude/skills/hello"]
    for path in exposed:
        assert (behind.project / path / _RUN).read_bytes() == b"#!/bin/sh\necho 2\n"


def test_keys_that_neither_knows_survive_both_at_every_level(behind: Pair) -> None:
    document = behind.read()
    document["later"] = {"a": [1, None]}
    document["skills"]["hello"]["later"] = "b"
    document["skills"]["elsewhere"] = {**document["skills"]["hello"], "later": "c"}
    behind.rewrite(document)
    commit(behind.wiki, {"other": plain_skill("other")})
    behind.mm_does("update", "skill", "hello")
    behind.wikipin_does("install", "skill", "other")
    after = behind.read()
    assert after["later"] == {"a": [1, None]}
    assert after["skills"]["hello"]["later"] == "b"
    assert after["skills"]["elsewhere"] == document["skills"]["elsewhere"]


def test_an_executable_bit_that_memtomem_dropped_is_no_edit(behind: Pair) -> None:
    behind.mm_does("update", "skill", "hello")
    assert (behind.copy("hello") / _RUN).stat().st_mode & 0o777 == 0o644  # it writes every file so
    assert behind.listed() == {"hello": "ok"}


def test_memtomem_leaves_what_wikipin_recorded_of_executable_files_and_it_no_longer_counts(behind: Pair) -> None:
    before = behind.entry("hello")
    assert before["executable_installed_at"] == before["installed_at"]
    behind.mm_does("update", "skill", "hello")
    after = behind.entry("hello")
    assert after["executable"] == before["executable"]
    assert after["executable_installed_at"] == before["executable_installed_at"] != after["installed_at"]
    assert behind.statuses() == {"hello": "ok"}


def test_wikipin_brings_back_the_executable_bit_with_its_next_update(behind: Pair) -> None:
    behind.mm_does("update", "skill", "hello")
    commit(behind.wiki, {"hello": hello(3)})
    behind.wikipin_does("update", "skill", "hello")
    assert (behind.copy("hello") / _RUN).stat().st_mode & 0o100
    entry = behind.entry("hello")
    assert entry["executable_installed_at"] == entry["digests_installed_at"] == entry["installed_at"]
    assert behind.mm_states() == {"hello": "ok"}


def test_memtomem_refuses_to_update_over_an_edit_of_what_wikipin_installed(behind: Pair) -> None:
    (behind.copy("hello") / "SKILL.md").write_bytes(b"edited")
    before = behind.lockfile.read_bytes()
    refused = behind.run_mm("update", "skill", "hello")
    assert refused.returncode == 1
    assert "1 file(s) modified locally" in refused.stderr
    assert behind.lockfile.read_bytes() == before
    assert (behind.copy("hello") / "SKILL.md").read_bytes() == b"edited"


def test_wikipin_refuses_to_update_over_an_edit_of_what_memtomem_installed(behind_by_mm: Pair) -> None:
    (behind_by_mm.copy("hello") / "SKILL.md").write_bytes(b"edited")
    before = behind_by_mm.lockfile.read_bytes()
    refused = behind_by_mm.run_wikipin("update", "skill", "hello")
    assert refused.stderr.startswith("wikipin: local-edits: ")
    assert behind_by_mm.lockfile.read_bytes() == before
    assert (behind_by_mm.copy("hello") / "SKILL.md").read_bytes() == b"edited"


def test_wikipin_takes_forward_what_memtomem_installed(behind_by_mm: Pair) -> None:
    assert behind_by_mm.listed() == {"hello": "behind"}
    behind_by_mm.wikipin_does("update", "skill", "hello")
    assert behind_by_mm.is_whole("hello")
    assert behind_by_mm.statuses() == {"hello": "ok"}
    assert behind_by_mm.mm_states() == {"hello": "ok"}


def test_what_memtomem_recorded_of_files_survives_wikipins_update(behind_by_mm: Pair) -> None:
    before = behind_by_mm.entry("hello")
    behind_by_mm.wikipin_does("update", "skill", "hello")
    after = behind_by_mm.entry("hello")
    assert (after["files"], after["files_commit"]) == (before["files"], before["files_commit"])


def test_memtomem_removes_the_file_that_is_gone_after_wikipin_took_its_skill_forward(behind_by_mm: Pair) -> None:
    behind_by_mm.wikipin_does("update", "skill", "hello")
    commit(behind_by_mm.wiki, {"hello": hello(3)})
    behind_by_mm.mm_does("update", "skill", "hello")
    assert behind_by_mm.is_whole("hello")  # `files`, which were out of date, have not misled it
    assert behind_by_mm.mm_states() == {"hello": "ok"}


def test_after_a_commit_to_another_skill_memtomem_says_behind_and_wikipin_ok_and_both_stay_content(pair: Pair) -> None:
    commit(pair.wiki, {"hello": hello(1)})
    pair.wikipin_does("install", "skill", "hello")
    commit(pair.wiki, {"other": plain_skill("other")})
    assert pair.mm_states() == {"hello": "behind"}
    assert pair.listed()["hello"] == "ok"
    pair.mm_does("update", "skill", "hello")
    assert pair.mm_states() == {"hello": "ok"}
    assert pair.listed()["hello"] == "ok"


def test_what_memtomem_put_aside_for_an_edit_is_shown_by_wikipin_as_an_edit(behind: Pair) -> None:
    (behind.copy("hello") / "SKILL.md").write_bytes(b"edited")
    behind.mm_does("update", "skill", "hello", "--force")
    assert (behind.copy("hello") / "SKILL.md.bak").read_bytes() == b"edited"
    assert behind.mm_states() == {"hello": "ok"}
    assert behind.listed() == {"hello": "modified"}


def test_wikipin_keeps_what_memtomem_put_aside_when_it_is_told_to_discard_edits(behind: Pair) -> None:
    (behind.copy("hello") / "SKILL.md").write_bytes(b"edited")
    behind.mm_does("update", "skill", "hello", "--force")
    assert behind.changed("hello") == {"SKILL.md.bak"}
    behind.wikipin_does("update", "skill", "hello", "--discard-edits")
    assert behind.is_whole("hello")
    assert behind.statuses() == {"hello": "ok"}
    (kept,) = (behind.project / ".memtomem/.backup").rglob("SKILL.md.bak")
    assert kept.read_bytes() == b"edited"


def test_a_file_that_memtomem_does_not_install_is_an_edit_to_it_alone(pair: Pair) -> None:
    commit(pair.wiki, {"hello": hello(1, **{"notes.bak": b"kept in the wiki"})})
    pair.wikipin_does("install", "skill", "hello")
    assert pair.listed() == {"hello": "ok"}
    assert pair.mm_states() == {"hello": "dirty"}  # to it, every *.bak is its own

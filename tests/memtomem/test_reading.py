"""Each of the two tools in front of what the other one wrote, when neither is in the other's way."""

import pytest
from wikis import Files, commit, plain_skill

from memtomem.pair import Pair

pytestmark = [pytest.mark.memtomem, pytest.mark.timeout(600)]  # the first test may have to install memtomem

HELLO = plain_skill("hello") | {"scripts/run.sh": (b"#!/bin/sh\necho hello\n", True), "data/ü.txt": b"\0\xff\r\n"}


def test_memtomem_calls_clean_what_wikipin_installed(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.wikipin_does("install", "skill", "hello")
    assert pair.mm_states() == {"hello": "ok"}


def test_memtomem_calls_dirty_what_was_edited_after_wikipin_installed_it(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.wikipin_does("install", "skill", "hello")
    (pair.copy("hello") / "SKILL.md").write_bytes(b"edited")
    assert pair.mm_states() == {"hello": "dirty"}
    assert pair.listed() == {"hello": "modified"}


def test_wikipin_calls_ok_what_memtomem_installed(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.mm_does("install", "skill", "hello")
    assert pair.listed() == {"hello": "ok"}
    assert pair.is_whole("hello")


def test_wikipin_calls_modified_what_was_edited_after_memtomem_installed_it(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.mm_does("install", "skill", "hello")
    (pair.copy("hello") / "SKILL.md").write_bytes(b"edited")
    assert pair.listed() == {"hello": "modified"}


def test_both_install_into_one_project_and_keep_what_the_other_wrote(pair: Pair) -> None:
    commit(pair.wiki, {name: plain_skill(name) for name in ("a", "b", "c")})
    pair.mm_does("install", "skill", "b")
    of_mm = pair.entry("b")
    pair.wikipin_does("install", "skill", "a")
    of_wikipin = pair.entry("a")
    pair.mm_does("install", "skill", "c")
    assert (pair.entry("a"), pair.entry("b")) == (of_wikipin, of_mm)
    assert of_mm.keys() >= {"files", "files_commit"}
    assert pair.mm_states() == {"a": "ok", "b": "ok", "c": "ok"}
    assert pair.listed() == {"a": "ok", "b": "ok", "c": "ok"}


def test_neither_installs_over_what_the_other_installed(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO, "other": plain_skill("other")})
    pair.wikipin_does("install", "skill", "hello")
    pair.mm_does("install", "skill", "other")
    before = pair.lockfile.read_bytes()
    refused_by_mm = pair.run_mm("install", "skill", "hello")
    refused_by_wikipin = pair.run_wikipin("install", "skill", "other")
    assert (refused_by_mm.returncode, refused_by_wikipin.returncode) == (1, 1)
    assert "lockfile_entry=yes, dest=yes" in refused_by_mm.stderr
    assert refused_by_wikipin.stderr.startswith("wikipin: already-installed: ")
    assert "lockfile_entry=yes, copy=yes" in refused_by_wikipin.stderr
    assert pair.lockfile.read_bytes() == before


def test_an_entry_with_a_name_that_only_memtomem_allows_survives_wikipin(pair: Pair) -> None:
    commit(pair.wiki, {"Sea_Charts.v2": plain_skill("Sea_Charts.v2"), "hello": HELLO})
    pair.mm_does("install", "skill", "Sea_Charts.v2")
    before = pair.entry("Sea_Charts.v2")
    pair.wikipin_does("install", "skill", "hello")
    assert pair.entry("Sea_Charts.v2") == before
    assert pair.mm_states() == {"Sea_Charts.v2": "ok", "hello": "ok"}


def test_memtomem_restores_at_its_pin_what_wikipin_installed_and_somebody_deleted(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.wikipin_does("install", "skill", "hello")
    commit(pair.wiki, {"other": plain_skill("other")})
    pair.copy("hello").rename(pair.place / "gone")
    pair.mm_does("install", "--all", "--yes")
    assert pair.is_whole("hello")
    assert pair.listed()["hello"] == "ok"


def test_memtomem_no_longer_knows_what_wikipin_removed_and_installs_it_again(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO, "other": plain_skill("other")})
    pair.wikipin_does("install", "skill", "hello")
    pair.wikipin_does("install", "skill", "other")
    pair.wikipin_does("remove", "skill", "hello")
    assert pair.mm_states() == {"other": "ok"}
    pair.mm_does("install", "skill", "hello")
    assert pair.mm_states() == {"hello": "ok", "other": "ok"}
    assert pair.listed() == {"hello": "ok", "other": "ok"}


def test_wikipin_removes_what_memtomem_installed_and_leaves_the_rest(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO, "other": plain_skill("other")})
    pair.mm_does("install", "skill", "hello")
    pair.mm_does("install", "skill", "other")
    of_other = pair.entry("other")
    pair.wikipin_does("remove", "skill", "hello")
    assert pair.read()["skills"] == {"other": of_other}
    assert not pair.copy("hello").exists()
    assert pair.mm_states() == {"other": "ok"}


def test_memtomem_calls_clean_what_wikipin_restored(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.wikipin_does("install", "skill", "hello")
    pair.copy("hello").rename(pair.place / "gone")
    assert pair.mm_states() == {"hello": "missing"}
    pair.wikipin_does("restore", "hello")
    assert pair.mm_states() == {"hello": "ok"}


def test_wikipin_restores_what_memtomem_installed_and_memtomem_calls_it_clean(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.mm_does("install", "skill", "hello")
    pair.copy("hello").rename(pair.place / "gone")
    pair.wikipin_does("restore", "hello")
    assert pair.is_whole("hello")
    assert pair.mm_states() == {"hello": "ok"}
    assert pair.statuses() == {"hello": "ok"}


def test_wikipin_adopts_the_copy_that_memtomem_did_not_come_to_record(pair: Pair) -> None:
    _install_half_by_memtomem(pair, plain_skill("hello"))
    pair.wikipin_does("adopt", "skill", "hello")
    assert pair.mm_states() == {"hello": "ok"}
    assert pair.statuses() == {"hello": "ok"}


def test_wikipin_adopts_it_though_memtomem_dropped_an_executable_bit(pair: Pair) -> None:
    _install_half_by_memtomem(pair, HELLO)
    pair.wikipin_does("adopt", "skill", "hello")
    assert pair.mm_states() == {"hello": "ok"}
    assert pair.statuses() == {"hello": "ok"}


def _install_half_by_memtomem(pair: Pair, files: Files) -> None:
    """Leave what memtomem leaves where it is killed between the copy and the lockfile."""
    commit(pair.wiki, {"hello": files})
    pair.mm_does("install", "skill", "hello")
    document = pair.read()
    del document["skills"]["hello"]
    pair.rewrite(document)


def test_memtomem_adopts_a_copy_whose_entry_was_lost(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.wikipin_does("install", "skill", "hello")
    document = pair.read()
    del document["skills"]["hello"]
    pair.rewrite(document)
    assert pair.listed() == {"hello": "untracked"}
    pair.mm_does("adopt", "skill", "hello")
    assert pair.listed() == {"hello": "ok"}


def test_what_memtomem_leaves_beside_the_copies_is_no_skill(pair: Pair) -> None:
    commit(pair.wiki, {"hello": HELLO})
    pair.mm_does("install", "skill", "hello")
    assert (pair.project / ".memtomem/skills/.hello.lock").is_file()
    assert pair.statuses() == {"hello": "ok"}

"""An install, through the tool in both eras and through the command: what is on disk, and what is answered."""

import hashlib
import json
import os
import re
from pathlib import Path

import pytest
from snapshot import snapshot
from surfaces import Outcome
from wikis import git, plain_skill, skill_md, write_files
from world import World, make_world

NAME = "hello"
_SCRIPT = b"#!/bin/sh\r\necho hi\n"
_FILES = {**plain_skill(NAME), "scripts/run.sh": (_SCRIPT, True), "docs/deep/er/notes.md": b"\xff\xfe not text\0"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, {NAME: _FILES, "other": plain_skill("other")})


def _install(door: str, world: World, **arguments: object) -> Outcome:
    outcome = world.call(door, "context_install_skill", **{"name": NAME, **arguments})
    assert outcome.code is None, outcome.text
    return outcome


def test_the_copy_has_the_bytes_and_the_modes_of_the_commit(door: str, world: World) -> None:
    _install(door, world)

    copy = world.copy()
    found = {str(p.relative_to(copy)): p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    assert found == {path: content[0] if isinstance(content, tuple) else content for path, content in _FILES.items()}
    assert [path for path in found if os.access(copy / path, os.X_OK)] == ["scripts/run.sh"]


def test_the_lockfile_says_where_the_bytes_came_from(door: str, world: World) -> None:
    _install(door, world)

    document = world.lockfile()
    entry = document["skills"][NAME]
    assert document["version"] == 1
    assert list(document["skills"]) == [NAME]
    assert entry["wiki_commit"] == world.head()
    assert _TIME.fullmatch(entry["installed_at"])
    assert entry["digests_installed_at"] == entry["installed_at"]
    assert entry["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]
    contents = {path: content[0] if isinstance(content, tuple) else content for path, content in _FILES.items()}
    assert entry["digests"] == {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    assert list(entry["digests"]) == sorted(entry["digests"])


def test_all_three_agents_see_it_through_relative_links(door: str, world: World) -> None:
    _install(door, world)

    moved = world.project.rename(world.project.parent / "elsewhere")
    for directory in (".agents/skills", ".claude/skills"):
        assert (moved / directory / NAME).is_symlink()
        assert (moved / directory / NAME / "SKILL.md").read_bytes() == skill_md(NAME)


def test_git_is_told_what_not_to_commit_and_not_to_convert(door: str, world: World) -> None:
    git(world.project, "init", "-q")
    _install(door, world)

    git(world.project, "add", "-A")
    staged = git(world.project, "ls-files").decode().splitlines()
    assert [path for path in staged if ".memtomem/." in path] == [".memtomem/.gitattributes", ".memtomem/.gitignore"]
    # a clone on a machine that converts line endings still has the bytes of the pin
    git(world.project, "commit", "-q", "-m", "install")
    clone = world.project.parent / "clone"
    convert = ("-c", "core.autocrlf=true")
    git(world.project, *convert, "clone", "-q", *convert, str(world.project), str(clone))
    assert (clone / ".memtomem/skills/hello/scripts/run.sh").read_bytes() == _SCRIPT
    assert (clone / ".memtomem/skills/hello/SKILL.md").read_bytes() == skill_md(NAME)


def test_nothing_is_left_of_the_work_and_nothing_is_newer_than_the_entry(door: str, world: World) -> None:
    _install(door, world)

    memtomem = world.project / ".memtomem"
    assert list((memtomem / ".staging").iterdir()) == []
    assert list((memtomem / ".txn").iterdir()) == []
    assert (memtomem / "lock.json").stat().st_mode & 0o777 == 0o600
    text = (memtomem / "lock.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_the_answer_says_all_that_an_agent_needs(door: str, world: World) -> None:
    answer = _install(door, world).answer

    assert answer["name"] == NAME
    assert answer["wiki_commit"] == world.head()
    assert answer["installed_at"] == world.entry()["installed_at"]
    assert answer["path"] == ".memtomem/skills/hello"
    assert answer["skill_md_path"] == ".memtomem/skills/hello/SKILL.md"
    assert (world.project / answer["skill_md_path"]).read_bytes() == skill_md(NAME)
    assert answer["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]
    assert {"path": "scripts/run.sh", "size": len(_SCRIPT), "executable": True} in answer["files"]
    assert [file["path"] for file in answer["files"]] == sorted(_FILES)
    assert answer["skill_md_path"] in answer["next_step"]
    assert answer["warnings"] == []
    assert str(world.project.parent) not in json.dumps(answer)


def test_a_dry_run_answers_as_the_install_would_and_writes_nothing(door: str, world: World) -> None:
    before = world.snapshot()
    dry = _install(door, world, dry_run=True).answer
    assert world.snapshot() == before

    done = _install(door, world, plan=dry["plan"]).answer

    differing = {"installed_at", "next_step"}
    assert {k: v for k, v in dry.items() if k not in differing} == {k: v for k, v in done.items() if k not in differing}
    assert dry["installed_at"] is None


def test_a_plan_taken_before_a_change_in_the_wiki_refuses_after_it(door: str, world: World) -> None:
    plan = _install(door, world, dry_run=True).answer["plan"]
    world.commit({NAME: {**_FILES, "scripts/run.sh": (_SCRIPT, False)}})
    before = world.snapshot()

    outcome = world.call(door, "context_install_skill", name=NAME, plan=plan)

    assert outcome.code == "plan-changed"
    assert world.snapshot() == before


@pytest.mark.parametrize("ref", ["v1", "old", "main~1"])
def test_a_ref_takes_the_skill_as_it_was_then(door: str, ref: str, world: World) -> None:
    then = world.head()
    git(world.wiki, "tag", "-a", "-m", "one", "v1")
    git(world.wiki, "branch", "old")
    world.commit({NAME: plain_skill(NAME, "Newer.")})

    answer = _install(door, world, ref=ref).answer

    assert answer["wiki_commit"] == then
    assert (world.project / answer["skill_md_path"]).read_bytes() == skill_md(NAME)


def test_an_id_may_be_given_short(door: str, world: World) -> None:
    assert _install(door, world, ref=world.head()[:10]).answer["wiki_commit"] == world.head()


def test_uncommitted_changes_are_not_installed_but_are_told(door: str, world: World) -> None:
    write_files(world.wiki / "skills" / NAME, {**_FILES, "SKILL.md": b"edited, staged"})
    git(world.wiki, "add", "-A")
    write_files(world.wiki / "skills" / NAME, {**_FILES, "SKILL.md": b"edited again"})
    before = snapshot(world.wiki)

    answer = _install(door, world).answer

    assert (world.project / answer["skill_md_path"]).read_bytes() == skill_md(NAME)
    assert any("uncommitted" in warning for warning in answer["warnings"])
    assert snapshot(world.wiki) == before


def test_what_other_tools_wrote_into_the_lockfile_stays(door: str, world: World) -> None:
    (world.project / ".memtomem").mkdir()
    lockfile = world.lockfile_path
    entry = {"wiki_commit": "a" * 40, "installed_at": "x", "files": ["b", "a"], "files_commit": "a" * 40}
    lockfile.write_text(json.dumps({"x": 1.5, "version": 1, "agents": {"z": {"k": "ü"}}, "skills": {"zeta": entry}}))
    lockfile.chmod(0o664)

    _install(door, world)

    document = world.lockfile()
    assert document["skills"].pop(NAME)
    assert document == {"x": 1.5, "version": 1, "agents": {"z": {"k": "ü"}}, "skills": {"zeta": entry}}
    assert list(document) == ["x", "version", "agents", "skills"]
    assert lockfile.stat().st_mode & 0o777 == 0o664


def test_the_order_of_installs_does_not_show(door: str, world: World) -> None:
    reverse = world.beside("reverse")
    for place, names in ((world, [NAME, "other"]), (reverse, ["other", NAME])):
        for name in names:
            _install(door, place, name=name)
    texts = [place.lockfile_path.read_text() for place in (world, reverse)]
    assert len({_TIME.sub("TIME", text) for text in texts}) == 1


def test_a_link_that_is_exactly_ours_is_taken_over(door: str, world: World) -> None:
    (world.project / ".claude/skills").mkdir(parents=True)
    (world.project / ".claude/skills" / NAME).symlink_to("../../.memtomem/skills/hello")
    assert ".claude/skills/hello" in _install(door, world).answer["exposed"]


def test_links_and_submodules_are_left_out_and_named(door: str, world: World) -> None:
    (world.wiki / "skills/hello/passwd").symlink_to("/etc/passwd")
    git(world.wiki, "add", "-A")
    git(world.wiki, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},skills/hello/vendored")
    git(world.wiki, "commit", "-q", "-m", "hostile")

    answer = _install(door, world).answer

    assert not os.path.lexists(world.copy() / "passwd")
    assert not (world.copy() / "vendored").exists()
    assert any("'passwd'" in warning for warning in answer["warnings"])
    assert any("'vendored'" in warning for warning in answer["warnings"])

"""An install, through the tool in both eras and through the command: what is on disk, and what is answered."""

import hashlib
import json
import os
import re
from pathlib import Path

import pytest
from snapshot import snapshot
from surfaces import SURFACES, Json, Outcome
from wikis import commit, git, head, make_wiki, plain_skill, skill_md, write_files

NAME = "hello"
_SCRIPT = b"#!/bin/sh\r\necho hi\n"
_FILES = {**plain_skill(NAME), "scripts/run.sh": (_SCRIPT, True), "docs/deep/er/notes.md": b"\xff\xfe not text\0"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {NAME: _FILES, "other": plain_skill("other")})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


def _install(door: str, wiki: Path, project: Path, **arguments: object) -> Outcome:
    outcome = SURFACES[door]("context_install_skill", {"name": NAME, **arguments}, wiki=wiki, project=project)
    assert outcome.code is None, outcome.text
    return outcome


def _lockfile(project: Path) -> Json:
    document: Json = json.loads((project / ".memtomem/lock.json").read_text())
    return document


def test_the_copy_has_the_bytes_and_the_modes_of_the_commit(door: str, wiki: Path, project: Path) -> None:
    _install(door, wiki, project)

    copy = project / ".memtomem/skills" / NAME
    found = {str(p.relative_to(copy)): p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    assert found == {path: content[0] if isinstance(content, tuple) else content for path, content in _FILES.items()}
    assert [path for path in found if os.access(copy / path, os.X_OK)] == ["scripts/run.sh"]


def test_the_lockfile_says_where_the_bytes_came_from(door: str, wiki: Path, project: Path) -> None:
    _install(door, wiki, project)

    document = _lockfile(project)
    entry = document["skills"][NAME]
    assert document["version"] == 1
    assert list(document["skills"]) == [NAME]
    assert entry["wiki_commit"] == head(wiki)
    assert _TIME.fullmatch(entry["installed_at"])
    assert entry["digests_installed_at"] == entry["installed_at"]
    assert entry["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]
    contents = {path: content[0] if isinstance(content, tuple) else content for path, content in _FILES.items()}
    assert entry["digests"] == {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    assert list(entry["digests"]) == sorted(entry["digests"])


def test_all_three_agents_see_it_through_relative_links(door: str, wiki: Path, project: Path) -> None:
    _install(door, wiki, project)

    moved = project.rename(project.parent / "elsewhere")
    for directory in (".agents/skills", ".claude/skills"):
        assert (moved / directory / NAME).is_symlink()
        assert (moved / directory / NAME / "SKILL.md").read_bytes() == skill_md(NAME)


def test_git_is_told_what_not_to_commit_and_not_to_convert(door: str, wiki: Path, project: Path) -> None:
    git(project, "init", "-q")
    _install(door, wiki, project)

    git(project, "add", "-A")
    staged = git(project, "ls-files").decode().splitlines()
    assert [path for path in staged if ".memtomem/." in path] == [".memtomem/.gitattributes", ".memtomem/.gitignore"]
    # a clone on a machine that converts line endings still has the bytes of the pin
    git(project, "commit", "-q", "-m", "install")
    clone = project.parent / "clone"
    git(project, "-c", "core.autocrlf=true", "clone", "-q", "-c", "core.autocrlf=true", str(project), str(clone))
    assert (clone / ".memtomem/skills/hello/scripts/run.sh").read_bytes() == _SCRIPT
    assert (clone / ".memtomem/skills/hello/SKILL.md").read_bytes() == skill_md(NAME)


def test_nothing_is_left_of_the_work_and_nothing_is_newer_than_the_entry(door: str, wiki: Path, project: Path) -> None:
    _install(door, wiki, project)

    memtomem = project / ".memtomem"
    assert list((memtomem / ".staging").iterdir()) == []
    assert list((memtomem / ".txn").iterdir()) == []
    assert (memtomem / "lock.json").stat().st_mode & 0o777 == 0o600
    text = (memtomem / "lock.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_the_answer_says_all_that_an_agent_needs(door: str, wiki: Path, project: Path) -> None:
    answer = _install(door, wiki, project).answer

    assert answer["name"] == NAME
    assert answer["wiki_commit"] == head(wiki)
    assert answer["installed_at"] == _lockfile(project)["skills"][NAME]["installed_at"]
    assert answer["path"] == ".memtomem/skills/hello"
    assert answer["skill_md_path"] == ".memtomem/skills/hello/SKILL.md"
    assert (project / answer["skill_md_path"]).read_bytes() == skill_md(NAME)
    assert answer["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]
    assert {"path": "scripts/run.sh", "size": len(_SCRIPT), "executable": True} in answer["files"]
    assert [file["path"] for file in answer["files"]] == sorted(_FILES)
    assert answer["skill_md_path"] in answer["next_step"]
    assert answer["warnings"] == []
    assert str(project.parent) not in json.dumps(answer)


def test_a_dry_run_answers_as_the_install_would_and_writes_nothing(door: str, wiki: Path, project: Path) -> None:
    before = snapshot(project)
    dry = _install(door, wiki, project, dry_run=True).answer
    assert snapshot(project) == before

    done = _install(door, wiki, project, plan=dry["plan"]).answer

    differing = {"installed_at", "next_step"}
    assert {k: v for k, v in dry.items() if k not in differing} == {k: v for k, v in done.items() if k not in differing}
    assert dry["installed_at"] is None


def test_a_plan_taken_before_a_change_in_the_wiki_refuses_after_it(door: str, wiki: Path, project: Path) -> None:
    plan = _install(door, wiki, project, dry_run=True).answer["plan"]
    commit(wiki, {NAME: {**_FILES, "scripts/run.sh": (_SCRIPT, False)}})
    before = snapshot(project)

    outcome = SURFACES[door]("context_install_skill", {"name": NAME, "plan": plan}, wiki=wiki, project=project)

    assert outcome.code == "plan-changed"
    assert snapshot(project) == before


@pytest.mark.parametrize("ref", ["v1", "old", "main~1"])
def test_a_ref_takes_the_skill_as_it_was_then(door: str, ref: str, wiki: Path, project: Path) -> None:
    then = head(wiki)
    git(wiki, "tag", "-a", "-m", "one", "v1")
    git(wiki, "branch", "old")
    commit(wiki, {NAME: plain_skill(NAME, "Newer.")})

    answer = _install(door, wiki, project, ref=ref).answer

    assert answer["wiki_commit"] == then
    assert (project / answer["skill_md_path"]).read_bytes() == skill_md(NAME)


def test_an_id_may_be_given_short(door: str, wiki: Path, project: Path) -> None:
    assert _install(door, wiki, project, ref=head(wiki)[:10]).answer["wiki_commit"] == head(wiki)


def test_uncommitted_changes_are_not_installed_but_are_told(door: str, wiki: Path, project: Path) -> None:
    write_files(wiki / "skills" / NAME, {**_FILES, "SKILL.md": b"edited, staged"})
    git(wiki, "add", "-A")
    write_files(wiki / "skills" / NAME, {**_FILES, "SKILL.md": b"edited again"})
    before = snapshot(wiki)

    answer = _install(door, wiki, project).answer

    assert (project / answer["skill_md_path"]).read_bytes() == skill_md(NAME)
    assert any("uncommitted" in warning for warning in answer["warnings"])
    assert snapshot(wiki) == before


def test_what_other_tools_wrote_into_the_lockfile_stays(door: str, wiki: Path, project: Path) -> None:
    (project / ".memtomem").mkdir()
    lockfile = project / ".memtomem/lock.json"
    entry = {"wiki_commit": "a" * 40, "installed_at": "x", "files": ["b", "a"], "files_commit": "a" * 40}
    lockfile.write_text(json.dumps({"x": 1.5, "version": 1, "agents": {"z": {"k": "ü"}}, "skills": {"zeta": entry}}))
    lockfile.chmod(0o664)

    _install(door, wiki, project)

    document = _lockfile(project)
    assert document["skills"].pop(NAME)
    assert document == {"x": 1.5, "version": 1, "agents": {"z": {"k": "ü"}}, "skills": {"zeta": entry}}
    assert list(document) == ["x", "version", "agents", "skills"]
    assert lockfile.stat().st_mode & 0o777 == 0o664


def test_the_order_of_installs_does_not_show(door: str, wiki: Path, project: Path, tmp_path: Path) -> None:
    reverse = tmp_path / "reverse"
    reverse.mkdir()
    for place, names in ((project, [NAME, "other"]), (reverse, ["other", NAME])):
        for name in names:
            _install(door, wiki, place, name=name)
    texts = [(place / ".memtomem/lock.json").read_text() for place in (project, reverse)]
    assert len({_TIME.sub("TIME", text) for text in texts}) == 1


def test_a_link_that_is_exactly_ours_is_taken_over(door: str, wiki: Path, project: Path) -> None:
    (project / ".claude/skills").mkdir(parents=True)
    (project / ".claude/skills" / NAME).symlink_to("../../.memtomem/skills/hello")
    assert ".claude/skills/hello" in _install(door, wiki, project).answer["exposed"]


def test_links_and_submodules_are_left_out_and_named(door: str, project: Path, tmp_path: Path) -> None:
    wiki = make_wiki(tmp_path / "linked", {NAME: _FILES})
    (wiki / "skills/hello/passwd").symlink_to("/etc/passwd")
    git(wiki, "add", "-A")
    git(wiki, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},skills/hello/vendored")
    git(wiki, "commit", "-q", "-m", "hostile")

    answer = _install(door, wiki, project).answer

    assert not os.path.lexists(project / ".memtomem/skills/hello/passwd")
    assert not (project / ".memtomem/skills/hello/vendored").exists()
    assert any("'passwd'" in warning for warning in answer["warnings"])
    assert any("'vendored'" in warning for warning in answer["warnings"])

"""An adoption: a copy that was made by hand comes under the lockfile, if it is what a commit of the wiki has."""

import json
import os
import shutil
from pathlib import Path

import pytest
from snapshot import snapshot
from surfaces import Json, command
from wikis import Files, commit, git, head, make_wiki, plain_skill, skill_md, write_files
from world import World

from wikipin import Exposure, Project, WikipinError
from wikipin.names import SkillName

NAME = SkillName("hello")
_OLD: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True), "a.md": b"a"}
_NEW: Files = {**plain_skill(NAME, "Newer."), "run.sh": (b"two\n", True)}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    wiki = make_wiki(tmp_path / "wiki", {NAME: _OLD, "other": plain_skill("other")})
    commit(wiki, {NAME: _NEW})
    commit(wiki, {"other": plain_skill("other", "Newer.")})
    return wiki


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


def _copy(project: Path) -> Path:
    return project / ".memtomem/skills" / NAME


def _refused(wiki: Path, project: Path) -> WikipinError:
    before = snapshot(project.parent)
    with pytest.raises(WikipinError) as refused:
        World(wiki, project).adopt(NAME)
    assert snapshot(project.parent) == before
    return refused.value


def _entry(project: Path) -> Json:
    entry: Json = json.loads((project / ".memtomem/lock.json").read_text())["skills"][NAME]
    return entry


def _state(wiki: Path, project: Path) -> str:
    (status,) = World(wiki, project).status().skills
    return status.state.value


def test_a_copy_of_the_newest_version_is_recorded_and_not_touched(wiki: Path, project: Path) -> None:
    write_files(_copy(project), _NEW)
    before = snapshot(_copy(project))
    times = {path: path.stat().st_mtime_ns for path in _copy(project).rglob("*")}
    inode = _copy(project).stat().st_ino

    outcome = command("adopt", {"name": NAME}, wiki=wiki, project=project)

    assert outcome.code is None, outcome.text
    assert (outcome.answer["name"], outcome.answer["wiki_commit"]) == (NAME, head(wiki))
    assert outcome.answer["exposed"] == [".agents/skills/hello", ".claude/skills/hello"]
    assert (project / ".claude/skills/hello/SKILL.md").read_bytes() == _NEW["SKILL.md"]
    assert snapshot(_copy(project)) == before
    assert {path: path.stat().st_mtime_ns for path in _copy(project).rglob("*")} == times
    assert _copy(project).stat().st_ino == inode
    assert (_entry(project)["wiki_commit"], _state(wiki, project)) == (head(wiki), "ok")


def test_a_copy_of_an_earlier_version_is_pinned_to_it(wiki: Path, project: Path) -> None:
    write_files(_copy(project), _OLD)
    World(wiki, project).adopt(NAME)
    assert _entry(project)["wiki_commit"] == head(wiki, "HEAD~2")
    assert _state(wiki, project) == "behind"
    World(wiki, project).update(NAME)
    assert _state(wiki, project) == "ok"


def test_a_version_that_stood_more_than_once_is_pinned_to_its_newest_commit(wiki: Path, project: Path) -> None:
    commit(wiki, {NAME: _OLD})
    newest = head(wiki)
    commit(wiki, {NAME: _NEW})
    write_files(_copy(project), _OLD)
    World(wiki, project).adopt(NAME)
    assert _entry(project)["wiki_commit"] == newest


@pytest.mark.parametrize("last", ["dropped", "no skill any more"])
def test_a_version_of_a_skill_that_the_wiki_has_no_more_is_found_too(last: str, wiki: Path, project: Path) -> None:
    commit(wiki, {NAME: None if last == "dropped" else {"SKILL.md": b"no frontmatter"}})
    write_files(_copy(project), _NEW)
    World(wiki, project).adopt(NAME)
    assert _entry(project)["wiki_commit"] == head(wiki, "HEAD~2")
    assert _state(wiki, project) == "behind"


def test_versions_that_were_no_skill_are_passed_over(wiki: Path, project: Path) -> None:
    commit(wiki, {NAME: {"SKILL.md": b"no frontmatter"}})
    commit(wiki, {NAME: plain_skill(NAME, "Newest.")})
    write_files(_copy(project), _NEW)
    World(wiki, project).adopt(NAME)
    assert _entry(project)["wiki_commit"] == head(wiki, "HEAD~3")


def test_what_no_commit_has_is_refused_file_by_file(wiki: Path, project: Path) -> None:
    write_files(_copy(project), {"SKILL.md": skill_md(NAME, "By hand."), "mine.md": b"mine"})
    (_copy(project) / "link").symlink_to("mine.md")
    before = snapshot(project)

    outcome = command("adopt", {"name": NAME}, wiki=wiki, project=project)

    assert outcome.code == "local-edits"
    assert (
        f"against {head(wiki)[:12]}: SKILL.md (modified), link (added), mine.md (added), run.sh (removed)"
        in outcome.text
    )
    assert snapshot(project) == before


@pytest.mark.parametrize("extra", ["a link", "a fifo", "a repository"])
def test_what_no_commit_can_have_is_an_edit_too(extra: str, wiki: Path, project: Path) -> None:
    write_files(_copy(project), _NEW)
    match extra:
        case "a link":
            (_copy(project) / "x").symlink_to("SKILL.md")
        case "a fifo":
            os.mkfifo(_copy(project) / "x")
        case _:
            (_copy(project) / ".git").mkdir()
    assert _refused(wiki, project).code == "local-edits"


def test_a_wrong_executable_bit_is_put_right(wiki: Path, project: Path) -> None:
    write_files(_copy(project), _NEW)
    (_copy(project) / "run.sh").chmod(0o644)
    World(wiki, project).adopt(NAME)
    assert os.access(_copy(project) / "run.sh", os.X_OK)
    assert _state(wiki, project) == "ok"
    assert not (project / ".memtomem/.backup").exists()


def test_without_a_copy_there_is_nothing_to_adopt(wiki: Path, project: Path) -> None:
    refused = _refused(wiki, project)
    assert refused.code == "not-installed"
    assert "'wikipin install skill hello'" in refused.remedy


@pytest.mark.parametrize("state", ["ok", "missing", "modified"])
def test_what_has_an_entry_is_not_adopted(state: str, wiki: Path, project: Path) -> None:
    World(wiki, project).install(NAME)
    if state == "missing":
        shutil.rmtree(_copy(project))
    elif state == "modified":
        write_files(_copy(project), _OLD)
    refused = _refused(wiki, project)
    assert refused.code == "already-installed"
    assert f"lockfile_entry=yes, copy={'no' if state == 'missing' else 'yes'}" in refused.problem


def test_a_skill_that_the_wiki_never_had_is_refused_with_what_to_do(wiki: Path, project: Path) -> None:
    write_files(_copy(project), _NEW)
    commit(wiki, {"gone": plain_skill("gone")})
    write_files(project / ".memtomem/skills/mine", plain_skill("mine"))
    with pytest.raises(WikipinError) as refused:
        World(wiki, project).adopt("mine")
    assert refused.value.code == "not-in-wiki"
    assert "as skills/mine" in refused.value.remedy


def test_what_stands_where_it_would_be_shown_is_left_alone(wiki: Path, project: Path) -> None:
    write_files(_copy(project), _NEW)
    (project / ".claude/skills/hello").mkdir(parents=True)
    assert _refused(wiki, project).code == "exposure-conflict"
    World(wiki, project).adopt(NAME, exposure=Exposure(("agents",)))
    assert _entry(project)["exposed"] == [".agents/skills/hello"]


def test_it_is_shown_as_copies_where_that_is_asked_for(wiki: Path, project: Path) -> None:
    write_files(_copy(project), _NEW)
    World(wiki, project).adopt(NAME, exposure=Exposure(mode="copy"))
    assert snapshot(project / ".claude/skills/hello") == snapshot(_copy(project))
    assert _state(wiki, project) == "ok"


def test_an_edit_that_comes_while_it_waits_for_the_lock_stops_it(
    wiki: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(_copy(project), _NEW)
    look, looks = Project.look, 0

    def look_and_edit(self: Project, name: str) -> object:
        nonlocal looks
        looks += 1
        found = look(self, name)
        if looks == 2:
            (_copy(project) / "mine.md").write_bytes(b"mine")
        return found

    monkeypatch.setattr(Project, "look", look_and_edit)
    with pytest.raises(WikipinError, match="local-edits"):
        World(wiki, project).adopt(NAME)
    assert not (project / ".memtomem/lock.json").exists()


def test_a_commit_made_meanwhile_is_not_mixed_in(wiki: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wiki's newest commit is read once, however long the search for an earlier version takes."""
    write_files(_copy(project), _OLD)
    pin, look = head(wiki, "HEAD~2"), Project.look

    def look_late(self: Project, name: str) -> object:
        git(wiki, "checkout", "-q", "--orphan", f"fresh-{len(git(wiki, 'branch').splitlines())}")
        git(wiki, "commit", "-q", "--allow-empty", "-m", "All new")
        return look(self, name)

    monkeypatch.setattr(Project, "look", look_late)
    assert World(wiki, project).adopt(NAME).skill.commit == pin


@pytest.mark.parametrize(("content", "code"), [('{"version": 2}', "lockfile-version"), ("[]", "lockfile-corrupt")])
def test_a_lockfile_that_cannot_be_kept_is_never_written(content: str, code: str, wiki: Path, project: Path) -> None:
    write_files(_copy(project), _NEW)
    (project / ".memtomem/lock.json").write_text(content)
    assert _refused(wiki, project).code == code


def test_neither_wiki_nor_a_good_name_is_guessed(project: Path, tmp_path: Path) -> None:
    write_files(_copy(project), _NEW)
    assert _refused(tmp_path / "no-wiki", project).code == "wiki-not-found"
    assert command("adopt", {"name": "My_Skill"}, wiki=tmp_path / "no-wiki", project=project).code == "invalid-name"

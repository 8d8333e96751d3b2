"""A removal: the copy, the entry and what is ours of the exposures go; what is not ours stays."""

import json
import os
import shutil
from pathlib import Path

import pytest
from counting import count_gits, count_locks
from privilege import as_anyone, unwritable
from snapshot import snapshot
from surfaces import SURFACES, Json, Outcome
from wikis import Files, commit, make_wiki, plain_skill
from world import World

from wikipin import Exposure, WikipinError
from wikipin.names import SkillName

NAME = SkillName("hello")
_FILES: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True), "docs/deep/a.md": b"a"}
_EXPOSED = [".agents/skills/hello", ".claude/skills/hello"]


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {NAME: _FILES, "other": plain_skill("other")})


@pytest.fixture
def project(tmp_path: Path, wiki: Path) -> Path:
    project = tmp_path / "project"
    (project / ".claude/skills/mine").mkdir(parents=True)
    for name in (NAME, "other"):
        World(wiki, project).install(name)
    return project


def _remove(door: str, wiki: Path, project: Path, **arguments: str | bool) -> Outcome:
    return SURFACES[door]("context_remove_skill", {"name": NAME, **arguments}, wiki=wiki, project=project)


def _refused(wiki: Path, project: Path) -> WikipinError:
    before = snapshot(project.parent)
    with pytest.raises(WikipinError) as refused:
        World(wiki, project).remove(NAME)
    assert snapshot(project.parent) == before
    return refused.value


def _copy(project: Path) -> Path:
    return project / ".memtomem/skills" / NAME


def _lockfile(project: Path) -> Json:
    document: Json = json.loads((project / ".memtomem/lock.json").read_text())
    return document


def _without(project: Path, names: tuple[str, ...]) -> dict[str, tuple[int, bytes]]:
    found = snapshot(project)
    return {path: what for path, what in found.items() if not any(name in path for name in names)}


def test_copy_entry_and_exposures_go_and_nothing_else(door: str, wiki: Path, project: Path) -> None:
    before, entries = _without(project, (NAME, "lock.json")), _lockfile(project)["skills"]

    answer = _remove(door, wiki, project).answer

    assert answer == {"name": NAME, "removed": True, "unexposed": _EXPOSED, "backup": None, "warnings": []}
    assert _without(project, ("lock.json",)) == before
    del entries[NAME]
    assert _lockfile(project)["skills"] == entries
    assert list((project / ".memtomem/.staging").iterdir()) == []
    assert list((project / ".memtomem/.txn").iterdir()) == []


def test_edits_stop_it_until_somebody_gives_them_up_and_then_they_are_kept(
    door: str, wiki: Path, project: Path
) -> None:
    (_copy(project) / "mine.md").write_bytes(b"mine")
    before, edited = snapshot(project), snapshot(_copy(project))
    refused = _remove(door, wiki, project)
    assert refused.code == "local-edits"
    assert "mine.md (added)" in refused.text
    assert snapshot(project) == before

    answer = _remove(door, wiki, project, discard_edits=True).answer

    assert snapshot(project / answer["backup"]) == edited
    assert not _copy(project).exists()
    assert NAME not in _lockfile(project)["skills"]


def test_what_is_not_installed_is_not_removed(door: str, wiki: Path, project: Path) -> None:
    _remove("legacy", wiki, project)
    before = snapshot(project)
    assert _remove(door, wiki, project).code == "not-installed"
    shutil.copytree(project / ".memtomem/skills/other", _copy(project))
    by_hand = _remove(door, wiki, project)
    assert by_hand.code == "not-installed"
    assert "has a copy in this project, but no entry" in by_hand.text
    shutil.rmtree(_copy(project))
    assert snapshot(project) == before


def test_neither_wiki_nor_git_is_needed(
    door: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gits, windows = count_gits(monkeypatch, tmp_path), count_locks(monkeypatch)
    assert _remove(door, tmp_path / "no-wiki", project).answer["removed"] is True
    assert gits.take() == []
    assert len(windows) <= 1


def test_a_missing_copy_is_no_hindrance(wiki: Path, project: Path) -> None:
    shutil.rmtree(_copy(project))
    (project / ".claude/skills/hello").unlink()
    removed = World(wiki, project).remove(NAME)
    assert removed.unexposed == [".agents/skills/hello"]
    assert not os.path.lexists(project / ".agents/skills/hello")
    assert NAME not in _lockfile(project)["skills"]


@pytest.mark.parametrize("kind", ["a file", "a directory", "another link", "a file above", "nothing above"])
def test_what_is_not_ours_stays_and_is_named(kind: str, wiki: Path, project: Path) -> None:
    place = project / ".agents/skills/hello"
    place.unlink()
    match kind:
        case "a file":
            place.write_bytes(b"somebody's")
        case "a directory":
            place.symlink_to("../../README.md")
        case "another link":
            place.symlink_to("/nonexistent")
        case "a file above":
            shutil.rmtree(project / ".agents")
            (project / ".agents").write_bytes(b"somebody's")
        case _:
            shutil.rmtree(project / ".agents")
    before = _without(project, (".memtomem", ".claude"))
    removed = World(wiki, project).remove(NAME)
    assert _without(project, (".memtomem", ".claude")) == before
    assert removed.unexposed == [".claude/skills/hello"]
    named = [warning for warning in removed.warnings if "'.agents/skills/hello'" in warning]
    assert len(named) == (0 if kind == "nothing above" else 1)


def test_an_exposure_that_the_lockfile_does_not_call_ours_stays(wiki: Path, project: Path) -> None:
    document = _lockfile(project)
    document["skills"][NAME]["exposed"] = [".claude/skills/hello", ".other/skills/hello"]
    (project / ".memtomem/lock.json").write_text(json.dumps(document))
    (project / ".other/skills/hello").mkdir(parents=True)
    assert World(wiki, project).remove(NAME).unexposed == [".claude/skills/hello"]
    assert (project / ".agents/skills/hello").is_symlink()
    assert (project / ".other/skills/hello").is_dir()


def test_copies_for_agents_go_and_an_edited_one_is_kept(wiki: Path, tmp_path: Path) -> None:
    project = tmp_path / "copies"
    project.mkdir()
    World(wiki, project).install(NAME, exposure=Exposure(mode="copy"))
    (project / ".claude/skills/hello/mine.md").write_bytes(b"mine")
    edited = snapshot(project / ".claude/skills/hello")
    assert _refused(wiki, project).problem.endswith(": .claude/skills/hello/mine.md (added)")
    removed = World(wiki, project).remove(NAME, discard_edits=True)
    (backup,) = removed.backups
    assert snapshot(project / backup) == edited
    assert removed.unexposed == _EXPOSED
    for place in (_copy(project), project / ".claude/skills/hello", project / ".agents/skills/hello"):
        assert not place.exists()


@pytest.mark.parametrize("has_wiki", [True, False])
def test_an_entry_without_digests_goes_where_its_pin_says_that_it_is_clean(
    has_wiki: bool,  # noqa: FBT001 - a parameter of the test
    wiki: Path,
    project: Path,
) -> None:
    document = _lockfile(project)
    for key in ("digests", "digests_installed_at", "executable", "executable_installed_at", "exposed"):
        del document["skills"][NAME][key]
    (project / ".memtomem/lock.json").write_text(json.dumps(document))
    if has_wiki:
        commit(wiki, {NAME: None})
        removed = World(wiki, project).remove(NAME)
        assert list(removed.backups) == []
    else:
        shutil.rmtree(wiki)
        refused = _refused(wiki, project)
        assert refused.code == "local-edits"
        assert "cannot be compared" in refused.problem
        removed = World(wiki, project).remove(NAME, discard_edits=True)
        assert len(removed.backups) == 1
    assert NAME not in _lockfile(project)["skills"]
    assert not _copy(project).exists()


def test_an_installed_skill_may_be_installed_again_after_it(wiki: Path, project: Path) -> None:
    before = snapshot(_copy(project))
    World(wiki, project).remove(NAME)
    World(wiki, project).install(NAME)
    assert snapshot(_copy(project)) == before


def test_a_tree_that_somebody_protected_is_no_hindrance_to_the_next_command(wiki: Path, project: Path) -> None:
    (_copy(project) / "docs/deep").chmod(0o555)
    (_copy(project) / "docs").chmod(0o555)
    with as_anyone():
        World(wiki, project).remove(NAME)
    assert list((project / ".memtomem/.staging").iterdir()) == []
    World(wiki, project).install(NAME)


@pytest.mark.parametrize("place", [".memtomem", ".memtomem/skills", ".memtomem/.txn", ".memtomem/.staging"])
def test_a_project_that_cannot_be_written_to_is_refused_and_left(place: str, wiki: Path, project: Path) -> None:
    with unwritable(project / place):
        refused = _refused(wiki, project)
    assert refused.code == "io-error"
    assert "nothing was changed" in refused.problem

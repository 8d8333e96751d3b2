"""What git does with files of a skill, in a clone that a teammate makes of the project: it obeys some of them."""

import os
from pathlib import Path

import pytest
from surfaces import command, tool
from wikis import git, make_wiki, skill_md

_PLAIN = {"SKILL.md": skill_md("hello"), "notes.md": b"High at noon. $Id$\n"}
_OBEYED = {
    "line endings": {".gitattributes": b"*.md text eol=crlf\n"},
    "keywords": {".gitattributes": b"*.md ident\n"},
    "ignored files": {".gitignore": b"notes.md\n"},
}


def _state_in_a_clone(wiki: Path, place: Path, files: dict[str, bytes]) -> str:
    """Return how a teammate's clone stands of a project that has this skill, installed without a review."""
    make_wiki(wiki, {"hello": {**_PLAIN, **files}})
    project = place / "project"
    project.mkdir()
    git(project, "init", "--quiet")
    done = tool("auto", review="off")("context_install_skill", {"name": "hello"}, wiki=wiki, project=project)
    assert done.code is None, done.text
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "Install hello")
    git(place, "clone", "--quiet", os.fspath(project), "clone")
    (skill,) = command("context_status", {}, wiki=wiki, project=place / "clone").answer["skills"]
    state: str = skill["state"]
    return state


def test_a_plain_skill_is_in_a_clone_as_it_was_installed(tmp_path: Path) -> None:
    assert _state_in_a_clone(tmp_path / "wiki", tmp_path, {}) == "ok"


@pytest.mark.parametrize("files", _OBEYED.values(), ids=_OBEYED)
def test_a_skill_that_speaks_to_git_is_another_one_in_a_clone(files: dict[str, bytes], tmp_path: Path) -> None:
    assert _state_in_a_clone(tmp_path / "wiki", tmp_path, files) == "modified"

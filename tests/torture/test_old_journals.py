"""A journal of version 1, of one skill, that an earlier wikipin left behind: the next command still finishes it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from snapshot import left_over, snapshot
from torture.scenario import next_command, settled

JOURNALS = sorted((Path(__file__).parent / "journals_of_version_1").glob("*.json"))

Json = dict[str, Any]


def _unpack(files: Mapping[str, Json], project: Path) -> None:
    """Make of each file, link and empty directory what a process left that died just after it had decided."""
    for path, found in files.items():
        at = project / path
        at.parent.mkdir(parents=True, exist_ok=True)
        if "link" in found:
            at.symlink_to(found["link"])
        elif "text" in found:
            at.write_text(found["text"])
            at.chmod(0o755 if found["executable"] else 0o644)
        else:
            at.mkdir()


def _told(project: Path) -> dict[str, tuple[bool, bytes]]:
    """Return the files and links of a project, and which of them are executable: no other mode was kept."""
    return {path: (bool(mode & 0o100), content) for path, (mode, content) in settled(project).items()}


@pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.stem)
def test_a_journal_of_version_1_is_finished(journal: Path, tmp_path: Path) -> None:
    case: Json = json.loads(journal.read_text())
    project, finished = tmp_path / "project", tmp_path / "finished"
    _unpack(case["killed"], project)
    _unpack(case["finished"], finished)
    assert "redo.json" in str(snapshot(project))
    next_command(project)
    assert _told(project) == _told(finished)
    assert left_over(project) == []


def test_there_are_journals_of_each_kind_of_change() -> None:
    assert len(JOURNALS) == 7

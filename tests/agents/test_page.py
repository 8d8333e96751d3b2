"""The page about the agents says what the tests measure: the versions, and each row."""

import re
from pathlib import Path

from agents.acts import BLOCKING, QUIET, SHOWN
from agents.install import PACKAGES

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")


def test_the_page_names_the_versions_that_are_pinned() -> None:
    pinned = {version for name, (_, version) in PACKAGES.items() if name != "node"}
    assert set(re.findall(r"^\| [\w ]+ \| ([\d.]+) \|$", _PAGE, re.MULTILINE)) == pinned


def test_the_page_names_each_row() -> None:
    _, needs_a_yes, is_told, does_nothing, *_ = _PAGE.split("\n## ")
    assert _last_column(needs_a_yes) == {row.name for row in BLOCKING}
    assert _last_column(is_told) == {row.name for row in SHOWN}
    assert {f"`{row.name}`" in does_nothing for row in QUIET} == {True}


def _last_column(section: str) -> set[str]:
    """Return the rows that the last column of a table names; one that is no agent's names a file instead."""
    cells = re.findall(r"([^|]*) \|$", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([a-z-]+)`", cell)}

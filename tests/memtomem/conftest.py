"""What the tests with memtomem need of this machine."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from wikis import git, make_wiki

from memtomem.install import UnavailableError, install_memtomem
from memtomem.interpreter import NoInterpreterError
from memtomem.pair import Pair


@pytest.fixture(scope="session")
def memtomem() -> Path:
    """The Python that memtomem is installed in."""
    try:
        return install_memtomem()
    except NoInterpreterError as why:
        pytest.skip(str(why))
    except UnavailableError as why:
        if os.environ.get("CI"):
            pytest.fail(f"CI has to run memtomem: {why}")
        pytest.skip(f"memtomem cannot run here: {why}")


@pytest.fixture
def pair(memtomem: Path, tmp_path: Path) -> Generator[Pair]:
    """A wiki with no skill yet, and a project that is a git repository: there memtomem looks for `.memtomem`."""
    pair = Pair(memtomem, tmp_path)
    (tmp_path / "home").mkdir()
    make_wiki(pair.wiki)
    pair.project.mkdir()
    git(pair.project, "init", "--quiet")
    yield pair
    pair.end()

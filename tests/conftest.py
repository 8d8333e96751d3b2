"""Where tests work, in what order, and through which doors.

They work in memory where there is one, because an outcome does not take a disk to be synced. What is about disks makes
its own (torture/powercut.py).
"""

import os
import shutil
import signal
from pathlib import Path

import pytest
from surfaces import SURFACES
from wikis import plain_skill
from world import World, make_world

_MEMORY = Path("/dev/shm")  # noqa: S108 - the directory that pytest makes in it is private
_ROOM = 4 << 30


def pytest_configure() -> None:
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    # A script's job in the background ignores Ctrl-C, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


_TESTS = Path(__file__).parent
_QUICK = {"rules", "outcomes"}
_APART = {"whole", "agents", "memtomem"}
_FIRST, *_OTHERS = SURFACES


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the markers of its folder, and put torture first.

    Torture forks thousands of times, and a fork takes the longer the more this process has grown.
    """
    for item in items:
        folder = item.path.relative_to(_TESTS).parts[0]
        markers = {marker.name for marker in item.iter_markers()}
        if markers.isdisjoint(_APART):
            item.add_marker("everything")
            if folder in _QUICK and "other_door" not in markers:
                item.add_marker("quick")
    items.sort(key=lambda item: "torture" not in item.path.parts)


@pytest.fixture(params=[_FIRST, *(pytest.param(name, marks=pytest.mark.other_door) for name in _OTHERS)])
def door(request: pytest.FixtureRequest) -> str:
    """Each door of the program, by its name in SURFACES; a quick run takes the first."""
    name: str = request.param
    return name


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A wiki with the skills `hello` and `other`, and an empty project; a file that needs others has its own."""
    return make_world(tmp_path, {"hello": plain_skill("hello"), "other": plain_skill("other")})

"""Where tests work, in what order, and through which doors.

They work in memory where there is one, because an outcome does not take a disk to be synced. What is about disks makes
its own (torture/powercut.py).
"""

import os
import shutil
from pathlib import Path

import pytest
from surfaces import SURFACES

_MEMORY = Path("/dev/shm")  # noqa: S108 - the directory that pytest makes in it is private
_ROOM = 4 << 30


def pytest_configure() -> None:
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Torture comes first: it forks thousands of times, and a fork takes the longer the more this process has grown."""
    items.sort(key=lambda item: "torture" not in item.path.parts)


@pytest.fixture(params=SURFACES)
def door(request: pytest.FixtureRequest) -> str:
    """Each door of the program, by its name in SURFACES."""
    name: str = request.param
    return name

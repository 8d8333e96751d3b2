"""What sessions with real agents need of this machine."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from agents.driver import require_namespace
from agents.install import UnavailableError, install_agents


@pytest.fixture(scope="session")
def agents() -> Path:
    try:
        require_namespace()
        return install_agents()
    except UnavailableError as why:
        if os.environ.get("CI"):
            pytest.fail(f"CI has to run the agents: {why}")
        pytest.skip(f"the agents cannot run here: {why}")


@pytest.fixture(scope="session")
def server() -> Path:
    """The directory with `wikipin-mcp` in it."""
    found = shutil.which("wikipin-mcp", path=Path(sys.executable).parent)
    assert found, "wikipin is not installed beside this Python"
    return Path(found).parent

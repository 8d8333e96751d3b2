"""The wheel as it is installed: it runs its own code wherever it is started, and brings what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from surfaces import Outcome, outcome_of
from wikis import make_wiki, plain_skill

ROOT = Path(__file__).parents[2]
_TRAP = "raise SystemExit('the code of the project was run')\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and installed into a directory of its own."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", place, ROOT], check=True)
    (wheel,) = place.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", place / "site", wheel], check=True)
    return place / "site"


def _environment(installed: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": ""}


@pytest.mark.parametrize("era", ["legacy", "auto"])
def test_a_project_with_packages_of_the_same_names_as_our_source_roots_is_not_run(
    era: str, installed: Path, tmp_path: Path
) -> None:
    wiki = make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})
    project = tmp_path / "project"
    for package in ("core", "mcp_server", "wikipin", "wikipin_mcp", "mcp", "anyio"):
        (project / package).mkdir(parents=True)
        (project / package / "__init__.py").write_text(_TRAP)
        (project / package / "__main__.py").write_text(_TRAP)

    async def install() -> Outcome:
        server = StdioServerParameters(
            command=str(installed / "bin/wikipin-mcp"),
            args=["--wiki", str(wiki), "--project", str(project)],
            env=_environment(installed),
            cwd=project,
        )
        async with Client(server, mode=era) as client:
            return outcome_of(await client.call_tool("context_install_skill", {"name": "hello"}))

    assert anyio.run(install).code is None
    assert (project / ".memtomem/skills/hello/SKILL.md").exists()


def test_the_wheel_has_both_packages_their_types_and_the_examples(installed: Path) -> None:
    for path in (
        "wikipin/py.typed",
        "wikipin_mcp/py.typed",
        "wikipin_mcp/example_skills/release-notes/scripts/commits-since-tag.sh",
        "bin/wikipin",
        "bin/wikipin-mcp",
    ):
        assert (installed / path).is_file(), path
    assert not (installed / "core").exists()
    assert not (installed / "tests").exists()


def test_the_demonstration_tells_its_story_and_leaves_nothing(installed: Path, tmp_path: Path) -> None:
    env = {**_environment(installed), "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [installed / "bin/wikipin-mcp", "demo"], check=False, capture_output=True, text=True, cwd=tmp_path, env=env
    )
    assert done.returncode == 0, done.stderr
    for words in (
        "commits-since-tag.sh (executable)",
        "> wiki_list()",
        "release-notes  (available)",
        "pinned to commit",
        "already-installed: ",
        '"digests_installed_at"',
        "release-notes -> ../../.memtomem/skills/release-notes",
    ):
        assert words in done.stdout
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []

"""The examples for a team: what each file says is run as it is, in a project that is well and in one that is not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from wikis import plain_skill
from world import World, make_world

EXAMPLES = Path(__file__).parents[2] / "config-examples"
_COPY = ".memtomem/skills/hello"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project in git with everything committed, `hello` too, which the wiki has changed since."""
    world = make_world(tmp_path, {"hello": {**plain_skill("hello"), "run.sh": (b"echo hi\n", True)}})
    world.install()
    world.commit({"hello": plain_skill("hello", "Does another thing.")})
    _run(world.project, "git init --quiet --initial-branch=main && git add . && git commit --quiet -m 'Install hello'")
    return world


def _run(at: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the steps of a workflow are run, with `wikipin` on the path and a home directory of its own."""
    home = at.parent / "home"
    home.mkdir(exist_ok=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "MEMTOMEM_", "PIP_"))}
    own = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    return subprocess.run(
        ["bash", "-e", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=at,
        env=inherited | own | environment,
    )


def _read(name: str) -> Any:  # noqa: ANN401 - YAML is any value
    # Without types: YAML takes the key `on` of a workflow for a boolean.
    return yaml.load((EXAMPLES / name).read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - strings alone


def _commands(name: str) -> list[str]:
    """Return what the one job of a workflow runs after it has installed wikipin, for which it needs a network."""
    (job,) = _read(name)["jobs"].values()
    first, *others = [step["run"] for step in job["steps"] if "run" in step]
    assert first == 'pipx install "$WIKIPIN"'
    assert "WIKIPIN" in _read(name)["env"]
    return others


def _drift(world: World) -> None:
    (world.project / _COPY / "SKILL.md").write_text("mine\n")


def test_the_workflow_is_green_while_every_copy_is_as_the_lockfile_says(world: World) -> None:
    (command,) = _commands("github-actions.yml")
    done = _run(world.project, command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of 1 copies" in done.stdout


@pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (f"echo mine > {_COPY}/SKILL.md", "modified  SKILL.md"),
        (f"echo mine > {_COPY}/mine.md", "added     mine.md"),
        (f"rm {_COPY}/run.sh", "removed   run.sh"),
        (f"chmod -x {_COPY}/run.sh", "mode      run.sh"),
        (f"rm -r {_COPY}", "hello: missing"),
    ],
)
def test_the_workflow_is_red_and_names_the_file_where_a_copy_has_drifted(
    break_it: str, named: str, world: World
) -> None:
    assert _run(world.project, break_it).returncode == 0
    (command,) = _commands("github-actions.yml")
    done = _run(world.project, command)
    assert done.returncode == 1
    assert named in done.stdout


def test_the_restoring_workflow_brings_back_what_is_not_committed(world: World) -> None:
    for directory in (_COPY, ".claude", ".agents"):
        shutil.rmtree(world.project / directory)
    assert "WIKI" in _read("github-actions-restore.yml")["env"]
    for command in _commands("github-actions-restore.yml"):
        done = _run(world.project, command, WIKI=str(world.wiki))
        assert (done.returncode, done.stderr) == (0, ""), command
    assert (world.project / ".claude/skills/hello/run.sh").read_bytes() == b"echo hi\n"
    assert b"Does one thing." in (world.project / _COPY / "SKILL.md").read_bytes()


def test_the_restoring_workflow_is_red_where_a_copy_was_edited(world: World) -> None:
    _drift(world)
    done = [_run(world.project, command, WIKI=str(world.wiki)) for command in _commands("github-actions-restore.yml")]
    assert [each.returncode for each in done] == [0, 1, 1]
    assert "SKILL.md (modified)" in done[1].stderr


def test_the_hook_lets_a_commit_pass_and_stops_it_where_a_copy_has_drifted(world: World) -> None:
    shutil.copy(EXAMPLES / "pre-commit-config.yaml", world.project / ".pre-commit-config.yaml")
    assert _run(world.project, "git add . && pre-commit install").returncode == 0
    well = _run(world.project, "git commit -m 'Add a hook'")
    assert well.returncode == 0, well.stderr
    assert "Passed" in well.stderr

    _drift(world)
    drifted = _run(world.project, "git add . && git commit -m 'Edit a copy'")
    assert drifted.returncode == 1
    assert "modified  SKILL.md" in drifted.stderr

    gone = _run(world.project, f"git rm -rfq --cached {_COPY} && rm -r {_COPY} && git commit -m 'Remove a copy'")
    assert gone.returncode == 1
    assert "hello: missing" in gone.stderr


def test_every_example_has_its_place_on_the_page() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for name in ("github-actions.yml", "github-actions-restore.yml", "pre-commit-config.yaml"):
        (row,) = [line for line in page.splitlines() if line.startswith("|") and f"]({name})" in line]
        assert (EXAMPLES / name).is_file(), row

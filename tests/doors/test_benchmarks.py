"""The benchmarks in their small form: all that they measure works, and nothing has become slower by far."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

LIMITS = {"restore": 400, "update": 40, "status": 400, "process": 1, "server": 100, "crowd": 10}
"""What no ratio of a figure may exceed, on whatever machine, with whoever else at work on it."""


def _run(at: Path, *words: str, in_front: Path | None = None) -> tuple[subprocess.CompletedProcess[str], Any]:
    """Run the benchmarks; return how that ended, and what they kept. They work in `at`, and leave it empty."""
    at.mkdir()
    kept = at.with_suffix(".json")
    command: list[str | Path] = [sys.executable, "-m", "benchmarks", "--small", "--at", at, "--json", kept, *words]
    path = os.pathsep.join([*([str(in_front)] if in_front else []), os.environ["PATH"]])
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PATH": path}
    )
    assert kept.exists(), done.stderr
    assert list(at.iterdir()) == []
    return done, json.loads(kept.read_text())


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Any]:
    """A run of all figures."""
    return _run(tmp_path_factory.mktemp("benchmarks") / "all")


def test_each_figure_is_measured_and_no_ratio_is_beyond_a_generous_limit(
    everything: tuple[subprocess.CompletedProcess[str], Any],
) -> None:
    done, kept = everything
    assert done.returncode == 0, done.stdout + done.stderr
    assert [figure["name"] for figure in kept["figures"]] == list(LIMITS)
    for figure in kept["figures"]:
        for side in figure["sides"]:
            assert len(side["turns"]) == (0 if side["missing"] else 1), side
        for ratio in figure["ratios"]:
            assert all(value <= LIMITS[figure["name"]] for value in ratio["rounds"]), done.stdout


def test_what_is_beyond_its_bar_fails_a_check_also_where_nothing_can_be_mounted(tmp_path: Path) -> None:
    real = Path(sys.executable).with_name("wikipin")
    _script(tmp_path / "slow/wikipin", f'sleep 0.8; exec {shlex.quote(str(real))} "$@"')
    _script(tmp_path / "front/mkfs.ext4", "echo no disk today >&2; exit 1")
    done, kept = _run(
        tmp_path / "slow-run",
        *("--only", "restore", "--check", "--programs", str(tmp_path / "slow")),
        in_front=tmp_path / "front",
    )
    assert done.returncode == 1, done.stderr
    assert "BEYOND" in done.stdout
    assert not kept["is_fresh"]
    assert "not a new file system: " in kept["place"]


def test_a_program_that_does_nothing_has_failed_and_is_not_the_fastest(tmp_path: Path) -> None:
    _script(tmp_path / "idle/wikipin", "exit 0")
    done, kept = _run(tmp_path / "idle-run", "--only", "restore", "--programs", str(tmp_path / "idle"))
    assert done.returncode == 1, done.stderr
    (restore,) = kept["figures"]
    ours, archive, *_ = restore["sides"]
    assert "is not what the wiki has" in ours["failed"]
    assert archive["failed"] is None
    assert restore["ratios"][0]["rounds"] == []


def test_two_runs_measure_the_same_wikis(
    everything: tuple[subprocess.CompletedProcess[str], Any], tmp_path: Path
) -> None:
    _, once = everything
    _, again = _run(tmp_path / "again", "--only", "status")
    assert again["wikis"]
    assert again["wikis"].items() <= once["wikis"].items()

"""A wiki and a project, as a person would have made them."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

SKILLS = {
    "tide-tables": "Reads tide tables for a harbour. Use when the user asks when the water is high.",
    "knot-names": "Names sailing knots from a drawing. Use when the user asks which knot that is.",
}
DONE = "tide-tables"
NOT_DONE = "knot-names"
_SCRIPT = "#!/bin/sh\necho high\n"


def make_wiki(path: Path) -> str:
    """Make a wiki with SKILLS; return the full id of its commit."""
    for name, description in SKILLS.items():
        write(path / "skills" / name / "SKILL.md", f"---\nname: {name}\ndescription: {description}\n---\nLook it up.\n")
    write(path / "skills" / DONE / "scripts" / "high.sh", _SCRIPT)
    (path / "skills" / DONE / "scripts" / "high.sh").chmod(0o755)
    git(path, "init", "--quiet")
    git(path, "add", ".")
    git(path, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", "Add skills")
    return git(path, "rev-parse", "HEAD")


def add_skill(wiki: Path, name: str, files: Mapping[str, str]) -> None:
    """Commit skill `name` to the wiki, which is made where there is none; a script is executable."""
    for path, text in files.items():
        write(wiki / "skills" / name / path, text)
        (wiki / "skills" / name / path).chmod(0o755 if text.startswith("#!") else 0o644)
    git(wiki, "init", "--quiet")
    git(wiki, "add", ".")
    git(wiki, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", f"Add {name}")


def make_project(path: Path, files: Mapping[str, str]) -> Path:
    """Make a git repository with `files` in it; return it."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet")
    for name, text in files.items():
        write(path / name, text)
    return path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def git(directory: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()

"""The verb `init`: make a wiki, or clone one."""

import os
import shutil
import subprocess
from pathlib import Path

from wikipin.errors import WikipinError
from wikipin.git import git_program
from wikipin.wiki import SKILLS


def create_wiki(path: Path, *, source: str | None = None) -> None:
    """Make a wiki at `path`: new, with a first commit, or cloned from the git URL `source`.

    The one place where git talks to a network, with the user's own configuration and credentials. Raises
    `invalid-argument` where something stands at `path`, `wiki-unreadable` where git fails; then nothing is left there.
    """
    git = git_program()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        what = "is a git repository already" if (path / ".git").exists() else "is there already and is not empty"
        raise WikipinError(
            "invalid-argument",
            f"'{path.name}' {what}",
            "Give another directory with --wiki, or use the one that is there",
        )
    stood_before = path.exists()
    try:
        if source is None:
            _scaffold(git, path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _create(git, ["clone", "--quiet", "--", source, str(path)], "git could not clone that repository")
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        if stood_before:
            path.mkdir()
        raise


_README = """# Wiki

Each directory below `skills/` is one skill: a `SKILL.md`, and whatever it needs beside it.

    skills/hello/SKILL.md

    ---
    name: hello
    description: Greets somebody by name. Use when the user asks for a greeting.
    ---
    Say hello, and ask how the day went.

What is committed can be installed: `git add skills/hello && git commit -m "Add hello"`.
"""


def _scaffold(git: str, path: Path) -> None:
    (path / SKILLS).mkdir(parents=True)
    (path / SKILLS / ".gitkeep").touch()
    (path / "README.md").write_text(_README, encoding="utf-8")
    at = ["-C", str(path)]
    _create(git, ["init", "--quiet", "--initial-branch=main", str(path)], "git could not create the repository")
    _create(git, [*at, "add", "."], "git could not add the first files")
    known = subprocess.run(
        [git, *at, "var", "GIT_AUTHOR_IDENT"], check=False, capture_output=True, env=_own_environment()
    )
    stranger = [] if known.returncode == 0 else ["-c", "user.name=wikipin", "-c", "user.email=wikipin@localhost"]
    commit = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", "Start the wiki"]
    _create(git, [*at, *stranger, *commit], "git could not make the first commit")


_WHO_AND_HOW = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_PROXY_")


def _create(git: str, arguments: list[str], problem: str) -> None:
    done = subprocess.run([git, *arguments], check=False, capture_output=True, text=True, env=_own_environment())
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        for argument in arguments:
            said = said.replace(argument, "…") if "/" in argument else said  # a URL may hold a password, a path a name
        raise WikipinError("wiki-unreadable", f"{problem}: {said}", "Mend that, and run 'wikipin init' again")


def _own_environment() -> dict[str, str]:
    """Return the user's environment without what would make git work on another repository."""
    return {
        key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith(_WHO_AND_HOW)
    }

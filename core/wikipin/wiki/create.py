"""The verb `init`: make a wiki, or clone one."""

import errno
import os
import re
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from wikipin.errors import WikipinError
from wikipin.wiki.git import git_program
from wikipin.wiki.wiki import SKILLS


def create_wiki(path: Path, *, source: str | None = None) -> None:
    """Make a wiki at `path`: new, with a first commit, or cloned from the git URL `source`.

    It is made beside `path` and then renamed there, so that a failure leaves nothing and nobody's files are in the way.
    The one place where git talks to a network, with the user's own configuration and credentials. Raises
    `invalid-argument` if something stands at `path`, `wiki-unreadable` if git fails.
    """
    git = git_program()
    _require_empty(path)
    target = Path(os.path.realpath(path))
    new_parents = [place for place in target.parents if not place.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wikipin-") as scratch:
            made = Path(scratch) / "wiki"
            made.mkdir()
            if target.exists():
                made.chmod(stat.S_IMODE(target.stat().st_mode))
            if source is None:
                _scaffold(git, made)
            else:
                _create(git, ["clone", "--quiet", "--", source, str(made)], "git could not clone that repository")
            _move(made, target)
    except BaseException:
        for place in new_parents:
            with suppress(OSError):
                place.rmdir()
        raise


def _require_empty(path: Path) -> None:
    if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
        raise _occupied(path)


def _occupied(path: Path) -> WikipinError:
    what = "is a git repository already" if (path / ".git").exists() else "is there already and is not empty"
    return WikipinError(
        "invalid-argument",
        f"'{path.name}' {what}",
        "Give another directory with --wiki, or use the one that is there",
    )


def _move(made: Path, target: Path) -> None:
    """Rename `made` to `target`, over nothing or over an empty directory (rename(2))."""
    try:
        made.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise _occupied(target) from None
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
    (path / SKILLS).mkdir()
    (path / SKILLS / ".gitkeep").touch()
    (path / "README.md").write_text(_README, encoding="utf-8")
    at = ["-C", str(path)]
    _create(git, ["init", "--quiet", "--initial-branch=main", str(path)], "git could not create the repository")
    _create(git, [*at, "add", "."], "git could not add the first files")
    stranger = [] if _knows_its_user(git, path) else ["-c", "user.name=wikipin", "-c", "user.email=wikipin@localhost"]
    commit = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", "Start the wiki"]
    _create(git, [*at, *stranger, *commit], "git could not make the first commit")


_WHO_AND_HOW = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_PROXY_")


def _knows_its_user(git: str, path: Path) -> bool:
    asked = [
        subprocess.run([git, "-C", str(path), "var", who], check=False, capture_output=True, env=_own_environment())
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT")
    ]
    return all(done.returncode == 0 for done in asked)


def _create(git: str, arguments: list[str], problem: str) -> None:
    done = subprocess.run([git, *arguments], check=False, capture_output=True, text=True, env=_own_environment())
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith(("fatal: ", "error: ", "ssh: "))]
        said = (lines or ["it gave no reason"])[0].rstrip(".")
        # A URL may hold a password, and a path a name: neither is repeated.
        said = re.sub(r"\S*[/@]\S*", "…", said)
        raise WikipinError("wiki-unreadable", f"{problem}: {said}", "Mend that, and try again")


def _own_environment() -> dict[str, str]:
    """Return the user's environment without what would make git work on another repository."""
    return {
        key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith(_WHO_AND_HOW)
    }

"""Projects as wikipin leaves them, made from the public form of the lockfile, and the check that one is whole."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.sample import TurnError
from benchmarks.wiki import ENVIRONMENT, EXECUTABLE, Wiki, digest

LINKS = (".agents/skills", ".claude/skills")
_WHEN = "2024-01-01T00:00:00.000000Z"


def make_clone(project: Path, wiki: Wiki, names: Sequence[str], commit: str) -> None:
    """Make a project that has a lockfile and nothing else, as in a fresh clone of it: all is to be restored."""
    skills = {name: _entry(wiki, name, commit) for name in names}
    directory = project / ".memtomem"
    directory.mkdir(parents=True)
    text = json.dumps({"version": 1, "skills": skills}, indent=2)
    (directory / "lock.json").write_text(f"{text}\n", encoding="utf-8")


def make_installed(project: Path, wiki: Wiki, names: Sequence[str], commit: str) -> None:
    """Make a project in which these skills are installed as of `commit`, with both links."""
    make_clone(project, wiki, names, commit)
    paths = [f"skills/{name}" for name in names]
    archive = subprocess.Popen(
        ["git", "-C", wiki.path, "archive", commit, *paths], stdout=subprocess.PIPE, env=dict(ENVIRONMENT)
    )
    subprocess.run(["tar", "-x", "-C", project / ".memtomem"], check=True, stdin=archive.stdout)
    assert archive.stdout is not None  # noqa: S101 - it is a pipe
    archive.stdout.close()
    if archive.wait() != 0:
        raise OSError(f"git archive failed in {wiki.path}")
    for link in LINKS:
        (project / link).mkdir(parents=True)
        for name in names:
            (project / link / name).symlink_to(f"../../.memtomem/skills/{name}")


def require_installed(project: Path, wiki: Wiki, names: Sequence[str], commit: str) -> None:
    """Compare each file and each link of these skills with the wiki.

    Raises:
        TurnError: The project does not have exactly them: what was measured did something else.
    """
    for name in names:
        copy = project / ".memtomem/skills" / name
        found = {str(path.relative_to(copy)): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
        if found != wiki.files(name, commit) or not os.access(copy / EXECUTABLE, os.X_OK):
            raise TurnError(f"{copy} is not what the wiki has at {commit}")
        for link in LINKS:
            if not (project / link / name / "SKILL.md").samefile(copy / "SKILL.md"):
                raise TurnError(f"{project / link / name} does not lead to the copy")


def _entry(wiki: Wiki, name: str, commit: str) -> dict[str, object]:
    """Return what the lockfile says of a skill (docs/contract.md)."""
    return {
        "wiki_commit": commit,
        "installed_at": _WHEN,
        "digests": {path: digest(data) for path, data in sorted(wiki.files(name, commit).items())},
        "digests_installed_at": _WHEN,
        "executable": [EXECUTABLE],
        "executable_installed_at": _WHEN,
        "exposed": [f"{link}/{name}" for link in LINKS],
    }

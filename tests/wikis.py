"""Real git wikis for tests: the bytes, modes and objects that a test asks for, whatever the machine's own git config.

A skill is a mapping of its files, each its bytes, or its bytes and whether it is executable:
`{"hello": {"SKILL.md": b"...", "run.sh": (b"...", True)}}`. Authors and dates are fixed, so equal wikis have equal ids.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from wikipin.names import Commit

Content = bytes | tuple[bytes, bool]
Files = Mapping[str, Content]
Kind = Literal["blob", "tree", "commit", "tag"]
Entry = tuple[str, bytes, str]
"""One entry of a git tree: mode as git writes it ("40000"), name, id."""

_WHO = "Ada <ada@example.org>"
_WHEN = "1700000000 +0000"
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],  # as it was at import: a test may put another git in front
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": _WHEN,
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": _WHEN,
}

_MADE: dict[str, Path] = {}


@cache
def _shelf() -> tempfile.TemporaryDirectory[str]:
    """Where the wikis are that were made; it goes with this process."""
    return tempfile.TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))


def git(at: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Run git in the repository at `at`, and return what it prints, without the last newline."""
    done = subprocess.run(
        ["git", "-C", str(at), *arguments], check=False, capture_output=True, input=given, env=_ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.removesuffix(b"\n")


def skill_md(name: str, description: str = "Does one thing. Use it in tests.", body: str = "Do it.") -> bytes:
    """Return a SKILL.md that every agent loads."""
    return f"---\nname: {name}\ndescription: {description}\n---\n{body}\n".encode()


def plain_skill(name: str, description: str = "Does one thing. Use it in tests.") -> dict[str, Content]:
    """Return the smallest skill."""
    return {"SKILL.md": skill_md(name, description)}


def make_wiki(
    path: Path,
    skills: Mapping[str, Files] | None = None,
    *,
    bare: bool = False,
    object_format: Literal["sha1", "sha256"] = "sha1",
) -> Path:
    """Make a wiki at `path`, on branch `main`; where `skills` is given, with one commit that has them.

    Many tests ask for the same one: it is made once, and copied, which takes a fifth of the time.
    """
    key = repr((skills, bare, object_format))
    if key not in _MADE:
        made = Path(tempfile.mkdtemp(dir=_shelf().name), "wiki")
        made.mkdir()
        how = ["--bare"] if bare else []
        git(made, "init", "--quiet", "--template=", "--initial-branch=main", f"--object-format={object_format}", *how)
        if skills is not None:
            commit(made, skills)
        _MADE[key] = made
    return Path(shutil.copytree(_MADE[key], path, symlinks=True))


def commit(
    wiki: Path,
    skills: Mapping[str, Files | None] | None = None,
    *,
    files: Files | None = None,
    message: str = "Change skills",
) -> Commit:
    """Commit on `main`: each skill as given and nothing more (None removes it), and `files` by path.

    The bytes go straight into objects, past filters and attributes. The work tree, if there is one, is made to follow:
    what was not committed there is lost.
    """
    stream = [f"commit refs/heads/main\nmark :1\ncommitter {_WHO} {_WHEN}\n".encode(), _data(message.encode())]
    if _has_main(wiki):
        stream.append(b"from refs/heads/main^0\n")
    for name, skill in (skills or {}).items():
        stream.append(f"D skills/{name}\n".encode())
        stream += [_put(f"skills/{name}/{path}", content) for path, content in (skill or {}).items()]
    stream += [_put(path, content) for path, content in (files or {}).items()]
    made = git(wiki, "fast-import", "--quiet", given=b"".join([*stream, b"\nget-mark :1\n"]))
    if (wiki / ".git").exists():
        git(wiki, "reset", "--hard", "--quiet")
    return Commit(made.decode())


def write_files(directory: Path, files: Files) -> None:
    """Write the files of a skill below `directory`, replacing what stands there."""
    shutil.rmtree(directory, ignore_errors=True)
    for path, content in files.items():
        data, executable = content if isinstance(content, tuple) else (content, False)
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755 if executable else 0o644)


def head(wiki: Path, revision: str = "HEAD") -> Commit:
    """Return the full id of the commit that `revision` names."""
    return Commit(git(wiki, "rev-parse", "--verify", f"{revision}^{{commit}}").decode())


def object_id(wiki: Path, name: str) -> str:
    """Return the full id of any object, as `git rev-parse` names them (`HEAD:skills/hello`)."""
    return git(wiki, "rev-parse", "--verify", name).decode()


def object_file(wiki: Path, oid: str) -> Path:
    """Return where a loose object is, or would be."""
    git_dir = wiki / ".git" if (wiki / ".git").is_dir() else wiki
    return git_dir / "objects" / oid[:2] / oid[2:]


def write_object(wiki: Path, kind: Kind, content: bytes) -> str:
    """Write any bytes as an object of that kind, well formed or not, and return its id."""
    return git(wiki, "hash-object", "-t", kind, "--literally", "-w", "--stdin", given=content).decode()


def write_tree(wiki: Path, entries: Iterable[Entry]) -> str:
    """Write a tree with exactly these entries, in this order, however hostile."""
    tree = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    return write_object(wiki, "tree", tree)


def commit_trees(wiki: Path, skills: Mapping[str, str]) -> Commit:
    """Commit on `main` a wiki whose skills are these trees (name -> id). The work tree does not follow."""
    below = write_tree(wiki, [("40000", name.encode(), oid) for name, oid in sorted(skills.items())])
    root = write_tree(wiki, [("40000", b"skills", below)])
    oid = git(wiki, "commit-tree", root, "-m", "Trees").decode()
    git(wiki, "update-ref", "refs/heads/main", oid)
    return Commit(oid)


def _has_main(wiki: Path) -> bool:
    """Tell whether there is a branch `main`, without a process: most commits of tests are the first or the second."""
    git_dir = wiki / ".git" if (wiki / ".git").is_dir() else wiki
    packed = git_dir / "packed-refs"
    return (git_dir / "refs/heads/main").exists() or (packed.exists() and b" refs/heads/main\n" in packed.read_bytes())


def _put(path: str, content: Content) -> bytes:
    data, executable = content if isinstance(content, tuple) else (content, False)
    return f"M {'100755' if executable else '100644'} inline {path}\n".encode() + _data(data)


def _data(data: bytes) -> bytes:
    return f"data {len(data)}\n".encode() + data + b"\n"

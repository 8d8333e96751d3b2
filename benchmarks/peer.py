"""Other programs that install a skill, at pinned versions, each from its registry into a folder of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.wiki import Wiki

_OLDEST = (3, 12)
_NODE = "node@22.23.3"
_SECONDS = 300
_WHOLE = "fetched"
"""The file in a peer's folder that says that all of it is there."""

Words = list[str | Path]


class MissingError(Exception):
    """This peer cannot be had here; the text says why."""


@dataclass(frozen=True)
class Peer:
    """A program at one version, and how it installs a skill into its working directory."""

    name: str
    package: str
    version: str
    fetch: Callable[[str, str, Path], None]
    """`fetch(package, version, folder)`."""
    programs: str
    """Where in the folder the programs are."""
    install: Callable[[Path, Wiki, str], Words]
    """`install(folder, wiki, skill)`: the command line."""


def fetch(peer: Peer, cache: Path) -> Path:
    """Return the folder that has the peer; if it is there already, no registry is asked.

    Raises:
        MissingError: It cannot be had.
    """
    folder = cache / f"{peer.package}-{peer.version}"
    if not (folder / _WHOLE).exists():
        shutil.rmtree(folder, ignore_errors=True)  # a fetch that was interrupted
        folder.mkdir(parents=True)
        peer.fetch(peer.package, peer.version, folder)
        (folder / _WHOLE).touch()
    return folder


def _from_pypi(package: str, version: str, folder: Path) -> None:
    python = next(_new_enough(), None)
    if python is None:
        raise MissingError(f"no Python {'.'.join(map(str, _OLDEST))} or later on PATH or in pyenv")
    _do(python, "-m", "venv", folder)
    _do(folder / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{package}=={version}")


def _from_npm(package: str, version: str, folder: Path) -> None:
    # The Node.js on PATH may be too old; and so all peers run on the same one.
    _do("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, f"{package}@{version}", _NODE)


def _new_enough() -> Iterator[Path]:
    """Find Pythons that memtomem runs on. Each is asked: one that pyenv put on PATH may only say that there is none."""
    question = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {_OLDEST})"
    for candidate in _pythons():
        if subprocess.run([candidate, "-c", question], check=False, capture_output=True).returncode == 0:
            yield candidate


def _pythons() -> Iterator[Path]:
    yield Path(sys.executable)
    on_path = (shutil.which(name) for name in ("python3.12", "python3.13", "python3.14", "python3"))
    yield from (Path(found) for found in on_path if found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/3.*/bin/python3"))


def _do(*command: str | Path) -> None:
    shown = " ".join(map(str, command))
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"{shown}: {error}") from error
    if done.returncode != 0:
        raise MissingError(f"{shown}: {(done.stdout + done.stderr).strip()[-300:]}")


def _memtomem(folder: Path, _wiki: Wiki, skill: str) -> Words:
    return [folder / "bin/mm", "context", "install", "skill", skill]  # the wiki is in its environment


def _openskills(folder: Path, wiki: Wiki, skill: str) -> Words:
    return [folder / "node_modules/.bin/openskills", "install", wiki.path / "skills" / skill, "--yes"]


def _npx_skills(folder: Path, wiki: Wiki, skill: str) -> Words:
    which = ["--skill", skill, "--agent", "claude-code", "--agent", "codex", "--yes"]
    return ["npx", "--no-install", "--prefix", folder, "skills", "add", wiki.path, *which]


PEERS = (
    Peer("memtomem", "memtomem", "0.6.12", _from_pypi, "bin", _memtomem),
    Peer("openskills", "openskills", "1.5.0", _from_npm, "node_modules/.bin", _openskills),
    Peer("npx skills", "skills", "1.7.4", _from_npm, "node_modules/.bin", _npx_skills),
)

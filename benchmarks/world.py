"""What all figures share in one run: the programs that are measured, where they work, and the wikis."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sample import Command
from benchmarks.wiki import Wiki, make_wiki


@dataclass(frozen=True)
class Sizes:
    """How many there are of everything."""

    few: int = 20
    """Skills of the smallest wiki; those that the last commit of each wiki changed."""
    some: int = 100
    many: int = 1000
    all: int = 20_000
    """Skills of the largest wiki."""
    crowd: int = 64
    """Processes that run at once."""
    session: int = 12
    """Installs in one session of the server; the first is not measured."""


SMALL = Sizes(few=5, some=10, many=30, all=200, crowd=4, session=3)
"""A run of seconds, which shows that everything works and finds what has become slower by far."""


@dataclass(frozen=True)
class World:
    """One run."""

    place: Path
    """Where wikis and projects are made."""
    programs: Path
    """The directory with `wikipin` and `wikipin-mcp`."""
    sizes: Sizes
    peers: Path | None
    """Where peers are, or are fetched to; None if none is to be fetched."""
    wikis: dict[int, Wiki] = field(default_factory=dict[int, Wiki])
    """Those that were made until now, by size."""

    def wiki(self, size: int) -> Wiki:
        """Return the wiki of this size. It is made once, when a figure first asks for it."""
        if size not in self.wikis:
            self.wikis[size] = make_wiki(self.place / f"wiki-{size}", size, self.sizes.few)
        return self.wikis[size]

    def wikipin(self, wiki: Wiki, project: Path, *words: str) -> Command:
        """Return the command `wikipin WORDS` in this project."""
        program = self.programs / "wikipin"
        return Command([program, "--wiki", wiki.path, "--project", project, *words], project, self.environment())

    def server(self, wiki: Wiki, project: Path) -> Command:
        """Return the command that starts the server for this project."""
        program = self.programs / "wikipin-mcp"
        return Command([program, "--wiki", wiki.path, "--project", project], project, self.environment())

    def tool(self, project: Path, *words: str | Path) -> Command:
        """Return a command line of the system's own."""
        return Command(words, project, self.environment())

    def environment(self, **more: str) -> Mapping[str, str]:
        """Return all that a measured process is told of this machine. No network is open to it."""
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "DO_NOT_TRACK": "1",
            "npm_config_update_notifier": "false",
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            **more,
        }

"""What the processes of a race do; a module of its own, because each of them imports it anew."""

import json
from pathlib import Path
from threading import Barrier

from world import World

import wikipin


def install_each_round(wiki: Path, projects: list[Path], name: str, barrier: Barrier, outcomes: Path) -> None:
    """Install `name` in each project in turn, when all are ready; write down what each call was told."""
    told: list[str] = []
    for project in projects:
        barrier.wait(timeout=60)
        try:
            World(wiki, project).install(name)
            told.append("installed")
        except wikipin.WikipinError as error:
            told.append(error.code)
    outcomes.write_text(json.dumps(told))

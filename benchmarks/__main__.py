"""The command `python -m benchmarks`, run at the root of a clone."""

import argparse
import dataclasses
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figure import Result, measure
from benchmarks.figures import FIGURES
from benchmarks.place import Place, open_place
from benchmarks.report import document, table
from benchmarks.world import SMALL, Sizes, World

_RESULTS = Path(__file__).parent / "results"
_SPACE, _SMALL_SPACE = 8 << 30, 1 << 30


def main() -> int:
    """Measure what was asked for; return 1 if something failed, or, with --check, was beyond its bar."""
    arguments = _parser().parse_args()
    if arguments.list:
        for name, figure in FIGURES.items():
            print(f"{name:<10}{_what(figure)}")
        return 0
    signal.signal(signal.SIGTERM, _end)
    sizes, space = (SMALL, _SMALL_SPACE) if arguments.small else (Sizes(), _SPACE)
    with open_place(arguments.at, space) as place:
        world = World(place.path, arguments.programs, sizes, None if arguments.small else arguments.peers)
        results = _run(arguments, world, place)
    failed = any(result.failed for result in results)
    beyond = any(result.is_beyond(ratio) for result in results for ratio in result.figure.ratios)
    return 1 if failed or (arguments.check and beyond) else 0


def _run(arguments: argparse.Namespace, world: World, place: Place) -> list[Result]:
    run = {"small": arguments.small, "place": place.what, "is_fresh": place.is_fresh, **_machine(world.programs)}
    print(f"{run['wikipin']}, {run['python']}, {run['git']}, {run['system']}, {run['processors']} processors")
    print(f"In {place.what}.\n")
    path = arguments.json or _RESULTS / time.strftime("%Y-%m-%dT%H%M%SZ.json", time.gmtime())
    path.parent.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    loads = [os.getloadavg()[0]]
    for name in arguments.only or FIGURES:
        figure = FIGURES[name](world)
        if arguments.small:
            figure = dataclasses.replace(figure, rounds=1, warm_ups=0)
        if arguments.rounds:
            figure = dataclasses.replace(figure, rounds=arguments.rounds)
        results.append(measure(name, _what(FIGURES[name]), figure, place))
        loads.append(os.getloadavg()[0])
        print(table(results[-1]), flush=True)
        _write(path, {**run, "load": loads, "wikis": _wikis(world), "figures": list(map(document, results))})
    print(f"Load average: {', '.join(f'{load:.1f}' for load in loads)}. Each turn is in {path}.")
    return results


def _end(_number: int, _frame: object) -> None:
    """End as if interrupted: the file system is then unmounted."""
    raise KeyboardInterrupt


def _write(path: Path, found: dict[str, Any]) -> None:
    """Write what was found until now: a run that is interrupted keeps it."""
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _wikis(world: World) -> dict[str, str]:
    """Return the last commit of each wiki that was used: equal ids are equal wikis."""
    return {str(size): wiki.head for size, wiki in world.wikis.items()}


def _machine(programs: Path) -> dict[str, Any]:
    return {
        "wikipin": _says(programs / "wikipin", "--version"),
        "python": f"Python {platform.python_version()}",
        "git": _says("git", "--version"),
        "system": platform.system(),
        "processors": os.cpu_count(),
    }


def _says(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _what(figure: object) -> str:
    return (figure.__doc__ or "").splitlines()[0]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure wikipin beside its peers.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wikipin-benchmarks"
    add = parser.add_argument
    add("--list", action="store_true", help="name the figures, and end")
    add("--only", nargs="+", choices=FIGURES, metavar="FIGURE", help="these figures alone")
    add("--rounds", type=int, metavar="N", help="turns of each side [each figure has its own number]")
    add("--small", action="store_true", help="small wikis, one round, no peers: seconds")
    add("--check", action="store_true", help="end with 1 if a ratio is beyond its bar")
    add("--json", type=Path, metavar="FILE", help="where each turn is written [a new file in benchmarks/results]")
    add("--at", type=Path, metavar="DIR", default=Path(tempfile.gettempdir()), help="where to work [%(default)s]")
    add("--peers", type=Path, metavar="DIR", default=cache, help="where peers are installed [%(default)s]")
    add("--programs", type=Path, metavar="DIR", default=_programs(), help="where wikipin is [beside this Python]")
    return parser


def _programs() -> Path:
    """Return where the commands of this Python are."""
    beside = Path(sys.executable).parent
    found = None if (beside / "wikipin").exists() else shutil.which("wikipin")
    return Path(found).parent if found else beside


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

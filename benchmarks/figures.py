"""The figures. To add one, write a function from a world to a `Figure`, and name it in `FIGURES`.

A function's name is how `--only` calls it, and its first line is what the report says of it. Only public commands and
tools are used, so that a rebuild of what is behind them needs no change here.
"""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import peer
from benchmarks.figure import Figure, Ratio, Side
from benchmarks.place import sync
from benchmarks.project import make_clone, make_installed, require_installed
from benchmarks.sample import Command, Sample, TurnError, run, run_at_once, run_in_a_row, timed
from benchmarks.server import serving
from benchmarks.wiki import Wiki
from benchmarks.world import World


def restore(world: World) -> Figure:
    """`wikipin restore`, two links for each skill, beside `git archive HEAD skills | tar x` and one sync."""
    some, many = world.sizes.some, world.sizes.many

    def brought(count: int) -> Side:
        return Side(f"wikipin, {count}", partial(_restore, world, world.wiki(count), count))

    def archived(count: int) -> Side:
        return Side(f"archive, {count}", partial(_archive, world, world.wiki(count)))

    sides = [brought(many), archived(many), brought(some), archived(some)]
    return Figure(
        sides,
        [
            Ratio(sides[0].name, sides[1].name, bar=6),
            Ratio(sides[2].name, sides[3].name),
            Ratio(sides[0].name, sides[2].name, bar=1.1 * many / some),
        ],
        rounds=3,
        warm_ups=0,
    )


def update(world: World) -> Figure:
    """`wikipin update --all` of many skills of which few changed, beside `wikipin restore` of those few."""
    few, many = world.sizes.few, world.sizes.many
    wiki = world.wiki(many)

    def update_all(project: Path) -> Sample:
        make_installed(project, wiki, wiki.names, wiki.before)
        sample = run(world.wikipin(wiki, project, "update", "--all"))
        require_installed(project, wiki, wiki.names, wiki.head)
        return sample

    sides = [
        Side(f"update --all, {few} of {many} changed", update_all),
        Side(f"restore of {few}", partial(_restore, world, wiki, few)),
    ]
    return Figure(sides, [Ratio(sides[0].name, sides[1].name, bar=3)], rounds=3, warm_ups=0)


def status(world: World) -> Figure:
    """`wikipin status`, beside a SHA-256 of each of the same files."""
    some, many = world.sizes.some, world.sizes.many

    def told(count: int) -> Side:
        wiki = world.wiki(count)
        return Side(f"wikipin, {count}", _on_installed(wiki, lambda at: world.wikipin(wiki, at, "status")))

    def hashed(at: Path) -> Command:
        hashes = "shasum" if shutil.which("sha256sum") is None else "sha256sum"
        return world.tool(at, "find", ".memtomem/skills", "-type", "f", "-exec", hashes, "{}", "+")

    sides = [told(many), Side(f"sha256sum, {many}", _on_installed(world.wiki(many), hashed)), told(some)]
    growth = Ratio(sides[0].name, sides[2].name, bar=1.1 * many / some)
    return Figure(sides, [Ratio(sides[0].name, sides[1].name), growth])


def process(world: World) -> Figure:
    """One skill installed into an empty project by a process, beside other programs that install skills."""
    wiki = world.wiki(world.sizes.few)
    skill = wiki.names[-1]

    def install(project: Path) -> Sample:
        sample = run(world.wikipin(wiki, project, "install", "skill", skill))
        require_installed(project, wiki, [skill], wiki.head)
        return sample

    bars = {"memtomem": 0.25, "openskills": 0.9, "npx skills": 0.4}
    return Figure(
        [Side("wikipin", install), *(_peer_side(world, each, wiki, skill) for each in peer.PEERS)],
        [Ratio("wikipin", each.name, bars[each.name]) for each in peer.PEERS],
        rounds=15,
    )


def server(world: World) -> Figure:
    """One skill installed inside the server, beside a copy in the same process with a sync of each file."""

    def installed(size: int) -> Side:
        return Side(f"server, wiki of {size}", partial(_session, world, world.wiki(size)))

    small, large = installed(world.sizes.few), installed(world.sizes.all)
    copied = Side("cp -r and sync", partial(_copies, world, world.wiki(world.sizes.few)))
    return Figure(
        [small, large, copied],
        [Ratio(small.name, copied.name), Ratio(large.name, copied.name), Ratio(large.name, small.name)],
        rounds=7,
    )


def crowd(world: World) -> Figure:
    """Processes at once, each of which installs another skill into the same project, beside one after another."""
    wiki = world.wiki(world.sizes.many)
    names = wiki.names[: world.sizes.crowd]

    def install(run_them: Callable[[list[Command]], Sample], project: Path) -> Sample:
        sample = run_them([world.wikipin(wiki, project, "install", "skill", name) for name in names])
        require_installed(project, wiki, names, wiki.head)
        return sample

    sides = [
        Side(f"{len(names)} at once", partial(install, run_at_once)),
        Side(f"{len(names)} in a row", partial(install, run_in_a_row)),
    ]
    return Figure(sides, [Ratio(sides[0].name, sides[1].name)], rounds=3, warm_ups=0)


FIGURES: dict[str, Callable[[World], Figure]] = {
    each.__name__: each for each in (restore, update, status, process, server, crowd)
}


def _restore(world: World, wiki: Wiki, count: int, project: Path) -> Sample:
    names = wiki.names[:count]
    make_clone(project, wiki, names, wiki.head)
    sample = run(world.wikipin(wiki, project, "restore"))
    require_installed(project, wiki, names, wiki.head)
    return sample


def _archive(world: World, wiki: Wiki, project: Path) -> Sample:
    script = 'wiki=$1; shift; git -C "$wiki" archive HEAD skills | tar x && "$@"'
    sample = run(world.tool(project, "sh", "-c", script, "sh", wiki.path, *sync(project)))
    if len(list((project / "skills").iterdir())) != wiki.size:
        raise TurnError(f"{project} does not have all skills")
    return sample


def _on_installed(wiki: Wiki, command: Callable[[Path], Command]) -> Callable[[Path], Sample]:
    """Return the turn that runs a command in a project with all skills of the wiki."""

    def turn(project: Path) -> Sample:
        make_installed(project, wiki, wiki.names, wiki.head)
        return run(command(project))

    return turn


def _peer_side(world: World, each: peer.Peer, wiki: Wiki, skill: str) -> Side:
    if world.peers is None:
        return Side(each.name, None, "it was not to be fetched")
    try:
        folder = peer.fetch(each, world.peers)
    except peer.MissingError as why:
        return Side(each.name, None, str(why))
    path = f"{folder / each.programs}:{os.environ['PATH']}"
    environment = world.environment(PATH=path, MEMTOMEM_WIKI_PATH=str(wiki.path))

    def install(project: Path) -> Sample:
        sample = run(Command(each.install(folder, wiki, skill), project, environment))
        if not list(project.rglob(f"{skill}/SKILL.md")):
            raise TurnError(f"{each.name} installed nothing into {project}")
        return sample

    return Side(each.name, install)


def _session(world: World, wiki: Wiki, project: Path) -> Sample:
    """Install several skills in one session, and return the share of each but the first."""
    first, *others = wiki.names[-world.sizes.session :]
    with serving(world.server(wiki, project)) as server:
        server.call("context_install_skill", name=first)
        cpu = server.cpu()
        sample = timed(lambda: [server.call("context_install_skill", name=name) for name in others])
        used = server.cpu()
    require_installed(project, wiki, others, wiki.head)
    took = None if cpu is None or used is None else used - cpu
    return Sample(sample.wall, took, server.peak).per(len(others))


def _copies(world: World, wiki: Wiki, project: Path) -> Sample:
    names = wiki.names[1 - world.sizes.session :]

    def copy() -> None:
        for name in names:
            shutil.copytree(wiki.path / "skills" / name, project / name, copy_function=_copy_and_sync)

    return timed(copy).per(len(names))


def _copy_and_sync(source: str, target: str) -> None:
    shutil.copy(source, target)
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

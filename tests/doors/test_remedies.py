"""Every remedy, followed to the letter: from each broken state, whatever was called, to a skill that is well.

A walk makes a call that is refused, does what the refusal says, each of the things that it offers in a world of its
own, and is at its end within two steps: the state is `ok`, or, where somebody wanted the skill gone, `available`.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from snapshot import snapshot
from wikis import Files, commit, git, make_wiki, object_file, object_id, plain_skill
from world import World as Calls

import wikipin
from wikipin import Exposure, WikipinError
from wikipin.cli import cli
from wikipin.names import SkillName

NAME = SkillName("hello")
_FILES: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True)}
_NEWER: Files = {**plain_skill(NAME, "Newer."), "run.sh": (b"two\n", True)}
_COPY = f".memtomem/skills/{NAME}"
_LOCKFILE = ".memtomem/lock.json"
_EDITS = "--discard-edits"


@dataclass(frozen=True)
class World:
    """A wiki, a clone of it as it was, and a project."""

    root: Path

    @property
    def wiki(self) -> Path:
        return self.root / "wiki"

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def copy(self) -> Path:
        return self.project / _COPY

    @property
    def origin(self) -> Path:
        """Where a person would clone the wiki from."""
        return self.root / "origin"

    def state(self) -> str:
        skills = Calls(self.wiki, self.project).status().skills
        return next((skill.state.value for skill in skills if skill.seen.name == NAME), "available")

    def again(self, number: object) -> "World":
        """Return a world that is just like this one."""
        again = World(self.root.parent / f"{self.root.name}-{number}")
        shutil.copytree(self.root, again.root, symlinks=True)
        return again


def _edit(world: World) -> None:
    (world.copy / "mine.md").write_bytes(b"mine")


def _lose(world: World) -> None:
    shutil.rmtree(world.copy)


def _go_on(world: World) -> None:
    commit(world.wiki, {NAME: _NEWER})


def _rewrite_history(world: World) -> None:
    git(world.wiki, "checkout", "-q", "--orphan", "fresh")
    git(world.wiki, "commit", "-q", "-m", "All new")


def _cut_history(world: World) -> None:
    """Have a wiki without the pin."""
    _go_on(world)
    shutil.rmtree(world.wiki)
    shutil.rmtree(world.origin)
    make_wiki(world.wiki, {NAME: _NEWER})


def _shallow(world: World) -> None:
    _go_on(world)
    shutil.rmtree(world.origin)
    world.wiki.rename(world.origin)
    git(world.root, "clone", "-q", "--depth=1", f"file://{world.origin}", "wiki")


def _change_entry(world: World, *forgotten: str, **more: object) -> None:
    file = world.project / _LOCKFILE
    document = json.loads(file.read_text())
    for key in forgotten:
        del document["skills"][NAME][key]
    document["skills"][NAME].update(more)
    file.write_text(json.dumps(document))


def _forget_digests(world: World) -> None:
    _change_entry(world, "digests", "digests_installed_at", "executable", "executable_installed_at")


def _by_hand(world: World) -> None:
    (world.project / _LOCKFILE).unlink()


def _take_place(world: World) -> None:
    (world.project / ".claude/skills/hello").unlink(missing_ok=True)
    (world.project / ".claude/skills").mkdir(parents=True, exist_ok=True)
    (world.project / ".claude/skills/hello").write_bytes(b"somebody's")


def _take_place_above(world: World) -> None:
    shutil.rmtree(world.project / ".agents")
    (world.project / ".agents").write_bytes(b"somebody's")


def _expose_copies(world: World) -> None:
    Calls(world.wiki, world.project).remove(NAME)
    Calls(world.wiki, world.project).install(NAME, exposure=Exposure(mode="copy"))


def _edit_exposure(world: World) -> None:
    _expose_copies(world)
    (world.project / ".claude/skills/hello/mine.md").write_bytes(b"mine")


def _drop(world: World) -> None:
    commit(world.wiki, {NAME: None, "other": plain_skill("other")})


def _damage(world: World) -> None:
    file = object_file(world.wiki, object_id(world.wiki, "HEAD:skills/hello/run.sh"))
    file.chmod(0o644)
    file.write_bytes(b"not zlib")


def _never_had(world: World) -> None:
    shutil.rmtree(world.wiki)
    make_wiki(world.wiki, {"other": plain_skill("other")})


def _nothing(_: World) -> None: ...


def _all(*steps: Callable[[World], None]) -> Callable[[World], None]:
    def do_all(world: World) -> None:
        for step in steps:
            step(world)

    return do_all


def _write(path: str, content: bytes) -> Callable[[World], None]:
    return lambda world: (_file(world, path).write_bytes(content), None)[1]


def _file(world: World, path: str) -> Path:
    file = world.project / path
    if file.is_dir():
        shutil.rmtree(file)
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _link(path: str) -> Callable[[World], None]:
    return lambda world: _file(world, path).symlink_to(world.root)


BROKEN: dict[str, Callable[[World], None]] = {
    "nothing is there": lambda world: shutil.rmtree(world.project / ".memtomem"),
    "well": _nothing,
    "behind": _go_on,
    "edited": _edit,
    "edited, and behind": _all(_edit, _go_on),
    "missing": _lose,
    "missing, and behind": _all(_lose, _go_on),
    "made by hand": _by_hand,
    "made by hand from an earlier version": _all(_by_hand, _go_on),
    "made by hand as no commit has it": _all(_by_hand, _edit),
    "made by hand, and not in the wiki": _all(_by_hand, _edit, _never_had),
    "another history": _rewrite_history,
    "another history, and edited": _all(_rewrite_history, _edit),
    "another history, and missing": _all(_rewrite_history, _lose),
    "a wiki without the pin": _cut_history,
    "a wiki without the pin, and edited": _all(_cut_history, _edit),
    "a wiki without the pin, and missing": _all(_cut_history, _lose),
    "a wiki without the pin, and no digests": _all(_cut_history, _forget_digests),
    "a wiki without the pin, missing, and no digests": _all(_cut_history, _forget_digests, _lose),
    "a shallow wiki": _shallow,
    "a shallow wiki, and missing": _all(_shallow, _lose),
    "no digests": _forget_digests,
    "no digests, and edited": _all(_forget_digests, _edit),
    "no digests, and missing": _all(_forget_digests, _lose),
    "digests of other bytes": lambda world: _change_entry(world, digests={"SKILL.md": "0" * 64}),
    "digests of other bytes, and missing": _all(
        lambda world: _change_entry(world, digests={"SKILL.md": "0" * 64}), _lose
    ),
    "an exposure of somebody else's": _all(_go_on, _take_place),
    "an exposure of somebody else's, not installed": _all(
        lambda world: shutil.rmtree(world.project / ".memtomem"), _take_place
    ),
    "a file above an exposure": _all(_go_on, _take_place_above),
    "an edited copy for an agent": _edit_exposure,
    "an edited copy for an agent, and missing": _all(_edit_exposure, _lose),
    "a dropped skill": _drop,
    "a dropped skill, and edited": _all(_drop, _edit),
    "no wiki": lambda world: shutil.rmtree(world.wiki),
    "no wiki, and missing": _all(_lose, lambda world: shutil.rmtree(world.wiki)),
    "no wiki, and edited": _all(_edit, lambda world: shutil.rmtree(world.wiki)),
    "no wiki, and no digests": _all(_forget_digests, lambda world: shutil.rmtree(world.wiki)),
    "a damaged wiki": _damage,
    "a damaged wiki, and missing": _all(_damage, _lose),
    "a lockfile of version 2": _write(_LOCKFILE, b'{"version": 2, "skills": {}}'),
    "a lockfile in conflict": _write(_LOCKFILE, b"<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n"),
    "a link where the copy should be": _link(_COPY),
    "a link where the lockfile should be": _link(_LOCKFILE),
    "a file where the copy should be": _write(_COPY, b"x"),
    "a journal of another version": _write(".memtomem/.txn/redo.json", b"{}"),
}
VERBS = {
    "install": ["install", "skill", NAME],
    "update": ["update", "skill", NAME],
    "update to a ref": ["update", "skill", NAME, "--ref", "HEAD~0"],
    "restore": ["restore", NAME],
    "adopt": ["adopt", "skill", NAME],
    "remove": ["remove", "skill", NAME],
    "status": ["status"],
    "list": ["list"],
    "show": ["show", NAME],
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: many worlds are made, and no power is cut in them."""
    memory = Path("/dev/shm")  # noqa: S108 - the directory made in it is private
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as place:
        yield Path(place)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A project with the skill installed, all well."""
    world = World(tmp_path_factory.mktemp("world") / "world")
    make_wiki(world.wiki, {NAME: _FILES})
    world.project.mkdir()
    Calls(world.wiki, world.project).install(NAME)
    git(world.root, "clone", "-q", "--template=", str(world.wiki), "origin")
    return world


@dataclass(frozen=True)
class Refusal:
    """What was refused, and of which call."""

    text: str
    words: list[str]


def _run(world: World, words: list[str]) -> Refusal | None:
    """Run the command in this process; return what was refused."""
    done = CliRunner().invoke(cli, ["--wiki", str(world.wiki), "--project", str(world.project), *words])
    if isinstance(done.exception, WikipinError):
        return Refusal(str(done.exception), words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in {0, 1}, done.output
    refused = [line for line in done.stderr.splitlines() if line.startswith("wikipin: ")]
    return Refusal(refused[0].removeprefix("wikipin: "), words) if done.exit_code else None


Deed = Callable[[World, list[str]], Refusal | None]
"""Do one thing that a remedy says, in a world in which these words were refused; return what is refused of it."""


def _then_call(first: Callable[[World], None], words: list[str] | None = None) -> Deed:
    def both(world: World, refused: list[str]) -> Refusal | None:
        first(world)
        return _run(world, words or refused)

    return both


def _only(first: Callable[[World], None]) -> Deed:
    return lambda world, _: first(world)


def _clone_wiki(world: World) -> None:
    shutil.rmtree(world.wiki, ignore_errors=True)
    assert _run(world, ["init", "--from", str(world.origin)]) is None


def _command(quoted: str) -> Deed:
    words = quoted.split()
    if "GIT_URL" in words:  # a person knows where the wiki is kept
        return _then_call(_clone_wiki)
    return lambda world, _: _run(world, words)


def _pass_the_plan(quoted: str) -> Deed:
    def show_and_pass(world: World, refused: list[str]) -> Refusal | None:
        words = ["--wiki", str(world.wiki), "--project", str(world.project), "--json", *quoted.split()]
        plan = json.loads(CliRunner().invoke(cli, words).stdout)["plan"]
        return _run(world, [*refused[: refused.index("--plan") + 1], plan])

    return show_and_pass


def _move_away(*paths: str) -> Callable[[World], None]:
    """Move what stands at a path, or the file above it that is in the way."""

    def move(world: World) -> None:
        for path in paths:
            place = world.project
            for part in path.split("/"):
                place /= part
                if not place.is_dir() or place.is_symlink():
                    break
            (world.root / "away").mkdir(exist_ok=True)
            place.rename(world.root / "away" / path.replace("/", "-"))

    return move


def _commit_by_hand(world: World) -> None:
    shutil.copytree(world.copy, world.wiki / "skills" / NAME, dirs_exist_ok=True)
    git(world.wiki, "add", "-A")
    git(world.wiki, "commit", "-q", "-m", "By hand")


def _remove_named(text: str) -> Callable[[World], None]:
    """Look for what the refusal names, where it says that such a thing may not be, and remove it."""

    def remove(world: World) -> None:
        (name,) = re.findall(r"'([^']+)' in the project is a link", text)
        found = [path for path in (world.project / ".memtomem").rglob(name) if path.is_symlink() or not path.is_dir()]
        found[0].unlink()

    return remove


def _remove_transaction(world: World) -> None:
    shutil.rmtree(world.project / ".memtomem/.txn")


def _fetch_all(world: World) -> None:
    git(world.wiki, "fetch", "-q", "--unshallow")


def _expose_elsewhere(text: str) -> Deed:
    others = [word for word in ("agents", "claude") if f".{word}/" not in text]
    return lambda world, refused: _run(world, [*refused, "--expose", ",".join(others)])


def _deeds(text: str, world: World, template: World) -> Iterator[tuple[str, Deed]]:
    """Yield all that a refusal offers to do; what it offers and nobody here knows how to do is an error."""
    problem, _, remedy = text.partition(": ")[2].partition(". ")
    commands = re.findall(r"'wikipin ([^']+)'", remedy)
    telling = [quoted for quoted in commands if quoted in {"list", "status", "init"}]
    for quoted in telling:  # they mend nothing; `init` is for who has no wiki yet
        assert quoted == "init" or _run(world, [quoted]) is None
    make = _pass_the_plan if "pass the plan" in remedy else _command
    offers = {quoted: make(quoted) for quoted in commands if quoted not in telling}
    if found := re.search(r"[Mm]ove (\.memtomem/[a-z/]+) away( and install)?", remedy):
        move = _move_away(found[1])
        offers[found[0].lower()] = _then_call(move, VERBS["install"]) if found[2] else _only(move)
    lockfile, history = (template.project / _LOCKFILE).read_bytes(), world.wiki / ".git/shallow"
    offers |= {
        phrase: deed
        for phrase, deed in {
            "Move it away": _then_call(_move_away(*re.findall(r"\.(?:claude|agents)/skills/[a-z]+", problem))),
            "ommit the copy's files to the wiki as skills/": _then_call(_commit_by_hand, VERBS["adopt"]),
            "--expose": _expose_elsewhere(problem),
            "from version control": _then_call(_write(_LOCKFILE, lockfile)),
            "restore the lockfile of a version that it knows": _then_call(_write(_LOCKFILE, lockfile)),
            "Look at it, remove it": _then_call(_remove_named(problem)),
            "Remove .memtomem/.txn": _then_call(_remove_transaction),
            "Fetch the wiki's whole history": _then_call(_fetch_all, VERBS["restore"]),
        }.items()
        if phrase in remedy and (history.exists() or not phrase.startswith("Fetch"))
    }
    assert offers or telling, text
    yield from offers.items()


_AS_RECORDED = {"ok", "behind", "diverged"}
_WELL: dict[str, set[str]] = {
    "update": {"ok"},
    "update to a ref": {"ok"},
    "remove": {"available"},
    **{verb: {state.value for state in wikipin.State} for verb in ("status", "list", "show")},
}


def _dead_ends(refusal: Refusal, world: World, template: World, well: set[str], steps: int) -> list[str]:
    """Follow each offer of a refusal, and of what is refused then; return what led nowhere."""
    found: list[str] = []
    for number, (label, deed) in enumerate(_deeds(refusal.text, world, template)):
        again = world.again(number)
        ends = {*well, "available"} if label.startswith(("remove ", "move .")) else well
        refused = deed(again, refusal.words)
        state = again.state() if refused is None else ""
        if refused is None and state not in ends:
            refused = _run(again, refusal.words)  # the remedy is done: the call, once more
            state = again.state() if refused is None else ""
        if refused is not None and steps > 1:
            found += [f"{label} -> {way}" for way in _dead_ends(refused, again, template, well, steps - 1)]
        elif refused is not None:
            found.append(f"{label} -> {refused.text}")
        elif state not in ends:
            found.append(f"{label} -> {state}")
        shutil.rmtree(again.root)
    return found


@pytest.mark.parametrize("broken", BROKEN)
def test_every_remedy_leads_out_of_every_broken_state_in_two_steps(broken: str, template: World, place: Path) -> None:
    world = World(place / "world")
    shutil.copytree(template.root, world.root, symlinks=True)
    BROKEN[broken](world)
    fresh, dead_ends = world.again("fresh"), list[str]()
    for verb, words in VERBS.items():
        before = snapshot(world.root)
        refused = _run(world, words)
        if refused is None:  # it was done
            shutil.rmtree(world.root)
            shutil.copytree(fresh.root, world.root, symlinks=True)
            continue
        assert snapshot(world.root) == before, verb
        steps = 3 if broken.startswith("no wiki, and") else 2  # two things to mend
        ways = _dead_ends(refused, world, template, _WELL.get(verb, _AS_RECORDED), steps)
        dead_ends += [f"{verb}: {refused.text} -> {way}" for way in ways]
    assert not dead_ends, "\n".join(dead_ends)


@pytest.mark.parametrize("ref", [[], ["--ref", "HEAD~1"]], ids=["newest", "a ref"])
def test_the_plan_that_a_refusal_points_to_is_the_one_that_is_taken(
    ref: list[str], template: World, place: Path
) -> None:
    world = World(place / "world")
    shutil.copytree(template.root, world.root, symlinks=True)
    _go_on(world)
    commit(world.wiki, {NAME: plain_skill(NAME, "Newest.")})
    refused = _run(world, [*VERBS["update"], *ref, "--plan", "0" * 64])
    assert refused is not None
    assert _dead_ends(refused, world, template, {"behind" if ref else "ok"}, steps=1) == []


def test_who_has_no_wiki_yet_is_led_to_a_first_skill(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    world.project.mkdir(parents=True)
    for remedy, deed in (
        ("Run 'wikipin init' to make one", lambda: _run(world, ["init"])),
        ("run 'wikipin list'", lambda: commit(world.wiki, {NAME: _FILES})),
    ):
        refused = _run(world, VERBS["install"])
        assert refused is not None
        assert remedy in refused.text
        deed()
    assert _run(world, VERBS["install"]) is None
    assert world.state() == "ok"

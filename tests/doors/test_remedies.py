"""Every remedy, followed to the letter at the door where it is read: from each broken state to a skill that is ok.

A walk makes a call that is refused, does what the refusal says, each of the things that it offers, and is at its end
within two steps: the state is `ok`, or, if somebody wanted the skill gone, `available`. Wiki, project and exposure are
not the defaults. What a sentence says and nobody here knows how to do is an error, and so is a code that no case has.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import get_args
from unittest.mock import patch

import pytest
from doors.broken import BROKEN, FILES, LOCKFILE, NAME, Home, all_of, make_home, nothing, write
from doors.callers import (
    TOOLS,
    Attempt,
    Command,
    Named,
    Refusal,
    ToolCall,
    answer,
    attempt_of,
    command,
    make,
    named,
    say_yes,
    tool_call,
    typed,
    with_option,
)
from snapshot import snapshot
from wikis import commit, git, make_wiki, plain_skill, write_files

from wikipin import State
from wikipin.errors import Code
from wikipin.project.lock import locked

DOORS = ("command", "tool")
VERBS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "install": ("install", {}),
    "update": ("update", {}),
    "update to a ref": ("update", {"ref": "HEAD~0"}),
    "restore": ("restore", {}),
    "adopt": ("adopt", {}),
    "remove": ("remove", {}),
    "status": ("status", {}),
    "list": ("list", {}),
    "show": ("show", {}),
}

_ANY = {state.value for state in State}
_AS_RECORDED = {"ok", "behind", "diverged"}
_ENDS: dict[str, set[str]] = {
    "update": {"ok"},
    "remove": {"available"},
    **dict.fromkeys(("status", "list", "show"), _ANY),
}


def _attempt(door: str, home: Home, verb: str, mode: str | None = None, **options: str) -> Attempt:
    if door == "command":
        return command(verb, mode=mode, **options)
    return tool_call(verb, home, mode=mode, **options)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("template"))


@pytest.fixture
def home(template: Home, tmp_path: Path) -> Home:
    home = Home(tmp_path / template.root.name)
    shutil.copytree(template.root, home.root, symlinks=True)
    return home


# What a reader does

Deed = Callable[[Home], Refusal | None]
"""Do one thing that a remedy offers; return what is refused of it."""

Mend = Callable[[], None]
"""End what a case has done besides what is on the disk."""


def _move_away(home: Home, *paths: str) -> None:
    """Move what stands at a path, or the file above it that is in the way."""
    for path in paths:
        place = home.project
        for part in path.split("/"):
            place /= part
            if not place.is_dir() or place.is_symlink():
                break
        (home.root / "away").mkdir(exist_ok=True)
        place.rename(home.root / "away" / path.replace("/", "-"))


def _commit_copy(home: Home) -> None:
    shutil.copytree(home.copy, home.wiki / "skills" / NAME, dirs_exist_ok=True)
    git(home.wiki, "add", "-A")
    git(home.wiki, "commit", "-q", "-m", "By hand")


def _commit_files(home: Home) -> None:
    commit(home.wiki, {NAME: FILES})


def _bring_lockfile_back(home: Home, template: Home) -> None:
    write(LOCKFILE, (template.project / LOCKFILE).read_bytes())(home)


def _remove_link(home: Home, problem: str) -> None:
    (name,) = re.findall(r"'([^']+)' in the project is a link", problem)
    found = [path for path in (home.project / ".memtomem").rglob(name) if path.is_symlink() or not path.is_dir()]
    found[0].unlink()


def _fetch_all(home: Home) -> None:
    git(home.wiki, "fetch", "-q", "--unshallow")


def _clone(home: Home, call: Named, refused: Refusal) -> Refusal | None:
    """Clone the wiki from where its owner knows it is kept, and make the call again."""
    assert call.line is not None
    if home.wiki.exists():
        home.wiki.rename(home.root / "old wiki")
    assert make(home, typed(home, call.line.replace("GIT_URL", '"$HOME"/origin'))) is None
    return make(home, refused.attempt)


class Reader:
    """Whoever reads a refusal: what it offers to do, and how that is done."""

    def __init__(self, refused: Refusal, home: Home, template: Home, mend: Mend) -> None:
        self.refused = refused
        self.template = template
        self.mend = mend
        self.calls = list(named(refused.remedy))
        text = refused.remedy
        for number, call in enumerate(self.calls):
            text = text.replace(call.words, f"<{number}>", 1)
        self.rest = _for(home, text)

    def offers(self) -> Iterator[tuple[str, Deed]]:
        """Yield all that is offered; fail if a word of it is left that nobody here understands."""
        for pattern, deed in self._phrases().items():
            while found := re.search(pattern, self.rest, re.IGNORECASE):
                self.rest = self.rest.replace(found[0], " ", 1)
                yield self._in_words(found[0]), partial(self._do, deed, found)
        for number in map(int, re.findall(r"<(\d+)>", self.rest)):
            yield self.calls[number].words, partial(self._call, number)
        left = re.sub("|".join([r"<\d+>", *_FRAMES]), " ", self.rest, flags=re.IGNORECASE)
        assert not re.sub(r"[\s.,;:()]|\bor\b|\band\b", "", left), f"{left!r} of {self.refused.text}"

    def _in_words(self, phrase: str) -> str:
        return re.sub(r"<(\d+)>", lambda found: self.calls[int(found[1])].words, phrase)

    @staticmethod
    def _do(deed: Callable[[Home, re.Match[str]], Refusal | None], found: re.Match[str], home: Home) -> Refusal | None:
        return deed(home, found)

    def _call(self, number: int, home: Home) -> Refusal | None:
        return make(home, attempt_of(home, self.calls[number], self.refused.attempt))

    def _again(self, home: Home) -> Refusal | None:
        return make(home, self.refused.attempt)

    def _with(self, home: Home, name: str, value: str | None) -> Refusal | None:
        return make(home, with_option(self.refused.attempt, name, value))

    def _pass_plan(self, home: Home, number: int) -> Refusal | None:
        shown = answer(home, attempt_of(home, self.calls[number], self.refused.attempt))
        return self._with(home, "plan", shown["plan"])

    def _accept(self, home: Home, number: int) -> None:
        line = self.calls[number].line
        assert line is not None
        say_yes(home, line)

    def _name_wiki(self, home: Home) -> Refusal | None:
        is_tool = isinstance(self.refused.attempt, ToolCall)
        return self._with(home, "wiki", "origin" if is_tool else str(home.origin))

    def _phrases(self) -> dict[str, Callable[[Home, re.Match[str]], Refusal | None]]:
        """What a remedy may offer besides a call."""
        again, problem = self._again, self.refused.problem
        exposures = re.findall(r"\.(?:claude|agents)/skills/[a-z]+", problem)

        def after(*deeds: Callable[[Home], object]) -> Callable[[Home, re.Match[str]], Refusal | None]:
            def do(home: Home, _: re.Match[str]) -> Refusal | None:
                for deed in deeds:
                    deed(home)
                return again(home)

            return do

        def option(name: str, value: str | None) -> Callable[[Home, re.Match[str]], Refusal | None]:
            return lambda home, _: self._with(home, name, value)

        def move_and_go_on(home: Home, found: re.Match[str]) -> Refusal | None:
            _move_away(home, found[1])
            return again(home) if found[2] is None else self._call(int(found[2]), home)

        def in_project(home: Home, _: re.Match[str]) -> Refusal | None:
            return self._with(home, "project", str(home.project))

        return {
            r"move (\.\S+) away and (?:<(\d+)>|try again)": move_and_go_on,
            r"move (\.\S+) away": lambda home, found: _move_away(home, found[1]),
            r"move it away and try again": after(lambda home: _move_away(home, *exposures)),
            r"(?:leave that agent out with|have the user start wikipin-mcp with) --expose (\w+)"
            r"(?:, which leaves that agent out)?": lambda home, found: self._with(home, "expose", found[1]),
            r"(?:move|have the user move) the wiki's directory away; to clone it anew, <(\d+)>": lambda home, found: (
                _clone(home, self.calls[int(found[1])], self.refused)
            ),
            r"to clone one, <(\d+)>": lambda home, found: _clone(home, self.calls[int(found[1])], self.refused),
            r"if it is elsewhere, (?:name it|have the user start wikipin-mcp) with --wiki DIR": lambda home, _: (
                self._name_wiki(home)
            ),
            r"<(\d+)>, and pass the plan that it shows": lambda home, found: self._pass_plan(home, int(found[1])),
            r"<(\d+)>, which shows all of it and asks": lambda home, found: self._accept(home, int(found[1])),
            r"commit (?:its|the copy's) files to the wiki as skills/hello and try again": after(_commit_copy),
            r"(?:bring .memtomem/lock.json (?:of version 1 )?back from version control|mend it by hand, and try again)"
            r"(?:, and try again)?": after(lambda home: _bring_lockfile_back(home, self.template)),
            r"look at it, remove it, and try again": after(lambda home: _remove_link(home, problem)),
            r"remove .memtomem/.txn, and try again": after(lambda home: shutil.rmtree(home.project / ".memtomem/.txn")),
            r"fetch the wiki's whole history with git and try again": after(_fetch_all),
            r"give 1-64 of a-z, 0-9 and -, without a leading, trailing or double -": self._name,
            r"give a branch, a tag or a commit id of the wiki": option("ref", "main"),
            r"leave (?:--)?ref out for the newest commit": option("ref", None),
            r"give the path of one of its files": option("path", "run.sh"),
            r"leave (?:--)?path out for SKILL.md and a list": option("path", None),
            r"give (?:a directory that exists|the directory that you work in) as (?:--)?project": in_project,
            r"leave project out": option("project", None),
            r"commit a skill there as skills/NAME/SKILL.md, and try again": after(_commit_files),
            r"let its SKILL.md begin with a frontmatter of 'name: hello' and a 'description', "
            r"commit it, and try again": after(_commit_files),
            r"mend that in the wiki, commit it, and try again": after(_commit_files),
            r"commit it in the wiki, and try again": after(_commit_files),
            r"(?:wait until it has ended|mend that), and try again": after(lambda _: self.mend()),
        }

    def _name(self, home: Home, _: re.Match[str]) -> Refusal | None:
        attempt = self.refused.attempt
        if isinstance(attempt, ToolCall):
            return self._with(home, "name", NAME)
        return make(
            home, Command(tuple(NAME if word == "Hello!" else word for word in attempt.words), in_project=False)
        )


_FRAMES = [
    "to bring its copy back",
    "to record (?:the copy|it)",
    "read .memtomem/skills/hello/SKILL.md and follow it",
    "for another version",
    "to install it",
    "to see what is installed",
    "if (?:you agree|the user agrees)",
    "the copy as it is now is kept in .memtomem/.backup",
    "for the names it has",
    "remove it from the project",
    "take its newest version",
    "for the wiki's newest version",
    "to make one",
    "nothing of .memtomem may be a link",
    "update wikipin",  # nobody here has another one
    "have the operator allow it with wikipin-mcp --project",
]
"""What a remedy says besides what is done: why, and in which case."""


def _for(home: Home, text: str) -> str:
    """Return what a remedy says to somebody with this wiki."""
    which = r"\1" if _has_pin(home) else r"\2"
    text = re.sub(r"(<\d+>) \(or, if the wiki does not have that commit, (<\d+>)\)", which, text)
    is_shallow = (home.wiki / ".git/shallow").exists()
    return text if is_shallow else text.replace("Fetch the wiki's whole history with git and try again", "")


def _has_pin(home: Home) -> bool:
    world = home.world
    try:
        git(world.wiki, "cat-file", "-e", world.entry()["wiki_commit"])
    except (AssertionError, OSError, ValueError, LookupError):
        return False
    return True


def _has_edits(directory: Path) -> bool:
    return any(directory.rglob("mine.md"))


_TELLING = {"list", "status", "init"}


def _dead_ends(reader: Reader, home: Home, ends: set[str], steps: int) -> list[str]:
    """Follow each offer of a refusal, and of what is refused then; return what led nowhere."""
    found: list[str] = []
    for label, deed in reader.offers():
        calls = list(named(label))
        with home.kept():
            is_kept = "is kept in .memtomem/.backup" in reader.refused.remedy and _has_edits(home.project)
            refused = deed(home)
            if [call.verb for call in calls if call.verb in _TELLING and "GIT_URL" not in label] and refused is None:
                continue  # it mends nothing
            is_removal = re.match(r"move \.", label, re.IGNORECASE) or [c for c in calls if c.verb == "remove"]
            well = {*ends, "available"} if is_removal else ends
            state = home.state() if refused is None else ""
            if refused is None and state not in well:
                refused = make(home, reader.refused.attempt)  # the remedy is done: the call, once more
                state = home.state() if refused is None else ""
            if refused is not None and steps > 1:
                deeper = Reader(refused, home, reader.template, reader.mend)
                found += [f"{label} -> {way}" for way in _dead_ends(deeper, home, ends, steps - 1)]
            elif refused is not None:
                found.append(f"{label} -> {refused.text}")
            elif state not in well:
                found.append(f"{label} -> {state}")
            elif home.is_shown("agents"):
                found.append(f"{label} -> it is visible where nobody wanted it")
            elif is_kept and calls and not _has_edits(home.project / ".memtomem/.backup"):
                found.append(f"{label} -> the edits are gone")
    return found


def _speaks_to_its_reader(refused: Refusal) -> bool:
    """Tell whether a sentence has no word for the callers of the other door."""
    if isinstance(refused.attempt, ToolCall):
        commands = re.sub(r"have the user run '(?:[^'\\]|\\.)*' in a terminal", "", refused.text, flags=re.IGNORECASE)
        return not re.search(r"\byou agree|'wikipin |--(?!wiki DIR|project|expose)[a-z]", commands)
    return not re.search(r"context_|wiki_(?:list|show)|the user|\bcall\b|_edits|dry_run", refused.text, re.IGNORECASE)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("door", DOORS)
def test_every_remedy_leads_out_of_every_broken_state_in_two_steps(
    door: str, broken: str, home: Home, template: Home
) -> None:
    BROKEN[broken](home)
    dead_ends = list[str]()
    for called, (verb, options) in VERBS.items():
        if door == "tool" and verb not in TOOLS:
            continue
        with home.kept():
            before = snapshot(home.root)
            refused = make(home, _attempt(door, home, verb, **options))
            if refused is None:  # it was done
                continue
            assert snapshot(home.root) == before, called
            assert _speaks_to_its_reader(refused), refused.text
            steps = 3 if broken.startswith("no wiki, and") else 2  # two things to mend
            reader = Reader(refused, home, template, lambda: None)
            ways = _dead_ends(reader, home, _ENDS.get(verb, _AS_RECORDED), steps)
            dead_ends += [f"{called}: {refused.text} -> {way}" for way in ways]
    assert not dead_ends, "\n".join(dead_ends)


# One case, or more, of every code


def _without_project(home: Home) -> None:
    shutil.rmtree(home.project / ".memtomem")
    shutil.rmtree(home.project / ".claude")


def _commits(**files: bytes) -> Callable[[Home], None]:
    return lambda home: (commit(home.wiki, {NAME: {**FILES, **files}}), None)[1]


def _empty_wiki(home: Home) -> None:
    shutil.rmtree(home.wiki)
    make_wiki(home.wiki)


def _uncommitted(home: Home) -> None:
    _empty_wiki(home)
    commit(home.wiki, {"other": plain_skill("other")})
    write_files(home.wiki / "skills" / NAME, FILES)


def _held_lock(home: Home, stack: ExitStack) -> None:
    stack.enter_context(patch.dict(vars(locked)["__wrapped__"].__kwdefaults__, {"seconds": 0.05}))
    file = stack.enter_context((home.project / ".memtomem/.lock.json.lock").open("a"))
    fcntl.flock(file, fcntl.LOCK_EX)


def _full_disk(_: Home, stack: ExitStack) -> None:
    stack.enter_context(patch("os.fsync", side_effect=OSError(28, os.strerror(28))))


@dataclass(frozen=True)
class Case:
    """A call that is refused with a code, and what was broken before."""

    broken: Callable[[Home], None]
    verb: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    besides: Callable[[Home, ExitStack], None] = lambda _, __: None
    ends: frozenset[str] = frozenset({"ok"})


_HIDDEN = _commits(**{"a.md": "Be kind.\u200b\n".encode()})
_ANYWHERE = frozenset(_ANY)
CASES: Mapping[Code, list[Case]] = {
    "invalid-name": [Case(_without_project, "install", {"name": "Hello!"})],
    "invalid-argument": [
        Case(_without_project, "install", {"ref": "a b"}),
        Case(nothing, "show", {"path": "nope"}),
    ],
    "project-not-found": [Case(_without_project, "install", {"project": "nowhere"})],
    "project-not-allowed": [Case(_without_project, "install", {"project": "HOME"}, ends=_ANYWHERE)],
    "wiki-not-found": [Case(all_of(_without_project, BROKEN["no wiki"]), "install")],
    "wiki-empty": [Case(all_of(_without_project, _empty_wiki), "install")],
    "wiki-unreadable": [Case(all_of(_without_project, BROKEN["a damaged wiki"]), "install")],
    "not-in-wiki": [
        Case(all_of(_without_project, _uncommitted), "install"),
        Case(BROKEN["a dropped skill"], "update", ends=frozenset({"behind"})),
    ],
    "ref-not-found": [
        Case(_without_project, "install", {"ref": "nope"}),
        Case(BROKEN["a wiki without the pin, and missing"], "restore"),
        Case(BROKEN["a shallow wiki, and missing"], "restore", ends=frozenset({"ok", "behind"})),
    ],
    "not-a-skill": [Case(all_of(_without_project, _commits(**{"SKILL.md": b"nothing"})), "install")],
    "unsafe-skill": [Case(all_of(_without_project, _commits(**{"a:b": b"x"})), "install")],
    "already-installed": [
        Case(BROKEN["behind"], "install"),
        Case(BROKEN["missing"], "install"),
        Case(BROKEN["made by hand"], "install"),
    ],
    "not-installed": [Case(_without_project, "update"), Case(BROKEN["made by hand"], "update")],
    "local-edits": [
        Case(BROKEN["edited, and behind"], "update"),
        Case(BROKEN["edited"], "restore"),
        Case(BROKEN["edited"], "remove", ends=frozenset({"available"})),
    ],
    "would-roll-back": [Case(BROKEN["another history"], "update")],
    "plan-changed": [
        Case(_without_project, "install", {"plan": "0" * 64}),
        Case(
            all_of(BROKEN["behind"], _commits(**{"b.md": b"b"})),
            "update",
            {"plan": "0" * 64, "ref": "HEAD~1"},
            ends=frozenset({"behind"}),
        ),
    ],
    "review-required": [Case(all_of(_without_project, _HIDDEN), "install"), Case(_HIDDEN, "update")],
    "lockfile-version": [Case(BROKEN["a lockfile of version 2"], "install")],
    "lockfile-corrupt": [
        Case(BROKEN["a lockfile in conflict"], "update"),
        Case(BROKEN["digests of other bytes, and missing"], "restore"),
    ],
    "exposure-conflict": [Case(BROKEN["an exposure of somebody else's, not installed"], "install")],
    "unsafe-project": [
        Case(BROKEN["a link where the lockfile should be"], "update"),
        Case(BROKEN["a journal of another version"], "update"),
    ],
    "busy": [Case(BROKEN["behind"], "update", besides=_held_lock)],
    "io-error": [Case(BROKEN["behind"], "update", besides=_full_disk)],
}


@pytest.mark.parametrize("code", get_args(Code))
@pytest.mark.parametrize("door", DOORS)
def test_the_remedies_of_each_code_are_followed_to_the_letter(
    door: str, code: Code, home: Home, template: Home
) -> None:
    for case in CASES[code]:
        with home.kept(), ExitStack() as besides:
            case.broken(home)
            case.besides(home, besides)
            options = {name: str(home.root) if value == "HOME" else value for name, value in case.options.items()}
            project = options.pop("project", None)
            attempt = _attempt(door, home, case.verb, **options)
            refused = make(home, attempt if project is None else with_option(attempt, "project", project))
            assert refused is not None, case
            assert refused.code == code, refused.text
            assert _speaks_to_its_reader(refused), refused.text
            reader = Reader(refused, home, template, besides.close)
            ways = _dead_ends(reader, home, set(case.ends), 2)
            assert not ways, "\n".join(f"{refused.text} -> {way}" for way in ways)


def test_every_code_has_a_case() -> None:
    assert set(CASES) == set(get_args(Code))

"""Every remedy, followed to the letter at the door where it is read: from each broken state to a skill that is ok.

A walk makes a call that is refused, does what the refusal says, each of the things that it offers, and is at its end
within two steps: the state is `ok`, or, if somebody wanted the skill gone, `available`. Wiki, project and exposure are
not the defaults. What a sentence says and nobody here knows how to do is an error, and so is a code that no case has.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args
from unittest.mock import patch

import pytest
from doors.broken import BROKEN, FILES, NAME, Home, all_of, make_home, nothing
from doors.callers import (
    TOOLS,
    Attempt,
    Command,
    Refusal,
    ToolCall,
    answer,
    attempt_of,
    command,
    make,
    named,
    tool_call,
    typed,
    with_option,
)
from doors.reader import Reader
from snapshot import snapshot
from wikis import commit, make_wiki, plain_skill, skill_md, write_files

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
_AS_RECORDED = {"ok", "behind", "gone", "diverged"}
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
        Case(BROKEN["a dropped skill"], "update", ends=frozenset({"gone"})),
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
        Case(BROKEN["a wiki without the pin, and edited"], "restore"),
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
    "review-required": [
        Case(all_of(_without_project, _HIDDEN), "install"),
        Case(_HIDDEN, "update"),
        Case(all_of(_HIDDEN, BROKEN["behind"]), "update", {"ref": "HEAD~1"}, ends=frozenset({"behind"})),
    ],
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


# What is said besides refusals


def _follow(home: Home, sentence: str, attempt: Attempt) -> list[Refusal | None]:
    """Make the calls that a sentence names; return what is refused."""
    calls = list(named(sentence))
    assert calls, sentence
    return [make(home, attempt_of(home, call, attempt)) for call in calls]


def _dry(attempt: Attempt) -> Attempt:
    if isinstance(attempt, ToolCall):
        return replace(attempt, arguments={**attempt.arguments, "dry_run": True})
    return replace(attempt, words=(*attempt.words, "--dry-run"))


@pytest.mark.parametrize("verb", ["install", "update"])
@pytest.mark.parametrize("door", DOORS)
def test_the_next_step_after_a_dry_run_does_exactly_what_was_shown(door: str, verb: str, home: Home) -> None:
    BROKEN["behind"](home)
    if verb == "install":
        _without_project(home)
    attempt = _attempt(door, home, verb, mode="copy", ref="HEAD~0")
    shown = answer(home, _dry(attempt))
    assert _follow(home, shown["next_step"], attempt) == [None]
    assert (home.state(), home.is_shown("claude"), home.is_shown("agents")) == ("ok", True, False)
    assert (home.project / f".claude/skills/{NAME}").is_symlink() == (verb == "update")  # it was one before
    _commits(**{"c.md": b"c"})(home)
    commit(home.wiki, {"other": plain_skill("other")})
    (refused,) = _follow(home, shown["next_step"], attempt)
    assert refused is not None
    assert refused.code in {"plan-changed", "already-installed"}


@pytest.mark.parametrize("door", DOORS)
def test_a_warning_that_names_a_call_can_be_followed(door: str, home: Home) -> None:
    _without_project(home)
    _commits(**{"SKILL.md": skill_md(NAME, body="Do it.\n<!-- nobody reads this here -->")})(home)
    attempt = _attempt(door, home, "install")
    (warning,) = answer(home, attempt)["warnings"]
    assert warning.startswith("has 1 finding to look at: ")
    assert _follow(home, warning, attempt) == [None]


@pytest.mark.parametrize("door", DOORS)
def test_why_a_status_has_no_wiki_is_told_with_what_to_do(door: str, home: Home) -> None:
    shutil.rmtree(home.wiki)
    attempt = _attempt(door, home, "status")
    first, *_ = named(answer(home, attempt)["wiki_problem"])
    assert make(home, attempt_of(home, first, attempt)) is None
    assert (home.wiki / ".git").is_dir()


@pytest.mark.parametrize("door", DOORS)
def test_what_failed_among_many_is_told_with_what_to_do(door: str, home: Home) -> None:
    BROKEN["edited, and behind"](home)
    attempt = _attempt(door, home, "restore")
    if door == "command":
        attempt = replace(command("update"), words=("--wiki", "wiki", "--project", "project", "update", "--all"))
    refused = make(home, attempt)
    assert refused is not None
    first, *_ = named(refused.remedy)
    assert make(home, attempt_of(home, first, attempt)) is None
    assert home.state() in {"ok", "behind"}
    assert _has_edits(home.project / ".memtomem/.backup")


def test_whoever_gave_no_options_is_told_commands_without_any(home: Home) -> None:
    _without_project(home)
    shutil.rmtree(home.wiki)
    install = Command(("install", "skill", NAME), at="project")

    def first_call() -> str:
        refused = make(home, install)
        assert refused is not None
        call = next(named(refused.remedy))
        assert call.line is not None
        assert make(home, replace(typed(home, call.line), at="project")) is None
        return call.line

    with patch.dict(os.environ):
        os.environ.pop("MEMTOMEM_WIKI_PATH", None)
        assert first_call() == "wikipin init"
        assert first_call() == "wikipin list"
        commit(home.root / ".memtomem-wiki", {NAME: FILES})
        assert make(home, install) is None
        assert home.is_shown("agents")

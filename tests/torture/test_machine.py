"""Every verb in any order, with crashes, hand edits and a moving wiki, against a model that is a dictionary.

The model knows of each skill its pin, whether there is an entry, and what stands on disk; from that follow the answer
to every call and the state that a list shows.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from torture.steps import KILLED, run_until
from wikis import commit, make_wiki, plain_skill

import wikipin
from wikipin.names import Commit, SkillName, parse_revision

_NAMES = ("alpha", "beta", "gamma")
_MEMORY = Path("/dev/shm")  # noqa: S108 - each directory made in it is private


@dataclass(frozen=True)
class Known:
    """What the model knows of one skill in the project."""

    pin: Commit | None = None
    copy: str | None = None
    """The content of its one file, or None where it has no copy."""

    edited: bool = False


class Life(RuleBasedStateMachine):
    """A project, a wiki, and what should be true of them."""

    def __init__(self) -> None:
        super().__init__()
        self._place = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        self._wiki = make_wiki(self._place / "wiki")
        self._directory = self._place / "project"
        self._directory.mkdir()
        self._versions: dict[Commit, dict[str, str]] = {}
        self._known: dict[str, Known] = dict.fromkeys(_NAMES, Known())

    @initialize()
    def first_commit(self) -> None:
        self._commit(dict.fromkeys(_NAMES, "0"))

    @rule(name=st.sampled_from(_NAMES), content=st.sampled_from("0123"))
    def the_wiki_moves_on(self, name: str, content: str) -> None:
        self._commit({**self._versions[self._head], name: content})

    @rule(name=st.sampled_from(_NAMES), back=st.integers(0, 2))
    def install(self, name: str, back: int) -> None:
        pin = list(self._versions)[-1 - min(back, len(self._versions) - 1)]
        known = self._known[name]
        if known == Known():
            self._install(name, pin)
            self._known[name] = Known(pin, self._versions[pin][name])
            return
        has = {True: "yes", False: "no"}
        sides = f"lockfile_entry={has[known.pin is not None]}, copy={has[known.copy is not None]}"
        with pytest.raises(wikipin.WikipinError, match=f"already-installed: .*{sides}"):
            self._install(name, pin)

    @rule(name=st.sampled_from(_NAMES), step=st.integers(0, 80), second=st.integers(0, 40))
    def an_install_is_killed_and_so_is_the_next_command(self, name: str, step: int, second: int) -> None:
        pin, known = self._head, self._known[name]
        killed = run_until(step, lambda: self._install(name, pin)) == KILLED
        run_until(second, self._states)
        self._states()
        if known == Known() and (self._copy(name) / "SKILL.md").exists():
            self._known[name] = Known(pin, self._versions[pin][name])
        else:
            assert killed or known != Known()

    @rule(name=st.sampled_from(_NAMES))
    @precondition(lambda self: any(known.copy is not None for known in self._known.values()))
    def a_person_edits_a_copy(self, name: str) -> None:
        if self._known[name].copy is not None:
            (self._copy(name) / "notes.txt").write_text("mine")
            self._known[name] = replace(self._known[name], edited=True)

    @rule(name=st.sampled_from(_NAMES))
    def a_person_takes_an_edit_back(self, name: str) -> None:
        (self._copy(name) / "notes.txt").unlink(missing_ok=True)
        self._known[name] = replace(self._known[name], edited=False)

    @rule(name=st.sampled_from(_NAMES))
    def a_person_removes_a_copy(self, name: str) -> None:
        shutil.rmtree(self._copy(name), ignore_errors=True)
        self._known[name] = replace(self._known[name], copy=None, edited=False)

    @rule(name=st.sampled_from(_NAMES))
    def a_person_takes_an_entry_out_of_the_lockfile(self, name: str) -> None:
        lockfile = self._directory / ".memtomem/lock.json"
        if lockfile.exists():
            document = json.loads(lockfile.read_text())
            document["skills"].pop(name, None)
            lockfile.write_text(json.dumps(document))
        self._known[name] = replace(self._known[name], pin=None)

    @invariant()
    def a_list_shows_what_the_model_knows(self) -> None:
        if self._versions:
            assert self._states() == {name: self._expected(name) for name in _NAMES}

    @invariant()
    def no_work_is_left_lying_about(self) -> None:
        for name in (".staging", ".txn"):
            assert not any((self._directory / ".memtomem" / name).glob("*"))

    def teardown(self) -> None:
        shutil.rmtree(self._place)

    @property
    def _head(self) -> Commit:
        return list(self._versions)[-1]

    def _commit(self, contents: dict[str, str]) -> None:
        skills = {name: plain_skill(name, f"Version {content}.") for name, content in contents.items()}
        number = str(len(self._versions)).encode()
        self._versions[commit(self._wiki, skills, files={"count": number})] = contents

    def _install(self, name: str, pin: Commit) -> None:
        ref = parse_revision(pin)
        wikipin.install(self._wiki, wikipin.Project(self._directory), SkillName(name), ref=ref)

    def _copy(self, name: str) -> Path:
        return self._directory / ".memtomem/skills" / name

    def _states(self) -> dict[str, str]:
        offers = wikipin.list_skills(self._wiki, wikipin.Project(self._directory))
        return {offer.name: offer.state.value for offer in offers.skills}

    def _expected(self, name: str) -> str:
        known = self._known[name]
        if known.pin is None:
            return "available" if known.copy is None else "untracked"
        if known.copy is None:
            return "missing"
        if known.edited:
            return "modified"
        return "ok" if self._versions[known.pin][name] == self._versions[self._head][name] else "behind"


def _run(sequences: int) -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_a_life_of_two_hundred_sequences_is_as_the_model_says() -> None:
    _run(200)


@pytest.mark.whole
@pytest.mark.timeout(1800)
def test_a_life_of_two_thousand_sequences_is_as_the_model_says() -> None:
    _run(2000)

"""Every verb in any order, with crashes, hand edits and a moving wiki, against a model that is a dictionary.

The model knows of each skill its pin and what stands on disk; from that follow the answer to every call, and the state
that a list shows. A call that is killed may have happened or not, and nothing else.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from torture.scenario import Record
from torture.steps import run_until
from wikis import commit, make_wiki, plain_skill
from world import World

import wikipin
from wikipin.asset import skill
from wikipin.names import Commit

_NAMES = ("alpha", "beta", "gamma")


@dataclass(frozen=True)
class Known:
    """What the model knows of one skill in the project: its pin, and its copy, None where there is none."""

    pin: Commit | None = None
    copy: str | None = None
    """The version of its one file."""

    edited: bool = False
    """Whether a person has put a file of theirs beside it."""

    backups: int = 0


@dataclass(frozen=True)
class Call:
    """One call of a verb for one skill: how it is made, and what the model says of it, a state or a code."""

    name: str
    make: Callable[[], object]
    outcome: Known | str


names = st.sampled_from(_NAMES)
several = st.lists(names, min_size=2, unique=True)
verbs = st.sampled_from(["install", "update", "restore", "adopt", "remove"])
flags = st.booleans()


class Life(RuleBasedStateMachine):
    """A project, a wiki, and what should be true of them."""

    root: Path
    """Where each life has a directory of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._place = Path(tempfile.mkdtemp(dir=self.root))
        self._wiki = make_wiki(self._place / "wiki")
        self._directory = self._place / "project"
        self._directory.mkdir()
        self._world = World(self._wiki, self._directory)
        self._versions: dict[Commit, dict[str, str]] = {}
        self._known: dict[str, Known] = dict.fromkeys(_NAMES, Known())

    @initialize()
    def first_commit(self) -> None:
        self._commit(dict.fromkeys(_NAMES, "0"))

    @rule(name=names, content=st.sampled_from("0123"))
    def the_wiki_moves_on(self, name: str, content: str) -> None:
        self._commit({**self._versions[self._history[-1]], name: content})

    @rule(name=names, back=st.integers(0, 2))
    def install(self, name: str, back: int) -> None:
        self._do(self._install(name, back))

    @rule(name=names, back=st.integers(0, 2), allow=flags, discard=flags)
    def update(self, name: str, back: int, allow: bool, discard: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        self._do(self._update(name, back, wikipin.Consent(allow_rollback=allow, discard_edits=discard)))

    @rule(name=names)
    def restore(self, name: str) -> None:
        self._do(self._restore(name))

    @rule(name=names)
    def adopt(self, name: str) -> None:
        self._do(self._adopt(name))

    @rule(name=names, discard=flags)
    def remove(self, name: str, discard: bool) -> None:  # noqa: FBT001 - as above
        self._do(self._remove(name, discard_edits=discard))

    @rule(chosen=several, verb=verbs, consents=flags)
    def several_at_once(self, chosen: list[str], verb: str, consents: bool) -> None:  # noqa: FBT001 - as above
        calls = [self._call(verb, name, consents=consents) for name in chosen]
        failed = self._all_at_once(verb, chosen, consents=consents).failed
        assert {asset.name for asset in failed} == {call.name for call in calls if isinstance(call.outcome, str)}
        for call in calls:
            if isinstance(call.outcome, Known):
                self._known[call.name] = call.outcome
            else:
                assert re.match(call.outcome, str(failed[skill(call.name)]))

    @rule(chosen=several, verb=verbs, consents=flags, step=st.integers(0, 150), second=st.integers(0, 80))
    def a_set_is_killed_and_so_is_the_next_command(
        self,
        chosen: list[str],
        verb: str,
        consents: bool,  # noqa: FBT001 - as above
        step: int,
        second: int,
    ) -> None:
        """All of it is done then that is not refused, or nothing."""
        calls = [self._call(verb, name, consents=consents) for name in chosen]
        new = {call.name: call.outcome for call in calls if isinstance(call.outcome, Known)}
        run_until(step, lambda: self._all_at_once(verb, chosen, consents=consents))
        run_until(second, self._states)
        self._states()
        found = {name: self._observed(name) for name in new}
        assert found in ({name: self._known[name] for name in new}, new)
        self._known |= found

    @rule(
        name=names,
        verb=verbs,
        step=st.integers(0, 90),
        second=st.integers(0, 50),
    )
    def a_call_is_killed_and_so_is_the_next_one(self, name: str, verb: str, step: int, second: int) -> None:
        call = self._call(verb, name, consents=True)
        run_until(step, lambda: self._quietly(call))
        run_until(second, self._states)
        self._states()
        found = self._observed(name)
        assert found in {self._known[name], call.outcome}
        self._known[name] = found

    @rule(name=names)
    def a_person_edits_a_copy(self, name: str) -> None:
        if self._known[name].copy is not None:
            (self._copy(name) / "notes.txt").write_text("mine")
            self._known[name] = replace(self._known[name], edited=True)

    @rule(name=names)
    def a_person_takes_an_edit_back(self, name: str) -> None:
        (self._copy(name) / "notes.txt").unlink(missing_ok=True)
        self._known[name] = replace(self._known[name], edited=False)

    @rule(name=names)
    def a_person_removes_a_copy(self, name: str) -> None:
        shutil.rmtree(self._copy(name), ignore_errors=True)
        self._known[name] = replace(self._known[name], copy=None, edited=False)

    @rule(name=names)
    def a_person_takes_an_entry_out_of_the_lockfile(self, name: str) -> None:
        lockfile = self._directory / ".memtomem/lock.json"
        if lockfile.exists():
            document = json.loads(lockfile.read_text())
            document["skills"].pop(name, None)
            lockfile.write_text(json.dumps(document))
        self._known[name] = replace(self._known[name], pin=None)

    @invariant()
    def the_project_is_as_the_model_knows_it(self) -> None:
        if self._versions:
            assert {name: self._observed(name) for name in _NAMES} == self._known
            assert self._states() == {name: self._expected(name) for name in _NAMES}

    @invariant()
    def no_work_is_left_lying_about(self) -> None:
        for name in (".staging", ".txn"):
            assert not any((self._directory / ".memtomem" / name).glob("*"))

    @invariant()
    def agents_see_what_is_installed_and_no_link_to_nothing_that_is_ours(self) -> None:
        for place in (".claude/skills", ".agents/skills"):
            for name in _NAMES:
                known = self._known[name]
                if known.pin is not None and known.copy is not None:
                    assert (self._directory / place / name / "SKILL.md").exists()

    def teardown(self) -> None:
        shutil.rmtree(self._place)

    def _do(self, call: Call) -> None:
        """Make a call, and hold what came of it against the model."""
        if isinstance(call.outcome, Known):
            call.make()
            self._known[call.name] = call.outcome
        else:
            with pytest.raises(wikipin.WikipinError, match=f"^{call.outcome}"):
                call.make()

    def _call(self, verb: str, name: str, *, consents: bool) -> Call:
        """Return the call of a verb for one skill, at HEAD, with every consent or with none."""
        return {
            "install": lambda: self._install(name, 0),
            "update": lambda: self._update(name, 0, wikipin.Consent(consents, consents)),
            "restore": lambda: self._restore(name),
            "adopt": lambda: self._adopt(name),
            "remove": lambda: self._remove(name, discard_edits=consents),
        }[verb]()

    def _all_at_once(self, verb: str, chosen: Sequence[str], *, consents: bool) -> wikipin.Outcomes[Any]:
        """Call a verb for several skills as one set."""
        make: dict[str, Callable[[], wikipin.Outcomes[Any]]] = {
            "install": lambda: self._world.install_all(*chosen),
            "update": lambda: self._world.update_all(*chosen, allow_rollback=consents, discard_edits=consents),
            "restore": lambda: self._world.restore(*chosen),
            "adopt": lambda: self._world.adopt_all(*chosen),
            "remove": lambda: self._world.remove_all(*chosen, discard_edits=consents),
        }
        return make[verb]()

    def _quietly(self, call: Call) -> None:
        try:
            call.make()
        except wikipin.WikipinError as error:
            assert error.code == str(call.outcome).partition(":")[0]  # noqa: PT017 - a killed call may end before it raises

    def _install(self, name: str, back: int) -> Call:
        known, pin = self._known[name], self._back(back)
        if known.pin is None and known.copy is None:
            outcome: Known | str = replace(known, pin=pin, copy=self._versions[pin][name])
        else:
            has = {True: "yes", False: "no"}
            sides = f"lockfile_entry={has[known.pin is not None]}, copy={has[known.copy is not None]}"
            outcome = f"already-installed: .*{sides}"
        return Call(name, lambda: self._world.install(name, ref=pin), outcome)

    def _update(self, name: str, back: int, consent: wikipin.Consent) -> Call:
        known, target = self._known[name], self._back(back)
        if known.pin is None:
            outcome: Known | str = "not-installed"
        elif known.edited and not consent.discard_edits:
            outcome = "local-edits"
        elif self._history.index(known.pin) > self._history.index(target) and not consent.allow_rollback:
            outcome = "would-roll-back"
        else:
            content = self._versions[target][name]
            # Another skill's commit is no news.
            pin = known.pin if back == 0 and self._versions[known.pin][name] == content else target
            outcome = Known(pin, content, backups=known.backups + known.edited)
        ref = "HEAD" if back == 0 else target
        allow, discard = consent.allow_rollback, consent.discard_edits
        return Call(
            name, lambda: self._world.update(name, ref=ref, allow_rollback=allow, discard_edits=discard), outcome
        )

    def _restore(self, name: str) -> Call:
        known = self._known[name]
        if known.pin is None:
            outcome: Known | str = "not-installed"
        else:
            outcome = "local-edits" if known.edited else replace(known, copy=self._versions[known.pin][name])

        def make() -> None:
            for error in self._world.restore(name).failed.values():
                raise error

        return Call(name, make, outcome)

    def _adopt(self, name: str) -> Call:
        known = self._known[name]
        if known.pin is not None:
            outcome: Known | str = "already-installed"
        elif known.copy is None:
            outcome = "not-installed"
        else:
            outcome = "local-edits" if known.edited else replace(known, pin=self._newest(name, known.copy))
        return Call(name, lambda: self._world.adopt(name), outcome)

    def _remove(self, name: str, *, discard_edits: bool) -> Call:
        known = self._known[name]
        if known.pin is None:
            outcome: Known | str = "not-installed"
        elif known.edited and not discard_edits:
            outcome = "local-edits"
        else:
            outcome = Known(backups=known.backups + known.edited)
        return Call(
            name,
            lambda: self._world.remove(name, discard_edits=discard_edits),
            outcome,
        )

    @property
    def _history(self) -> list[Commit]:
        return list(self._versions)

    def _back(self, back: int) -> Commit:
        return self._history[-1 - min(back, len(self._history) - 1)]

    def _newest(self, name: str, content: str) -> Commit:
        """Return HEAD where it has this content, else the newest commit that brought it."""
        contents = [version[name] for version in self._versions.values()]
        brought = [at for at, of in enumerate(contents) if of == content and (at == 0 or contents[at - 1] != content)]
        return self._history[-1 if contents[-1] == content else brought[-1]]

    def _commit(self, contents: dict[str, str]) -> None:
        skills = {name: plain_skill(name, f"Version {content}.") for name, content in contents.items()}
        number = str(len(self._versions)).encode()
        self._versions[commit(self._wiki, skills, files={"count": number})] = contents

    def _copy(self, name: str) -> Path:
        return self._directory / ".memtomem/skills" / name

    def _states(self) -> dict[str, str | None]:
        offers = self._world.list_skills()
        return {offer.name: offer.state for offer in offers.skills}

    def _observed(self, name: str) -> Known:
        """Return what the disk says, read as a stranger would."""
        lockfile, copy = self._directory / ".memtomem/lock.json", self._copy(name)
        entries: dict[str, dict[str, Commit]] = json.loads(lockfile.read_text())["skills"] if lockfile.exists() else {}
        pin = entries[name]["wiki_commit"] if name in entries else None
        content = None
        if copy.exists():
            content = (copy / "SKILL.md").read_text().partition("Version ")[2][0]
        backups = len(list((self._directory / ".memtomem/.backup").glob(f"{name}-*")))
        return Known(pin, content, (copy / "notes.txt").exists(), backups)

    def _expected(self, name: str) -> str:
        known = self._known[name]
        if known.pin is None:
            return "available" if known.copy is None else "untracked"
        if known.copy is None:
            return "missing"
        if known.edited:
            return "modified"
        head = self._history[-1]
        return "ok" if self._versions[known.pin][name] == self._versions[head][name] else "behind"


@pytest.mark.parametrize(
    "sequences",
    [200, pytest.param(2000, marks=[pytest.mark.whole, pytest.mark.timeout(1800)])],
    ids=["sampled", "whole"],
)
def test_the_lives_of_a_project_are_as_the_model_says(sequences: int, tmp_path: Path, record_property: Record) -> None:
    class LifeHere(Life):
        root = tmp_path

    run_state_machine_as_test(
        LifeHere,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    record_property("lives of a project", sequences)

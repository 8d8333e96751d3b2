"""A set: what one call does to several skills is one change, and what is refused of it stops no other."""

import fcntl
import shutil
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from counting import count_gits, count_locks
from privilege import mounted
from snapshot import snapshot
from wikis import Files, git, plain_skill, write_files
from world import World, make_world

import wikipin
from wikipin import Asset, Outcomes, Project, Wiki
from wikipin.asset import skill
from wikipin.disk.folder import Folder
from wikipin.project import transaction
from wikipin.project.change_set import ChangeSet
from wikipin.project.inspection import Survey
from wikipin.project.journal import Journal

T = TypeVar("T")

_SKILLS: dict[str, Files] = {name: plain_skill(name) for name in ("hello", "other", "third")}
NAMES = sorted(_SKILLS)
ALL = [skill(name) for name in NAMES]
_AGENTS = (".agents/skills", ".claude/skills")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, _SKILLS)


@dataclass
class Seen:
    """What was written while a set was changed."""

    windows: list[float]
    journals: list[list[str]] = field(default_factory=list[list[str]])
    lockfiles: list[str] = field(default_factory=list[str])

    def assert_is_one_change_of(self, *names: str) -> None:
        assert len(self.windows) == 1
        assert self.journals == [list(names)]
        assert len(self.lockfiles) == 1


@contextmanager
def _seen(monkeypatch: pytest.MonkeyPatch) -> Generator[Seen]:
    """Count the windows of the lock, the journals, and how often the lockfile is replaced."""
    with monkeypatch.context() as patch:
        seen = Seen(count_locks(patch))
        write_journal, replace_file = transaction.write_journal, transaction.replace_file

        def write(txn: Folder, journal: Journal) -> None:
            seen.journals.append([change.asset.name for change in journal.changes])
            write_journal(txn, journal)

        def replace(memtomem: Folder, txn: Folder, name: str, text: str, mode: int) -> None:
            seen.lockfiles += [text] if name == "lock.json" else []
            replace_file(memtomem, txn, name, text, mode)

        patch.setattr("wikipin.project.change_set.write_journal", write)
        patch.setattr("wikipin.project.transaction.replace_file", replace)
        yield seen


def _names(assets: Iterable[Asset]) -> list[str]:
    return [asset.name for asset in assets]


def _codes(outcomes: Outcomes[T]) -> dict[str, str]:
    return {asset.name: error.code for asset, error in outcomes.failed.items()}


def _call(world: World, verb: Callable[[Wiki, Project, list[Asset]], Outcomes[T]], assets: list[Asset]) -> Outcomes[T]:
    with Wiki(world.wiki) as wiki, Project(world.project) as project:
        return verb(wiki, project, assets)


def test_an_install_of_three_leaves_out_the_one_that_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.install("other")
    before = world.entry("other")
    with _seen(monkeypatch) as seen:
        outcomes = _call(world, wikipin.install_all, ALL)
    assert _names(outcomes.done) == ["hello", "third"]
    assert _codes(outcomes) == {"other": "already-installed"}
    seen.assert_is_one_change_of("hello", "third")
    assert world.states() == dict.fromkeys(NAMES, "ok")
    assert world.entry("other") == before
    assert world.entry("hello")["installed_at"] == world.entry("third")["installed_at"]
    for place in _AGENTS:
        assert sorted(path.name for path in (world.project / place).iterdir()) == NAMES
    assert world.left_over() == []


def test_a_removal_of_three_leaves_the_edited_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _call(world, wikipin.install_all, ALL)
    (world.copy("third") / "mine.md").write_bytes(b"mine")
    with _seen(monkeypatch) as seen:
        outcomes = _call(world, wikipin.remove_all, ALL)
    assert _names(outcomes.done) == ["hello", "other"]
    assert _codes(outcomes) == {"third": "local-edits"}
    seen.assert_is_one_change_of("hello", "other")
    assert world.states() == {"third": "modified"}
    for place in (*_AGENTS, ".memtomem/skills"):
        assert [path.name for path in (world.project / place).iterdir()] == ["third"]
    assert world.left_over() == []


def test_an_adoption_of_three_records_those_that_a_commit_has(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        write_files(world.copy(name), _SKILLS[name])
    (world.copy("hello") / "mine.md").write_bytes(b"mine")
    copies = snapshot(world.project / ".memtomem/skills")
    with _seen(monkeypatch) as seen:
        outcomes = _call(world, wikipin.adopt_all, ALL)
    assert _names(outcomes.done) == ["other", "third"]
    assert _codes(outcomes) == {"hello": "local-edits"}
    seen.assert_is_one_change_of("other", "third")
    assert world.states() == {"hello": "untracked", "other": "ok", "third": "ok"}
    assert snapshot(world.project / ".memtomem/skills") == copies
    assert world.left_over() == []


def test_an_update_of_all_leaves_the_edited_one_and_what_is_new_already(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.commit({"fourth": plain_skill("fourth")})
    _call(world, wikipin.install_all, [*ALL, skill("fourth")])
    world.commit({name: plain_skill(name, "Newer.") for name in NAMES})
    (world.copy("other") / "mine.md").write_bytes(b"mine")
    edited = snapshot(world.copy("other"))
    with _seen(monkeypatch) as seen:
        outcomes = world.update_all()
    assert (_names(outcomes.done), _names(outcomes.unchanged)) == (["hello", "third"], ["fourth"])
    assert _codes(outcomes) == {"other": "local-edits"}
    seen.assert_is_one_change_of("hello", "third")
    assert world.states() == {"fourth": "ok", "hello": "ok", "other": "modified", "third": "ok"}
    assert snapshot(world.copy("other")) == edited
    assert world.left_over() == []


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        (wikipin.install_all, "not-in-wiki"),
        (wikipin.remove_all, "not-installed"),
        (wikipin.adopt_all, "not-in-wiki"),
        (wikipin.update_all, "not-in-wiki"),
    ],
)
def test_a_set_of_which_all_is_refused_leaves_the_project_as_it_was(
    verb: Callable[..., Outcomes[object]], code: str, world: World
) -> None:
    """There is no `.memtomem` before, and none afterwards."""
    outcomes = _call(world, verb, [skill("nobody"), skill("nothing")])
    assert (outcomes.done, outcomes.unchanged) == ({}, {})
    assert set(_names(outcomes.failed)) == {"nobody", "nothing"}
    assert world.snapshot() == {}
    assert set(_codes(outcomes).values()) == {code}


def test_a_skill_that_is_named_twice_is_changed_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with _seen(monkeypatch) as seen:
        outcomes = _call(world, wikipin.install_all, [skill("other"), skill("hello"), skill("other")])
    assert _names(outcomes.done) == ["other", "hello"]
    assert outcomes.failed == {}
    seen.assert_is_one_change_of("other", "hello")


def test_one_that_somebody_installs_while_the_set_waits_for_the_lock_is_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = ChangeSet.locked

    def locked_late(self: ChangeSet) -> AbstractContextManager[Survey]:
        monkeypatch.undo()
        world.install("other")
        return locked(self)

    monkeypatch.setattr(ChangeSet, "locked", locked_late)
    outcomes = _call(world, wikipin.install_all, ALL)
    assert _names(outcomes.done) == ["hello", "third"]
    assert _codes(outcomes) == {"other": "already-installed"}
    assert world.states() == dict.fromkeys(NAMES, "ok")
    assert world.left_over() == []


def test_at_no_step_of_a_set_does_a_link_lead_to_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    links: list[tuple[Path, bool]] = []

    def with_a_look(step: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            result = step(*arguments, **options)
            found = [link for place in _AGENTS for link in (world.project / place).glob("*")]
            links.extend((link, link.exists()) for link in found)
            return result

        return call

    for step in ("place", "exchange", "link", "discard"):
        monkeypatch.setattr(Folder, step, with_a_look(getattr(Folder, step)))
    world.install_all(*NAMES)
    world.commit({name: plain_skill(name, "Newer.") for name in NAMES})
    world.update_all()
    world.remove_all(*NAMES)
    assert {link.name for link, _ in links} == set(NAMES)
    assert [link for link, leads_somewhere in links if not leads_somewhere] == []


def test_one_that_somebody_edits_while_the_set_waits_for_the_lock_is_left_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.install_all(*NAMES)
    world.commit({name: plain_skill(name, "Newer.") for name in NAMES})
    locked = ChangeSet.locked

    def locked_late(self: ChangeSet) -> AbstractContextManager[Survey]:
        (world.copy("other") / "mine.md").write_bytes(b"mine")
        return locked(self)

    monkeypatch.setattr(ChangeSet, "locked", locked_late)
    outcomes = world.update_all()
    assert _names(outcomes.done) == ["hello", "third"]
    assert _codes(outcomes) == {"other": "local-edits"}
    assert (world.copy("other") / "mine.md").read_bytes() == b"mine"
    assert world.states() == {"hello": "ok", "other": "modified", "third": "ok"}
    assert not (world.project / ".memtomem/.backup").exists()


def test_one_that_cannot_be_moved_stops_no_other(world: World, tmp_path: Path) -> None:
    world.install_all(*NAMES)
    (tmp_path / "elsewhere").mkdir()
    (world.copy("other") / "inside").mkdir()
    with mounted(tmp_path / "elsewhere", world.copy("other") / "inside"):
        outcomes = world.remove_all(*NAMES)
    assert _names(outcomes.done) == ["hello", "third"]
    assert _codes(outcomes) == {"other": "io-error"}
    assert "nothing of skill 'other' was changed" in outcomes.failed[skill("other")].problem
    (world.copy("other") / "inside").rmdir()
    assert world.states() == {"other": "ok"}
    assert all((world.project / place / "other").is_symlink() for place in _AGENTS)


def test_it_waits_for_memtomem_which_is_at_work_on_one_of_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.install_all(*NAMES)
    monkeypatch.setattr("wikipin.project.lock.LOCK_SECONDS", 0.0)
    with (world.copy("other").parent / ".other.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert world.refused(world.remove_all, *NAMES).code == "busy"
        assert _names(world.remove_all("hello", "third").done) == ["hello", "third"]
    assert _names(world.remove_all("other").done) == ["other"]


@pytest.mark.parametrize("what", ["plan.lockfile", "project.journal"])
def test_a_set_too_large_to_be_read_again_is_refused_whole(
    what: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.install("hello")
    monkeypatch.setattr(f"wikipin.{what}.LARGEST", 1_000)
    assert world.refused(world.install_all, "other", "third").code == "io-error"
    assert world.left_over() == []


def test_what_comes_to_stand_in_one_place_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who knows no lock makes the directory after the last look."""
    write_journal = transaction.write_journal

    def write_late(txn: Folder, journal: Journal) -> None:
        write_journal(txn, journal)
        write_files(world.copy("other"), {"mine.md": b"mine"})

    monkeypatch.setattr("wikipin.project.change_set.write_journal", write_late)
    outcomes = _call(world, wikipin.install_all, ALL)
    assert _names(outcomes.done) == ["hello", "third"]
    assert _names(outcomes.failed) == ["other"]
    assert (world.copy("other") / "mine.md").read_bytes() == b"mine"
    shutil.rmtree(world.copy("other"))
    assert world.states() == {"hello": "ok", "third": "ok"}
    assert not any((world.project / place / "other").is_symlink() for place in _AGENTS)
    assert world.left_over() == []


_TWENTY = {
    f"skill-{number:02}": {**plain_skill(f"skill-{number:02}"), f"docs/{number}.md": b"x" * number}
    for number in range(20)
}


@pytest.fixture
def many(tmp_path: Path) -> World:
    """A clone: the lockfile has twenty skills, and there are no copies."""
    world = make_world(tmp_path, _TWENTY)
    with Wiki(world.wiki) as wiki, Project(world.project) as project:
        wikipin.install_all(wiki, project, list(map(skill, _TWENTY)))
    shutil.rmtree(world.project / ".memtomem/skills")
    return world


def test_many_skills_are_restored_with_two_git_processes(
    many: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gits = count_gits(monkeypatch, tmp_path)
    assert len(many.restore().done) == len(_TWENTY)
    assert [line.rpartition(" ")[2] for line in gits.take()] == ["--batch", "--batch-check"]
    assert set(many.states().values()) == {"ok"}


def test_a_tree_that_the_wiki_has_lost_stops_one_of_many(many: World) -> None:
    """All trees are asked for at once: the one that is missing is told of its own skill alone."""
    lost = git(many.wiki, "rev-parse", "HEAD:skills/skill-07/docs").decode().strip()
    (many.wiki / ".git/objects" / lost[:2] / lost[2:]).unlink()
    found = many.restore()
    assert {asset.name: error.code for asset, error in found.failed.items()} == {"skill-07": "wiki-unreadable"}
    assert len(found.done) == len(_TWENTY) - 1


def test_an_update_of_all_does_to_what_the_wiki_has_not_changed_what_an_update_of_one_does(world: World) -> None:
    """It looks less far at them, and must not overlook a link, a copy, an edit or an entry that says too little."""
    with Wiki(world.wiki) as wiki, Project(world.project) as project:
        wikipin.install_all(wiki, project, ALL)
    assert _names(world.update_all().unchanged) == NAMES
    (world.project / ".claude/skills/hello").unlink()
    shutil.rmtree(world.copy("other"))
    (world.copy("third") / "SKILL.md").write_text("mine")
    found = world.update_all()
    assert _names(found.done) == ["hello", "other"]
    assert [error.code for error in found.failed.values()] == ["local-edits"]
    world.change_entry("hello", "executable", "executable_installed_at")
    assert _names(world.update_all().done) == ["hello"]

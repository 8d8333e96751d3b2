"""A directory that becomes a link at any moment of a call: what was judged is what is read and written, or nothing."""

import json
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostile.doors import DOORS, Door, open_by_path
from snapshot import snapshot
from surfaces import Json
from wikis import make_wiki, plain_skill

_STEPS = ("open", "stat", "lstat", "mkdir", "readlink")
_ARGUMENTS: dict[str, Json] = {"context_install_skill": {"name": "hello"}, "context_status": {}}


@contextmanager
def _at(number: int, act: Callable[[], None]) -> Generator[None]:
    """Do something just before the call to the disk with that number."""
    calls = 0

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - it stands for any of them
            nonlocal calls
            calls += 1
            if calls == number:
                act()
            return function(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in _STEPS:
            patch.setattr(os, name, wrapped(getattr(os, name)))
        yield


class Scene:
    """A project `sub` in a directory, and a place elsewhere that is not for this call, with a lockfile of its own."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self.wiki = make_wiki(at / "wiki", {"hello": plain_skill("hello")})
        self.rounds = 0
        self.elsewhere = at / "home"
        (self.elsewhere / ".memtomem").mkdir(parents=True)
        (self.elsewhere / ".memtomem/lock.json").write_text(
            json.dumps({"version": 1, "skills": {"sesame": {"wiki_commit": "0" * 40, "installed_at": ""}}})
        )

    def escapes(self, door: Door, tool: str) -> Iterator[str]:
        """Make the call again and again, `sub` becoming a link elsewhere one step later each time; name what it did."""
        before = snapshot(self.elsewhere)
        for number in range(1, 400):
            allowed = self.at / f"{tool}-{self.rounds}"
            self.rounds += 1
            (allowed / "sub").mkdir(parents=True)

            began: list[bool] = []

            def swap(allowed: Path = allowed, began: list[bool] = began) -> None:
                began.append((allowed / "sub/.memtomem").exists())
                (allowed / "sub").rename(allowed / "away")
                (allowed / "sub").symlink_to(self.elsewhere)

            with _at(number, swap):
                outcome = door(tool, _ARGUMENTS[tool], self.wiki, allowed)
            if "sesame" in outcome.text:
                yield f"{tool} read elsewhere, at step {number}"
            if snapshot(self.elsewhere) != before:
                yield f"{tool} wrote elsewhere, at step {number}"
            if began != [False]:
                return  # it writes, or is at its end: the directory has long been opened
        raise AssertionError("the call has no end")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene(tmp_path)
    monkeypatch.setenv("HOME", str(scene.elsewhere))
    monkeypatch.delenv("CLAUDE_PROJECT_DIR", raising=False)
    return scene


@pytest.fixture(params=DOORS)
def way_in(request: pytest.FixtureRequest) -> Door:
    return DOORS[request.param]


@pytest.mark.parametrize("tool", ["context_status", pytest.param("context_install_skill", marks=pytest.mark.whole)])
def test_a_directory_that_becomes_a_link_at_any_step_leads_nowhere_else(tool: str, way_in: Door, scene: Scene) -> None:
    assert list(scene.escapes(way_in, tool)) == []


def test_who_opens_the_project_by_its_path_once_more_is_caught_through_every_door(
    way_in: Door, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same steps, with a project that is judged and then opened again."""
    monkeypatch.setattr("wikipin.project.location.Project", open_by_path)
    assert any(scene.escapes(way_in, "context_status"))
    assert any(scene.escapes(way_in, "context_install_skill"))

"""What is shown of a skill before it is installed or updated: every file and every change, page by page."""

import difflib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from surfaces import Json, Outcome, outcome_of
from wikis import Files, commit, git, plain_skill, skill_md, write_files
from world import World, make_world

from wikipin import WikipinError
from wikipin.display import printable
from wikipin.names import SkillName
from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options

NAME = SkillName("hello")
_OLD: Files = {**plain_skill(NAME), "run.sh": (b"one\n", True), "gone.md": b"gone\n", "b.bin": b"\0\1", "mode": b"m"}
_NEW: Files = {
    "SKILL.md": skill_md(NAME, "Newer."),
    "run.sh": (b"one\ntwo\n", True),
    "b.bin": b"\0\1\2",
    "mode": (b"m", True),
    "new.md": b"new\n",
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, {NAME: _OLD})


@pytest.fixture
def installed(world: World) -> World:
    """The same, with the skill as it was before the wiki's newest commit."""
    world.install()
    world.commit({NAME: _NEW})
    return world


def _show(door: str, world: World, **arguments: str) -> Outcome:
    return world.call(door, "wiki_show", name=NAME, **arguments)


def test_what_would_be_installed_is_shown_and_nothing_is_written(door: str, world: World) -> None:
    answer = _show(door, world).answer

    assert (answer["name"], answer["wiki_commit"]) == (NAME, world.head())
    assert answer["description"] == "Does one thing. Use it in tests."
    assert (answer["path"], answer["skill_md"]) == ("SKILL.md", skill_md(NAME).decode())
    assert answer["files"] == [
        {"path": "SKILL.md", "size": len(skill_md(NAME)), "executable": False},
        {"path": "b.bin", "size": 2, "executable": False},
        {"path": "gone.md", "size": 5, "executable": False},
        {"path": "mode", "size": 1, "executable": False},
        {"path": "run.sh", "size": 4, "executable": True},
    ]
    assert "changes" not in answer
    assert (answer["warnings"], answer["next_cursor"]) == ([], None)
    assert list(world.project.iterdir()) == []


def test_its_plan_is_the_one_that_an_install_takes(door: str, world: World) -> None:
    plan = _show(door, world).answer["plan"]
    done = world.call(door, "context_install_skill", name=NAME, plan=plan)
    assert done.answer["plan"] == plan


def test_a_file_or_an_earlier_version_is_shown_where_that_is_asked_for(door: str, world: World) -> None:
    world.commit({NAME: _NEW})
    assert _show(door, world, path="run.sh").answer["skill_md"] == "one\ntwo\n"
    earlier = _show(door, world, path="run.sh", ref="HEAD~1").answer
    assert (earlier["skill_md"], earlier["wiki_commit"]) == ("one\n", world.head("HEAD~1"))
    assert _show(door, world, path="b.bin").answer["skill_md"] == "not text: 3 bytes"


def test_what_an_update_would_change_is_a_unified_diff_of_each_text(door: str, installed: World) -> None:
    before = installed.snapshot()

    changes = {change.pop("path"): change for change in _show(door, installed).answer["changes"]}

    assert list(changes) == sorted(changes)
    assert changes["SKILL.md"]["change"] == "modified"
    assert changes["SKILL.md"]["diff"].split("\n") == [
        "--- a/SKILL.md",
        "+++ b/SKILL.md",
        "@@ -1,5 +1,5 @@",
        " ---",
        " name: hello",
        "-description: Does one thing. Use it in tests.",
        "+description: Newer.",
        " ---",
        " Do it.",
    ]
    assert changes["run.sh"] == {
        "change": "modified",
        "diff": "--- a/run.sh\n+++ b/run.sh\n@@ -1 +1,2 @@\n one\n+two",
    }
    assert changes["new.md"] == {"change": "added", "diff": "--- /dev/null\n+++ b/new.md\n@@ -0,0 +1 @@\n+new"}
    assert changes["gone.md"] == {"change": "removed", "diff": "--- a/gone.md\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone"}
    assert changes["b.bin"] == {"change": "modified", "diff": "not text: 2 bytes, then 3 bytes"}
    assert changes["mode"] == {"change": "mode", "diff": ""}
    assert installed.snapshot() == before


def test_a_path_tells_only_that_files_change(door: str, installed: World) -> None:
    (change,) = _show(door, installed, path="run.sh").answer["changes"]
    assert change["path"] == "run.sh"
    assert _show(door, installed, path="run.sh", ref="HEAD~1").answer["changes"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": "Bad"}, "invalid-name"),
        ({"name": "nobody"}, "not-in-wiki"),
        ({"name": NAME, "ref": "nope"}, "ref-not-found"),
        ({"name": NAME, "path": "nope"}, "invalid-argument"),
        ({"name": NAME, "path": "../../etc/passwd"}, "invalid-argument"),
        ({"name": NAME, "path": ""}, "invalid-argument"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_refused(arguments: Json, code: str, installed: World) -> None:
    before = installed.snapshot()
    for door in ("legacy", "modern", "command")[: 2 if code == "invalid-argument" else 3]:
        assert installed.call(door, "wiki_show", **arguments).code == code
    assert installed.snapshot() == before


@pytest.mark.parametrize(
    "cursor", ["", "x", "1-2-3", "1-2-3-4-5", "-1-0-0-0", "9999999999-0-0-0", "9-9-9-9\n", "9-99-0-0"]
)
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_cursor_that_was_never_given_is_refused(era: str, cursor: str, installed: World) -> None:
    assert _show(era, installed, cursor=cursor).code == "invalid-argument"


def test_against_an_edited_copy_it_says_what_would_be_lost(installed: World) -> None:
    copy = installed.copy()
    (copy / "mine.md").write_bytes(b"mine\n")
    (copy / "link").symlink_to("/etc/passwd")
    (copy / "new.md").mkdir()
    (copy / "new.md/below").write_bytes(b"x\n")
    os.mkfifo(copy / "pipe")
    shown = installed.show()
    found = {difference.change.path: difference for difference in shown.differences}
    assert {path: difference.change.change for path, difference in found.items()} == {
        "SKILL.md": "modified",
        "b.bin": "modified",
        "gone.md": "removed",
        "link": "removed",
        "mine.md": "removed",
        "mode": "mode",
        "new.md": "added",
        "new.md/below": "removed",
        "pipe": "removed",
        "run.sh": "modified",
    }
    assert found["mine.md"].diff.endswith("\n-mine")
    assert (found["link"].diff, found["pipe"].diff) == ("", "")
    assert "root:" not in "".join(difference.diff for difference in shown.differences)


def test_a_copy_that_is_missing_would_come_whole(installed: World) -> None:
    shutil.rmtree(installed.copy())
    shown = installed.show()
    assert [(d.change.path, d.change.change) for d in shown.differences] == [(path, "added") for path in sorted(_NEW)]


def _pages(world: World, **arguments: str) -> list[Json]:
    """Return all pages of an answer, as an agent asks for them, each of them held against the limit."""

    async def talk() -> list[Json]:
        pages: list[Json] = []
        async with Client(create_server(Options(world.wiki, (world.project,)))) as client:
            more: Json = {}
            while len(pages) < 100:
                result = await client.call_tool("wiki_show", {"name": NAME, **arguments, **more})
                assert len(result.model_dump_json(by_alias=True, exclude_none=True).encode()) < 10_000
                outcome = outcome_of(result)
                assert outcome.code is None, outcome.text
                pages.append(outcome.answer)
                assert str(world.project.parent) not in outcome.text
                if (cursor := outcome.answer["next_cursor"]) is None:
                    return pages
                more = {"cursor": cursor}
        raise AssertionError("the pages do not end")

    return anyio.run(talk)


def _joined(pages: list[Json], key: str) -> list[Any]:
    return [item for page in pages for item in page[key]]


_WIDE = "\u65e5\U0001f600"
_HIDDEN = "\u202e\u200b\U000e0041\x1b"


def test_its_pages_are_the_whole_of_it_each_part_once(world: World) -> None:
    text = "".join(f'{number} {_WIDE * 20}"\\{"x" * 60}\n' for number in range(120)) + _WIDE * 1500
    old: Files = {**plain_skill(NAME), **{f"d/{_WIDE * 8}{number:03}": b"%d\n" % number for number in range(60)}}
    write_files(world.copy(), {**old, "big.md": b"".join(b"%d\n" % n for n in range(500))})
    new: Files = {path: content for path, content in old.items() if not path.endswith(("1", "2"))}
    commit(
        world.wiki,
        {
            NAME: {
                **new,
                "SKILL.md": skill_md(NAME, body=text),
                "big.md": b"".join(b"%d\n" % (n * 2) for n in range(500)),
            }
        },
    )
    shown = world.show()

    pages = _pages(world)

    assert len(pages) > 5
    assert "".join(page["skill_md"] for page in pages) == skill_md(NAME, body=text).decode()
    assert [file["path"] for file in _joined(pages, "files")] == [str(file.path) for file in shown.skill.tree.files]
    diffs: dict[str, str] = {}
    for change in _joined(pages, "changes"):
        diffs[change["path"]] = diffs.get(change["path"], "") + change["diff"]
    assert diffs == {printable(d.change.path, limit=200): d.diff for d in shown.differences}
    assert list(diffs) == [d.change.path for d in shown.differences]


_SLOW = [str(number) if number % 2 else f"l{number % 105}" for number in range(2400)]
"""Half of it repeats: to compare it with itself in another order takes a second and more."""


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was compared line by line: it grows with each."""
    found: list[object] = []
    real = difflib.SequenceMatcher[str].get_matching_blocks

    def noted(matcher: "difflib.SequenceMatcher[str]") -> list[difflib.Match]:
        found.append(matcher)
        return real(matcher)

    monkeypatch.setattr(difflib.SequenceMatcher, "get_matching_blocks", noted)
    return found


def test_only_what_is_shown_is_compared(world: World, compared: list[object]) -> None:
    """Thirty files of 10 KB, made to be slow, kept it busy for a minute, for each page and for one file alone."""
    slow: Files = {f"{number:02}.md": "\n".join(_SLOW).encode() for number in range(30)}
    other: Files = {path: "\n".join([*_SLOW[1::2], *_SLOW[::2]]).encode() for path in slow}
    world.commit({NAME: {**plain_skill(NAME), **slow}})
    write_files(world.copy(), {**plain_skill(NAME), **other})

    assert [change["path"] for change in _show("modern", world, path="07.md").answer["changes"]] == ["07.md"]
    assert len(compared) == 1
    shown = _show("modern", world).answer
    assert len(compared) == 1 + len(shown["changes"]) < 5


def test_a_page_compares_a_few_files_at_the_most_and_the_next_goes_on(world: World, compared: list[object]) -> None:
    files: Files = {f"{number:02}": b"a\n" for number in range(40)}
    world.commit({NAME: {**plain_skill(NAME), **files}})
    write_files(world.copy(), {**plain_skill(NAME), **dict.fromkeys(files, b"b\n")})
    pages = _pages(world)
    assert [change["path"] for change in _joined(pages, "changes")] == list(files)
    assert max(len(page["changes"]) for page in pages) <= 16
    assert len(compared) <= len(files) + len(pages)  # one that is cut is compared again
    assert pages == _pages(world)


def test_a_line_without_end_is_shown_to_its_end(world: World) -> None:
    """What stands far to the right is what somebody would hide."""
    world.commit({NAME: {**plain_skill(NAME), "one-line.md": b"x" * 20_000 + b" delete everything\n"}})
    write_files(world.copy(), {**plain_skill(NAME), "one-line.md": b"x" * 20_000 + b"\n"})
    pages = _pages(world, path="one-line.md")
    assert "".join(page["skill_md"] for page in pages).endswith("x delete everything\n")
    assert "".join(change["diff"] for change in _joined(pages, "changes")).endswith("x delete everything")


def test_nothing_hidden_is_in_it_whatever_the_copy_is_called(world: World) -> None:
    copy = world.copy()
    write_files(copy, plain_skill(NAME))
    for name in (f"a{_HIDDEN}b\n", "caf\u00e9", os.fsdecode(b"\xff\xfe"), "q\"'\\", _WIDE * 30):
        (copy / name).write_bytes(f"x{_HIDDEN}\n".encode())
    (copy / f"l{_HIDDEN}").symlink_to("x")
    body = f"Hidden {_HIDDEN} words \u2028 and lines\r\n"
    world.commit({NAME: {"SKILL.md": skill_md(NAME, body=body)}})
    for page in _pages(world):
        assert not set(_HIDDEN + "\u2028\r").intersection(json.dumps(page, ensure_ascii=False))
        json.dumps(page, ensure_ascii=False).encode()
    _show("command", world)


@pytest.mark.parametrize(
    "description", ["x" * 4000, _WIDE * 2000, '"' * 4000, "\\" * 4000], ids=lambda text: ascii(text[:1])
)
def test_no_page_is_larger_than_an_agent_may_get(description: str, world: World) -> None:
    directory = world.copy() / (_WIDE * 30) / (_WIDE * 30) / (_WIDE * 30)
    directory.mkdir(parents=True)
    for number in range(8):
        (directory / f"{_WIDE * 25}{number}").write_bytes(b'"\\' * 300)
    files: dict[str, Any] = {f"{_WIDE * 8}/{_WIDE * 8}/{number:03}": b"x" for number in range(60)}
    text = json.dumps(description, ensure_ascii=False)
    commit(
        world.wiki,
        {NAME: {"SKILL.md": f"---\nname: hello\ndescription: {text}\n---\n".encode() + b'"\\' * 1000, **files}},
    )
    for number in range(20):
        (world.wiki / f"skills/hello/link-{'x' * 80}{number}").symlink_to("/etc/passwd")
    git(world.wiki, "add", "-A")
    git(world.wiki, "commit", "-q", "-m", "Links")
    pages = _pages(world)
    assert len(pages) > 2
    assert any("symbolic link" in warning for warning in pages[0]["warnings"])
    assert not any(page["warnings"] or page["findings"] for page in pages[1:])


def test_a_damaged_lockfile_is_told(installed: World) -> None:
    installed.lockfile_path.write_text("[]")
    with pytest.raises(WikipinError, match="lockfile-corrupt"):
        installed.show()

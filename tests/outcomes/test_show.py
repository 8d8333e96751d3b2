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
from snapshot import snapshot
from surfaces import SURFACES, Json, Outcome, outcome_of
from wikis import Files, commit, git, head, make_wiki, plain_skill, skill_md, write_files
from world import World

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
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {NAME: _OLD})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


@pytest.fixture
def installed(wiki: Path, project: Path) -> Path:
    """The project, with the skill as it was before the wiki's newest commit."""
    World(wiki, project).install(NAME)
    commit(wiki, {NAME: _NEW})
    return project


def _show(door: str, wiki: Path, project: Path, **arguments: str) -> Outcome:
    return SURFACES[door]("wiki_show", {"name": NAME, **arguments}, wiki=wiki, project=project)


def test_what_would_be_installed_is_shown_and_nothing_is_written(door: str, wiki: Path, project: Path) -> None:
    answer = _show(door, wiki, project).answer

    assert (answer["name"], answer["wiki_commit"]) == (NAME, head(wiki))
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
    assert list(project.iterdir()) == []


def test_its_plan_is_the_one_that_an_install_takes(door: str, wiki: Path, project: Path) -> None:
    plan = _show(door, wiki, project).answer["plan"]
    done = SURFACES[door]("context_install_skill", {"name": NAME, "plan": plan}, wiki=wiki, project=project)
    assert done.answer["plan"] == plan


def test_a_file_or_an_earlier_version_is_shown_where_that_is_asked_for(door: str, wiki: Path, project: Path) -> None:
    commit(wiki, {NAME: _NEW})
    assert _show(door, wiki, project, path="run.sh").answer["skill_md"] == "one\ntwo\n"
    earlier = _show(door, wiki, project, path="run.sh", ref="HEAD~1").answer
    assert (earlier["skill_md"], earlier["wiki_commit"]) == ("one\n", head(wiki, "HEAD~1"))
    assert _show(door, wiki, project, path="b.bin").answer["skill_md"] == "not text: 3 bytes"


def test_what_an_update_would_change_is_a_unified_diff_of_each_text(door: str, wiki: Path, installed: Path) -> None:
    before = snapshot(installed)

    changes = {change.pop("path"): change for change in _show(door, wiki, installed).answer["changes"]}

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
    assert snapshot(installed) == before


def test_a_path_tells_only_that_files_change(door: str, wiki: Path, installed: Path) -> None:
    (change,) = _show(door, wiki, installed, path="run.sh").answer["changes"]
    assert change["path"] == "run.sh"
    assert _show(door, wiki, installed, path="run.sh", ref="HEAD~1").answer["changes"] == []


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
def test_what_cannot_be_shown_is_refused(arguments: Json, code: str, wiki: Path, installed: Path) -> None:
    before = snapshot(installed)
    for door in ("legacy", "modern", "command")[: 2 if code == "invalid-argument" else 3]:
        assert SURFACES[door]("wiki_show", arguments, wiki=wiki, project=installed).code == code
    assert snapshot(installed) == before


@pytest.mark.parametrize(
    "cursor", ["", "x", "1-2-3", "1-2-3-4-5", "-1-0-0-0", "9999999999-0-0-0", "9-9-9-9\n", "9-99-0-0"]
)
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_cursor_that_was_never_given_is_refused(era: str, cursor: str, wiki: Path, installed: Path) -> None:
    assert _show(era, wiki, installed, cursor=cursor).code == "invalid-argument"


def test_against_an_edited_copy_it_says_what_would_be_lost(wiki: Path, installed: Path) -> None:
    copy = installed / ".memtomem/skills" / NAME
    (copy / "mine.md").write_bytes(b"mine\n")
    (copy / "link").symlink_to("/etc/passwd")
    (copy / "new.md").mkdir()
    (copy / "new.md/below").write_bytes(b"x\n")
    os.mkfifo(copy / "pipe")
    shown = World(wiki, installed).show(NAME)
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


def test_a_copy_that_is_missing_would_come_whole(wiki: Path, installed: Path) -> None:
    shutil.rmtree(installed / ".memtomem/skills" / NAME)
    shown = World(wiki, installed).show(NAME)
    assert [(d.change.path, d.change.change) for d in shown.differences] == [(path, "added") for path in sorted(_NEW)]


def _pages(wiki: Path, project: Path, **arguments: str) -> list[Json]:
    """Return all pages of an answer, as an agent asks for them, each of them held against the limit."""

    async def talk() -> list[Json]:
        pages: list[Json] = []
        async with Client(create_server(Options(wiki, (project,)))) as client:
            more: Json = {}
            while len(pages) < 100:
                result = await client.call_tool("wiki_show", {"name": NAME, **arguments, **more})
                assert len(result.model_dump_json(by_alias=True, exclude_none=True).encode()) < 10_000
                outcome = outcome_of(result)
                assert outcome.code is None, outcome.text
                pages.append(outcome.answer)
                assert str(project.parent) not in outcome.text
                if (cursor := outcome.answer["next_cursor"]) is None:
                    return pages
                more = {"cursor": cursor}
        raise AssertionError("the pages do not end")

    return anyio.run(talk)


def _joined(pages: list[Json], key: str) -> list[Any]:
    return [item for page in pages for item in page[key]]


_WIDE = "\u65e5\U0001f600"
_HIDDEN = "\u202e\u200b\U000e0041\x1b"


def test_its_pages_are_the_whole_of_it_each_part_once(wiki: Path, project: Path) -> None:
    text = "".join(f'{number} {_WIDE * 20}"\\{"x" * 60}\n' for number in range(120)) + _WIDE * 1500
    old: Files = {**plain_skill(NAME), **{f"d/{_WIDE * 8}{number:03}": b"%d\n" % number for number in range(60)}}
    write_files(project / ".memtomem/skills" / NAME, {**old, "big.md": b"".join(b"%d\n" % n for n in range(500))})
    new: Files = {path: content for path, content in old.items() if not path.endswith(("1", "2"))}
    commit(
        wiki,
        {
            NAME: {
                **new,
                "SKILL.md": skill_md(NAME, body=text),
                "big.md": b"".join(b"%d\n" % (n * 2) for n in range(500)),
            }
        },
    )
    shown = World(wiki, project).show(NAME)

    pages = _pages(wiki, project)

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


def test_only_what_is_shown_is_compared(wiki: Path, project: Path, compared: list[object]) -> None:
    """Thirty files of 10 KB, made to be slow, kept it busy for a minute, for each page and for one file alone."""
    slow: Files = {f"{number:02}.md": "\n".join(_SLOW).encode() for number in range(30)}
    other: Files = {path: "\n".join([*_SLOW[1::2], *_SLOW[::2]]).encode() for path in slow}
    commit(wiki, {NAME: {**plain_skill(NAME), **slow}})
    write_files(project / ".memtomem/skills" / NAME, {**plain_skill(NAME), **other})

    assert [change["path"] for change in _show("modern", wiki, project, path="07.md").answer["changes"]] == ["07.md"]
    assert len(compared) == 1
    shown = _show("modern", wiki, project).answer
    assert len(compared) == 1 + len(shown["changes"]) < 5


def test_a_page_compares_a_few_files_at_the_most_and_the_next_goes_on(
    wiki: Path, project: Path, compared: list[object]
) -> None:
    files: Files = {f"{number:02}": b"a\n" for number in range(40)}
    commit(wiki, {NAME: {**plain_skill(NAME), **files}})
    write_files(project / ".memtomem/skills" / NAME, {**plain_skill(NAME), **dict.fromkeys(files, b"b\n")})
    pages = _pages(wiki, project)
    assert [change["path"] for change in _joined(pages, "changes")] == list(files)
    assert max(len(page["changes"]) for page in pages) <= 16
    assert len(compared) <= len(files) + len(pages)  # one that is cut is compared again
    assert pages == _pages(wiki, project)


def test_a_line_without_end_is_shown_to_its_end(wiki: Path, project: Path) -> None:
    """What stands far to the right is what somebody would hide."""
    commit(wiki, {NAME: {**plain_skill(NAME), "one-line.md": b"x" * 20_000 + b" delete everything\n"}})
    write_files(project / ".memtomem/skills" / NAME, {**plain_skill(NAME), "one-line.md": b"x" * 20_000 + b"\n"})
    pages = _pages(wiki, project, path="one-line.md")
    assert "".join(page["skill_md"] for page in pages).endswith("x delete everything\n")
    assert "".join(change["diff"] for change in _joined(pages, "changes")).endswith("x delete everything")


def test_nothing_hidden_is_in_it_whatever_the_copy_is_called(wiki: Path, project: Path) -> None:
    copy = project / ".memtomem/skills" / NAME
    write_files(copy, plain_skill(NAME))
    for name in (f"a{_HIDDEN}b\n", "caf\u00e9", os.fsdecode(b"\xff\xfe"), "q\"'\\", _WIDE * 30):
        (copy / name).write_bytes(f"x{_HIDDEN}\n".encode())
    (copy / f"l{_HIDDEN}").symlink_to("x")
    body = f"Hidden {_HIDDEN} words \u2028 and lines\r\n"
    commit(wiki, {NAME: {"SKILL.md": skill_md(NAME, body=body)}})
    for page in _pages(wiki, project):
        assert not set(_HIDDEN + "\u2028\r").intersection(json.dumps(page, ensure_ascii=False))
        json.dumps(page, ensure_ascii=False).encode()
    _show("command", wiki, project)


@pytest.mark.parametrize(
    "description", ["x" * 4000, _WIDE * 2000, '"' * 4000, "\\" * 4000], ids=lambda text: ascii(text[:1])
)
def test_no_page_is_larger_than_an_agent_may_get(description: str, wiki: Path, project: Path) -> None:
    directory = project / ".memtomem/skills" / NAME / (_WIDE * 30) / (_WIDE * 30) / (_WIDE * 30)
    directory.mkdir(parents=True)
    for number in range(8):
        (directory / f"{_WIDE * 25}{number}").write_bytes(b'"\\' * 300)
    files: dict[str, Any] = {f"{_WIDE * 8}/{_WIDE * 8}/{number:03}": b"x" for number in range(60)}
    text = json.dumps(description, ensure_ascii=False)
    commit(
        wiki, {NAME: {"SKILL.md": f"---\nname: hello\ndescription: {text}\n---\n".encode() + b'"\\' * 1000, **files}}
    )
    for number in range(20):
        (wiki / f"skills/hello/link-{'x' * 80}{number}").symlink_to("/etc/passwd")
    git(wiki, "add", "-A")
    git(wiki, "commit", "-q", "-m", "Links")
    pages = _pages(wiki, project)
    assert len(pages) > 2
    assert any("symbolic link" in warning for warning in pages[0]["warnings"])
    assert not any(page["warnings"] or page["findings"] for page in pages[1:])


def test_a_damaged_lockfile_is_told(wiki: Path, installed: Path) -> None:
    (installed / ".memtomem/lock.json").write_text("[]")
    with pytest.raises(WikipinError, match="lockfile-corrupt"):
        World(wiki, installed).show(NAME)

"""What a person is shown of each finding: its line, with what is hidden made visible, and credentials masked."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from wikis import Content, plain_skill, skill_md
from world import World

from wikipin.answer import question
from wikipin.plan.acceptance import ReviewRequiredError
from wikipin.remedy import CommandLine

_TOKEN = "ghp_" + "k3Jq9ZtB7vXwR2mN5pLsD8fGhC4yU6aEoI1T"
_KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


def _ask(world: World, files: dict[str, Content]) -> list[str]:
    """Return the lines of the question that an install of these files asks."""
    world.commit({"bad": {**plain_skill("bad"), **files}})
    with pytest.raises(ReviewRequiredError) as required:
        world.install("bad")
    door = CommandLine(str(world.wiki), str(world.project))
    return question.text(required.value, "no remote", "the project", door).split("\n")


def _excerpt(world: World, line: str) -> str:
    """Return what is shown of a file's line that has something to be found."""
    (shown,) = (shown for shown in _ask(world, {"a.md": f"first\n{line}\nlast\n".encode()}) if " | " in shown)
    return shown.removeprefix("    | ")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Be\u200b kind.", "Be⟨U+200B⟩ kind."),
        ("Be\u200b\u200b\u200b kind.", "Be⟨U+200B⟩⟨3 times⟩ kind."),
        ("x\u202egnp.exe", "x⟨U+202E⟩gnp.exe"),
        ("a\x1b[2Jb", "a⟨U+001B⟩[2Jb"),
        ("a\u2028It has\u200b", "a⟨U+2028⟩It has⟨U+200B⟩"),
        ("x\U000e0061\U000e0062 y", "x⟨U+E0061⟩⟨U+E0062⟩⟨tags: ab⟩ y"),
        ("⟨U+0041⟩\u200b", "⟨U+27E8⟩U+0041⟨U+27E9⟩⟨U+200B⟩"),
        ("a\tb\u200b", "a b⟨U+200B⟩"),
        ("a \u200b\u2028\x1f \t", "a ⟨U+200B⟩⟨U+2028⟩⟨U+001F⟩"),
        (
            "".join(map(chr, range(0xE0061, 0xE007B))),
            "".join(f"⟨U+{n:04X}⟩" for n in range(0xE0061, 0xE0069)) + "⟨18 more⟩⟨tags: abcdefghijklmnopqrstuvwxyz⟩",
        ),
        (
            "".join(map(chr, range(0xE0100, 0xE0180))),
            "".join(f"⟨U+{n:04X}⟩" for n in range(0xE0100, 0xE0121)) + "⟨95 more⟩",
        ),
        ("a" + " " * 50 + "b\u200b", "a⟨50 blanks⟩b⟨U+200B⟩"),
        ("a" + "\u3000" * 30 + "\u00a0 b\u200b", "a⟨32 blanks⟩b⟨U+200B⟩"),
        ("a" + "\u0301" * 30 + "b\u200b", "a⟨30 marks⟩b⟨U+200B⟩"),
        (
            "a" * 500 + "\u200b" + "b" * 500,
            "a" * 40 + "⟨420 more⟩" + "a" * 40 + "⟨U+200B⟩" + "b" * 40 + "⟨420 more⟩" + "b" * 40,
        ),
    ],
    ids=ascii,
)
def test_a_line_is_shown_with_what_is_hidden_made_visible(line: str, shown: str, world: World) -> None:
    assert _excerpt(world, line) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"token = '{_TOKEN}' # mine", "token = 'ghp_…"),
        (f"\u200b{_TOKEN}\u200b and \u200bmore", "⟨U+200B⟩ghp_…⟨U+200B⟩…⟨U+200B⟩…"),
        (f"{_TOKEN} {_TOKEN}", "ghp_…"),
        (f'key: "-----BEGIN PRIVATE KEY-----\\n{_KEY}"', 'key: "-----BEGIN PRIVATE KEY-----…'),
        ("aws_secret_access_key = " + "qJalrXUtnFEMIzK7MDENGzbPxRfiCYzR8kL3vT9w", "aws_…"),
        ("sk-proj-Zk4uT9qLwX2bN7vR1sYc" + "T3BlbkFJmP8dGhJ5fQ0eWaZ6tV3y", "sk-p…"),
        ("a" * 300 + f" {_TOKEN}", "a" * 40 + "⟨226 more⟩" + "a" * 34 + " ghp_…"),
    ],
    ids=lambda text: text[:24],
)
def test_a_credential_is_not_given_away(line: str, shown: str, world: World) -> None:
    assert _excerpt(world, line) == shown


@pytest.mark.parametrize(
    "content",
    [
        f"one\r\ntwo {_TOKEN}\r\n".encode(),
        f"one\ntwo {_TOKEN}\n".encode("utf-16"),
        b"caf\xe9\n" + f"two {_TOKEN}\n".encode(),
        f"one\rtwo {_TOKEN}\r".encode(),
    ],
    ids=ascii,
)
def test_the_line_is_the_findings_in_every_kind_of_text(content: bytes, world: World) -> None:
    asked = "\n".join(_ask(world, {"a.txt": content}))
    assert "two ghp_…" in asked
    assert _TOKEN[8:] not in asked


def test_a_key_of_several_lines_is_not_given_away(world: World) -> None:
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{_KEY}\n-----END RSA PRIVATE KEY-----\n"
    asked = _ask(world, {"id.txt": key.encode()})
    assert [line for line in asked if " | " in line] == ["    | -----BEGIN RSA PRIVATE KEY-----"]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (f"t={_TOKEN[:20]}\u200b{_TOKEN[20:]}", ["t=ghp_…⟨U+200B⟩…"]),
        (
            f"-----BEGIN PRIVATE KEY-----\n{_KEY}\n{_KEY[::-1]}\u200b\n-----END PRIVATE KEY-----\nmine\u200b",
            ["-----BEGIN PRIVATE KEY-----", "jKc8…⟨U+200B⟩", "mine⟨U+200B⟩"],
        ),
        (f"-----BEGIN PRIVATE KEY-----\n{_KEY}\n{_KEY[::-1]}\u200b", ["-----BEGIN PRIVATE KEY-----", "jKc8…⟨U+200B⟩"]),
        (f"{_TOKEN[:20]}\u200b{_TOKEN[20:]} {_TOKEN}", ["ghp_…⟨U+200B⟩…"]),
        ("two \u200bwords", ["two ⟨U+200B⟩words"]),
    ],
    ids=["interrupted", "lines of a key", "a key without an end", "two", "no credential"],
)
def test_a_line_in_which_something_is_hidden_gives_no_credential_away(
    content: str, shown: list[str], world: World
) -> None:
    asked = _ask(world, {"a.txt": f"{content}\n".encode()})
    assert [line for line in asked if " | " in line] == [f"    | {line}" for line in shown]


def test_findings_are_grouped_by_file_and_each_has_its_line(world: World) -> None:
    files: dict[str, Content] = {
        "b.md": b"x\nB\xe2\x80\x8b\ny\nC\xe2\x80\x8b\n",
        "c.md": f"<!-- note -->\n{_TOKEN}\n".encode(),
    }
    asked = _ask(world, files)
    at = asked.index("It has 4 findings:")
    assert asked[at + 1 : -1] == [
        "  In b.md:",
        "    line 2: U+200B ZERO WIDTH SPACE",
        "    | B⟨U+200B⟩",
        "    line 4: U+200B ZERO WIDTH SPACE",
        "    | C⟨U+200B⟩",
        "  In c.md:",
        "    line 2: what looks like a secret: GitHub token",
        "    | ghp_…",
        "    notice, line 1: an HTML comment, which a rendered page does not show",
        "    | <!-- note -->",
    ]


def test_one_is_one(world: World) -> None:
    world.commit({"bad": {"SKILL.md": skill_md("bad", body="x\u200b")}})
    with pytest.raises(ReviewRequiredError) as required:
        world.install("bad")
    asked = question.text(required.value, "no remote", "the project", CommandLine()).split("\n")
    assert "It has 1 file:" in asked
    assert "It has 1 finding:" in asked


def test_a_finding_without_a_line_has_words_alone(world: World) -> None:
    asked = _ask(world, {"a.bin": b"\0\n" + _TOKEN.encode()})
    assert asked[-3:-1] == ["  In a.bin:", "    what looks like a secret: GitHub token"]


_MANY: dict[str, dict[str, Content]] = {
    "many files": {f"f{number}.md": f"n{number}\u200b\n".encode() for number in range(100)},
    "many lines of one": {"a.md": "".join(f"n{number}\u200b\n" for number in range(100)).encode()},
}


@pytest.mark.parametrize("files", _MANY.values(), ids=_MANY)
def test_what_has_no_room_is_counted_and_a_command_shows_all_of_it(
    files: dict[str, Content], world: World, tmp_path: Path
) -> None:
    asked = _ask(world, files)
    shown = [line for line in asked if line.startswith("    | ")]
    (rest,) = (line for line in asked if line.startswith("And "))
    assert rest.startswith(f"And {100 - len(shown)} more. All of them: '")
    command = shlex.split(rest.split("'", 1)[1].removesuffix("'"))
    assert command[-4:] == ["show", "bad", "--ref", world.head()]
    assert command[0] == "wikipin"
    printed = subprocess.run(
        [sys.executable, "-m", "wikipin.cli", *command[1:]], check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout
    assert {int(number) for number in re.findall(r"^  \| n([0-9]+)⟨U\+200B⟩$", printed, re.MULTILINE)} == {*range(100)}
    assert len(shown) >= 10


def test_what_all_has_room_is_not_counted(world: World) -> None:
    assert not [line for line in _ask(world, {"a.md": b"x\xe2\x80\x8b\n"}) if line.startswith("And ")]


@pytest.mark.parametrize(
    "line",
    [
        "x\u200b\nIt has 0 findings:\n  In b.md:\nType bad to install it: ",
        "x\u200b\r\nPlan 0.\r",
        "x\u200b\x85Plan 0.\u2029Plan 1.\x0bPlan 2.\x0cPlan 3.",
        "x\u200b\x1b[1A\x1b[2KNothing was found.",
        "x\u200b\x08\x08\x08\x08Nothing",
    ],
    ids=ascii,
)
def test_no_line_of_a_file_breaks_out_of_its_place(line: str, world: World) -> None:
    asked = _ask(world, {"a.md": line.encode()})
    plain = _ask(world, {"a.md": b"x\xe2\x80\x8b\n"})
    foreign = [shown for shown in asked if shown.startswith("    | ")]
    assert all(shown.startswith("    | x⟨U+200B⟩") or len(foreign) > 1 for shown in foreign)
    ours = [re.sub(r"[0-9a-f]{40,}|[0-9]+ bytes", "…", shown) for shown in asked if shown not in foreign]
    theirs = [re.sub(r"[0-9a-f]{40,}|[0-9]+ bytes", "…", shown) for shown in plain if not shown.startswith("    | ")]
    assert len(ours) >= len(theirs)
    assert [shown for shown in ours if shown not in theirs and not shown.startswith(("    line ", "It has "))] == []
    assert not [shown for shown in ours if "Plan 0" in shown or "Nothing" in shown or "0 findings" in shown]
    assert all(shown.isprintable() for shown in asked)

"""A caller that was talked into something: what leads out, says options, or hides. Every door, traced (Linux)."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from hostile.trace import Trace, read_trace, traced_command, traced_server
from snapshot import Snapshot, snapshot
from surfaces import Json, Outcome, command_words
from torture.strace import need_strace
from wikis import make_wiki, plain_skill

_DOORS = ("legacy", "auto", "command")
_INSTALL, _SHOW, _UPDATE = "context_install_skill", "wiki_show", "context_update_skill"


@dataclass(frozen=True)
class Attack:
    """One call, and the code that it is refused with. `{root}` in a text is the directory that all is in."""

    tool: str
    arguments: Json
    code: str
    tool_only: bool = False
    """Whether the command has no such argument, or a person may mean by it what an agent must not."""

    def can_be_sent(self, door: str) -> bool:
        """Tell whether a door takes this at all: JSON that is UTF-8 has no lone surrogate, a command's words may."""
        return not self.tool_only if door == "command" else "\\ud800" not in ascii(self.arguments)

    @property
    def name(self) -> str:
        return ascii(f"{self.tool} {self.arguments}")[:90]


_NAMES = [
    *("..", ".", "", "/", "/etc/passwd", "../../outside", "hello/../../outside", "hello/SKILL.md", "skills\\hello"),
    *("-rf", "--wiki=/", "--help", "~root", "$(touch marked)", "hello;touch marked", "hello\0", "hello\n", "hel lo"),
    *("hello\u200b", "\u202ehello", "\uff48\uff45\uff4c\uff4c\uff4f", "h\u0435llo", ".git", "git~1", "HELLO", "\ud800"),
    *("\x1b[2J", "hello" * 20_000, "{root}/outside", "*", "hello:main"),
]
_REVISIONS = [
    *("", "-n1", "--all", "--output={root}/outside/marked", "--upload-pack=touch marked", "HEAD:skills", "HEAD..main"),
    *(
        "main...HEAD",
        "^main",
        "@{{-1}}",
        "main@{{upstream}}",
        "HEAD@{{now}}",
        ":/hello",
        "HEAD^{{/x}}",
        "HEAD^{{tree}}",
    ),
    *("a b", "HEAD\n--batch", "HEAD\0", "refs/../../../outside/secret", "ma\u200bin", "\u202emain", "\ud800", "a*"),
    *("x" * 100_000,),
]
_UNKNOWN_REVISIONS = [
    *("/etc/passwd", "{root}/outside/secret", "config", "objects/info/packs", "HEAD~99999999999999999999", "0" * 40),
    *("$(id)", "main;id", "`id`", "refs/heads/x.lock", "HEAD^99"),
]
_PLANS = ["", "x", "../x", "0" * 63, "0" * 64 + "\n", "F" * 64, "-" * 64, "\u0660" * 64]
_PATHS = [
    *(
        "",
        "..",
        "../../../outside/secret",
        "/etc/passwd",
        "{root}/outside/secret",
        "SKILL.md\0",
        "SKILL.md/",
        "./SKILL.md",
    ),
    *("skill.md", "--batch", ".git/config", "SKILL.md:x", "\ud800", "\u202edm.LLIKS", "x" * 100_000),
]
_PROJECTS_FORBIDDEN = ["..", "/", "/etc", "{root}/outside", "{root}/wiki", "away", "a/../../outside", "{home}"]
_PROJECTS_WRONG = ["", "a\0", "a\nb", "\u202ea", "\ud800", "x" * 5000, "\x1b[2J"]
_PROJECTS_MISSING = ["none", "~", "$HOME", "%2e%2e", "a/.memtomem", "file:///etc"]
_TYPES: list[tuple[str, Json]] = [
    (_INSTALL, {"name": ["hello"]}),
    (_INSTALL, {"name": {"$ref": "#"}}),
    (_INSTALL, {"name": None}),
]
_MORE_TYPES: list[tuple[str, Json]] = [
    (_INSTALL, {}),
    (_INSTALL, {"name": "hello", "force": True}),
    (_INSTALL, {"name": "hello", "\u202edry_run": True}),
    (_INSTALL, {"name": "hello", "accept": "0" * 64}),
    (_INSTALL, {"name": "hello", "review": "off"}),
    (_INSTALL, {"name": "hello", "wiki": "/"}),
    (_INSTALL, {"name": "hello", "expose": "none"}),
    (_INSTALL, {"name": "hello", "dry_run": "false"}),
    (_INSTALL, {"name": "hello", "dry_run": 0}),
    (_INSTALL, {"name": "hello", "dry_run": None}),
    (_INSTALL, {"name": "hello", "ref": ["HEAD", "--all"]}),
    (_INSTALL, {"name": "hello", "project": {"path": "/"}}),
    (_UPDATE, {"name": "hello", "discard_edits": "yes"}),
    (_UPDATE, {"name": "hello", "allow_rollback": 1}),
    ("context_remove_skill", {"name": "hello", "discard_edits": [True]}),
    ("context_restore", {"names": "hello"}),
    ("context_restore", {"names": [["hello"]]}),
    ("wiki_list", {"query": "x" * 201}),
    ("wiki_list", {"limit": -1}),
    ("wiki_list", {"limit": 10**400}),
    ("wiki_list", {"limit": 1e300}),
    ("wiki_list", {"cursor": "../x"}),
    ("wiki_list", {"cursor": "\u202e" * 9000}),
    (_SHOW, {"name": "hello", "cursor": "-1-0-0-0"}),
    (_SHOW, {"name": "hello", "cursor": "999999999-0-0-0"}),
    (_SHOW, {"name": "hello", "cursor": "\u0661-0-0-0"}),
    ("lockfile_read", {"path": "/etc/passwd"}),
]

ATTACKS = [
    *(Attack(tool, {"name": name}, "invalid-name") for name in _NAMES for tool in (_INSTALL, "context_remove_skill")),
    *(Attack("context_restore", {"names": ["hello", name]}, "invalid-name") for name in _NAMES[:6]),
    *(Attack(_INSTALL, {"name": "hello", "ref": ref}, "invalid-argument") for ref in _REVISIONS),
    *(Attack(_INSTALL, {"name": "hello", "ref": ref}, "ref-not-found") for ref in _UNKNOWN_REVISIONS),
    *(Attack(_UPDATE, {"name": "hello", "plan": plan}, "invalid-argument") for plan in _PLANS),
    *(Attack(_SHOW, {"name": "hello", "path": path}, "invalid-argument") for path in _PATHS),
    *(
        Attack(_INSTALL, {"name": "hello", "project": project}, code, tool_only=True)
        for projects, code in (
            (_PROJECTS_FORBIDDEN, "project-not-allowed"),
            (_PROJECTS_WRONG, "invalid-argument"),
            (_PROJECTS_MISSING, "project-not-found"),
        )
        for project in projects
    ),
    *(Attack(tool, arguments, "invalid-name", tool_only=True) for tool, arguments in _TYPES),
    *(Attack(tool, arguments, "invalid-argument", tool_only=True) for tool, arguments in _MORE_TYPES),
]


@dataclass(frozen=True)
class Seen:
    """What a door said to each attack that it knows, what became of everything there, and what strace saw."""

    outcomes: dict[int, Outcome]
    before: Snapshot
    after: Snapshot
    trace: Trace


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wiki, a project with a link that leads out of it, and what lies outside."""
    need_strace()
    root = tmp_path_factory.mktemp("arguments")
    make_wiki(root / "wiki", {"hello": plain_skill("hello")})
    (root / "outside").mkdir()
    (root / "outside" / "secret").write_text("secret\n")
    (root / "project" / "a").mkdir(parents=True)
    (root / "project" / "away").symlink_to(root / "outside")
    return root


@pytest.fixture(scope="module")
def seen(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    traces = tmp_path_factory.mktemp("traces")
    return {door: _go_through(root, traces / door, door) for door in _DOORS}


def _go_through(root: Path, trace: Path, door: str) -> Seen:
    wiki, project = root / "wiki", root / "project"
    before = snapshot(root)
    outcomes: dict[int, Outcome] = {}

    async def serve() -> None:
        async with traced_server(trace, wiki, project, door) as ask:
            for number, attack in enumerate(ATTACKS):
                if attack.can_be_sent(door):
                    outcomes[number] = await ask(attack.tool, _filled(attack.arguments, root))

    if door == "command":
        with traced_command(trace, project) as run:
            for number, attack in enumerate(ATTACKS):
                if attack.can_be_sent(door):
                    arguments = _filled(attack.arguments, root)
                    outcomes[number] = run(command_words(attack.tool, arguments, wiki=wiki, project=project))
    else:
        anyio.run(serve)
    return Seen(outcomes, before, snapshot(root), read_trace(trace))


def _filled(value: Any, root: Path) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return value.replace("{{", "{").replace("}}", "}").replace("{root}", str(root)).replace("{home}", _HOME)
        case list():
            return [_filled(item, root) for item in cast("list[object]", value)]
        case dict():
            return {key: _filled(item, root) for key, item in cast("Json", value).items()}
        case _:
            return value


_HOME = os.path.realpath(Path.home())


def _known(doors: Sequence[str]) -> list[Any]:
    return [
        pytest.param(number, door, id=f"{door}, {number}, {attack.name}")
        for door in doors
        for number, attack in enumerate(ATTACKS)
        if attack.can_be_sent(door)
    ]


@pytest.mark.parametrize(("number", "door"), _known(_DOORS))
def test_a_hostile_argument_is_refused(number: int, door: str, seen: dict[str, Seen], root: Path) -> None:
    outcome = seen[door].outcomes[number]
    if outcome.code is None:  # the command decides on each of several names by itself
        assert {failure["code"] for failure in outcome.answer["failed"]} >= {ATTACKS[number].code}
    else:
        assert outcome.code == ATTACKS[number].code
    assert str(root) not in outcome.prose or "{root}" in str(ATTACKS[number].arguments)
    assert outcome.text.replace("\n", "").isprintable()  # JSON has lines
    assert len(outcome.text) < 2200


@pytest.mark.parametrize("door", _DOORS)
def test_all_of_them_write_nothing_run_nothing_and_open_nothing(door: str, seen: dict[str, Seen]) -> None:
    assert seen[door].after == seen[door].before
    assert seen[door].trace.wrongs("outside") == []

"""Projects that nobody means well with: what somebody committed to one, in which the skill `hello` is installed."""

import json
import os
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Lay = Callable[[Path, Path], object]
"""Changes a project, given a directory outside it that has a `secret`, a `lock.json`, and a skill in `skills`."""

READS = ("wiki_list", "wiki_show", "context_status", "lockfile_read")
WRITES = ("context_install_skill", "context_update_skill", "context_restore", "adopt", "context_remove_skill")

LOCKFILE = ".memtomem/lock.json"
SKILL = ".memtomem/skills/hello"
_SHOWN = ".claude/skills/hello"
_SHA = "0" * 64


@dataclass(frozen=True)
class Twist:
    """What was done to a project, and what each verb has to say to it: a code, or None for an answer."""

    what: str
    lay: Lay
    said: Mapping[str, str | None]
    stays: Sequence[str] = ()
    """What no verb may touch, answered or refused."""

    is_finished: bool = False
    """Whether a call may finish here what looks as if a killed process had begun it."""


def _all(code: str) -> dict[str, str | None]:
    return dict.fromkeys((*READS, *WRITES), code)


_SOUND: dict[str, str | None] = dict.fromkeys((*READS, *WRITES)) | {
    "context_install_skill": "already-installed",
    "adopt": "already-installed",
}
"""What is said where nothing is wrong, and so where what is wrong is no business of ours."""

_EDITED = _SOUND | {
    "context_update_skill": "local-edits",
    "context_restore": "local-edits",
    "context_remove_skill": "local-edits",
}
_UNSAFE = _all("unsafe-project")
_UNSAFE_COPY = _UNSAFE | {"lockfile_read": None}
_CONFLICT = _SOUND | {"context_update_skill": "exposure-conflict", "context_restore": "exposure-conflict"}
_CORRUPT = _all("lockfile-corrupt")
_VERSION = _all("lockfile-version") | {"context_status": None, "lockfile_read": None}
_FORGED = _CORRUPT | {"lockfile_read": None}
"""A lockfile that is shown as it is, and that nothing else is done with."""


def _away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)


def _link(place: str, target: str) -> Lay:
    def lay(project: Path, outside: Path) -> None:
        _away(project / place)
        (project / place).symlink_to(outside / target)

    return lay


def _relative_link(place: str, target: str) -> Lay:
    def lay(project: Path, _: Path) -> None:
        _away(project / place)
        (project / place).symlink_to(target)

    return lay


def _hard(place: str, target: str) -> Lay:
    def lay(project: Path, outside: Path) -> None:
        if (outside / target).exists():
            _away(project / place)
            (project / place).hardlink_to(outside / target)
        else:
            (outside / target).hardlink_to(project / place)

    return lay


def _fifo(place: str) -> Lay:
    def lay(project: Path, _: Path) -> None:
        _away(project / place)
        os.mkfifo(project / place)

    return lay


def _socket(place: str) -> Lay:
    def lay(project: Path, _: Path) -> None:
        _away(project / place)
        with socket.socket(socket.AF_UNIX) as endpoint, chdir((project / place).parent):
            endpoint.bind((project / place).name)  # a whole path may be too long for a socket's

    return lay


def _directory(place: str) -> Lay:
    def lay(project: Path, _: Path) -> None:
        _away(project / place)
        (project / place).mkdir()

    return lay


def _file(place: str, content: bytes = b"x\n") -> Lay:
    def lay(project: Path, _: Path) -> None:
        _away(project / place)
        (project / place).write_bytes(content)

    return lay


def _deep(place: str, then: Lay = lambda _, __: None) -> Lay:
    def lay(project: Path, outside: Path) -> None:
        (project / place).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(project / place, os.O_RDONLY)
        for _ in range(1100):
            os.mkdir("a", dir_fd=descriptor)
            child = os.open("a", os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = child
        os.close(descriptor)
        then(project, outside)

    return lay


def _forged(change: Callable[[Json], object]) -> Lay:
    """Change the lockfile's document, or replace it by what `change` returns."""

    def lay(project: Path, _: Path) -> None:
        document = json.loads((project / LOCKFILE).read_bytes())
        made = change(document)
        content = made if isinstance(made, bytes) else json.dumps(document).encode()
        (project / LOCKFILE).write_bytes(content)

    return lay


def _entry(**more: object) -> Callable[[Json], object]:
    return lambda document: document["skills"]["hello"].update(more)


def _named(name: str) -> Callable[[Json], object]:
    def change(document: Json) -> None:
        document["skills"][name] = document["skills"]["hello"]

    return change


def _journal(**more: object) -> Lay:
    """Forge a journal, as a process that was killed in the middle of a change leaves one."""

    def lay(project: Path, _: Path) -> None:
        journal: Json = {
            "version": 1,
            "name": "mine",
            "staging": "0" * 16,
            "stamp": "20260101T000000000000Z",
            **dict.fromkeys(("entry", "plan", "clean")),
            **dict.fromkeys(("swap", "link", "take"), ()),
            "old": {},
            **more,
        }
        (project / ".memtomem/.txn").mkdir(exist_ok=True)
        (project / ".memtomem/.txn/redo.json").write_text(json.dumps(journal))

    return lay


def _journal_and_links(project: Path, outside: Path) -> None:
    """Forge a journal that brings a link as if it were a tree."""
    staging = project / ".memtomem/.staging" / ("0" * 16)
    staging.mkdir(parents=True)
    (staging / "mine~copy").symlink_to(outside)
    (staging / "mine~claude").symlink_to(outside)
    _journal(swap=["copy", "claude"])(project, outside)


def _journal_of_mine(project: Path, outside: Path) -> None:
    """Forge a journal that takes away a skill of somebody's own."""
    (project / ".memtomem/.staging" / ("0" * 16)).mkdir(parents=True)
    (project / ".claude/skills/mine").mkdir()
    (project / ".claude/skills/mine/SKILL.md").write_text("mine\n")
    _journal(take=["claude"], old={"claude": _SHA})(project, outside)


def _programs(project: Path, outside: Path) -> None:
    for name in ("git", "sh", "python3", "bin/git"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(f"#!/bin/sh\necho >> '{outside}/ran'\n")
        (project / name).chmod(0o755)


def _exposed_out(*paths: str) -> Lay:
    return _forged(lambda document: document["skills"]["hello"]["exposed"].extend(paths))


_MEMTOMEM = ".memtomem"
_LINKS = {
    _MEMTOMEM: "",
    f"{_MEMTOMEM}/skills": "skills",
    f"{_MEMTOMEM}/.staging": "skills",
    f"{_MEMTOMEM}/.txn": "skills",
    f"{_MEMTOMEM}/.backup": "skills",
    LOCKFILE: "lock.json",
    f"{_MEMTOMEM}/.lock.json.lock": "secret",
    f"{_MEMTOMEM}/.gitignore": "secret",
    f"{_MEMTOMEM}/.gitattributes": "secret",
    f"{_MEMTOMEM}/.txn/redo.json": "secret",
    f"{_MEMTOMEM}/.txn/lock.json.new": "secret",
    f"{_MEMTOMEM}/.staging/x/owner": "secret",
}
_SPECIAL = (LOCKFILE, f"{_MEMTOMEM}/.lock.json.lock", f"{_MEMTOMEM}/.txn/redo.json", f"{_MEMTOMEM}/.staging/x/owner")
_HARD = (f"{_MEMTOMEM}/.lock.json.lock", f"{_MEMTOMEM}/.gitignore", f"{_MEMTOMEM}/.txn/lock.json.new")

TWISTS = [
    *(Twist(f"a link out at {place}", _link(place, target), _UNSAFE) for place, target in _LINKS.items()),
    *(Twist(f"a link to nothing at {place}", _link(place, "none"), _UNSAFE) for place in (_MEMTOMEM, LOCKFILE)),
    *(Twist(f"a FIFO at {place}", _fifo(place), _UNSAFE) for place in (_MEMTOMEM, *_SPECIAL)),
    Twist("a socket at the lockfile", _socket(LOCKFILE), _UNSAFE),
    *(Twist(f"a directory at {place}", _directory(place), _UNSAFE) for place in (LOCKFILE, f"{_MEMTOMEM}/.txn/x")),
    *(Twist(f"a file at {place}", _file(place), _UNSAFE) for place in (_MEMTOMEM, f"{_MEMTOMEM}/skills")),
    Twist("a link out at the copy", _link(SKILL, "skills/hello"), _UNSAFE_COPY),
    Twist("a link to nothing at the copy", _link(SKILL, "none"), _UNSAFE_COPY),
    Twist("a FIFO at the copy", _fifo(SKILL), _UNSAFE_COPY),
    Twist("a socket at the copy", _socket(SKILL), _UNSAFE_COPY),
    Twist("a file at the copy", _file(SKILL), _UNSAFE_COPY),
    Twist("a link out in the copy", _link(f"{SKILL}/SKILL.md", "secret"), _EDITED),
    Twist("a link to a directory in the copy", _link(f"{SKILL}/docs", "skills"), _EDITED),
    Twist("a FIFO in the copy", _fifo(f"{SKILL}/SKILL.md"), _EDITED),
    Twist("a repository in the copy", _directory(f"{SKILL}/.git"), _EDITED),
    Twist("1,100 directories in the copy", _deep(f"{SKILL}/x"), _EDITED),
    Twist(
        "1,100 directories that somebody seems to have staged",
        _deep(f"{_MEMTOMEM}/.staging/x/a", _file(f"{_MEMTOMEM}/.staging/x/owner")),
        _SOUND,
        is_finished=True,
    ),
    *(Twist(f"a hard link at {place}", _hard(place, "secret"), _SOUND, is_finished=True) for place in _HARD),
    Twist("a hard link at the lockfile", _hard(LOCKFILE, "hard"), _SOUND),
    Twist("a hard link in the copy", _hard(f"{SKILL}/SKILL.md", "hard"), _SOUND),
    Twist(
        "a hard link that seems to be a staging's owner",
        _hard(f"{_MEMTOMEM}/.staging/x/owner", "secret"),
        _SOUND,
        is_finished=True,
    ),
    *(
        Twist(f"an exposure that is a link to {target}", _relative_link(_SHOWN, target), _CONFLICT, (_SHOWN,))
        for target in (
            "../../../outside/skills/hello",
            "/etc",
            "../../.git",
            "../../.memtomem/skills/../../..",
            "hello",
        )
    ),
    Twist("an exposure of another skill", _relative_link(_SHOWN, "../../.memtomem/skills/x"), _CONFLICT, (_SHOWN,)),
    Twist("agents' skills that are a link out", _link(".claude/skills", "skills"), _CONFLICT, (".claude/skills",)),
    Twist("agents' files that are a link out", _link(".claude", ""), _CONFLICT, (".claude",)),
    Twist("an exposure that is a FIFO", _fifo(_SHOWN), _CONFLICT, (_SHOWN,)),
    Twist("agents' skills that are a FIFO", _fifo(".claude/skills"), _CONFLICT, (".claude/skills",)),
    *(
        Twist(f"exposed at {path!r}", _exposed_out(path), _FORGED)
        for path in (
            "../outside/secret",
            "/etc/cron.d/x",
            "..",
            "a/../../x",
            ".git/hooks/pre-commit",
            "a\nb",
            "a\u202eb",
        )
    ),
    *(
        Twist(f"exposed at {path!r}, where nothing of ours is", _exposed_out(path), _SOUND)
        for path in ("README.md", ".claude/skills/mine", ".agents/skills", LOCKFILE)
    ),
    *(
        Twist(f"a skill that is named {name!r}", _forged(_named(name)), _FORGED)
        for name in (
            "../../outside",
            "/etc",
            "..",
            ".",
            "",
            "-rf",
            "a/b",
            "hello\0",
            "hello\u202e",
            "h\u00e9",
            "a" * 65,
        )
    ),
    *(
        Twist(f"a {key} that is {value!r}", _forged(_entry(**{key: value})), _FORGED)
        for key, value in (
            *(
                ("wiki_commit", value)
                for value in ("HEAD", "--output=/tmp/x", "main:skills", "A" * 40, None, ["0" * 40])
            ),
            *(("installed_at", value) for value in ("", "x" * 65, "\u202e", None, 5)),
            *(("digests", value) for value in ({"SKILL.md": "x"}, {"SKILL.md": None}, ["SKILL.md"], "x")),
            *(("executable", value) for value in (["../../outside/secret"], ["/etc/passwd"], "x", [5])),
            *(("exposed", value) for value in ("x", {"x": "y"}, [None])),
            *(("accepted", value) for value in ("yes", {"plan": "x", "by": "client"}, {"plan": _SHA, "by": "x" * 65})),
        )
    ),
    Twist("digests of files outside", _forged(_entry(digests={"../../../outside/secret": _SHA})), _EDITED),
    Twist("an executable file that is not there", _forged(_entry(executable=["x"])), _EDITED),
    Twist("entries that are a list", _forged(lambda document: document.update(skills=[])), _FORGED),
    Twist("another version", _forged(lambda document: document.update(version=2)), _VERSION),
    Twist("a version that is almost 1", _forged(lambda document: document.update(version=True)), _VERSION),
    Twist("a version that hides", _forged(lambda document: document.update(version="1\u202e\x1b[2J")), _VERSION),
    Twist("a lockfile that is a list", _forged(lambda _: b"[]"), _CORRUPT),
    Twist("a lockfile of nothing", _forged(lambda _: b""), _CORRUPT),
    Twist("a lockfile that is not UTF-8", _forged(lambda _: b'{"version": 1, "skills": {"\xff": {}}}'), _CORRUPT),
    Twist("a lockfile with half a character", _forged(lambda _: b'{"version": 1, "x": "\\ud800"}'), _CORRUPT),
    Twist("a lockfile that says a thing twice", _forged(lambda _: b'{"version": 1, "version": 1}'), _CORRUPT),
    Twist("a lockfile with a number that is none", _forged(lambda _: b'{"version": 1, "x": NaN}'), _CORRUPT),
    Twist(
        "a lockfile with a number of ten thousand digits",
        _forged(lambda _: b'{"version": 1' + b"0" * 9999 + b"}"),
        _CORRUPT,
    ),
    Twist("a lockfile deeper than a stack", _forged(lambda _: b"[" * 200_000), _CORRUPT),
    Twist("a lockfile of 17 MiB", _forged(lambda _: b'{"version": 1}' + b" " * (17 << 20)), _CORRUPT),
    *(
        Twist(f"a journal with {key} {value!r}", _journal(**{key: value}), _UNSAFE)
        for key, value in (
            ("name", "../../outside"),
            ("name", ".."),
            ("staging", "../../../outside"),
            ("stamp", "../../outside"),
            ("swap", ["../../outside"]),
            ("link", [".git/hooks"]),
            ("take", ["/etc"]),
            ("old", {"../../outside": _SHA}),
            ("version", 2),
            ("more", "x"),
        )
    ),
    Twist("a journal of noise", _file(".memtomem/.txn/redo.json", b"\xff" * 99), _UNSAFE),
    Twist("a journal without an end", _file(".memtomem/.txn/redo.json", b"[" * 99_999), _UNSAFE),
    Twist("a journal that brings a link", _journal_and_links, _UNSAFE),
    Twist("a journal that takes what is somebody's own", _journal_of_mine, _SOUND, is_finished=True),
    Twist("programs that are named like git", _programs, _SOUND),
]

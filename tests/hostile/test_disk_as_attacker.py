"""What somebody does to a copy that is installed: bytecode, files without end, directories that cannot be moved.

Each attack stands beside its control: what looks like it and is honest, or what it does to a program without the rule.
"""

import dis
import importlib.util
import json
import marshal
import operator
import os
import py_compile
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import CodeType

import pytest
from privilege import as_anyone, immutable, mounted
from torture.scenario import settled
from wikis import Files, plain_skill
from world import World, make_world

from wikipin import Exposure, WikipinError
from wikipin.disk.folder import Folder
from wikipin.disk.scan import scan
from wikipin.names import SkillName

HELLO, OTHER = SkillName("hello"), SkillName("other")
_SCRIPT = b"import sys\nsys.dont_write_bytecode = False\nimport helper\nprint(helper.say())\n"
_FILES: Files = {
    **plain_skill(HELLO),
    "scripts/run.py": _SCRIPT,
    "scripts/helper.py": b"def say(one=5, other=3):\n    return 'honest' if one - other == 2 else 'planted'\n",
    "docs/a.md": b"a",
}
_COPY = ".memtomem/skills/hello"
_SHOWN = ".claude/skills/hello"
_SOON = 15.0  # seconds, of a machine that has other things to do; what is read without a limit takes over a minute
_EVIL = "def say():\n    return 'planted'\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path, {HELLO: _FILES, OTHER: plain_skill(OTHER)})
    world.install()
    world.install(OTHER)
    return world


def _run(world: World, at: str = _COPY, *flags: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    script = [sys.executable, *flags, f"{at}/scripts/run.py"]
    return subprocess.run(
        script, cwd=world.project, check=True, capture_output=True, text=True, env=environment
    ).stdout.strip()


def _planted(world: World, mode: py_compile.PycInvalidationMode, at: str = _COPY) -> Path:
    """Compile other code for the helper of the script, in the form that Python takes for its own."""
    scripts = world.project / at / "scripts"
    honest = (scripts / "helper.py").stat()
    evil = world.project.parent / "helper.py"
    evil.write_text(_EVIL)
    pyc = Path(importlib.util.cache_from_source(str(scripts / "helper.py")))
    py_compile.compile(str(evil), str(pyc), invalidation_mode=mode, doraise=True)
    if mode is py_compile.PycInvalidationMode.TIMESTAMP:
        header = int(honest.st_mtime).to_bytes(4, "little") + honest.st_size.to_bytes(4, "little")
        pyc.write_bytes(pyc.read_bytes()[:8] + header + pyc.read_bytes()[16:])
    if mode is py_compile.PycInvalidationMode.CHECKED_HASH:
        digest = importlib.util.source_hash((scripts / "helper.py").read_bytes())
        pyc.write_bytes(pyc.read_bytes()[:8] + digest + pyc.read_bytes()[16:])
    return pyc


@pytest.mark.parametrize("mode", py_compile.PycInvalidationMode, ids=lambda mode: mode.name)
def test_planted_bytecode_runs_and_the_check_names_it(mode: py_compile.PycInvalidationMode, world: World) -> None:
    pyc = _planted(world, mode)
    assert _run(world) == "planted"
    done = world.check()
    assert done.returncode == 1
    assert str(pyc.relative_to(world.copy())) in done.stdout
    assert "1 of 2 copies are as the lockfile says." in done.stdout


def test_bytecode_that_says_it_is_never_to_be_checked_is_named_whatever_it_has(world: World) -> None:
    source = world.copy() / "scripts/helper.py"
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, doraise=True)
    assert world.check().returncode == 1


def test_planted_bytecode_in_an_exposure_that_is_a_copy_is_named(world: World) -> None:
    beside = world.beside("copies")
    beside.install(exposure=Exposure(mode="copy"))
    pyc = _planted(beside, py_compile.PycInvalidationMode.TIMESTAMP, _SHOWN)
    assert _run(beside, _SHOWN) == "planted"
    done = beside.check()
    assert done.returncode == 1
    assert f"  {pyc.relative_to(beside.project)}: " in done.stdout


@pytest.mark.parametrize("at", [_COPY, _SHOWN])
@pytest.mark.parametrize("flags", [(), ("-O",), ("-OO",), ("--check-hash-based-pycs", "always")])
def test_the_control_bytecode_that_python_left_passes(at: str, flags: tuple[str, ...], world: World) -> None:
    assert _run(world, at, *flags) == "honest"
    assert list(world.copy().rglob("*.pyc"))
    done = world.check()
    assert (done.returncode, done.stdout) == (0, "2 of 2 copies are as the lockfile says.\n")


_FORGED: dict[str, Callable[[CodeType], CodeType]] = {
    # A frame that is too small for what it runs is memory that somebody else writes into.
    "stack": lambda code: code.replace(co_stacksize=code.co_stacksize - 1),
    "flags": lambda code: code.replace(co_flags=code.co_flags ^ 1),
    "name": lambda code: code.replace(co_qualname="other"),
    # A compiler of its own, as some libraries have, reads the source of a function from the file that its code names.
    "file": lambda code: code.replace(co_filename="other.py"),
}


@pytest.mark.parametrize("forge", _FORGED.values(), ids=_FORGED)
def test_code_that_only_says_of_itself_what_is_not_so_is_named(
    forge: Callable[[CodeType], CodeType], world: World
) -> None:
    assert _run(world) == "honest"
    pyc = next(world.copy().rglob("helper.*.pyc"))
    code = marshal.loads(pyc.read_bytes()[16:])  # noqa: S302 - Python has just written it
    within = tuple(forge(each) if isinstance(each, CodeType) else each for each in code.co_consts)
    pyc.write_bytes(pyc.read_bytes()[:16] + marshal.dumps(code.replace(co_consts=within)))
    assert world.check().returncode == 1


def _add(one: int, other: int) -> int:
    return one + other


def test_an_instruction_that_equals_the_one_of_the_source_and_does_something_else_is_named(world: World) -> None:
    """Python replaces an instruction that is often run by one for its types, and takes both for the same (PEP 659)."""
    assert _run(world) == "honest"
    pyc = next(world.copy().rglob("helper.*.pyc"))
    for _ in range(1000):
        _add(1, 2)
    general = dis.opmap["BINARY_OP"]
    adding = operator.attrgetter("_co_code_adaptive")(_add.__code__)[_add.__code__.co_code.index(general)]
    content = pyc.read_bytes()
    (say,) = (each for each in marshal.loads(content[16:]).co_consts if isinstance(each, CodeType))  # noqa: S302 - as above
    at = content.index(say.co_code) + say.co_code.index(general)
    pyc.write_bytes(content[:at] + bytes([adding]) + content[at + 1 :])
    assert _run(world) == "planted"
    assert world.check().returncode == 1


@pytest.mark.parametrize(
    "body", [b"", b"\xff" * 99, b"[\xff\xff\xff\x7f", b"(" + b"\xff\xff\xff\x7f" * 9, b"N", b"(\1\0\0\0" * 100_000]
)
def test_bytecode_that_no_interpreter_can_read_is_named_and_stops_nothing(body: bytes, world: World) -> None:
    assert _run(world) == "honest"
    pyc = next(world.copy().rglob("helper.*.pyc"))
    (pyc.parent / pyc.name.replace("helper", "run")).write_bytes(pyc.read_bytes()[:16] + body)
    done = world.check()
    assert done.returncode == 1
    assert "run." in done.stdout
    assert "helper." not in done.stdout


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("scripts/__pycache__/x/SKILL.md", "added"),
        ("scripts/__pycache__/x.py", "added"),
        ("scripts/__pycache__/x/y.pyc", "added"),
        ("__pycache__/SKILL.md", "added"),
        (".DS_Store/SKILL.md", "added"),
        ("scripts/x.pyc", "added"),
    ],
)
def test_what_hides_where_machines_leave_things_is_an_edit(path: str, change: str, world: World) -> None:
    (world.copy() / path).parent.mkdir(parents=True, exist_ok=True)
    (world.copy() / path).write_bytes(b"---\nname: x\ndescription: x\n---\n")
    found = json.loads(world.check("--json").stdout)["skills"][0]
    assert (found["state"], found["changes"]) == ("modified", [{"path": path, "change": change}])


def test_a_link_or_a_pipe_that_is_named_like_bytecode_is_an_edit(world: World) -> None:
    cache = world.copy() / "scripts/__pycache__"
    cache.mkdir()
    (cache / "a.cpython-311.pyc").symlink_to("/etc/passwd")
    os.mkfifo(cache / "b.cpython-311.pyc")
    found = json.loads(world.check("--json").stdout)["skills"][0]
    assert [change["path"].rpartition("/")[2] for change in found["changes"]] == [
        "a.cpython-311.pyc",
        "b.cpython-311.pyc",
    ]


def _sparse(copy: Path) -> None:
    with (copy / "large").open("wb") as file:
        file.truncate(20 << 30)


def _sparse_in_place(copy: Path) -> None:
    os.truncate(copy / "docs/a.md", 20 << 30)


def _many_sparse(copy: Path) -> None:
    for number in range(1000):
        with (copy / f"{number}").open("wb") as file:
            file.truncate(4 << 20)


def _many(copy: Path) -> None:
    for number in range(20_000):
        (copy / "docs" / f"{number}").touch()


def _many_directories(copy: Path) -> None:
    for number in range(20_000):
        (copy / f"docs/{number}").mkdir()


def _much_bytecode(copy: Path) -> None:
    (copy / "__pycache__").mkdir()
    for number in range(1000):
        with (copy / f"__pycache__/{number}.cpython-311.pyc").open("wb") as file:
            file.truncate(1 << 30)


_ENDLESS = [_sparse, _sparse_in_place, _many_sparse, _many, _many_directories]


@pytest.mark.parametrize("lay", _ENDLESS)
def test_a_copy_without_an_end_is_an_edit_and_soon_told(lay: Callable[[Path], None], world: World) -> None:
    lay(world.copy())
    began = time.perf_counter()
    states = world.states()
    refused = world.restore().failed
    assert time.perf_counter() - began < _SOON
    assert states == {HELLO: "modified", OTHER: "ok"}
    assert [(asset.name, error.code) for asset, error in refused.items()] == [(HELLO, "local-edits")]


@pytest.mark.parametrize("lay", _ENDLESS)
def test_a_copy_without_an_end_is_kept_like_every_edit(lay: Callable[[Path], None], world: World) -> None:
    lay(world.copy())
    names = sorted(path.name for path in world.copy().iterdir())
    began = time.perf_counter()
    done = world.update(discard_edits=True)
    assert time.perf_counter() - began < _SOON
    (backup,) = done.backups
    assert sorted(path.name for path in (world.project / backup).iterdir()) == names
    assert set(world.states().values()) == {"ok"}


def test_bytecode_without_an_end_is_soon_told(world: World) -> None:
    _much_bytecode(world.copy())
    began = time.perf_counter()
    assert world.check().returncode == 1
    assert time.perf_counter() - began < _SOON


def test_the_control_a_copy_of_as_many_files_as_any_is_read_whole(tmp_path: Path) -> None:
    files: Files = {**plain_skill(HELLO), **{f"{number}/a.py": b"" for number in range(511)}}
    world = make_world(tmp_path, {HELLO: files})
    world.install()
    for directory in world.copy().glob("*/"):
        (directory / "__pycache__").mkdir()
        for tag in ("310", "311", "312", "313", "314"):
            (directory / f"__pycache__/a.cpython-{tag}.pyc").touch()
    assert world.states() == {HELLO: "ok"}


def test_a_copy_that_may_not_be_read_is_an_edit_and_stops_no_other(world: World) -> None:
    for path, mode in (("docs", 0), ("SKILL.md", 0), ("", 0)):
        (world.copy() / path).chmod(mode)
        try:
            with as_anyone():
                states = world.states()
                refused = world.restore().failed
        finally:
            (world.copy() / path).chmod(0o755)
        assert states == {HELLO: "modified", OTHER: "ok"}
        assert [(asset.name, error.code) for asset, error in refused.items()] == [(HELLO, "local-edits")]


Wedge = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def _protected(place: Path) -> Generator[None]:
    """Take the right to write into it from its owner, who is who calls."""
    place.chmod(0o555)
    with as_anyone():
        yield


@contextmanager
def _sticky(place: Path) -> Generator[None]:
    """Give it, and the directory that it is in, to somebody else, who lets nobody move what is not theirs."""
    with as_anyone():
        pass
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    for path in (place, place.parent):
        os.chown(path, 12345, 12345)
    place.parent.chmod(0o1777)
    with as_anyone():
        yield


@contextmanager
def _given_away(place: Path) -> Generator[None]:
    """Give it to somebody else, who lets nobody write into it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(place, 12345, 12345)
    with as_anyone():
        yield


def _mounted_at(place: Path) -> AbstractContextManager[None]:
    source = place.parents[2] / f"source-{place.name}"
    shutil.copytree(place, source)
    return mounted(source, place)


def _mounted_in(place: Path) -> AbstractContextManager[None]:
    return _mounted_at(place / "docs")


def _mounted_file_in(place: Path) -> AbstractContextManager[None]:
    source = place.parents[2] / "source-file"
    shutil.copy(place / "docs/a.md", source)
    return mounted(source, place / "docs/a.md")


_WEDGES: list[Wedge] = [immutable, _sticky, _given_away, _mounted_at, _mounted_in, _mounted_file_in]
_CHANGES: dict[str, Callable[[World], object]] = {
    "remove": World.remove,
    "remove with edits": lambda world: world.remove(discard_edits=True),
    "update": World.update,
    "update with edits": lambda world: world.update(discard_edits=True),
}


def _assert_nothing_stands_in_the_way(world: World) -> None:
    """Change another skill, as every command may while this one is stuck."""
    world.remove(OTHER)
    world.install(OTHER)
    states = world.states()
    assert states[OTHER] == "ok"
    assert not (world.project / ".memtomem/.txn/redo.json").exists()


@pytest.fixture(params=["link", "copy"])
def newer(request: pytest.FixtureRequest, world: World) -> World:
    """A project whose skill is shown as a link, or as copies, and that has a newer version in the wiki."""
    newer = world.beside("newer")
    for name in (HELLO, OTHER):
        newer.install(name, exposure=Exposure(mode=request.param))
    world.commit({HELLO: {**_FILES, "docs/a.md": b"b"}})
    return newer


@pytest.mark.parametrize("change", _CHANGES)
@pytest.mark.parametrize("wedge", _WEDGES, ids=lambda wedge: wedge.__name__)
def test_what_cannot_be_moved_is_named_before_anything_is_changed(wedge: Wedge, change: str, newer: World) -> None:
    if "edits" in change:
        (newer.copy() / "SKILL.md").write_text("mine")
    with wedge(newer.copy()):
        before = settled(newer.project)
        with pytest.raises(WikipinError) as refused:
            _CHANGES[change](newer)
        assert settled(newer.project) == before
        assert newer.left_over() == []
        assert refused.value.code == "io-error"
        assert "nothing of skill 'hello' was changed" in refused.value.problem
        assert f"'{_COPY}" in refused.value.problem
        _assert_nothing_stands_in_the_way(newer)
    if wedge in {immutable, _mounted_at, _mounted_in, _mounted_file_in}:
        _CHANGES[change](newer)  # the remedy, followed
        assert newer.left_over() == []


@pytest.mark.parametrize("change", ["remove", "update"])
@pytest.mark.parametrize("wedge", [immutable, _given_away, _mounted_in], ids=lambda wedge: wedge.__name__)
@pytest.mark.parametrize("newer", ["copy"], indirect=True)
def test_an_exposure_that_is_a_copy_and_cannot_be_moved_is_named_too(wedge: Wedge, change: str, newer: World) -> None:
    with wedge(newer.project / _SHOWN):
        before = settled(newer.project)
        with pytest.raises(WikipinError, match="nothing of skill 'hello' was changed") as refused:
            _CHANGES[change](newer)
        assert settled(newer.project) == before
        assert f"'{_SHOWN}" in refused.value.problem
        _assert_nothing_stands_in_the_way(newer)


@pytest.mark.parametrize("change", _CHANGES)
def test_a_copy_that_its_owner_protected_is_moved_all_the_same(change: str, newer: World) -> None:
    if "edits" in change:
        (newer.copy() / "SKILL.md").write_text("mine")
    shown = [newer.project / _SHOWN] if not (newer.project / _SHOWN).is_symlink() else []
    with ExitStack() as stack:
        for place in (newer.copy(), *shown):
            stack.enter_context(_protected(place))
        _CHANGES[change](newer)
        _assert_nothing_stands_in_the_way(newer)
    assert newer.left_over() == []
    for backup in (newer.project / ".memtomem").glob(".backup/hello-*Z"):
        assert stat.S_IMODE(backup.stat().st_mode) == 0o555


@pytest.mark.parametrize("change", ["remove", "update"])
@pytest.mark.parametrize("inside", ["docs", "docs/a.md"])
def test_what_cannot_be_deleted_afterwards_stands_in_no_ones_way(inside: str, change: str, newer: World) -> None:
    with immutable(newer.copy() / inside):
        _CHANGES[change](newer)
        _assert_nothing_stands_in_the_way(newer)
    newer.status(with_wiki=False)
    assert newer.left_over() == []


def test_a_lockfile_that_cannot_be_replaced_is_named_before_anything_is_changed(newer: World) -> None:
    with immutable(newer.lockfile_path):
        before = settled(newer.project)
        for change in _CHANGES.values():
            with pytest.raises(WikipinError, match=r"'\.memtomem/lock\.json'.*nothing was changed"):
                change(newer)
        assert settled(newer.project) == before
        assert newer.left_over() == []


def _journal_of_version_1(world: World) -> None:
    """Leave what an earlier version left that could not move the copy: exposures gone, the journal there."""
    staging = world.project / ".memtomem/.staging" / ("a" * 16)
    (staging / "owner").parent.mkdir(parents=True)
    (staging / "owner").touch()
    displaced: dict[str, str] = {}
    for word, shown in (("agents", world.project / ".agents/skills/hello"), ("claude", world.project / _SHOWN)):
        if shown.is_symlink():
            shown.unlink()
        else:
            with Folder.open(shown) as folder:
                displaced[word] = scan(folder).digest
            shown.rename(staging / f"hello~{word}~old")
    with Folder.open(world.copy()) as folder:
        displaced["copy"] = scan(folder).digest
    journal = {"version": 1, "name": "hello", "staging": "a" * 16, "stamp": "20260101T000000000000Z", "entry": None}
    journal |= {"plan": None, "swap": [], "link": [], "take": ["agents", "claude", "copy"], "old": displaced}
    (world.project / ".memtomem/.txn/redo.json").write_text(json.dumps({**journal, "clean": displaced["copy"]}))


@pytest.mark.parametrize("wedge", [immutable, _given_away, _mounted_at], ids=lambda wedge: wedge.__name__)
def test_a_removal_that_was_decided_and_cannot_be_done_is_undone(wedge: Wedge, newer: World) -> None:
    with wedge(newer.copy()):
        before = settled(newer.project)
        _journal_of_version_1(newer)
        newer.status(with_wiki=False)
        assert settled(newer.project) == before
        assert newer.left_over() == []
        _assert_nothing_stands_in_the_way(newer)


def test_the_control_a_removal_that_was_decided_and_can_be_done_is_done(newer: World) -> None:
    _journal_of_version_1(newer)
    newer.status(with_wiki=False)
    assert newer.left_over() == []
    assert not any(path.startswith((_COPY, _SHOWN)) for path in settled(newer.project))

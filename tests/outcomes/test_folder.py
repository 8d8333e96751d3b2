"""A directory held open: no link is followed below it, nothing waits, and nothing is replaced unasked."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Generator
from contextlib import chdir
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from privilege import mounted
from snapshot import snapshot

from wikipin.disk.deletion import delete_tree
from wikipin.disk.file_type import FileType, NotOrdinaryError
from wikipin.disk.folder import Folder
from wikipin.disk.scan import scan
from wikipin.tree import LARGEST_FILE, MOST_ENTRIES, UNREAD, FileDigest, compare

Make = Callable[[Path], object]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory with a file, which nothing may reach through a link."""
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    return tmp_path / "outside"


@pytest.fixture
def folder(place: Path) -> Generator[Folder]:
    with Folder.open(place) as opened:
        yield opened


def _mark(content: bytes, *, executable: bool = False) -> FileDigest:
    return FileDigest(sha256(content).hexdigest(), executable)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as endpoint, chdir(path.parent):
        endpoint.bind(path.name)  # a whole path may be too long for a socket's


_SPECIAL: dict[str, Make] = {"fifo": os.mkfifo, "socket": _socket}
_LINKS: dict[str, Make] = {
    "link to a directory": lambda path: path.symlink_to("../outside"),
    "link to a file": lambda path: path.symlink_to("../outside/secret"),
    "link to nothing": lambda path: path.symlink_to("../outside/new"),
    "link to itself": lambda path: path.symlink_to(path.name),
}
_NOT_ORDINARY = _SPECIAL | _LINKS


@pytest.mark.parametrize("kind", [*_NOT_ORDINARY, "file"])
def test_a_child_is_a_directory_and_nothing_else(folder: Folder, place: Path, outside: Path, kind: str) -> None:
    ({**_NOT_ORDINARY, "file": Path.touch}[kind])(place / "x")
    for reach in (folder.child, folder.make_child):
        with pytest.raises(NotOrdinaryError) as refused:
            reach("x")
        assert refused.value.filename == "x"
    assert sorted(snapshot(outside)) == ["deep", "secret"]


def test_a_child_that_is_not_there_is_not_found_or_is_made(folder: Folder, place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        folder.child("x")
    for _ in range(2):
        with folder.make_child("x") as child, child.make_child("y"):
            assert (place / "x" / "y").is_dir()


def test_a_folder_stays_what_was_opened_whatever_its_name_leads_to(tmp_path: Path, place: Path, outside: Path) -> None:
    (place / "x").mkdir()
    with Folder.open(place) as folder, folder.child("x") as child:
        (place / "x").rename(tmp_path / "elsewhere")
        (place / "x").symlink_to(outside)
        child.write_new("new", b"1")
    assert (tmp_path / "elsewhere" / "new").read_bytes() == b"1"
    assert sorted(snapshot(outside)) == ["deep", "secret"]


@pytest.mark.parametrize("kind", [*_NOT_ORDINARY, "directory"])
def test_only_a_regular_file_is_read(folder: Folder, place: Path, outside: Path, kind: str) -> None:
    ({**_NOT_ORDINARY, "directory": Path.mkdir}[kind])(place / "x")
    read, mark = partial(folder.read, limit=9), partial(folder.mark, limit=9)
    reaches: list[Callable[[str], object]] = [read, mark, folder.sync_file]
    for reach in reaches:
        with pytest.raises(NotOrdinaryError):
            reach("x")
    assert sorted(snapshot(outside)) == ["deep", "secret"]


def test_a_file_is_read_to_one_byte_beyond_the_limit(folder: Folder, place: Path) -> None:
    (place / "x").write_bytes(b"12345")
    assert [folder.read("x", limit=limit) for limit in (6, 5, 4, 0)] == [b"12345", b"12345", b"12345", b"1"]
    with pytest.raises(FileNotFoundError):
        folder.read("y", limit=1)


@pytest.mark.parametrize(
    ("kind", "what"),
    [("fifo", FileType.SPECIAL), ("socket", FileType.SPECIAL), *((kind, FileType.LINK) for kind in _LINKS)],
)
def test_what_stands_at_a_name_is_told_without_following(
    folder: Folder, place: Path, kind: str, what: FileType
) -> None:
    (place / "file").touch()
    (place / "directory").mkdir()
    _NOT_ORDINARY[kind](place / "x")
    names = ("x", "file", "directory", "none")
    assert [folder.what(name) for name in names] == [what, FileType.FILE, FileType.DIRECTORY, FileType.NOTHING]


def test_a_scan_reads_files_and_names_what_is_odd(folder: Folder, place: Path, outside: Path) -> None:
    (place / "a" / "b").mkdir(parents=True)
    (place / "a" / "b" / "run.sh").write_bytes(b"run")
    (place / "a" / "b" / "run.sh").chmod(0o700)
    (place / "SKILL.md").write_bytes(b"\r\n")
    (place / os.fsdecode(b"caf\xe9")).touch()
    (place / "empty").mkdir()
    (place / ".git").mkdir()
    (place / ".git" / "config").touch()
    (place / "a" / ".DS_Store").touch()
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "x.pyc").touch()
    (place / "away").symlink_to(outside)
    (place / "a" / "secret").symlink_to(outside / "secret")
    os.mkfifo(place / "a" / "pipe")
    copy = scan(folder)
    assert copy.listing == {
        "SKILL.md": _mark(b"\r\n"),
        "a/b/run.sh": _mark(b"run", executable=True),
        "caf\udce9": _mark(b""),
    }
    assert copy.odd == {
        ".git": "a directory",
        "a/pipe": "a special file",
        "a/secret": "a symbolic link",
        "away": "a symbolic link",
    }
    assert copy.bytecode == ("__pycache__/x.pyc",)


@pytest.mark.parametrize(
    ("mode", "executable"), [(0o644, False), (0o655, False), (0o744, True), (0o100, True), (0o777, True)]
)
def test_a_file_is_executable_when_its_owner_may_run_it(
    folder: Folder,
    place: Path,
    mode: int,
    executable: bool,  # noqa: FBT001 - a table
) -> None:
    (place / "x").write_bytes(b"1" * 3_000_000)
    (place / "x").chmod(mode | 0o400)
    assert folder.mark("x", limit=3_000_000) == (_mark(b"1" * 3_000_000, executable=executable), 3_000_000)
    assert folder.mark("x", limit=2_999_999)[0] == UNREAD
    assert folder.mode("x") == mode | 0o400


def test_a_scan_of_a_bottomless_directory_ends(folder: Folder, place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=descriptor)
        deeper = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(descriptor)
    assert list(scan(folder).odd.values()) == ["a directory"]


def test_a_scan_reads_what_could_be_installed_and_nothing_beyond(folder: Folder, place: Path) -> None:
    for name, size in {"a": LARGEST_FILE, "b": LARGEST_FILE + 1, "c": 0, "d": 1}.items():
        with (place / name).open("wb") as file:
            file.truncate(size)
    assert [name for name, mark in scan(folder).listing.items() if mark == UNREAD] == ["b"]
    for name in "efg":
        shutil.copy(place / "a", place / name)
    assert [name for name, mark in scan(folder).listing.items() if mark == UNREAD] == ["b", "g"]


def test_a_scan_names_a_directory_of_too_many_names_and_reads_the_others(folder: Folder, place: Path) -> None:
    for path in ("a", "many/deep", "z"):
        (place / path).mkdir(parents=True)
        (place / path / "x").touch()
    for number in range(4 * MOST_ENTRIES):
        (place / "many" / f"{number}").touch()
    copy = scan(folder)
    assert (sorted(copy.listing), copy.unread) == (["a/x", "z/x"], frozenset({"many"}))
    changes = compare({path: _mark(b"") for path in ("a/x", "many", "many/x", "y")}, copy)
    assert [(found.path, found.change) for found in changes] == [
        ("many", "type"),
        ("y", "removed"),
        ("z/x", "added"),
    ]
    assert [found.path for found in compare({"many/x": _mark(b"")}, copy)] == ["a/x", "many", "z/x"]


@pytest.mark.parametrize("kind", [*_NOT_ORDINARY, "file", "directory"])
def test_what_is_written_new_never_replaces_anything(folder: Folder, place: Path, outside: Path, kind: str) -> None:
    ({**_NOT_ORDINARY, "file": Path.touch, "directory": Path.mkdir}[kind])(place / "x")
    before = snapshot(place), snapshot(outside)
    with pytest.raises(FileExistsError):
        folder.write_new("x", b"1")
    with pytest.raises(FileExistsError):
        folder.link("x", "target")
    assert (snapshot(place), snapshot(outside)) == before


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_modes_follow_the_umask_unless_they_are_exact(folder: Folder, place: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder.write_new("plain", b"1")
        folder.write_new("run", b"2", mode=0o777)
        folder.write_new("exact", b"3", mode=0o664, exact_mode=True)
        folder.make_child("directory").__exit__(None, None, None)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}
    expected = {"plain": 0o666 & ~umask, "run": 0o777 & ~umask, "exact": 0o664, "directory": 0o777 & ~umask}
    assert modes == expected


def test_a_large_file_is_written_whole(folder: Folder, place: Path) -> None:
    content = bytes(range(256)) * 40_000
    folder.write_new("x", content)
    folder.sync_tree()
    assert (place / "x").read_bytes() == content


def test_a_tree_is_discarded_and_what_its_links_lead_to_is_not(folder: Folder, place: Path, outside: Path) -> None:
    (place / "x" / "a" / "b").mkdir(parents=True)
    (place / "x" / "a" / "file").touch()
    (place / "x" / "away").symlink_to(outside)
    (place / "x" / "a" / "secret").symlink_to(outside / "secret")
    os.link(outside / "secret", place / "x" / "a" / "hard")
    os.mkfifo(place / "x" / "pipe")
    before = snapshot(outside)
    delete_tree(folder, "x")
    delete_tree(folder, "x")
    assert folder.names() == []
    assert snapshot(outside) == before


def test_a_tree_is_discarded_however_deep_it_is(folder: Folder, place: Path) -> None:
    (place / "x").mkdir()
    descriptor = os.open(place / "x", os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("a", 0o700, dir_fd=descriptor)
        child = os.open("a", os.O_RDONLY, dir_fd=descriptor)
        os.fchmod(descriptor, 0o500)
        os.close(descriptor)
        descriptor = child
    os.close(descriptor)
    delete_tree(folder, "x")
    assert folder.names() == []


@pytest.mark.parametrize("kind", _LINKS)
def test_of_a_link_only_itself_is_discarded_and_not_the_tree_that_it_leads_to(
    folder: Folder, place: Path, outside: Path, kind: str
) -> None:
    _LINKS[kind](place / "x")
    before = snapshot(outside)
    delete_tree(folder, "x")
    assert folder.names() == []
    assert snapshot(outside) == before


@pytest.mark.parametrize("at", ["x/a", "x/a/b", "x/file"])
def test_a_tree_is_not_discarded_beyond_a_mount(folder: Folder, place: Path, tmp_path: Path, at: str) -> None:
    (place / "x" / "a" / "b").mkdir(parents=True)
    (place / "x" / "file").touch()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "mine").touch()
    source = tmp_path / "source" / "mine" if at == "x/file" else tmp_path / "source"
    with mounted(source, place / at), pytest.raises(OSError, match="busy"):
        delete_tree(folder, "x")
    assert (tmp_path / "source" / "mine").exists()


def test_a_file_is_discarded_and_a_link_itself(folder: Folder, place: Path, outside: Path) -> None:
    (place / "file").touch()
    (place / "link").symlink_to(outside / "secret")
    for name in ("file", "link", "none"):
        folder.discard(name)
    assert folder.names() == []
    assert (outside / "secret").read_bytes() == b"secret"


def test_a_link_is_made_and_read_as_it_is(folder: Folder, place: Path) -> None:
    folder.link("x", "../not/there")
    assert folder.read_link("x") == str((place / "x").readlink()) == "../not/there"


def test_a_file_is_renamed_over_what_stands_there_and_a_directory_is_not(folder: Folder, place: Path) -> None:
    with folder.make_child("from") as source, folder.make_child("to") as target:
        for name, content in (("file", b"new"), ("directory/x", b"new")):
            (place / "from" / name).parent.mkdir(exist_ok=True)
            (place / "from" / name).write_bytes(content)
        (place / "to" / "file").write_bytes(b"old")
        (place / "to" / "directory").mkdir()
        source.rename("file", target, "file")
        with pytest.raises(FileExistsError):
            source.place("directory", target, "directory")
        source.place("directory", target, "free")
    assert (place / "to" / "file").read_bytes() == b"new"
    assert (place / "to" / "free" / "x").read_bytes() == b"new"
    assert list((place / "to" / "directory").iterdir()) == []


def test_syncing_a_tree_follows_no_link(folder: Folder, place: Path, outside: Path) -> None:
    (place / "a").mkdir()
    (place / "a" / "x").write_bytes(b"1")
    folder.sync_tree()
    (place / "a" / "away").symlink_to(outside)
    with pytest.raises(NotOrdinaryError):
        folder.sync_tree()


def test_names_are_sorted(folder: Folder, place: Path) -> None:
    for name in ("b", "a", "B", "caf\u00e9"):
        (place / name).touch()
    assert folder.names() == ["B", "a", "b", "caf\u00e9"]

"""A directory is renamed where nothing stands, natively and where a file system has no such call."""

import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from snapshot import snapshot

from wikipin.disk.rename import rename_directory

Make = Callable[[Path], object]


@pytest.fixture(params=["native", "fallback"])
def place(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "fallback":
        monkeypatch.setattr("wikipin.disk.rename._native", lambda: None)
    (tmp_path / "from" / "source" / "deep").mkdir(parents=True)
    (tmp_path / "from" / "source" / "deep" / "file").write_bytes(b"new")
    (tmp_path / "to").mkdir()
    return tmp_path


@pytest.fixture
def descriptors(place: Path) -> Generator[tuple[int, int]]:
    opened = os.open(place / "from", os.O_RDONLY), os.open(place / "to", os.O_RDONLY)
    yield opened
    for descriptor in opened:
        os.close(descriptor)


def _rename(descriptors: tuple[int, int], source: str = "source") -> None:
    rename_directory(source, "target", source_fd=descriptors[0], target_fd=descriptors[1])


def _full(path: Path) -> None:
    path.mkdir()
    (path / "file").write_bytes(b"old")


_STANDING: dict[str, Make] = {
    "a file": Path.touch,
    "an empty directory": Path.mkdir,
    "a full directory": _full,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to a directory": lambda path: path.symlink_to("../from"),
    "a link to itself": lambda path: path.symlink_to("target"),
    "a fifo": os.mkfifo,
}


@pytest.mark.parametrize("what", _STANDING)
def test_nothing_is_ever_replaced(place: Path, descriptors: tuple[int, int], what: str) -> None:
    _STANDING[what](place / "to" / "target")
    before = snapshot(place)
    with pytest.raises(FileExistsError) as refused:
        _rename(descriptors)
    assert refused.value.filename == "target"
    assert snapshot(place) == before


def test_where_nothing_stands_the_directory_is_there_with_all_that_is_in_it(
    place: Path, descriptors: tuple[int, int]
) -> None:
    _rename(descriptors)
    assert sorted(snapshot(place)) == ["from", "to", "to/target", "to/target/deep", "to/target/deep/file"]
    assert (place / "to" / "target" / "deep" / "file").read_bytes() == b"new"


def test_a_source_that_is_not_there_is_not_found(place: Path, descriptors: tuple[int, int]) -> None:
    with pytest.raises(FileNotFoundError):
        _rename(descriptors, "nothing")
    assert list((place / "to").iterdir()) == []


def test_a_name_need_not_be_ascii(place: Path, descriptors: tuple[int, int]) -> None:
    name = os.fsdecode(b"caf\xe9 \xe6\x97\xa5")
    (place / "from" / "source").rename(place / "from" / name)
    _rename(descriptors, name)
    assert (place / "to" / "target" / "deep").is_dir()

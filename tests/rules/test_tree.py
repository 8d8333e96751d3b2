"""Which entries of a commit may be written, and what a plan's digest tells apart."""

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest
from wikis import Entry, commit_trees, git, make_wiki, plain_skill, skill_md, write_object, write_tree

from wikipin import Wiki, WikipinError
from wikipin.names import RelPath, SkillName
from wikipin.tree import Copy, File, FileDigest, Tree, digest_of
from wikipin.tree_builder import GitMode, TreeBuilder

_FILE, _EXECUTABLE, _DIRECTORY, _LINK, _SUBMODULE = 0o100644, 0o100755, 0o040000, 0o120000, 0o160000
_MIB = 1024 * 1024
_NAME = SkillName("hello")


def _add(builder: TreeBuilder, path: str, content: bytes = b"", mode: int = _FILE) -> None:
    """Offer a file as reading a commit does, its directories being admitted already."""
    parent, slash, name = path.rpartition("/")
    admitted = builder.admit(parent + slash, name.encode(), mode)
    if admitted is not None and admitted[0] is not GitMode.DIRECTORY:
        builder.add(admitted[1], content, executable=admitted[0] is GitMode.EXECUTABLE)


def _refusal(builder: TreeBuilder, path: str, content: bytes = b"", mode: int = _FILE) -> str:
    with pytest.raises(WikipinError) as refused:
        _add(builder, path, content, mode)
    assert refused.value.code == "unsafe-skill"
    assert "skill 'hello' has" in refused.value.problem
    return refused.value.problem


def test_the_513th_file_is_refused() -> None:
    builder = TreeBuilder(_NAME)
    for number in range(512):
        _add(builder, f"file-{number}")
    assert len(builder.finish().files) == 512
    assert "more than 512 files" in _refusal(builder, "one-more")


@pytest.mark.parametrize(
    ("path", "limit"),
    [("SKILL.md", _MIB), ("docs/SKILL.md", 4 * _MIB), ("skill.md", 4 * _MIB), ("big.bin", 4 * _MIB)],
)
def test_a_file_may_have_its_limit_and_not_one_byte_more(path: str, limit: int) -> None:
    _add(builder := TreeBuilder(_NAME), path, bytes(limit))
    assert len(builder.finish().files[0].content) == limit
    assert f"{limit + 1} bytes in '{path}', and {limit} are the limit" in _refusal(
        TreeBuilder(_NAME), path, bytes(limit + 1)
    )


def test_all_files_together_may_have_16_mib_and_not_one_byte_more() -> None:
    builder = TreeBuilder(_NAME)
    for number in range(4):
        _add(builder, f"file-{number}", bytes(4 * _MIB))
    _add(builder, "empty")
    assert "more than 16777216 bytes in all" in _refusal(builder, "one-byte", b"x")


def test_a_size_is_refused_before_the_bytes_are_read() -> None:
    is_wanted = TreeBuilder(_NAME).size_check(RelPath("big.bin"))
    assert is_wanted(4 * _MIB)
    with pytest.raises(WikipinError, match="unsafe-skill"):
        is_wanted(4 * _MIB + 1)


@pytest.mark.parametrize("part", [".git", "d"], ids=["left out", "directories"])
def test_entries_that_are_no_files_have_an_end_too(part: str) -> None:
    builder = TreeBuilder(_NAME)
    for number in range(2048):
        builder.admit("", part.encode() if part == ".git" else f"d{number}".encode(), _DIRECTORY)
    with pytest.raises(WikipinError, match="more than 2048 entries"):
        builder.admit("", b".git", _DIRECTORY)


@pytest.mark.parametrize("mode", [0o100664, 0o100600, 0o100777, 0o100000, 0o104755, 0o060000, 0, -1, 0o40755, 2**70])
def test_a_mode_that_git_does_not_write_is_refused(mode: int) -> None:
    assert "has mode" in _refusal(TreeBuilder(_NAME), "odd", mode=mode)


@pytest.mark.parametrize("name", [b"\xff", b"caf\xe9", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_a_name_that_is_not_utf_8_is_refused(name: bytes) -> None:
    with pytest.raises(WikipinError, match="not UTF-8"):
        TreeBuilder(_NAME).admit("", name, _FILE)


@pytest.mark.parametrize("mode", [_FILE, _DIRECTORY, _LINK, _SUBMODULE])
@pytest.mark.parametrize("path", ["..", ".", "", "con", ".GIT", "a\u202eb", "a\\b", "x" * 129])
def test_a_path_that_is_not_safe_is_refused_whatever_is_there(path: str, mode: int) -> None:
    assert "has a path that" in _refusal(TreeBuilder(_NAME), path, mode=mode)


@pytest.mark.parametrize("part", [b"a/b", b"/a", b"a/", b"../a", b"a/.git"])
def test_an_entry_whose_name_is_a_path_is_refused(part: bytes) -> None:
    """Git itself cannot find such a file, and none of its directories was ever judged."""
    with pytest.raises(WikipinError, match="unsafe-skill"):
        TreeBuilder(_NAME).admit("", part, _FILE)


@pytest.mark.parametrize("mode", [_FILE, _LINK, _DIRECTORY])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("readme.md", "README.md"),
        ("\u00e9", "\u00c9"),
        ("stra\u00dfe", "STRASSE"),
        ("file", "\ufb01le"),
        ("abc", "\uff41\uff42\uff43"),
        ("\u03c3", "\u03c2"),
    ],
    ids=ascii,
)
def test_two_names_that_some_file_system_takes_for_one_are_refused(first: str, second: str, mode: int) -> None:
    builder = TreeBuilder(_NAME)
    builder.admit("", first.encode(), _DIRECTORY)
    assert "which some file systems take for one" in _refusal(builder, second, mode=mode)


def test_two_directories_that_some_file_system_takes_for_one_are_refused() -> None:
    builder = TreeBuilder(_NAME)
    _add(builder, "docs", mode=_DIRECTORY)
    _add(builder, "docs/a")
    assert "'docs' and 'Docs'" in _refusal(builder, "Docs", mode=_DIRECTORY)
    _add(builder, "docs/Docs", mode=_DIRECTORY)
    assert "take for one" in _refusal(builder, "docs/docs", mode=_DIRECTORY)


def test_links_and_submodules_are_left_out_and_named() -> None:
    builder = TreeBuilder(_NAME)
    _add(builder, "SKILL.md", b"x")
    assert builder.admit("", b"link", _LINK) is None
    assert builder.admit("lib/", b"vendor", _SUBMODULE) is None
    tree = builder.finish()
    assert [file.path for file in tree.files] == ["SKILL.md"]
    assert tree.left_out == (("link", "a symbolic link"), ("lib/vendor", "a submodule"))


@pytest.mark.parametrize("mode", [_FILE, _EXECUTABLE, _DIRECTORY, _LINK, _SUBMODULE, 0o100600])
@pytest.mark.parametrize("parent", ["", "a/", "a/b/c/"])
@pytest.mark.parametrize("name", [".git", ".DS_Store", "__pycache__"])
def test_what_machines_leave_behind_is_left_out_in_silence(name: str, parent: str, mode: int) -> None:
    builder = TreeBuilder(_NAME)
    assert builder.admit(parent, name.encode(), mode) is None
    assert builder.finish() == Tree(())


def test_files_are_sorted_and_keep_bytes_and_mode() -> None:
    builder = TreeBuilder(_NAME)
    _add(builder, "b", b"2", _EXECUTABLE)
    _add(builder, "a", b"\r\n\0\xff")
    tree = builder.finish()
    assert tree.files == (
        File(RelPath("a"), b"\r\n\0\xff", executable=False),
        File(RelPath("b"), b"2", executable=True),
    )
    assert tree.content(RelPath("b")) == b"2"
    assert tree.content(RelPath("c")) is None


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})


def _read(wiki: Path) -> Tree:
    with Wiki(wiki) as opened:
        return opened.read_skill(opened.resolve(), _NAME).tree


def _skill(wiki: Path, *entries: Entry) -> str:
    """Write the tree of a skill that has a SKILL.md and these entries after it."""
    return write_tree(wiki, [("100644", b"SKILL.md", write_object(wiki, "blob", skill_md("hello"))), *entries])


def test_a_bomb_of_nested_empty_trees_ends_quickly(wiki: Path) -> None:
    tree = write_tree(wiki, [])
    for _ in range(30):
        tree = write_tree(wiki, [("40000", f"{number:03}".encode(), tree) for number in range(200)])
    commit_trees(wiki, {"hello": _skill(wiki, ("40000", b"d", tree))})
    started = time.monotonic()
    with pytest.raises(WikipinError, match="unsafe-skill: skill 'hello' has"):
        _read(wiki)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("mode", "name"), [("100664", b"x"), ("100644", b"../x"), ("100644", b"\xff"), ("40000", b".GIT"), ("100755", b"")]
)
def test_a_hostile_tree_in_a_real_repository_is_refused(wiki: Path, mode: str, name: bytes) -> None:
    oid = write_tree(wiki, []) if mode == "40000" else write_object(wiki, "blob", b"x")
    commit_trees(wiki, {"hello": _skill(wiki, (mode, name, oid))})
    with pytest.raises(WikipinError, match="unsafe-skill"):
        _read(wiki)


def test_links_and_submodules_of_a_real_repository_are_never_followed(wiki: Path) -> None:
    target, missing = write_object(wiki, "blob", b"/etc/passwd"), "1" * 40
    commit_trees(wiki, {"hello": _skill(wiki, ("120000", b"link", target), ("160000", b"module", missing))})
    tree = _read(wiki)
    assert [file.path for file in tree.files] == ["SKILL.md"]
    assert tree.left_out == (("link", "a symbolic link"), ("module", "a submodule"))


@pytest.mark.parametrize("mode", ["100644", "100755", "120000", "160000"])
def test_a_skill_is_a_directory_and_its_skill_md_a_file(wiki: Path, mode: str) -> None:
    blob = write_object(wiki, "blob", skill_md("hello"))
    for tree in ([(mode, b"hello", blob)], [("40000", b"hello", write_tree(wiki, [("120000", b"SKILL.md", blob)]))]):
        root = write_tree(wiki, [("40000", b"skills", write_tree(wiki, tree))])
        git(wiki, "update-ref", "refs/heads/main", git(wiki, "commit-tree", root, "-m", "x").decode())
        with pytest.raises(WikipinError, match="not-a-skill"):
            _read(wiki)
        with Wiki(wiki) as opened:
            assert opened.catalogue(opened.resolve()).skills == ()


def test_what_cannot_be_installed_is_skipped_in_a_list_and_named(wiki: Path) -> None:
    good, blob = _skill(wiki), write_object(wiki, "blob", b"x")
    large = write_tree(wiki, [("100644", b"SKILL.md", write_object(wiki, "blob", skill_md("large") + bytes(_MIB)))])
    odd: list[Entry] = [("40000", name, good) for name in (b"Hello", b"..", b"\xff", b".git", b"a/b", b"other")]
    others: list[Entry] = [("40000", b"hello", good), ("40000", b"large", large), ("100644", b"file", blob)]
    skills = write_tree(
        wiki, [*odd, *others, ("40000", b"empty", write_tree(wiki, [])), ("160000", b"module", "1" * 40)]
    )
    root = write_tree(wiki, [("40000", b"skills", skills)])
    git(wiki, "update-ref", "refs/heads/main", git(wiki, "commit-tree", root, "-m", "x").decode())
    with Wiki(wiki) as opened:
        catalogue = opened.catalogue(opened.resolve())
    assert [listed.name for listed in catalogue.skills] == ["hello"]
    skipped = dict(catalogue.skipped)
    assert set(skipped) == {"Hello", "..", "\udcff", ".git", "a/b", "other", "large", "empty"}
    assert skipped["Hello"] == "its name is not a skill name"
    assert skipped["other"] == "calls itself 'hello' in its SKILL.md"
    assert skipped["empty"] == "has no SKILL.md"
    assert "1048576" in skipped["large"]


def test_a_name_that_a_hostile_tree_has_twice_is_the_first_of_them(wiki: Path) -> None:
    first, second = _skill(wiki), _skill(wiki, ("100644", b"more", write_object(wiki, "blob", b"x")))
    skills = write_tree(wiki, [("40000", b"hello", first), ("40000", b"hello", second)])
    root = write_tree(wiki, [("40000", b"skills", skills)])
    git(wiki, "update-ref", "refs/heads/main", git(wiki, "commit-tree", root, "-m", "x").decode())
    with Wiki(wiki) as opened:
        assert [listed.tree_id for listed in opened.catalogue(opened.resolve()).skills] == [first]
    assert [file.path for file in _read(wiki).files] == ["SKILL.md"]


def test_many_directories_that_are_no_skills_do_not_slow_a_list_down(wiki: Path) -> None:
    empty = write_tree(wiki, [])
    commit = commit_trees(wiki, {f"{word}-{number:05}": empty for number in range(10_000) for word in ("No", "yes")})
    started = time.process_time()
    with Wiki(wiki) as opened:
        assert len(opened.catalogue(commit).skipped) == 20_000
    assert time.process_time() - started < 2


@pytest.mark.parametrize("size", [4 * _MIB + 1, 6 * _MIB])
def test_after_a_refusal_the_same_open_wiki_reads_on(wiki: Path, size: int) -> None:
    large = _skill(wiki, ("100644", b"big", write_object(wiki, "blob", b"blob 1\n" * (size // 7) + bytes(size % 7))))
    commit = commit_trees(wiki, {"hello": _skill(wiki), "large": large})
    with Wiki(wiki) as opened:
        for _ in range(2):
            with pytest.raises(WikipinError, match="unsafe-skill"):
                opened.read_skill(commit, SkillName("large"))
            assert len(opened.read_skill(commit, _NAME).tree.files) == 1


_MARKS = {"a": FileDigest("1" * 64, executable=False), "b/c": FileDigest("2" * 64, executable=False)}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"a": _MARKS["a"]},
        {**_MARKS, "d": FileDigest("3" * 64, executable=False)},
        {**_MARKS, "a": FileDigest("3" * 64, executable=False)},
        {**_MARKS, "a": FileDigest("1" * 64, executable=True)},
        {"A": _MARKS["a"], "b/c": _MARKS["b/c"]},
        {"a": _MARKS["b/c"], "b/c": _MARKS["a"]},
        {"a": _MARKS["a"], "b\nc": _MARKS["b/c"]},
        {f"a100644 {'2' * 64} b/c": _MARKS["a"]},
    ],
)
def test_a_plan_changes_with_bytes_mode_and_path(other: dict[str, FileDigest]) -> None:
    assert digest_of(other) != digest_of(_MARKS)


def test_a_plan_does_not_change_with_anything_else() -> None:
    digest = digest_of(_MARKS)
    assert digest == digest_of(dict(reversed(_MARKS.items()))) == Copy(_MARKS).digest
    builder = TreeBuilder(_NAME)
    _add(builder, "a", b"1")
    before = builder.finish().digest
    builder.admit("", b"link", _LINK)
    builder.admit("", b".git", _DIRECTORY)
    builder.admit("", b"empty", _DIRECTORY)
    assert builder.finish().digest == before


def test_a_copy_with_something_odd_in_it_has_no_trees_plan() -> None:
    assert Copy(_MARKS, {"x": "a symbolic link"}).digest not in {
        Copy(_MARKS).digest,
        Copy(_MARKS, {"y": "a file"}).digest,
    }
    assert len(Copy({"\udcff": _MARKS["a"]}, {"\udcfe": "a special file"}).digest) == 64


def test_no_two_listings_share_a_plan() -> None:
    chance = random.Random(7)  # noqa: S311 - the same listings in every run
    letters = "ab /\n14"
    listings = [
        {
            "".join(chance.choices(letters, k=chance.randrange(1, 4))): FileDigest(
                chance.choice(["1", "2"]) * 64, chance.random() < 0.5
            )
            for _ in range(chance.randrange(4))
        }
        for _ in range(3000)
    ]
    known = sorted((digest_of(listing), sorted(map(repr, listing.items()))) for listing in listings)
    assert all((one[0] == other[0]) == (one[1] == other[1]) for one, other in pairwise(known))

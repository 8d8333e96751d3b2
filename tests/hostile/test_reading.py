"""Our reader of git repositories against dulwich's, which shares no line with it: the same files, modes and bytes.

Where the two differ on purpose is written down: `_judge` has what we leave out and refuse by rule, `_MEANT` the rest.
"""

import random
import zlib
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import cast

import pytest
from dulwich.errors import ChecksumMismatch, FileFormatException
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree, parse_tree
from dulwich.repo import Repo
from hostile.trees import TREES, Hostile
from wikis import Content, Files, git, make_wiki, skill_md, write_object, write_tree

from wikipin import Wiki, WikipinError
from wikipin.names import Commit as CommitId
from wikipin.names import SkillName, fold, path_fault
from wikipin.tree import LARGEST_FILE, LARGEST_SKILL_MD, MOST_BYTES, MOST_ENTRIES, MOST_FILES

Found = dict[str, tuple[bytes, bool]] | str
"""The files of a skill, or the code of the refusal."""

_LEFT_OUT_IN_SILENCE = {b".git", b".DS_Store", b"__pycache__"}


class _Theirs:
    """A repository as dulwich reads it. What it does not check itself, that an object has its id, is checked here."""

    def __init__(self, path: Path) -> None:
        self._repo = Repo(str(path))

    def close(self) -> None:
        self._repo.close()

    def read(self, commit: str, name: str) -> Found:
        """Return the files of a skill at a commit, by our rules; or the code that we should refuse it with."""
        try:
            tree = self._skill(commit, name.encode())
            return tree if isinstance(tree, str) else _judge(list(islice(self._walk(tree, b""), MOST_ENTRIES + 1)))
        except (KeyError, ValueError, FileFormatException, ChecksumMismatch, AssertionError, OSError, zlib.error):
            return "wiki-unreadable"

    def _skill(self, commit: str, name: bytes) -> ObjectID | str:
        root = cast("Commit", self._object(ObjectID(commit.encode()), Commit)).tree
        skills = [e for e in self._entries(root) if e[:2] == (b"skills", 0o40000)]
        found = [e for e in self._entries(skills[0][2]) if e[0] == name] if skills else []
        if not found:
            return "not-in-wiki"
        return found[0][2] if found[0][1] == 0o40000 else "not-a-skill"

    def _walk(self, tree: ObjectID, prefix: bytes) -> Iterator[tuple[bytes, int, bytes]]:
        """Yield path, mode and bytes of every entry, directories too, in the order in which trees have them."""
        for name, mode, oid in self._entries(tree):
            path = prefix + name
            is_read = name not in _LEFT_OUT_IN_SILENCE and b"/" not in name and path.count(b"/") < 12
            yield (
                path,
                mode,
                self._object(oid, Blob).as_raw_string() if is_read and mode & 0o170000 == 0o100000 else b"",
            )
            if is_read and mode == 0o40000 and _fault(path) is None:
                yield from self._walk(oid, path + b"/")

    def _entries(self, tree: ObjectID) -> list[tuple[bytes, int, ObjectID]]:
        content = self._object(tree, Tree).as_raw_string()
        return [(name, mode, ObjectID(oid)) for name, mode, oid in parse_tree(content, 20, strict=False)]

    def _object(self, oid: ObjectID, kind: type[ShaFile]) -> ShaFile:
        found = self._repo.object_store[oid]
        assert isinstance(found, kind)
        assert ShaFile.from_raw_string(found.type_num, found.as_raw_string()).id == oid
        return found


def _fault(path: bytes) -> str | None:
    try:
        return path_fault(path.decode())
    except UnicodeDecodeError:
        return "is not UTF-8"


def _judge(entries: list[tuple[bytes, int, bytes]]) -> Found:
    """Return the files among the entries of a skill, or the code that our rules refuse them with."""
    seen = [entry for entry in entries if entry[0].rpartition(b"/")[2] not in _LEFT_OUT_IN_SILENCE]
    files = {path.decode(): (content, mode == 0o100755) for path, mode, content in seen if mode in {0o100644, 0o100755}}
    is_unsafe = (
        len(entries) > MOST_ENTRIES
        or any(_fault(path) is not None for path, _, _ in seen)
        or any(mode not in {0o100644, 0o100755, 0o40000, 0o120000, 0o160000} for _, mode, _ in seen)
        or len({fold(path.decode()) for path, _, _ in seen}) < len(seen)
        or len(files) > MOST_FILES
        or sum(len(content) for content, _ in files.values()) > MOST_BYTES
        or any(len(content) > LARGEST_FILE for content, _ in files.values())
        or len(files.get("SKILL.md", (b"", False))[0]) > LARGEST_SKILL_MD
    )
    if is_unsafe:
        return "unsafe-skill"
    return files if "SKILL.md" in files else "not-a-skill"


def _ours(wiki: Wiki, commit: str, name: str) -> Found:
    try:
        tree = wiki.read_skill(CommitId(commit), SkillName(name)).tree
    except WikipinError as error:
        return error.code
    return {file.path: (file.content, file.executable) for file in tree.files}


def _any_files(random: random.Random, name: str, size: int) -> Files:
    """Return a skill as chance has it: nested, large and small, text and not, executable and not."""
    files: dict[str, Content] = {"SKILL.md": skill_md(name, body=f"{random.random()}")}
    for number in range(random.randrange(12)):
        depth = random.randrange(4)
        path = "/".join([*(f"d{random.randrange(3)}" for _ in range(depth)), f"f{number}.md"])
        content = bytes(random.randrange(256) for _ in range(random.choice((0, 1, 40)))) * random.randrange(size)
        files[path] = (content, random.random() < 0.3)
    return files


def _any_wiki(path: Path, seed: int) -> list[str]:
    """Make a wiki with a history of branches, merges, links and submodules; return all its commits."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    wiki = make_wiki(path, {"hello": _any_files(chance, "hello", 20), "other": _any_files(chance, "other", 20)})
    for number in range(6):
        git(wiki, "checkout", "-q", "-B", f"branch-{number}", chance.choice(["main", "HEAD"]))
        for name in ("hello", "other"):
            for file, content in _any_files(chance, name, 200).items():
                at = wiki / "skills" / name / file
                at.parent.mkdir(parents=True, exist_ok=True)
                data, executable = content if isinstance(content, tuple) else (content, False)
                at.write_bytes(data)
                at.chmod(0o755 if executable else 0o644)
        (wiki / f"skills/hello/link-{number}").symlink_to("SKILL.md")
        git(wiki, "add", "-A")
        git(wiki, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},skills/other/module-{number}")
        git(wiki, "commit", "-q", "-m", f"Commit {number}")
        git(wiki, "merge", "-q", "-s", "ours", "-m", f"Merge {number}", "main")
        git(wiki, "branch", "-f", "main", "HEAD")
    if seed % 2:
        git(wiki, "gc", "-q", "--aggressive", "--prune=now")  # one pack, its objects deltas of each other
    return git(wiki, "rev-list", "--all").decode().split()


@pytest.mark.parametrize("seed", range(6))
def test_of_ordinary_repositories_both_read_the_same(seed: int, tmp_path: Path) -> None:
    commits = _any_wiki(tmp_path / "wiki", seed)
    assert len(commits) > 6
    with closing(_Theirs(tmp_path / "wiki")) as theirs, Wiki(tmp_path / "wiki") as ours:
        for commit in commits:
            for name in ("hello", "other", "none"):
                assert _ours(ours, commit, name) == theirs.read(commit, name)


_MEANT = {
    "a file named by a path down": "we refuse an entry that is itself a path; dulwich has it as a name",
    "frontmatter without an end": "dulwich knows nothing of frontmatter",
    "another skill's name": "as above",
    "a SKILL.md that is not UTF-8": "as above",
    "a blob of fewer than no bytes": "we hold a blob against the size that it says; dulwich does not",
    "a blob with more in it than it says": "as above",
    "a blob that says it has 100 TiB": "as above",
}
"""Hostile trees of which dulwich and we say different things, and why we mean to."""


def test_each_difference_that_is_meant_is_of_a_tree_that_there_is() -> None:
    assert _MEANT.keys() <= {case.what for case in TREES}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wiki(tmp_path_factory.mktemp("trees") / "wiki", {"good": {"SKILL.md": skill_md("good")}})


@pytest.mark.parametrize("case", [case for case in TREES if case.what not in _MEANT], ids=lambda case: case.what)
def test_of_hostile_trees_both_read_the_same_or_refuse(case: Hostile, trees: Path) -> None:
    commit = case.commit(trees)
    with closing(_Theirs(trees)) as theirs, Wiki(trees) as ours:
        our, their = _ours(ours, commit, "hello"), theirs.read(commit, "hello")
    # Of two things that are wrong either may be the first.
    assert our == their or (isinstance(our, str) and isinstance(their, str))


def test_the_comparison_sees_what_it_is_for(trees: Path) -> None:
    """The control: a reader that mistakes a mode, a byte or a file is found out."""
    blob = write_object(trees, "blob", b"x")
    skill = [("100644", b"SKILL.md", write_object(trees, "blob", skill_md("hello"))), ("100755", b"run.sh", blob)]
    made = write_tree(trees, [("40000", b"skills", write_tree(trees, [("40000", b"hello", write_tree(trees, skill))]))])
    text = f"tree {made}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx\n"
    commit = write_object(trees, "commit", text.encode())
    with closing(_Theirs(trees)) as theirs:
        found = theirs.read(commit, "hello")
    assert isinstance(found, dict)
    for wrong in (
        {**found, "run.sh": (b"x", False)},
        {**found, "run.sh": (b"y", True)},
        {**found, "more": (b"", False)},
    ):
        with Wiki(trees) as ours:
            assert _ours(ours, commit, "hello") == found != {**found, **wrong}

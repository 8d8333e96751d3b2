"""A wiki: a git repository of skills, read from its objects at one commit.

The work tree is only ever compared with the commit, for a warning; index and files of the wiki are never touched.
"""

import difflib
import os
import re
from collections.abc import Callable, Container, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import islice, tee
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from wikipin.batch import LARGEST_TREE, Objects, at_most
from wikipin.deadline import Deadline
from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.folder import Folder
from wikipin.git import Git, find_git_dir, run_git, unreadable
from wikipin.history import reached
from wikipin.names import HEAD, Commit, Revision, SkillName, is_commit, is_skill_name
from wikipin.objects import TreeEntry, find_entries, parse_commit_tree, parse_parents, parse_tree
from wikipin.skill import Header, Skill, header_in, not_a_skill, parse_header, parse_skill
from wikipin.tree import LARGEST_SKILL_MD, LARGEST_SKILL_TREE, SKILL_MD, Draft, Kind
from wikipin.worktree import is_as_committed

SKILLS = "skills"
DEFAULT_WIKI = "~/.memtomem-wiki"
WIKI_VARIABLE = "MEMTOMEM_WIKI_PATH"

_FILES = frozenset({Kind.FILE.value, Kind.EXECUTABLE.value})
_DIRECTORY = Kind.DIRECTORY.value
_SKILL_MD, _SKILLS = SKILL_MD.encode(), SKILLS.encode()
_LARGEST_COMMIT = 1024 * 1024
_MOST_NAMES = 5_000
"""Among which one like a name is looked for that is not there."""
_LONGEST_ORIGIN = 200

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Listed:
    """One skill of the wiki, as a list shows it, with the id of its tree."""

    name: SkillName
    description: str
    tree_id: str


@dataclass(frozen=True)
class Catalogue:
    """What the wiki has at one commit: its skills by name, and the directories that cannot be installed (name, why)."""

    commit: Commit
    skills: tuple[Listed, ...]
    skipped: tuple[tuple[str, str], ...]


def default_wiki_path() -> Path:
    """Return `$MEMTOMEM_WIKI_PATH`, else `~/.memtomem-wiki`, as it is named."""
    return Path(os.environ.get(WIKI_VARIABLE) or DEFAULT_WIKI)


def _counted(method: Callable[Concatenate["Wiki", _P], _T]) -> Callable[Concatenate["Wiki", _P], _T]:
    """Count the time that a method takes against the call's deadline."""

    @wraps(method)
    def counted(wiki: "Wiki", /, *arguments: _P.args, **keywords: _P.kwargs) -> _T:
        with wiki.deadline.counting():
            return method(wiki, *arguments, **keywords)

    return counted


class Wiki(AbstractContextManager["Wiki"]):
    """A wiki open for reading: one git process answers every read of the `with` block; all have one deadline."""

    def __init__(self, path: Path) -> None:
        """Find the repository at `path`; start nothing. Raises `wiki-not-found`, or `wiki-unreadable` without git."""
        self.path = path
        self.deadline = Deadline()
        self._git_dir = find_git_dir(path)
        self._objects = Objects(self._git_dir, self.deadline)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._objects.close()

    @_counted
    def resolve(self, revision: Revision = HEAD) -> Commit:
        """Return the full id of the commit that `revision` names now.

        Raises `ref-not-found`, `wiki-empty` or `wiki-unreadable`.
        """
        found = self._objects.find(f"{revision}^{{commit}}", "commit", at_most(_LARGEST_COMMIT))
        if found is not None and is_commit(found[0]):
            return Commit(found[0])
        if self._is_damaged(revision):
            raise unreadable(f"'{revision}' names a commit that is damaged or missing in the wiki")
        if not self._id_of(HEAD):
            raise WikipinError(
                "wiki-empty",
                "the wiki has no commit yet",
                "Commit a skill there as skills/NAME/SKILL.md, and call again",
            )
        raise WikipinError(
            "ref-not-found",
            f"'{revision}' is not a commit in the wiki",
            "Give a branch, a tag or a commit id of the wiki, or leave ref out for its newest commit",
        )

    @_counted
    def catalogue(self, commit: Commit) -> Catalogue:
        """Return every skill at `commit`, with its description; what no agent would load is named, with the reason."""
        entries = [entry for entry in self._parse_tree(self._skills_tree(commit)) if entry.mode == _DIRECTORY]
        by_name = {os.fsdecode(entry.name): entry for entry in reversed(entries)}  # a hostile tree may say a name twice
        named = [entry for name, entry in sorted(by_name.items()) if is_skill_name(name)]
        skipped = [(name, "its name is not a skill name") for name in by_name if not is_skill_name(name)]
        headers = self._headers(dict.fromkeys(entry.oid for entry in named))
        skills: list[Listed] = []
        for entry in named:
            name = SkillName(os.fsdecode(entry.name))
            header = header_in(name, headers[entry.oid])
            if isinstance(header, str):
                skipped.append((name, header))
            else:
                skills.append(Listed(name, header.description, entry.oid))
        return Catalogue(commit, tuple(skills), tuple(sorted(skipped)))

    @_counted
    def read_skill(self, commit: Commit, name: SkillName) -> Skill:
        """Return the skill as it is at `commit`. Raises `not-in-wiki`, `not-a-skill`, `unsafe-skill`."""
        skills = self._skills_tree(commit)
        entry = self._find_entries(skills, {name.encode()}).get(name.encode())
        if entry is None:
            raise self._not_in_wiki(name, commit, skills)
        if entry.mode != _DIRECTORY:
            raise not_a_skill(name, "is not a directory")
        draft = Draft(name)
        self._collect(draft, entry.oid, "")
        return parse_skill(name, commit, draft.finish())

    @_counted
    def has_commit(self, commit: Commit) -> bool:
        """Tell whether the wiki has that commit."""
        return self._objects.find(commit, "commit", at_most(_LARGEST_COMMIT)) is not None

    @_counted
    def tree_ids(self, commit: Commit, names: Iterable[str]) -> dict[str, str]:
        """Return by name the tree ids of those skills that there are at `commit`, which the wiki has."""
        wanted = {os.fsencode(name) for name in names}
        found = self._find_entries(self._skills_tree(commit), wanted) if wanted else {}
        return {os.fsdecode(name): entry.oid for name, entry in found.items() if entry.mode == _DIRECTORY}

    @_counted
    def ancestors(self, commits: Iterable[Commit], of: Commit) -> set[Commit]:
        """Return those of `commits`, all of them in the wiki, from which `of` descends, or which it is."""
        wanted = set(commits)
        if not wanted:
            return set()
        lines = "\n".join([*sorted(wanted), f"^{of}", ""])
        code, answer = run_git(self._git_dir, ["rev-list", "--stdin"], self.deadline, given=lines)
        if code != 0:
            raise unreadable("git cannot walk the wiki's history")
        likely = wanted - set(answer.split())
        with closing(self._history(of)) as history:
            return {Commit(commit) for commit in reached(of, set(likely), history)}

    @_counted
    def versions(self, name: SkillName, at: Commit, *, most: int) -> list[Commit]:
        """Return the newest commits up to `at` that changed the skill, the newest first, at most `most` of them."""
        arguments = ["rev-list", f"--max-count={most}", at, "--", f"{SKILLS}/{name}"]
        code, answer = run_git(self._git_dir, arguments, self.deadline)
        if code != 0:
            raise unreadable("git cannot walk the wiki's history")
        return [Commit(line) for line in answer.split()]

    @_counted
    def origin(self) -> str:
        """Return where the wiki was cloned from, as a person should see it (`shown_origin`)."""
        arguments = ["config", "--local", "--no-includes", "--get", "remote.origin.url"]
        return shown_origin(run_git(self._git_dir, arguments, self.deadline)[1].strip())

    @_counted
    def has_uncommitted(self, skill: Skill) -> bool:
        """Tell whether the wiki's work tree has this skill otherwise than `skill`, which is what is committed."""
        try:
            with self._work_tree(skill.name) as folder:
                return folder is not None and not is_as_committed(folder, skill.tree)
        except OSError:
            return False

    def _headers(self, trees: Iterable[str]) -> dict[str, Header | str]:
        """Return for each of these trees its skill's header, or why it has none; nothing is read twice."""
        found: dict[str, Header | str] = dict.fromkeys(trees, f"has no {SKILL_MD}")
        sizes = zip(found, self._objects.sizes(found, "tree"), strict=True)
        large = {oid for oid, size in sizes if size > LARGEST_SKILL_TREE}
        found.update(dict.fromkeys(large, "has more entries than a skill may have"))
        small = [oid for oid in found if oid not in large]
        blobs: dict[str, str] = {}
        for oid, tree in zip(small, self._objects.read_all(small, "tree", at_most(LARGEST_SKILL_TREE)), strict=True):
            entry = self._find_entries(tree, {_SKILL_MD}).get(_SKILL_MD)
            if entry is not None and entry.mode in _FILES:
                blobs[oid] = entry.oid
        headers = self._parse_headers(dict.fromkeys(blobs.values()))
        return found | {oid: headers[blob] for oid, blob in blobs.items()}

    def _parse_headers(self, blobs: Iterable[str]) -> dict[str, Header | str]:
        found: dict[str, Header | str] = dict.fromkeys(blobs, f"has a {SKILL_MD} larger than {LARGEST_SKILL_MD} bytes")
        sizes = zip(found, self._objects.sizes(found, "blob"), strict=True)
        small = [oid for oid, size in sizes if size <= LARGEST_SKILL_MD]
        for oid, content in zip(small, self._objects.read_all(small, "blob", at_most(LARGEST_SKILL_MD)), strict=True):
            found[oid] = parse_header(content)
            self.deadline.check()
        return found

    def _history(self, of: Commit) -> Generator[tuple[str, list[str]]]:
        """Yield the commits that `of` descends from, with their parents: those that git names, each hashed again."""
        with Git(self._git_dir, ["rev-list", of]) as git:
            ids, again = tee(line.decode("ascii", "replace") for line in git.lines(self.deadline))
            commits = self._objects.read_all(ids, "commit", at_most(_LARGEST_COMMIT))
            for oid, content in zip(again, commits, strict=True):
                try:
                    yield oid, parse_parents(content)
                except ValueError:
                    raise unreadable(f"git holds a damaged commit {oid}") from None
            if git.has_failed():
                raise unreadable("git cannot walk the wiki's history")

    def _collect(self, draft: Draft, tree_id: str, parent: str) -> None:
        for entry in self._parse_tree(self._objects.read(tree_id, "tree", draft.entries_check(parent))):
            if (admitted := draft.admit(parent, entry.name, entry.mode)) is None:
                continue
            kind, path = admitted
            if kind is Kind.DIRECTORY:
                self._collect(draft, entry.oid, f"{path}/")
                continue
            content = self._objects.read(entry.oid, "blob", draft.size_check(path))
            draft.add(path, content, executable=kind is Kind.EXECUTABLE)

    def _skills_tree(self, commit: Commit) -> bytes:
        """Return the bytes of the tree of all skills, none where there is no such directory."""
        try:
            root = parse_commit_tree(self._objects.read(commit, "commit", at_most(_LARGEST_COMMIT)))
        except ValueError:
            raise unreadable(f"git holds a damaged commit {commit}") from None
        content = self._objects.read(root, "tree", at_most(LARGEST_TREE))
        skills = self._find_entries(content, {_SKILLS}).get(_SKILLS)
        is_there = skills is not None and skills.mode == _DIRECTORY
        return self._objects.read(skills.oid, "tree", at_most(LARGEST_TREE)) if skills and is_there else b""

    def _find_entries(self, content: bytes, names: Container[bytes]) -> dict[bytes, TreeEntry]:
        try:
            return find_entries(content, self._objects.oid_bytes, names)
        except ValueError:
            raise unreadable("git holds a damaged tree") from None

    def _parse_tree(self, content: bytes) -> Iterator[TreeEntry]:
        try:
            yield from parse_tree(content, self._objects.oid_bytes)
        except ValueError:
            raise unreadable("git holds a damaged tree") from None

    def _id_of(self, revision: str) -> str:
        arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision]
        return run_git(self._git_dir, arguments, self.deadline)[1].strip()

    def _is_damaged(self, revision: str) -> bool:
        """Tell whether `revision` is the name of an object that git does not have, or not whole."""
        oid = self._id_of(revision)
        if oid in {"", revision}:  # git takes any full id for a name
            return False
        is_other = any(self._objects.find(oid, kind, at_most(LARGEST_TREE)) for kind in ("tag", "tree", "blob"))
        return not is_other  # a commit would have been found, were it whole

    def _not_in_wiki(self, name: SkillName, commit: Commit, skills: bytes) -> WikipinError:
        try:
            with self._work_tree(name) as folder:
                is_uncommitted = folder is not None
        except OSError:
            is_uncommitted = False
        if is_uncommitted:
            return WikipinError(
                "not-in-wiki",
                f"skill '{name}' is in the wiki's work tree but is not committed at {commit[:12]}",
                "Commit it in the wiki, and call again",
            )
        names = (os.fsdecode(entry.name) for entry in self._parse_tree(skills))
        near = difflib.get_close_matches(name, islice(filter(is_skill_name, names), _MOST_NAMES), n=3)
        alike = f"; the wiki has {' and '.join(map(repr, near))}" if near else ""
        return WikipinError(
            "not-in-wiki",
            f"the wiki has no skill '{name}' at {commit[:12]}{alike}",
            "Call wiki_list (or run 'wikipin list') for the names it has",
        )

    @contextmanager
    def _work_tree(self, name: SkillName) -> Generator[Folder | None]:
        """Open the skill's directory in the work tree, if there is one."""
        if self._git_dir == self.path:
            yield None
            return
        with Folder.open(self.path) as root, root.child(SKILLS) as skills, skills.child(name) as skill:
            yield skill


def shown_origin(url: str) -> str:
    """Return a remote's URL without user, password, query and fragment; of a path only that it is one."""
    if not url:
        return "no remote: it was made on this machine"
    try:
        parts = urlsplit(url)
    except ValueError:  # half an IPv6 address, or a host that looks like a path
        return "an address that cannot be read"
    if parts.scheme and parts.netloc:
        return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", limit=_LONGEST_ORIGIN)
    if (match := re.fullmatch(r"(?:[^/@:]+@)?([^/@:]+):((?!//).+)", url)) is not None:  # host:path, as ssh(1) has it
        return printable(f"{match[1]}:{match[2]}", limit=_LONGEST_ORIGIN)
    return "a directory on this machine"

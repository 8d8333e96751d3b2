"""A wiki: a git repository of skills, read from its objects at one commit.

The work tree is only ever compared with the commit, for a warning; index and files of the wiki are never touched.
"""

import difflib
import os
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from wikipin.disk.folder import Folder
from wikipin.errors import WikipinError
from wikipin.names import Commit, RelPath, SkillName, is_skill_name
from wikipin.remedy import Call, Remedy
from wikipin.skill import Header, Skill, header_in, not_a_skill, parse_header, parse_skill
from wikipin.tree import LARGEST_SKILL_MD, LARGEST_SKILL_TREE, SKILL_MD
from wikipin.tree_builder import GitMode, TreeBuilder
from wikipin.wiki.batch import LARGEST_TREE, at_most
from wikipin.wiki.objects import TreeEntry
from wikipin.wiki.repository import Repository, counted
from wikipin.wiki.worktree import is_as_committed

SKILLS = "skills"

_FILES = frozenset({GitMode.FILE.value, GitMode.EXECUTABLE.value})
_DIRECTORY = GitMode.DIRECTORY.value
_SKILL_MD, _SKILLS = SKILL_MD.encode(), SKILLS.encode()
_MOST_NAMES = 5_000
"""Among which one like a name is looked for that is not there."""


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


class Wiki(Repository):
    """A wiki open for reading, as the repository that it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._entries: dict[Commit, dict[str, TreeEntry | None]] = {}

    @counted
    def catalogue(self, commit: Commit) -> Catalogue:
        """Return every skill at `commit`, with its description; what no agent would load is named, with the reason."""
        entries = [entry for entry in self.parse_tree(self._skills_tree(commit)) if entry.mode == _DIRECTORY]
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

    @counted
    def read_skill(self, commit: Commit, name: SkillName) -> Skill:
        """Return the skill as it is at `commit`. Raises `not-in-wiki`, `not-a-skill`, `unsafe-skill`."""
        entry = self._find(commit, [name]).get(name)
        if entry is None:
            raise self._not_in_wiki(name, commit)
        if entry.mode != _DIRECTORY:
            raise not_a_skill(name, "is not a directory")
        builder = TreeBuilder(name)
        files = list(self._collect(builder, entry.oid, ""))
        checks = ((file.oid, builder.size_check(path)) for path, file in files)
        for (path, file), content in zip(files, self.objects.read_each(checks, "blob"), strict=True):
            builder.add(path, content, executable=file.mode == GitMode.EXECUTABLE.value)
        return parse_skill(name, commit, builder.finish())

    @counted
    def prefetch(self, commit: Commit, names: Iterable[str]) -> None:
        """Read the trees of these skills, many at a time, so that each is at hand when its skill is read.

        What cannot be read is left for that: then one skill is refused, and not all.
        """
        with suppress(WikipinError):
            trees = {entry.oid for entry in self._find(commit, names).values() if entry.mode == _DIRECTORY}
            while trees:
                below: set[str] = set()
                for oid, content in self._read_small(trees, "tree", LARGEST_SKILL_TREE):
                    if self.objects.keep(oid, "tree", content):
                        below |= {entry.oid for entry in self.parse_tree(content) if entry.mode == _DIRECTORY}
                trees = below - trees

    @counted
    def tree_ids(self, commit: Commit, names: Iterable[str]) -> dict[str, str]:
        """Return by name the tree ids of those skills that there are at `commit`, which the wiki has."""
        return {name: entry.oid for name, entry in self._find(commit, names).items() if entry.mode == _DIRECTORY}

    def _find(self, commit: Commit, names: Iterable[str]) -> dict[str, TreeEntry]:
        """Return by name the entries of those skills that there are at `commit`. Each is looked for once."""
        known = self._entries.setdefault(commit, {})
        names = list(names)
        if unknown := {os.fsencode(name) for name in names if name not in known}:
            found = self.find_entries(self._skills_tree(commit), unknown)
            known.update({os.fsdecode(name): found.get(name) for name in unknown})
        return {name: entry for name in names if (entry := known[name]) is not None}

    def versions(self, name: SkillName, at: Commit, *, most: int) -> list[Commit]:
        """Return the newest commits up to `at` that changed the skill, the newest first, at most `most` of them."""
        return self.changes_of(f"{SKILLS}/{name}", at, most=most)

    @counted
    def has_uncommitted(self, skill: Skill) -> bool:
        """Tell whether the wiki's work tree has this skill otherwise than `skill`, which is what is committed."""
        try:
            with self._work_tree(skill.name) as folder:
                return folder is not None and not is_as_committed(folder, skill.tree)
        except OSError:
            return False

    def _headers(self, trees: Iterable[str]) -> dict[str, Header | str]:
        """Return for each of these trees its skill's header, or why it has none; nothing is read twice."""
        found: dict[str, Header | str] = dict.fromkeys(trees, "has more entries than a skill may have")
        blobs: dict[str, str] = {}
        for oid, tree in self._read_small(found, "tree", LARGEST_SKILL_TREE):
            found[oid] = f"has no {SKILL_MD}"
            entry = self.find_entries(tree, {_SKILL_MD}).get(_SKILL_MD)
            if entry is not None and entry.mode in _FILES:
                blobs[oid] = entry.oid
        headers = self._parse_headers(dict.fromkeys(blobs.values()))
        return found | {oid: headers[blob] for oid, blob in blobs.items()}

    def _parse_headers(self, blobs: Iterable[str]) -> dict[str, Header | str]:
        found: dict[str, Header | str] = dict.fromkeys(blobs, f"has a {SKILL_MD} larger than {LARGEST_SKILL_MD} bytes")
        for oid, content in self._read_small(found, "blob", LARGEST_SKILL_MD):
            found[oid] = parse_header(content)
            self.deadline.check()
        return found

    def _read_small(self, oids: Collection[str], kind: str, limit: int) -> Iterator[tuple[str, bytes]]:
        """Yield id and content of those of these objects that have at most `limit` bytes; no other is asked for."""
        sizes = zip(oids, self.objects.sizes(oids, kind), strict=True)
        small = [oid for oid, size in sizes if size <= limit]
        yield from zip(small, self.objects.read_all(small, kind, at_most(limit)), strict=True)

    def _collect(self, builder: TreeBuilder, tree_id: str, parent: str) -> Iterator[tuple[RelPath, TreeEntry]]:
        """Yield path and entry of each file that is admitted."""
        for entry in self.parse_tree(self.objects.read(tree_id, "tree", builder.entries_check(parent))):
            if (admitted := builder.admit(parent, entry.name, entry.mode)) is None:
                continue
            kind, path = admitted
            if kind is GitMode.DIRECTORY:
                yield from self._collect(builder, entry.oid, f"{path}/")
            else:
                yield path, entry

    def _skills_tree(self, commit: Commit) -> bytes:
        """Return the bytes of the tree of all skills, none if there is no such directory."""
        skills = self.find_entries(self.read_root(commit), {_SKILLS}).get(_SKILLS)
        is_there = skills is not None and skills.mode == _DIRECTORY
        return self.objects.read(skills.oid, "tree", at_most(LARGEST_TREE)) if skills and is_there else b""

    def _not_in_wiki(self, name: SkillName, commit: Commit) -> WikipinError:
        try:
            with self._work_tree(name) as folder:
                is_uncommitted = folder is not None
        except OSError:
            is_uncommitted = False
        if is_uncommitted:
            return WikipinError(
                "not-in-wiki",
                f"skill '{name}' is in the wiki's work tree but is not committed at {commit[:12]}",
                "Commit it in the wiki, and try again",
            )
        names = (os.fsdecode(entry.name) for entry in self.parse_tree(self._skills_tree(commit)))
        near = difflib.get_close_matches(name, islice(filter(is_skill_name, names), _MOST_NAMES), n=3)
        alike = f"; the wiki has {' and '.join(map(repr, near))}" if near else ""
        return WikipinError(
            "not-in-wiki",
            f"the wiki has no skill '{name}' at {commit[:12]}{alike}",
            Remedy(Call("list"), " for the names it has"),
        )

    @contextmanager
    def _work_tree(self, name: SkillName) -> Generator[Folder | None]:
        """Open the skill's directory in the work tree, if there is one."""
        if self.git_dir == self.path:
            yield None
            return
        with Folder.open(self.path) as root, root.child(SKILLS) as skills, skills.child(name) as skill:
            yield skill

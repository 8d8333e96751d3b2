"""A wiki: a git repository of skills, read from its objects at one commit.

The work tree is only ever compared with the commit, for a warning; index and files of the wiki are never touched.
"""

import difflib
import os
import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.folder import Folder
from wikipin.git import LARGEST_TREE, Objects, at_most, find_git_dir, run_git, unreadable
from wikipin.names import HEAD, Commit, Revision, SkillName, is_commit, is_skill_name
from wikipin.objects import TreeEntry, parse_commit_tree, parse_tree
from wikipin.skill import Header, Skill, judge_header, not_a_skill, parse_skill
from wikipin.tree import LARGEST_FILE, LARGEST_SKILL_MD, SKILL_MD, Copy, Draft, Kind

SKILLS = "skills"
DEFAULT_WIKI = "~/.memtomem-wiki"
WIKI_VARIABLE = "MEMTOMEM_WIKI_PATH"

_FILES = frozenset({Kind.FILE.value, Kind.EXECUTABLE.value})
_SKILL_MD = SKILL_MD.encode()
_LARGEST_COMMIT = 1024 * 1024
_LONGEST_ORIGIN = 200


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


class Wiki(AbstractContextManager["Wiki"]):
    """A wiki open for reading: one git process answers every read of the `with` block."""

    def __init__(self, path: Path) -> None:
        """Find the repository at `path`; start nothing. Raises `wiki-not-found`, or `wiki-unreadable` without git."""
        self.path = path
        self._git_dir = find_git_dir(path)
        self._objects = Objects(self._git_dir)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._objects.close()

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

    def catalogue(self, commit: Commit) -> Catalogue:
        """Return every skill at `commit`, with its description; what no agent would load is named, with the reason."""
        entries = [entry for entry in self._skill_entries(commit) if entry.mode == Kind.DIRECTORY.value]
        by_name = {os.fsdecode(entry.name): entry for entry in reversed(entries)}  # a hostile tree may say a name twice
        named = [entry for name, entry in sorted(by_name.items()) if is_skill_name(name)]
        skipped = [(name, "its name is not a skill name") for name in by_name if not is_skill_name(name)]
        trees = self._objects.read_all((entry.oid for entry in named), "tree", at_most(LARGEST_TREE))
        headers = [
            next((e.oid for e in self._parse_tree(tree or b"") if e.name == _SKILL_MD and e.mode in _FILES), None)
            for tree in trees
        ]
        contents = self._objects.read_all(filter(None, headers), "blob", lambda size: size <= LARGEST_SKILL_MD)
        skills: list[Listed] = []
        for entry, oid in zip(named, headers, strict=True):
            name = SkillName(os.fsdecode(entry.name))
            header = self._header(name, next(contents)) if oid else "has no SKILL.md"
            if isinstance(header, str):
                skipped.append((name, header))
            else:
                skills.append(Listed(name, header.description, entry.oid))
        return Catalogue(commit, tuple(skills), tuple(sorted(skipped)))

    def read_skill(self, commit: Commit, name: SkillName) -> Skill:
        """Return the skill as it is at `commit`. Raises `not-in-wiki`, `not-a-skill`, `unsafe-skill`."""
        entries = self._skill_entries(commit)
        entry = next((entry for entry in entries if entry.name == name.encode()), None)
        if entry is None:
            raise self._not_in_wiki(name, commit, entries)
        if entry.mode != Kind.DIRECTORY.value:
            raise not_a_skill(name, "is not a directory")
        draft = Draft(name)
        self._collect(draft, entry.oid, "")
        return parse_skill(name, commit, draft.finish())

    def tree_ids(self, commit: Commit) -> dict[str, str] | None:
        """Return the tree id of every skill at `commit` by name, or None where the wiki does not have that commit."""
        if self._objects.find(commit, "commit", at_most(_LARGEST_COMMIT)) is None:
            return None
        return {os.fsdecode(e.name): e.oid for e in self._skill_entries(commit) if e.mode == Kind.DIRECTORY.value}

    def ancestors(self, commits: Iterable[Commit], of: Commit) -> set[Commit]:
        """Return those of `commits`, all of them in the wiki, from which `of` descends, or which it is."""
        wanted = set(commits)
        if not wanted:
            return set()
        lines = "\n".join([*sorted(wanted), f"^{of}", ""])
        answer = run_git(self._git_dir, ["rev-list", "--stdin"], given=lines)
        if answer.returncode != 0:
            raise unreadable("git cannot walk the wiki's history")
        return wanted - set(map(Commit, answer.stdout.split()))

    def versions(self, name: SkillName, at: Commit, *, most: int) -> list[Commit]:
        """Return the newest commits up to `at` that changed the skill, the newest first, at most `most` of them."""
        answer = run_git(self._git_dir, ["rev-list", f"--max-count={most}", at, "--", f"{SKILLS}/{name}"])
        if answer.returncode != 0:
            raise unreadable("git cannot walk the wiki's history")
        return [Commit(line) for line in answer.stdout.split()]

    def origin(self) -> str:
        """Return where the wiki was cloned from, as a person should see it (`shown_origin`)."""
        found = run_git(self._git_dir, ["config", "--local", "--no-includes", "--get", "remote.origin.url"])
        return shown_origin(found.stdout.strip())

    def has_uncommitted(self, skill: Skill) -> bool:
        """Tell whether the wiki's work tree has this skill otherwise than `skill`, which is what is committed."""
        on_disk = self._work_tree_copy(skill.name)
        return on_disk is not None and on_disk.listing != skill.tree.listing

    def _header(self, name: SkillName, content: bytes | None) -> Header | str:
        return (
            f"has a SKILL.md larger than {LARGEST_SKILL_MD} bytes" if content is None else judge_header(name, content)
        )

    def _collect(self, draft: Draft, tree_id: str, parent: str) -> None:
        for entry in self._parse_tree(self._objects.read(tree_id, "tree", at_most(LARGEST_TREE))):
            if (admitted := draft.admit(parent, entry.name, entry.mode)) is None:
                continue
            kind, path = admitted
            if kind is Kind.DIRECTORY:
                self._collect(draft, entry.oid, f"{path}/")
                continue
            content = self._objects.read(entry.oid, "blob", draft.size_check(path))
            draft.add(path, content, executable=kind is Kind.EXECUTABLE)

    def _skill_entries(self, commit: Commit) -> list[TreeEntry]:
        try:
            root = parse_commit_tree(self._objects.read(commit, "commit", at_most(_LARGEST_COMMIT)))
        except ValueError:
            raise unreadable(f"git holds a damaged commit {commit}") from None
        entries = self._parse_tree(self._objects.read(root, "tree", at_most(LARGEST_TREE)))
        skills = next((e for e in entries if e.name == SKILLS.encode() and e.mode == Kind.DIRECTORY.value), None)
        return self._parse_tree(self._objects.read(skills.oid, "tree", at_most(LARGEST_TREE))) if skills else []

    def _parse_tree(self, content: bytes) -> list[TreeEntry]:
        try:
            return list(parse_tree(content, self._objects.oid_bytes))
        except ValueError:
            raise unreadable("git holds a damaged tree") from None

    def _id_of(self, revision: str) -> str:
        arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision]
        return run_git(self._git_dir, arguments).stdout.strip()

    def _is_damaged(self, revision: str) -> bool:
        """Tell whether `revision` is the name of an object that git does not have, or not whole."""
        oid = self._id_of(revision)
        if oid in {"", revision}:  # git takes any full id for a name
            return False
        is_other = any(self._objects.find(oid, kind, at_most(LARGEST_TREE)) for kind in ("tag", "tree", "blob"))
        return not is_other  # a commit would have been found, were it whole

    def _not_in_wiki(self, name: SkillName, commit: Commit, entries: list[TreeEntry]) -> WikipinError:
        if self._work_tree_copy(name) is not None:
            return WikipinError(
                "not-in-wiki",
                f"skill '{name}' is in the wiki's work tree but is not committed at {commit[:12]}",
                "Commit it in the wiki, and call again",
            )
        known = [os.fsdecode(entry.name) for entry in entries if is_skill_name(os.fsdecode(entry.name))]
        near = difflib.get_close_matches(name, known, n=3)
        alike = f"; the wiki has {' and '.join(map(repr, near))}" if near else ""
        return WikipinError(
            "not-in-wiki",
            f"the wiki has no skill '{name}' at {commit[:12]}{alike}",
            "Call wiki_list (or run 'wikipin list') for the names it has",
        )

    def _work_tree_copy(self, name: SkillName) -> Copy | None:
        if self._git_dir == self.path:
            return None
        try:
            with Folder.open(self.path) as root, root.child(SKILLS) as skills, skills.child(name) as skill:
                return skill.scan(
                    largest=LARGEST_FILE
                )  # no committed file is larger, and one made of holes takes hours
        except OSError:
            return None


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

"""A skill's tree, built entry by entry from a commit; the first entry that breaks a limit is refused.

No I/O.
"""

from collections.abc import Callable
from enum import Enum
from typing import NoReturn

from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.names import RelPath, SkillName, fold, path_fault
from wikipin.tree import (
    LARGEST_FILE,
    LARGEST_SKILL_MD,
    LARGEST_SKILL_TREE,
    MOST_BYTES,
    MOST_ENTRIES,
    MOST_FILES,
    NEVER_CONTENT,
    SKILL_MD,
    File,
    Tree,
)

_LEFT_OUT_IN_SILENCE = NEVER_CONTENT | {".git"}


class GitMode(Enum):
    """The kinds of entries in a git tree, by their mode (git-fast-import(1), "filemodify")."""

    FILE = 0o100644
    EXECUTABLE = 0o100755
    DIRECTORY = 0o040000
    LINK = 0o120000
    SUBMODULE = 0o160000


class TreeBuilder:
    """Collects one skill's entries in the order in which they are read."""

    def __init__(self, name: SkillName) -> None:
        self._name = name
        self._files: list[File] = []
        self._left_out: list[tuple[str, str]] = []
        self._bytes = 0
        self._entries = 0
        self._spelling: dict[str, str] = {}

    def admit(self, parent: str, part: bytes, mode: int) -> tuple[GitMode, RelPath] | None:
        """Return kind and path of an entry of the directory `parent`, "" or ending with "/"; None if left out."""
        self._entries += 1
        if self._entries > MOST_ENTRIES:
            self._refuse(f"has more than {MOST_ENTRIES} entries")
        try:
            name = part.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse(f"has a path that is not UTF-8, below '{parent}'")
        if name in _LEFT_OUT_IN_SILENCE:
            return None
        if "/" in name:
            self._refuse(f"has an entry that is itself a path: '{printable(name, limit=120)}'")
        path = self._safe_path(parent + name)
        try:
            kind = GitMode(mode)
        except ValueError:
            self._refuse(f"has mode {mode:06o} at '{path}'")
        if kind in {GitMode.LINK, GitMode.SUBMODULE}:
            self._left_out.append((path, "a symbolic link" if kind is GitMode.LINK else "a submodule"))
            return None
        return kind, path

    def entries_check(self, parent: str) -> Callable[[int], bool]:
        """Return a check that refuses the git tree of the directory `parent` by its size, before it is read."""

        def is_wanted(size: int) -> bool:
            if size > LARGEST_SKILL_TREE:
                self._refuse(f"has more than {MOST_ENTRIES} entries, or very long names, in '{parent or '.'}'")
            return True

        return is_wanted

    def size_check(self, path: RelPath) -> Callable[[int], bool]:
        """Return a check that refuses the file at `path` by its size: it, or the whole skill, would be too large."""
        limit = LARGEST_SKILL_MD if path == SKILL_MD else LARGEST_FILE

        def is_wanted(size: int) -> bool:
            if size > limit:
                self._refuse(f"has {size} bytes in '{path}', and {limit} are the limit")
            if self._bytes + size > MOST_BYTES:
                self._refuse(f"has more than {MOST_BYTES} bytes in all")
            return True

        return is_wanted

    def add(self, path: RelPath, content: bytes, *, executable: bool) -> None:
        """Add the file at an admitted path."""
        self.size_check(path)(len(content))
        if len(self._files) == MOST_FILES:
            self._refuse(f"has more than {MOST_FILES} files")
        self._bytes += len(content)
        self._files.append(File(path, content, executable))

    def finish(self) -> Tree:
        """Return the tree."""
        return Tree(tuple(sorted(self._files, key=lambda file: file.path)), tuple(self._left_out))

    def _safe_path(self, path: str) -> RelPath:
        if (fault := path_fault(path)) is not None:
            self._refuse(f"has a path that {fault}: '{printable(path, limit=120)}'")
        folded = fold(path)
        if folded in self._spelling:
            self._refuse(f"has '{self._spelling[folded]}' and '{path}', which some file systems take for one")
        self._spelling[folded] = path
        return RelPath(path)

    def _refuse(self, what: str) -> NoReturn:
        raise WikipinError(
            "unsafe-skill",
            f"skill '{self._name}' {what}",
            "Mend that in the wiki, commit it, and try again",
        )

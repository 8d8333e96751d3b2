"""Untrusted text becomes a value that is safe to join to a path.

Nothing else in the package joins a foreign string to a path: it takes the types of this module.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NewType, cast

from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.remedy import Argument, Remedy

SkillName = NewType("SkillName", str)
"""A name that we install under: 1-64 of `a-z 0-9 -`, no leading, trailing or double `-` (agentskills.io)."""

EntryName = NewType("EntryName", str)
"""A key of the lockfile's `skills`: wider than SkillName, because another tool may have written it."""

Commit = NewType("Commit", str)
"""A full commit id: 40 (sha-1) or 64 (sha-256) lower-case hexadecimal digits."""

RelPath = NewType("RelPath", str)
"""A path below a skill's directory, with `/`, that means the same file on every file system."""

Revision = NewType("Revision", str)
"""The name of a commit of the wiki, on one line: a branch, a tag, an id."""

PlanDigest = NewType("PlanDigest", str)
"""The digest of what would be written: 64 lower-case hexadecimal digits."""

HEAD = Revision("HEAD")

NAME_A_COMMIT = Remedy(
    "Give a branch, a tag or a commit id of the wiki, or leave ", Argument("ref"), " out for the newest commit"
)

LONGEST_NAME = 64
LONGEST_REVISION = 200
LONGEST_PATH_BYTES = 200
LONGEST_PART_BYTES = 128
DEEPEST_PATH = 12

_SKILL_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTRY_NAME = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,63}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What a ref may be called (git-check-ref-format(1)), and how many commits before it; no ranges, no reflog, no paths.
_REVISION = re.compile(r"[^ :?*\[\\~^-][^ :?*\[\\~^]*(?:[~^][0-9]*)*")
_FORBIDDEN_IN_PATH = frozenset('\\:*?"<>|')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9]) *(?:\..*)?")
_GIT_SHORT_NAME = re.compile(r"git~[0-9]+")


def is_skill_name(text: str) -> bool:
    """Tell whether `text` is a SkillName."""
    return len(text) <= LONGEST_NAME and _SKILL_NAME.fullmatch(text) is not None


def parse_skill_name(text: str) -> SkillName:
    """Return `text` as a SkillName; refuse it with `invalid-name`."""
    if not is_skill_name(text):
        raise WikipinError(
            "invalid-name",
            f"'{printable(text, limit=80)}' is not a skill name",
            f"Give 1-{LONGEST_NAME} of a-z, 0-9 and -, without a leading, trailing or double -",
        )
    return SkillName(text)


def parse_revision(text: str) -> Revision:
    """Return `text` as a Revision, which may name nothing; refuse it with `invalid-argument`."""
    is_plain = printable(text, limit=LONGEST_REVISION) == text and ".." not in text and "@{" not in text
    if not is_plain or not _REVISION.fullmatch(text):
        raise WikipinError(
            "invalid-argument",
            f"ref '{printable(text, limit=80)}' is not a revision",
            NAME_A_COMMIT,
        )
    return Revision(text)


def parse_plan(text: str) -> PlanDigest:
    """Return `text` as a PlanDigest; refuse it with `invalid-argument`."""
    if not is_sha256(text):
        raise WikipinError(
            "invalid-argument",
            f"plan '{printable(text, limit=80)}' is not a digest",
            "Pass the plan exactly as a dry run answered it, 64 hexadecimal digits, or leave it out",
        )
    return PlanDigest(text)


def is_entry_name(text: str) -> bool:
    """Tell whether `text` may be a key of the lockfile's `skills`, and so a directory name."""
    return text not in {".", ".."} and _ENTRY_NAME.fullmatch(text) is not None


def is_commit(text: object) -> bool:
    """Tell whether `text` is a full commit id."""
    return isinstance(text, str) and _COMMIT.fullmatch(text) is not None


def is_sha256(text: object) -> bool:
    """Tell whether `text` is a SHA-256 digest: 64 lower-case hexadecimal digits."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def are_paths(value: object) -> bool:
    """Tell whether `value` is a list of paths that are safe to join: RelPaths."""
    return isinstance(value, list) and all(
        isinstance(path, str) and path_fault(path) is None for path in cast("list[object]", value)
    )


def fold(path: str) -> str:
    """Return `path` as a file system that ignores case and width sees it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def path_fault(path: str) -> str | None:
    """Return why `path` is not a RelPath; None if it is one.

    Checkouts on Linux, macOS and Windows all keep two RelPaths apart, and no file system takes one for `.git`
    (git's `verify_path` and `core.protectNTFS`/`protectHFS` know the same names).
    """
    if len(_encoded(path)) > LONGEST_PATH_BYTES:
        return f"is longer than {LONGEST_PATH_BYTES} bytes"
    parts = path.split("/")
    if len(parts) > DEEPEST_PATH:
        return f"is deeper than {DEEPEST_PATH} directories"
    return next((fault for part in parts if (fault := _part_fault(part)) is not None), None)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=4096)  # the names of directories come again and again
def _part_fault(part: str) -> str | None:
    folded = fold(part)
    faults = {
        "has an empty, '.' or '..' part": part in {"", ".", ".."},
        f"has a part longer than {LONGEST_PART_BYTES} bytes": len(_encoded(part)) > LONGEST_PART_BYTES,
        "has a control or an invisible character": printable(part, limit=LONGEST_PATH_BYTES) != part,
        "is not in Unicode's NFC form": unicodedata.normalize("NFC", part) != part,
        'has one of \\ : * ? " < > |': not _FORBIDDEN_IN_PATH.isdisjoint(part),
        "has a part that begins with a space, '-' or '~'": part.startswith(("-", "~")) or part[:1].isspace(),
        "has a part that ends with a space or '.'": part.endswith(".") or part[-1:].isspace(),
        "has the name of a Windows device": _DEVICE.fullmatch(folded) is not None,
        "may be taken for '.git'": folded == ".git" or _GIT_SHORT_NAME.fullmatch(folded) is not None,
    }
    return next((fault for fault, is_so in faults.items() if is_so), None)

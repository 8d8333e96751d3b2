"""The journal as a value: text <-> Journal, what has been decided and must be finished. No I/O.

It names trees by digest and agents' directories by their word, never by a path: whoever forges one can make recovery
do nothing that the same person could not have committed to the project directly.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from wikipin.errors import WikipinError
from wikipin.exposure import DIRECTORIES
from wikipin.lockfile import is_time
from wikipin.names import Commit, is_commit, is_skill_name, path_fault

Json = dict[str, Any]

PATH = ".memtomem/.txn/redo.json"
LARGEST = 1024 * 1024

_VERSION = 1
_STAGING = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Journal:
    """One committed install: what is staged, where it goes, and the entry that it gets.

    `staging` is the directory below `.memtomem/.staging`; in it, `copy` becomes the canonical copy, and a directory
    named like a word of DIRECTORIES becomes the exposure there. `links` are the words that get a link instead.
    """

    name: str
    staging: str
    plan: str
    commit: Commit
    installed_at: str
    digests: Mapping[str, str]
    links: Sequence[str]
    copies: Sequence[str]

    def render(self) -> str:
        """Return the text."""
        return json.dumps({"version": _VERSION, **asdict(self)}, indent=2) + "\n"


def parse_journal(content: bytes) -> Journal:
    """Return the journal, or refuse with `unsafe-project` what no wikipin of this version wrote."""
    try:
        document: Json = json.loads(content)
        version = document.pop("version")
        if (
            type(version) is int
            and version == _VERSION
            and all(is_sound(document[key]) for key, is_sound in _SOUND.items())
        ):
            return Journal(**document)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise WikipinError(
        "unsafe-project", f"{PATH} is not a journal of this version", "Remove .memtomem/.txn, and call again"
    )


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _are_words(value: object) -> bool:
    return isinstance(value, list) and set(cast("list[str]", value)) <= set(DIRECTORIES)


_SOUND: dict[str, Callable[[Any], bool]] = {
    "name": is_skill_name,
    "staging": lambda value: _STAGING.fullmatch(value) is not None,
    "plan": _is_sha256,
    "commit": is_commit,
    "installed_at": is_time,
    "digests": lambda value: all(map(_is_sha256, value.values())) and not any(map(path_fault, value)),
    "links": _are_words,
    "copies": _are_words,
}

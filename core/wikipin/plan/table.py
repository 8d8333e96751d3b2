"""The decision table: what each verb does in each situation of a skill. No I/O."""

from collections.abc import Mapping
from enum import Enum
from typing import Literal

from wikipin.plan.state import Situation


class Action(Enum):
    """What is done to the canonical copy; the entry and the exposures follow it."""

    PUT = "put the wiki's bytes into place, whole"
    KEEP = "leave the copy"
    TAKE = "take the copy away"


Verb = Literal["install", "adopt", "update", "restore", "remove"]
Refusal = Literal["already-installed", "not-installed", "local-edits"]

TABLE: Mapping[Situation, Mapping[Verb, Action | Refusal]] = {
    Situation.ABSENT: {
        "install": Action.PUT,
        "adopt": "not-installed",
        "update": "not-installed",
        "restore": "not-installed",
        "remove": "not-installed",
    },
    Situation.UNTRACKED: {
        "install": "already-installed",
        "adopt": Action.KEEP,
        "update": "not-installed",
        "restore": "not-installed",
        "remove": "not-installed",
    },
    Situation.MISSING: {
        "install": "already-installed",
        "adopt": "already-installed",
        "update": Action.PUT,
        "restore": Action.PUT,
        "remove": Action.TAKE,
    },
    Situation.CLEAN: {
        "install": "already-installed",
        "adopt": "already-installed",
        "update": Action.PUT,
        "restore": Action.KEEP,
        "remove": Action.TAKE,
    },
    Situation.EDITED: {
        "install": "already-installed",
        "adopt": "already-installed",
        "update": "local-edits",
        "restore": "local-edits",
        "remove": "local-edits",
    },
    Situation.UNVERIFIED: {
        "install": "already-installed",
        "adopt": "already-installed",
        "update": "local-edits",
        "restore": "local-edits",
        "remove": "local-edits",
    },
}
"""With consent to discard edits, `update` and `remove` treat an edited copy as a clean one. `restore` takes none."""

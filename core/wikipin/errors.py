"""The one exception that wikipin raises on purpose: a code, what is wrong, and what to do about it."""

from typing import Literal

from wikipin.display import printable

Code = Literal[
    "invalid-name",
    "invalid-argument",
    "project-not-found",
    "project-not-allowed",
    "wiki-not-found",
    "wiki-empty",
    "wiki-unreadable",
    "not-in-wiki",
    "ref-not-found",
    "not-a-skill",
    "unsafe-skill",
    "already-installed",
    "not-installed",
    "local-edits",
    "would-roll-back",
    "plan-changed",
    "review-required",
    "lockfile-version",
    "lockfile-corrupt",
    "exposure-conflict",
    "unsafe-project",
    "busy",
    "io-error",
]

_LONGEST_SENTENCE = 1_000


class WikipinError(Exception):
    """A refusal or a failure, worded for whoever reads it.

    `problem` is a lower-case clause that names the value and where it was looked for; `remedy` is one imperative
    sentence. Neither has a final full stop. Both are made printable here, so that a string from a wiki or a lockfile
    cannot reach a terminal or a model in any other form.
    """

    def __init__(self, code: Code, problem: str, remedy: str) -> None:
        self.code: Code = code
        self.problem = printable(problem, limit=_LONGEST_SENTENCE)
        self.remedy = printable(remedy, limit=_LONGEST_SENTENCE)
        super().__init__(f"{self.code}: {self.problem}. {self.remedy}.")

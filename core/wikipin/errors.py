"""The one exception that wikipin raises on purpose: a code, the problem, and the remedy."""

from typing import Literal

from wikipin.display import printable
from wikipin.remedy import ByDoor, CommandLine, Door, Remedy

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
    """A refusal or a failure, worded for its reader.

    `problem` is a lower-case clause that names the value and where it was looked for; `remedy` is one imperative
    sentence, which each door writes in its own words. Neither has a final full stop. Both are made
    printable, so that a string from a wiki or a lockfile cannot reach a terminal or a model in any other form.
    """

    def __init__(self, code: Code, problem: str | ByDoor, remedy: str | Remedy) -> None:
        self.code: Code = code
        self._problem = ByDoor(problem, problem) if isinstance(problem, str) else problem
        self.remedy = Remedy(remedy) if isinstance(remedy, str) else remedy
        super().__init__(code, self.problem)

    def __str__(self) -> str:
        """Return it for an unknown reader."""
        return self.said(CommandLine())

    def said(self, door: Door) -> str:
        """Return code, problem and remedy on one line, as the callers of `door` read it."""
        return f"{self.code}: {self.clause(door)}. {self.advice(door)}."

    @property
    def problem(self) -> str:
        """The problem for an unknown reader."""
        return self.clause(CommandLine())

    def clause(self, door: Door) -> str:
        """Return the problem as the callers of `door` read it."""
        return printable(door.choose(self._problem), limit=_LONGEST_SENTENCE)

    def advice(self, door: Door) -> str:
        """Return the remedy as the callers of `door` read it."""
        text = self.remedy.said(door)
        return text[:1].upper() + text[1:]

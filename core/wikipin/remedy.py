"""A remedy: a sentence that says what to do about a refusal, which each door writes in its own words. No I/O.

The code that raises a refusal does not know at which door it is read, nor which options the reader gave. So a remedy
holds its calls as values, and the door writes each of them in the form that its reader can use.
"""

import re
from dataclasses import KW_ONLY, dataclass
from typing import Literal, Protocol

from wikipin.asset import Asset
from wikipin.display import printable

Verb = Literal["install", "update", "remove", "restore", "adopt", "show", "status", "list", "init"]

_FOR_PEOPLE: frozenset[Verb] = frozenset({"adopt", "init"})
_WITH_KIND: frozenset[Verb] = frozenset({"install", "update", "remove", "adopt"})
_EXPOSING: frozenset[Verb] = frozenset({"install", "update", "restore", "adopt"})
_LONGEST_WORDS = 1_000
_LONGEST_CALL = 16_000  # with three paths as long as Linux has them: a command that was cut cannot be followed


@dataclass(frozen=True)
class Call:
    """One call of wikipin, at any door. In a sentence it is a clause: 'call this tool', 'run that command'."""

    verb: Verb
    asset: Asset | None = None
    _: KW_ONLY
    ref: str | None = None
    plan: str | None = None
    accept: str | None = None
    """The digest of the content about which a person is asked."""

    source: str | None = None
    """The repository that `init` clones."""

    discard_edits: bool = False
    allow_rollback: bool = False

    @property
    def is_for_people(self) -> bool:
        """Tell whether it can only be made in a terminal."""
        return self.verb in _FOR_PEOPLE or self.accept is not None


@dataclass(frozen=True)
class Argument:
    """The name of an argument, as the caller writes it: `ref` of a tool, `--ref` of a command."""

    name: str


@dataclass(frozen=True)
class ByDoor:
    """Words that differ by door: for a model that calls a tool, and for the reader of a command's output."""

    tool: str
    command: str


AGREED = ByDoor("if the user agrees", "if you agree")

Part = str | Call | Argument | ByDoor


class Door(Protocol):
    """How the callers of one door make calls."""

    def call(self, call: Call) -> str:
        """Return a call as an imperative clause."""
        ...

    def argument(self, argument: Argument) -> str:
        """Return the name of an argument."""
        ...

    def choose(self, words: ByDoor) -> str:
        """Return the words for the callers of this door."""
        ...


class Remedy:
    """A sentence that says what to do about a refusal or a warning. It has no final full stop."""

    def __init__(self, *parts: Part) -> None:
        self._parts = parts

    def then(self, *more: Part) -> "Remedy":
        """Return this sentence with more parts after it."""
        return Remedy(*self._parts, *more)

    def __str__(self) -> str:
        """Return the sentence for an unknown reader: its commands have no options."""
        return self.said(CommandLine())

    def said(self, door: Door) -> str:
        """Return the sentence as the callers of `door` read it, safe to show."""
        return "".join(_part(part, door) for part in self._parts)


def _part(part: Part, door: Door) -> str:
    match part:
        case Call():
            return printable(door.call(part), limit=_LONGEST_CALL)
        case Argument():
            return door.argument(part)
        case ByDoor():
            return printable(door.choose(part), limit=_LONGEST_WORDS)
        case _:
            return printable(part, limit=_LONGEST_WORDS)


@dataclass
class CommandLine:
    """The door of the command `wikipin`, with the options that its caller gave; a command line is one for sh(1)."""

    wiki: str | None = None
    project: str | None = None
    expose: str | None = None
    expose_mode: str | None = None

    def call(self, call: Call) -> str:
        """Return a call as an imperative clause."""
        return f"run {self.quoted(call)}"

    def argument(self, argument: Argument) -> str:
        """Return the name of an argument."""
        return f"--{argument.name.replace('_', '-')}"

    def choose(self, words: ByDoor) -> str:
        """Return the words for people."""
        return words.command

    def quoted(self, call: Call) -> str:
        """Return the command line between quotes. A quote in it has a backslash before it."""
        return printable(f"'{self.line(call)}'", limit=_LONGEST_CALL)

    def line(self, call: Call) -> str:
        """Return the command line."""
        exposing = call.verb in _EXPOSING
        options = {
            "--ref": call.ref,
            "--plan": call.plan,
            "--accept": call.accept,
            "--from": call.source,
            "--expose": self.expose if exposing else None,
            "--expose-mode": self.expose_mode if exposing else None,
        }
        flags = {"--discard-edits": call.discard_edits, "--allow-rollback": call.allow_rollback}
        kind = [call.asset.kind.word] if call.asset is not None and call.verb in _WITH_KIND else []
        words = [
            "wikipin",
            *_given({"--wiki": self.wiki, "--project": self.project if call.verb != "init" else None}),
            call.verb,
            *kind,
            *([call.asset.name] if call.asset is not None else []),
            *_given(options),
            *(flag for flag, is_given in flags.items() if is_given),
        ]
        return " ".join(map(_quoted, words))


def _given(options: dict[str, str | None]) -> list[str]:
    return [word for option, value in options.items() if value is not None for word in (option, value)]


def _quoted(word: str) -> str:
    """Return a word as sh(1) reads it, quoted by backslashes; a leading `~/` stays the home directory."""
    return re.sub(r"^~(?!/|$)|[^\w@%+=:,./~-]", r"\\\g<0>", word) or "''"

"""A YAML document of a stranger as values, each key with its line, and what agents read differently in it.

No I/O. Claude Code reads YAML with Bun's parser, Codex with libyaml, Gemini CLI with js-yaml. They differ on a key that
stands twice, on aliases and merges, and on keys that are long or are no text (measured 2026-11). Only events are read,
and nothing is constructed: PyYAML's C parser need not be there, and its composer overflows the stack on deep input.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from wikipin.names import fold

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
"""What a document holds: texts, lists and mappings; of a key that stands twice, the last."""

_DEEPEST = 127  # levels; serde_yaml, which Codex uses, ends at 128
_LONGEST_KEY = 128  # libyaml and js-yaml end at 1,024 characters, Bun does not
_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")  # ends a line in YAML 1.1, and not in 1.2
_INDENTED_BY_TAB = re.compile(r"^ *\t", re.MULTILINE)
_HALF = re.compile("[\ud800-\udfff]")  # two halves are one character to Bun, and nothing to libyaml
_NO_TEXT = "tag:yaml.org,2002:binary"


@dataclass(frozen=True)
class Fault:
    """What agents read differently: its line in the document, counted from 1, and words for a person."""

    line: int
    what: str


@dataclass(frozen=True)
class Document:
    """What a text says. If it has no faults, every agent reads `fields` in it."""

    fields: dict[str, Value] = field(default_factory=dict[str, Value])
    lines: dict[str, int] = field(default_factory=dict[str, int])
    """The line of each key of `fields`."""
    faults: tuple[Fault, ...] = ()
    has_tags: bool = False
    is_yaml: bool = True
    """False if a parser refuses the text."""


def parse_document(text: str) -> Document:
    """Return what `text` says, if it is a mapping, and what of it agents read differently."""
    reader = _Reader(text)
    try:
        reader.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _refused(reader, mark.line + 1 if mark is not None else 1)
    except (yaml.YAMLError, ValueError, OverflowError):  # an escape beyond Unicode is no YAMLError
        return _refused(reader, 1)
    return Document(reader.fields, reader.lines, tuple(reader.faults), has_tags=reader.has_tags)


def texts(value: Value) -> Iterator[str]:
    """Yield every text in a value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts(item)


def plain_key(key: str) -> str:
    """Return a key without what spellings of it differ in: case, `-`, `_` and white space."""
    return re.sub(r"[-_\s]", "", fold(key))


def _refused(reader: "_Reader", line: int) -> Document:
    return Document({}, {}, (*reader.faults, Fault(line, "YAML that an agent's parser refuses")), is_yaml=False)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


class _TooDeepError(yaml.YAMLError):
    """A document that is nested deeper than anybody would write it."""


class _Reader:
    """Puts together what the events of one document say."""

    def __init__(self, text: str) -> None:
        self.fields: dict[str, Value] = {}
        self.lines: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.has_tags = False
        for pattern, what in (
            (_BREAK, "a character that ends a line for some parsers alone"),
            (_INDENTED_BY_TAB, "a line that a tab indents"),
        ):
            if (match := pattern.search(text)) is not None:
                self.faults.append(Fault(text.count("\n", 0, match.end()) + 1, what))
        self._events = yaml.parse(text, Loader=yaml.BaseLoader)

    def read(self) -> None:
        """Read the document, and see that there is one alone."""
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1 or event.version is not None or event.tags:
                    self._fault(event, "a directive, or a second document")
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                if isinstance(event, yaml.MappingStartEvent) and documents == 1:
                    self._see_properties(event)
                    self.fields = self._mapping(1)
                else:
                    self._value(event, 1)

    def _fault(self, event: yaml.Event, what: str) -> None:
        self.faults.append(Fault(_line(event), what))

    def _value(self, event: yaml.Event, depth: int) -> Value:
        if depth > _DEEPEST:
            raise _TooDeepError
        self._see_properties(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        text = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if _HALF.search(text):
            self._fault(event, "half a character, as an escape")
        return text

    def _see_properties(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._fault(event, "an anchor or an alias")
        tag = getattr(event, "tag", None)
        self.has_tags = self.has_tags or tag is not None
        if tag == _NO_TEXT:
            self._fault(event, "a value in base64")

    def _mapping(self, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._key(event, depth)
            if key in found:
                self._fault(event, "a key that stands twice")
            if depth == 1:
                self.lines[key] = _line(event)
            found[key] = self._value(next(self._events), depth + 1)
        return found

    def _key(self, event: yaml.Event, depth: int) -> str:
        key = self._value(event, depth + 1)
        if not isinstance(key, str) or len(key) > _LONGEST_KEY or "\n" in key:
            self._fault(event, "a key that is long, or no text")
            return str(key)[:_LONGEST_KEY]
        if key == "<<":
            self._fault(event, "a merge of mappings")
        return key

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

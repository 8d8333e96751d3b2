"""What fits into an answer: lists and texts are cut to the room that an agent has, and say how much was left out.

An answer reaches an agent twice, as structured content and as text, so that each byte of it counts twice.
"""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from wikipin.display import printable

if TYPE_CHECKING:
    from wikipin.plan.entry import Json

ROOM = 9_000
"""Bytes for one answer as it goes to an agent, structured and once more as text: with what is around it, 10 KB."""

_LONGEST_STRING = 4_096

_T = TypeVar("_T")


def render(answer: object) -> str:
    """Return the JSON text of an answer, on one line."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def size(value: object) -> int:
    """Return the bytes that `value` takes in a result: as JSON, and as JSON within the JSON of a text."""
    text = render(value)
    return len(text.encode()) + len(render(text).encode())


def left(answer: object, room: int | None) -> int | None:
    """Return what is left of `room` beside `answer`."""
    return None if room is None else room - size(answer)


def fitting(items: Iterable[_T], room: int | None) -> list[_T]:
    """Return the first items that fit into `room`; one at the least, so that every page is a step forward."""
    found: list[_T] = []
    for item in items:
        if room is not None:
            room -= size(item)
            if room < 0 and found:
                break
        found.append(item)
    return found


def fitting_text(text: str, room: int | None) -> str:
    """Return the beginning of `text` that fits into `room`; one character at the least."""
    if room is None or (len(text) <= room and size(text) <= room):  # each character takes more than one byte
        return text
    lengths = range(1, min(len(text), room) + 1)
    return text[: max(1, bisect_right(lengths, room, key=lambda length: size(text[:length])))]


def counted(texts: Iterable[str], *, longest: int, room: int | None) -> list[str]:
    """Return the first texts that fit, each made printable and cut to `longest`, and how many more there are."""
    shown = [printable(text, limit=longest) for text in texts]
    found = fitting(shown, room)
    return [*found, f"and {len(shown) - len(found)} more"] if len(found) < len(shown) else found


def shown(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with every string in it printable."""
    match value:
        case str():
            return printable(value, limit=_LONGEST_STRING)
        case list():
            return [shown(item) for item in cast("list[object]", value)]
        case dict():
            return _shown_object(cast("Json", value))
        case _:
            return value


def _shown_object(document: "Json") -> "Json":
    """Return an object with every key printable. One that has to be changed to be that gets a number if it is taken.

    Else a key with something hidden in it would be shown in the place of the one that it looks like.
    """
    found: Json = {}
    taken, numbers = set(document), Counter[str]()
    for key, item in document.items():
        name = plain = printable(key, limit=_LONGEST_STRING)
        while name != key and name in taken:
            numbers[plain] += 1
            name = f"{plain} ({numbers[plain] + 1})"
        taken.add(name)
        found[name] = shown(item)
    return found

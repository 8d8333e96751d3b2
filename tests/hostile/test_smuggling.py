"""A frontmatter that says one thing to us and another to an agent: it takes a person's yes, whatever its form.

The agents' ways to cut a frontmatter out are written down here once more, as they were measured, and held against the
review: what one of them alone would read is found.
"""

import random
import re
from collections.abc import Iterator
from typing import cast

import pytest
import yaml

from wikipin.frontmatter import read_frontmatter
from wikipin.names import RelPath
from wikipin.review.review import review
from wikipin.skill import Header, parse_header
from wikipin.tree import File, Tree

_ATTEMPTS = 1_000
_HOOKS = (
    "hooks: {a: b}",
    '"hooks": {a: b}',
    "? hooks\n: {a: b}",
    "{hooks: {a: b}}",
    "<<: {hooks: {a: b}}",
    "'hooks' : a",
)
_PIECES = (
    *(
        "license: MIT",
        "metadata:\n  a: b",
        "license: >\n  ---\n  a",
        "license: a --- b",
        " ---",
        "---x",
        "...",
        "--- a",
    ),
    *(
        "license: a: b",
        "license: |\n  a",
        "# a",
        "license: 'a",
        'license: "a\n---\n',
        "a: [",
        "\ta: b",
        "a: &a b",
        "b: *a",
    ),
    *(
        "metadata:\n  description: z",
        "description: z",
        "license: !x a",
        "license: '---'",
        "\r",
        "\x85",
        "%A b",
        "- a",
        "",
    ),
)


def _attempt(chance: random.Random) -> str:
    lines = ["name: hello", "description: Does one thing."]
    lines += chance.choices(_PIECES, k=chance.randint(0, 4))
    if chance.random() < 0.8:
        lines.insert(chance.randint(0, len(lines)), chance.choice(_HOOKS))
    return "---\n" + "\n".join(lines) + "\n---\nDo it.\n" + chance.choice(("", "hooks: a\n---\n"))


def _cut(text: str) -> Iterator[str]:
    """Yield the frontmatter as each agent cuts it out."""
    for pattern in (r"---\s*\n(.*?)---\s*\n?", r"---\r?\n(.*?)\r?\n---(?:\r?\n|\Z)?"):  # Claude Code, Gemini CLI
        if (match := re.match(pattern, text, re.DOTALL)) is not None:
            yield match[1]
    lines = text.split("\n")
    ends = [number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"]
    if ends:
        yield "\n".join(lines[1 : ends[0]])  # Codex


def _read(front: str) -> dict[str, object]:
    """Return what a front says to a parser of YAML, with merges, and of a key that stands twice the last."""
    try:
        found: object = yaml.safe_load(front)
    except (yaml.YAMLError, ValueError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _is_held(text: str) -> bool:
    """Tell whether a SKILL.md is refused, or waits for a person."""
    tree = Tree((File(RelPath("SKILL.md"), text.encode(), executable=False),))
    return not isinstance(parse_header(text.encode()), Header) or any(found.blocking for found in review(tree))


@pytest.mark.parametrize("seed", range(2))
def test_hooks_that_some_agent_would_read_wait_for_a_person(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same attempts every time
    smuggled = unseen = 0
    for _ in range(_ATTEMPTS // 2):
        text = _attempt(chance)
        if any("hooks" in _read(front) for front in _cut(text)):
            smuggled += 1
            ours = read_frontmatter(text)
            unseen += ours is None or "hooks" not in ours.document.fields
            assert _is_held(text), text
    assert smuggled > _ATTEMPTS / 20
    assert unseen, "the control: some of them are not seen in our own reading, and wait all the same"


@pytest.mark.parametrize("seed", range(2))
def test_of_a_description_that_waits_for_nobody_every_agent_reads_the_same(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same attempts every time
    passed = differed = 0
    for _ in range(_ATTEMPTS // 2):
        text = _attempt(chance)
        readings = {str(_read(front).get("description")) for front in _cut(text)} - {"None"}
        differed += len(readings) > 1
        if not _is_held(text):
            passed += 1
            header = parse_header(text.encode())
            assert isinstance(header, Header)
            assert readings <= {header.description}, text
    assert passed, "the control: not everything waits"
    assert differed, "the control: some are read differently"


def test_an_honest_frontmatter_waits_for_nobody() -> None:
    assert not _is_held("---\nname: hello\ndescription: Does one thing.\nlicense: MIT\n---\nDo it.\n\n---\n\nAgain.\n")

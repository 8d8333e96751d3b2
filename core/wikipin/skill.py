"""SKILL.md as agents read it: YAML frontmatter with a name and a description (agentskills.io/specification).

PyYAML's C loader is not used: it overflows the stack on deeply nested input, and this input is a stranger's.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import cast

import yaml

from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.names import Commit, SkillName
from wikipin.tree import SKILL_MD, Listing, Tree, plan_digest

LONGEST_DESCRIPTION = 1024
"""The specification's limit; Codex leaves out a skill that goes beyond it, the others do not."""

_LARGEST_FRONTMATTER = 16 * 1024  # the parser takes quadratic time on what is made to be slow
_FRONTMATTER = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_MOST_BRACKETS = 100  # each one open makes every further character dearer
_YAML_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True)
class Header:
    """What SKILL.md says of its skill."""

    name: str
    description: str


@dataclass(frozen=True)
class Edition:
    """A skill at one commit without its bytes: what a copy of it has to be."""

    name: str
    commit: Commit
    listing: Listing

    @cached_property
    def plan(self) -> str:
        """The digest of exactly what a copy holds."""
        return plan_digest(self.listing)


@dataclass(frozen=True)
class Skill:
    """One skill at one commit."""

    name: SkillName
    commit: Commit
    description: str
    tree: Tree

    @property
    def edition(self) -> Edition:
        """The skill without its bytes."""
        return Edition(self.name, self.commit, self.tree.listing)

    @property
    def warnings(self) -> list[str]:
        """What a reader should know of the content, though it does not stop an install."""
        left_out = [f"left out '{path}': {what} is never installed" for path, what in self.tree.left_out]
        if len(self.description) > LONGEST_DESCRIPTION:
            left_out.append(f"the description is longer than {LONGEST_DESCRIPTION} characters: Codex will not load it")
        return left_out


def parse_skill(name: SkillName, commit: Commit, tree: Tree) -> Skill:
    """Return the skill that `tree` is, or refuse it with `not-a-skill` where no agent would load it as `name`."""
    content = tree.content(SKILL_MD)
    if content is None:
        raise not_a_skill(name, "has no SKILL.md")
    return Skill(name, commit, read_header(name, content).description, tree)


def read_header(name: SkillName, content: bytes) -> Header:
    """Return name and description from the bytes of a SKILL.md, or refuse with `not-a-skill`."""
    header = judge_header(name, content)
    if isinstance(header, str):
        raise not_a_skill(name, header)
    return header


def judge_header(name: SkillName, content: bytes) -> Header | str:
    """Return the header of the skill in the directory `name`, or why no agent would load it there."""
    header = parse_header(content)
    if isinstance(header, Header) and header.name != name:
        return f"calls itself '{printable(header.name, limit=80)}' in its SKILL.md"
    return header


def not_a_skill(name: SkillName, why: str) -> WikipinError:
    """Return the refusal of a directory that no agent would load."""
    return WikipinError(
        "not-a-skill",
        f"skills/{name} {why}",
        f"Give its SKILL.md a frontmatter with 'name: {name}' and a 'description', commit it, and call again",
    )


def parse_header(content: bytes) -> Header | str:
    """Return the header, or what is wrong with it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "has a SKILL.md that is not UTF-8"
    if (match := _FRONTMATTER.match(text)) is None:
        return "has a SKILL.md without frontmatter between two lines of ---"
    if len(front := match.group(1)) > _LARGEST_FRONTMATTER:
        return f"has a SKILL.md with more than {_LARGEST_FRONTMATTER} characters of frontmatter"
    return _parse_frontmatter(front)


@lru_cache(maxsize=2048)  # a server lists the same skills again and again, and the parser is the slow part of that
def _parse_frontmatter(front: str) -> Header | str:
    fields = _yaml_fields(front) or _plain_fields(front)
    missing = next((key for key in ("name", "description") if key not in fields), None)
    if missing is not None:
        return f"has a SKILL.md whose frontmatter has no {missing}"
    return Header(fields["name"], fields["description"])


def _yaml_fields(front: str) -> dict[str, str]:
    if front.count("[") + front.count("{") > _MOST_BRACKETS:
        return {}
    try:
        # BaseLoader constructs nothing but strings, lists and dictionaries.
        document: object = yaml.load(front, Loader=yaml.BaseLoader)  # noqa: S506 - see above
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    fields = cast("dict[object, object]", document)
    return {
        key: value.strip()
        for key in ("name", "description")
        if isinstance(value := fields.get(key), str) and value.strip() not in _YAML_NULLS
    }


def _plain_fields(front: str) -> dict[str, str]:
    """Read `key: value` lines and their indented continuations, as Gemini CLI and Claude Code do when YAML fails.

    A description with a colon in it, unquoted, is the usual reason.
    """
    fields: dict[str, str] = {}
    for key in ("name", "description"):
        match = re.search(rf"^{key}:[ \t]*(.*(?:\r?\n[ \t]+\S.*)*)", front, re.MULTILINE)
        if match is not None and (value := " ".join(match.group(1).split())) not in _YAML_NULLS:
            fields[key] = value
    return fields

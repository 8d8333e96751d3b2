"""SKILL.md as agents read it: YAML frontmatter with a name and a description (agentskills.io/specification).

No I/O. The review says what agents read differently in it.
"""

from codecs import BOM_UTF8
from dataclasses import dataclass
from functools import cached_property

from wikipin.asset import SKILL, Asset
from wikipin.display import printable
from wikipin.errors import WikipinError
from wikipin.frontmatter import LARGEST, read_frontmatter
from wikipin.names import Commit, SkillName
from wikipin.pin import Pin
from wikipin.tree import SKILL_MD, Listing, Tree, digest_of

LONGEST_DESCRIPTION = 1024
"""The specification's limit. Codex leaves out a skill with a longer one, the others do not."""


@dataclass(frozen=True)
class Header:
    """Name and description of a skill, as its SKILL.md has them."""

    name: str
    description: str


@dataclass(frozen=True)
class Edition:
    """A skill at one commit without its bytes: what a copy of it is compared with."""

    asset: Asset
    pin: Pin
    listing: Listing

    @property
    def commit(self) -> Commit:
        """The commit of the pin."""
        return self.pin.commit

    @cached_property
    def digest(self) -> str:
        """The digest of a copy that is exactly this edition."""
        return digest_of(self.listing)


@dataclass(frozen=True)
class Skill:
    """One skill at one commit."""

    asset: Asset
    pin: Pin
    description: str
    tree: Tree

    @property
    def commit(self) -> Commit:
        """The commit of the pin."""
        return self.pin.commit

    @property
    def name(self) -> SkillName:
        """Its name alone."""
        return SkillName(self.asset.name)

    @property
    def edition(self) -> Edition:
        """The skill without its bytes."""
        return Edition(self.asset, self.pin, self.tree.listing)

    @property
    def warnings(self) -> list[str]:
        """Facts about the content that a reader should know, and that stop no install."""
        left_out = [f"left out '{path}': {what} is never installed" for path, what in self.tree.left_out]
        if len(self.description) > LONGEST_DESCRIPTION:
            left_out.append(f"the description is longer than {LONGEST_DESCRIPTION} characters: Codex will not load it")
        return left_out


def parse_skill(name: SkillName, commit: Commit, tree: Tree) -> Skill:
    """Return the skill that `tree` is; refuse with `not-a-skill` if no agent would load it as `name`."""
    content = tree.content(SKILL_MD)
    if content is None:
        raise not_a_skill(name, "has no SKILL.md")
    return Skill(Asset(SKILL, name), Pin(commit), read_header(name, content).description, tree)


def read_header(name: SkillName, content: bytes) -> Header:
    """Return name and description from the bytes of a SKILL.md; refuse with `not-a-skill`."""
    header = header_in(name, parse_header(content))
    if isinstance(header, str):
        raise not_a_skill(name, header)
    return header


def header_in(name: SkillName, header: Header | str) -> Header | str:
    """Return the header of the skill in the directory `name`, or why no agent would load it there."""
    if isinstance(header, Header) and header.name != name:
        return f"calls itself '{printable(header.name, limit=80)}' in its SKILL.md"
    return header


def not_a_skill(name: SkillName, why: str) -> WikipinError:
    """Return the refusal of a directory that no agent would load."""
    return WikipinError(
        "not-a-skill",
        f"skills/{name} {why}",
        f"Let its SKILL.md begin with a frontmatter of 'name: {name}' and a 'description', commit it, and try again",
    )


def parse_header(content: bytes) -> Header | str:
    """Return the header, or what is wrong with it."""
    if content.startswith(BOM_UTF8):
        return "has a SKILL.md that begins with a byte order mark, which Codex and Gemini CLI do not load"
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return "has a SKILL.md that is not UTF-8"
    front = read_frontmatter(text)
    if front is None:
        return "has a SKILL.md without frontmatter between two lines of ---"
    if len(front.text) > LARGEST:
        return f"has a SKILL.md with more than {LARGEST} characters of frontmatter"
    name, description = front.field("name"), front.field("description")
    if name is None or description is None:
        return f"has a SKILL.md whose frontmatter has no {'name' if name is None else 'description'}"
    return Header(name, description)

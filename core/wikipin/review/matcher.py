"""What in the files of a skill an agent acts on: names of files, keys of a frontmatter, shell, servers.

No I/O. Names are compared as a file system does that ignores case, as on macOS, and at any depth.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from wikipin.checkpoint import checkpoint
from wikipin.document import Value, plain_key, texts
from wikipin.frontmatter import Frontmatter, read_frontmatter
from wikipin.names import RelPath, fold, is_skill_name
from wikipin.review.claude import find_import, find_mentions, find_shell
from wikipin.review.codex import Kind, Server, find_servers
from wikipin.tree import SKILL_MD, File, Tree

YAML_OF_AGENTS = frozenset({"skill.md", "openai.yaml"})
"""Names of files, folded."""

_MOST_YAML = 32  # files; of 2,381 public skills the one with most has 11
# Commands that Claude Code has, and that a skill of the same name replaces.
_BUILT_IN = frozenset(
    "add-dir advisor agents autocompact autofix-pr background bashes "  # noqa: SIM905 - a word a line would be a page
    "branch brief btw bug cd chrome clear color compact config context copy cost daemon desktop diff doctor "
    "effort exit export extra-usage fast feedback focus fork goal heapdump help hooks ide init insights install "
    "install-github-app install-slack-app keybindings login logout loop mcp memory mobile model output-style "
    "passes permissions plan plugin powerup pr-comments privacy-settings project quit rate-limit-options recap "
    "release-notes reload-plugins reload-skills remote-control remote-env rename resume review rewind schedule "
    "security-review session setup-bedrock setup-vertex simplify skills status statusline stickers stop subtask "
    "tasks team-onboarding teleport terminal-setup theme todos tui ultraplan ultrareview upgrade usage use-case "
    "version vim voice workflows".split()
)
_ARGUMENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_ARGUMENTS = 64
_CLOSING_TAG = re.compile(r"<\s*/\s*[A-Za-z]")
_SHELL_TOOL = re.compile(r"(?<![\w-])(?:bash|powershell|\*)", re.IGNORECASE)


@dataclass(frozen=True)
class Match:
    """Where a row applies."""

    path: str
    line: int | None
    detail: str
    remark: str = ""


class Part:
    """One file, as a matcher looks at it; what is read of it is read once."""

    def __init__(self, file: File, *, has_yaml: bool = True) -> None:
        self.file = file
        self.has_yaml = has_yaml
        self.path = str(file.path)
        self.folded = [fold(part) for part in file.path.split("/")]
        self.name = file.path.rpartition("/")[2]

    @cached_property
    def text(self) -> str:
        """The file as text."""
        return self.file.content.decode("utf-8", "replace")

    @cached_property
    def frontmatter(self) -> Frontmatter | None:
        """The frontmatter, if this is a SKILL.md of whatever spelling and depth."""
        return read_frontmatter(self.text) if self.has_yaml and self.folded[-1] == "skill.md" else None

    @cached_property
    def servers(self) -> Sequence[Server]:
        """What is asked for, if this is an agents/openai.yaml."""
        return find_servers(self.text) if self.has_yaml and self.folded[-2:] == ["agents", "openai.yaml"] else ()


def unread(tree: Tree) -> frozenset[RelPath]:
    """Return the files of YAML for agents that are too many to be parsed: some take half a second each."""
    paths = [file.path for file in tree.files if fold(file.path.rpartition("/")[2]) in YAML_OF_AGENTS]
    return frozenset(sorted(paths, key=lambda path: path != SKILL_MD)[_MOST_YAML:])


def _spelling(name: str, of: str) -> str:
    """Return the remark that a name stands for another where case is ignored, or nothing if it is that name."""
    return "" if name == of else f", where case is ignored, as on macOS, and this is '{of}'"


Matcher = Callable[[Sequence[Part]], Iterable[Match]]


def each(match: Callable[[Part], Iterable[Match]]) -> Matcher:
    """Return what matches each file for itself."""

    def matches(parts: Sequence[Part]) -> Iterator[Match]:
        for part in parts:
            checkpoint()
            yield from match(part)

    return matches


def directory(name: str) -> Matcher:
    """Match a directory by its name, once, however many files are in it."""

    def matches(parts: Sequence[Part]) -> Iterator[Match]:
        seen: dict[str, list[Part]] = {}
        for part in parts:
            for depth, folded in enumerate(part.folded[:-1], 1):
                if folded == name:
                    seen.setdefault("/".join(part.path.split("/")[:depth]), []).append(part)
        for path, inside in seen.items():
            yield Match(path, None, _digest(inside), _spelling(path.rpartition("/")[2], name))

    return matches


def file_named(name: str, *, is_lower: bool = False, is_meant: Callable[[Part], bool] = lambda _: True) -> Matcher:
    """Match a file by its name; `is_lower`: if it is all in lower case, and the name is not."""

    def match(part: Part) -> Iterator[Match]:
        is_other = part.name == part.name.lower() != name
        if part.folded[-1] == fold(name) and is_other is is_lower and is_meant(part):
            yield Match(part.path, None, _digest([part]), "" if is_lower else _spelling(part.name, name))

    return each(match)


def _digest(parts: Iterable[Part]) -> str:
    return hashlib.sha256("".join(f"{part.path}\0{part.file.mark}\0" for part in parts).encode()).hexdigest()


def importing(part: Part) -> Iterator[Match]:
    """Match an AGENTS.md that imports a path."""
    if part.folded[-1] == "agents.md" and (line := _line_of_import(part)) is not None:
        yield Match(part.path, line, _digest([part]), _spelling(part.name, "AGENTS.md"))


def instructing(part: Part) -> Iterator[Match]:
    """Match an AGENTS.md that imports none."""
    if part.folded[-1] == "agents.md" and _line_of_import(part) is None:
        yield Match(part.path, None, _digest([part]), _spelling(part.name, "AGENTS.md"))


def _line_of_import(part: Part) -> int | None:
    """Return where an AGENTS.md imports a path; one all in lower case is told, as a CLAUDE.md is."""
    return None if part.name == part.name.lower() else find_import(part.text)


def executable(part: Part) -> Iterator[Match]:
    """Match a file that its owner may execute."""
    if part.file.executable:
        yield Match(part.path, None, "")


def nested(part: Part) -> Iterator[Match]:
    """Match a SKILL.md that is not the skill's own."""
    if part.folded[-1] == "skill.md" and part.path != SKILL_MD:
        name = part.frontmatter.field("name") if part.frontmatter else None
        remark = f", under the name '{name}'" if name and is_skill_name(name) else ""
        yield Match(part.path, None, "", remark + _spelling(part.name, "SKILL.md"))


def key(*names: str, is_meant: Callable[[Value], bool] = lambda _: True) -> Matcher:
    """Match a key of a frontmatter, however it is spelled."""
    wanted = {plain_key(name) for name in names}

    def match(part: Part) -> Iterator[Match]:
        front = part.frontmatter
        for key, value in front.document.fields.items() if front else ():
            if front and plain_key(key) in wanted and is_meant(value):
                yield Match(part.path, front.document.lines.get(key), repr(value))

    return each(match)


def has_shell(value: Value) -> bool:
    """Tell whether a list of tools has one that runs commands, in whatever form of YAML."""
    return any(_SHELL_TOOL.search(text) for text in texts(value))


def has_tools(value: Value) -> bool:
    """Tell whether a list of tools has some, and none that runs commands."""
    return any(texts(value)) and not has_shell(value)


def built_in(part: Part) -> Iterator[Match]:
    """Match a skill that is called like a command that Claude Code has."""
    name = part.frontmatter.field("name") if part.path == SKILL_MD and part.frontmatter else None
    if name in _BUILT_IN:
        yield Match(part.path, None, str(name))


def shell(part: Part) -> Iterator[Match]:
    """Match each shell command in the body of a SKILL.md."""
    if (front := part.frontmatter) is not None:
        for line, command in find_shell(front.body, _arguments(front)):
            yield Match(part.path, front.first_line_of_body + line - 1, command)


def mention(*, leaves: bool) -> Matcher:
    """Match each file that the body of a SKILL.md mentions, of those that may be anywhere, or of the others."""

    def match(part: Part) -> Iterator[Match]:
        if (front := part.frontmatter) is not None:
            for line, path, does_leave in find_mentions(front.body, _arguments(front)):
                if does_leave is leaves:
                    yield Match(part.path, front.first_line_of_body + line - 1, path)

    return each(match)


def _words(arguments: Value) -> list[Value]:
    """Return the names of arguments that a frontmatter declares: a list, or words."""
    if isinstance(arguments, str):
        return [word for word in re.split(r"[ \t\n]+", arguments) if word]
    return arguments if isinstance(arguments, list) else [arguments]


def _is_plain(word: Value) -> bool:
    return isinstance(word, str) and _ARGUMENT.fullmatch(word) is not None


def has_odd_names(arguments: Value) -> bool:
    """Tell whether it cannot be told for certain where arguments of these names are filled in."""
    words = _words(arguments)
    return len(words) > _MOST_ARGUMENTS or not all(map(_is_plain, words))


def _arguments(front: Frontmatter) -> list[str]:
    return [str(word) for word in _words(front.document.fields.get("arguments", "")) if _is_plain(word)]


def closing_tag(part: Part) -> Iterator[Match]:
    """Match a SKILL.md whose description has a closing tag in it."""
    front = part.frontmatter
    if front and _CLOSING_TAG.search(description := front.field("description") or ""):
        yield Match(part.path, front.document.lines.get("description"), description)


def asks(kind: Kind) -> Matcher:
    """Match what an agents/openai.yaml asks Codex for."""

    def match(part: Part) -> Iterator[Match]:
        for server in part.servers:
            if server.kind == kind:
                detail = _digest([part]) if server.tool is None else repr(server.tool)
                yield Match(part.path, server.line, detail, f" at {server.host}" if server.host else "")

    return each(match)

"""What of a skill acts by itself: what an agent runs, starts or obeys without being asked, as a table.

No I/O. Each row was measured with the real agent, in a project that its person trusts: Claude Code 2.1.330, Codex
0.169, Gemini CLI 0.61. What blocks takes a person's yes. The rest is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wikipin.finding import Finding
from wikipin.review.matcher import (
    Matcher,
    Part,
    asks,
    built_in,
    closing_tag,
    directory,
    each,
    executable,
    file_named,
    has_odd_names,
    has_shell,
    has_tools,
    importing,
    instructing,
    key,
    mention,
    nested,
    shell,
    unread,
)
from wikipin.tree import Tree

RULE = "active"

_CLAUDE, _CODEX, _GEMINI, _GIT = "Claude Code", "Codex", "Gemini CLI", "git"
_MEMORY = "code.claude.com/docs/en/memory"
_PLUGINS = "code.claude.com/docs/en/plugins-reference"
_SKILLS = "code.claude.com/docs/en/skills"
_CODEX_SKILLS = "developers.openai.com/codex/skills"


@dataclass(frozen=True)
class Act:
    """What one file of a skill may do beyond being read, in words for a person that follow its path."""

    path: str
    line: int | None
    what: str
    blocking: bool
    detail: str
    """What it does exactly, to tell whether another version does the same."""


@dataclass(frozen=True)
class Row:
    """Something that acts by itself: what it matches, who acts, in words what happens, and how that is known."""

    matches: Matcher
    agent: str
    what: str
    blocking: bool
    source: str
    measured: str = "2026-11"


def _obeyed(agent: str) -> str:
    return f"is obeyed by {agent} as soon as a file beside it is read"


_ON_MACOS = ", where case is ignored, as on macOS"

ROWS = (
    Row(
        directory(".claude-plugin"),
        _CLAUDE,
        "makes the skill a plugin of Claude Code, whose hooks run and whose servers start without being asked",
        blocking=True,
        source=_PLUGINS,
    ),
    Row(
        directory(".claude"),
        _CLAUDE,
        "holds instructions and skills that Claude Code takes as the project's own",
        blocking=True,
        source=_MEMORY,
    ),
    *(
        Row(
            file_named(name, is_lower=is_lower),
            agent,
            f"{_obeyed(agent)}{_ON_MACOS}" if is_lower else _obeyed(agent),
            blocking=not is_lower,
            source=source,
        )
        for name, agent, source in (
            ("CLAUDE.md", _CLAUDE, _MEMORY),
            ("CLAUDE.local.md", _CLAUDE, _MEMORY),
            ("GEMINI.md", _GEMINI, "geminicli.com/docs/cli/gemini-md"),
        )
        for is_lower in (False, True)
    ),
    Row(
        each(importing),
        _CLAUDE,
        f"{_obeyed(_CLAUDE)}, and imports other files, which may be the project's",
        blocking=True,
        source=_MEMORY,
    ),
    Row(each(instructing), _CLAUDE, _obeyed(_CLAUDE), blocking=False, source=_MEMORY),
    Row(asks("program"), _CODEX, "has Codex start a program as a server", blocking=True, source=_CODEX_SKILLS),
    Row(asks("unclear"), _CODEX, "may ask Codex for a server, and cannot be read", blocking=True, source=_CODEX_SKILLS),
    Row(asks("server"), _CODEX, "has Codex connect to a server", blocking=False, source=_CODEX_SKILLS),
    Row(
        key("hooks"),
        _CLAUDE,
        "has hooks: programs that run at tool calls for the rest of a session in which it is used",
        blocking=True,
        source=_SKILLS,
    ),
    Row(
        key("mcpServers", "lspServers", "monitors", "channels", "workflows"),
        _CLAUDE,
        "asks for programs that Claude Code starts by itself",
        blocking=True,
        source=_PLUGINS,
    ),
    Row(
        key("settings", "outputStyles", "experimental"),
        _CLAUDE,
        "brings settings of Claude Code with it",
        blocking=True,
        source=_PLUGINS,
    ),
    Row(
        each(closing_tag),
        f"{_CODEX}, {_GEMINI}",
        "has a closing tag in its description, behind which it may speak as Codex's or Gemini CLI's own instructions",
        blocking=True,
        source=_CODEX_SKILLS,
    ),
    Row(each(shell), _CLAUDE, "has Claude Code run a shell command when it is used", blocking=True, source=_SKILLS),
    Row(
        key("arguments", is_meant=has_odd_names),
        _CLAUDE,
        "names its arguments in a way that may hide a shell command",
        blocking=True,
        source=_SKILLS,
    ),
    Row(
        mention(leaves=True),
        _CLAUDE,
        "has Claude Code read a hidden file, or one outside the project, when it is used ('@' and a path)",
        blocking=True,
        source=_SKILLS,
    ),
    Row(
        file_named(".gitattributes"),
        _GIT,
        "changes how git checks the skill out",
        blocking=True,
        source="gitattributes(5)",
    ),
    Row(file_named(".gitignore"), _GIT, "keeps files of the skill out of git", blocking=False, source="gitignore(5)"),
    Row(each(executable), "any", "may be run as a program", blocking=False, source="chmod(1)"),
    Row(each(nested), _CODEX, "is a skill of its own for Codex", blocking=False, source=_CODEX_SKILLS),
    Row(
        key("allowed-tools", is_meant=has_shell),
        _CLAUDE,
        "may run shell commands unasked while it is used",
        blocking=False,
        source=_SKILLS,
    ),
    Row(
        key("allowed-tools", is_meant=has_tools),
        _CLAUDE,
        "may use tools unasked while it is used",
        blocking=False,
        source=_SKILLS,
    ),
    Row(
        mention(leaves=False),
        _CLAUDE,
        "may have Claude Code read a file of the project when it is used ('@' and a path)",
        blocking=False,
        source=_SKILLS,
    ),
    *(
        Row(
            directory(f".{agent}-plugin"),
            _CODEX,
            "may give the skill another name",
            blocking=False,
            source=_CODEX_SKILLS,
        )
        for agent in ("codex", "cursor")
    ),
    Row(each(built_in), _CLAUDE, "replaces a command of Claude Code", blocking=False, source=_SKILLS),
    *(
        Row(key(*keys), _CLAUDE, what, blocking=False, source=_SKILLS)
        for what, *keys in (
            ("adds text to the list of skills", "when_to_use"),
            ("runs in an agent of its own", "context", "agent"),
            ("is offered to the model only when it works on certain files", "paths"),
            ("is not shown to the model: a person calls it", "disable-model-invocation"),
            ("is not shown to a person: the model calls it", "user-invocable"),
            ("chooses the model, or how long it thinks", "model", "effort"),
            ("chooses the shell of its commands", "shell"),
            ("takes tools away while it is used", "disallowed-tools"),
        )
    ),
)
"""Everything that is known, what blocks a skill first."""


def find_acts(tree: Tree, rows: Iterable[Row] = ROWS) -> tuple[Act, ...]:
    """Return what the files of `tree` may do beyond being read: what blocks first, then by path."""
    too_many = unread(tree)
    parts = [Part(file, has_yaml=file.path not in too_many) for file in tree.files]
    acts = {
        Act(match.path, match.line, row.what + match.remark, row.blocking, match.detail): None
        for row in rows
        for match in row.matches(parts)
    }
    return tuple(sorted(acts, key=lambda act: (not act.blocking, act.path)))


def find_active(tree: Tree, rows: Iterable[Row] = ROWS) -> Iterator[Finding]:
    """Yield a finding for each act that takes a person's yes."""
    for act in find_acts(tree, rows):
        if act.blocking:
            yield Finding(RULE, act.path, act.line, act.what, blocking=True)


def added(new: Tree, old: Tree | None) -> tuple[Act, ...]:
    """Return the acts of `new` that `old` does not have, or has with other content; all, if there is no `old`."""
    had = {(act.path, act.what, act.detail) for act in find_acts(old)} if old is not None else set[tuple[str, ...]]()
    return tuple(act for act in find_acts(new) if (act.path, act.what, act.detail) not in had)

"""What Claude Code does with text that it is given: paths that it imports, shell commands that it runs.

No I/O. Measured with Claude Code 2.1.330, 2026-11.

An instruction file is taken apart with marked (without GFM), and `@path` is looked for at the start of each piece of
text and behind its white space. Only what is code, a comment or an HTML block beyond doubt is left out here. So what is
found may be no import, and what is not found is none. Shell is looked for with Claude Code's own two patterns, and so
are mentions. Both are looked for after the arguments of a skill were filled in.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

_SPACE = f"\t\n\v\f\r \xa0\u1680{''.join(map(chr, range(0x2000, 0x200B)))}\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What ECMAScript takes for white space."""

_PATH = rf"@(?:~/|/[^{_SPACE}]|[A-Za-z0-9._-])"
_BEHIND_SPACE = re.compile(rf"(?<![^{_SPACE}]){_PATH}")
_BEHIND_MARKUP = re.compile(  # where a text may begin; behind three dashes, if they end a frontmatter
    rf"(?:(?<![^{_SPACE}*_\[\]>)`])|(?<=\\[!-/:-@\[-`{{-~])|(?<=---)){_PATH}"
)

_FENCE = re.compile(r"(`{3,})[^`]*|(~{3,}).*")
_DIV = re.compile(
    r"</?(?:article|aside|center|details|div|footer|header|main|nav|p|section|summary|table)(?: [^<>]*)?>"
)
_COMMENT = re.compile(r"<!--(?!-?>)(?:.*?(-->)|.*)")
_COMMENT_END = re.compile(r".*?-->")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_TAKES_BACKTICKS = re.compile(r"[\\<]|\]\(")  # an escape, a tag, and a link may have one that begins no code

_FILLED = "\ufffe"
"""Stands for an argument, which may be nothing; in no text that Claude Code looks at is there such a character."""

_SHELL_FENCE = re.compile(
    rf"`{_FILLED}*`{_FILLED}*`{_FILLED}*![{_SPACE}]*+\n?(.*?)\n?`{_FILLED}*`{_FILLED}*`", re.DOTALL
)
_SHELL_INLINE = re.compile(rf"(?<![^{_SPACE}]){_FILLED}*!{_FILLED}*`([^`]+)`")
_STOP = "\u3002\u3001\uff1f\uff01"  # punctuation of Chinese and Japanese, behind which there is no space
_AT = rf"(?<![^{_SPACE}{_STOP}]){_FILLED}*@"
_MENTIONS = (
    re.compile(rf'{_AT}{_FILLED}*"([^"]+)(?:"|{_FILLED})'),
    re.compile(rf'{_AT}([^{_SPACE}"](?:[^{_SPACE}{_STOP}]|[{_STOP}](?!{_FILLED}*@))*)'),
)
_LEAVES = re.compile(rf"[~/.${_FILLED}]|.*/{_FILLED}*[.]", re.DOTALL)  # or is hidden, or may be any
_IS_PATH = re.compile(rf".*[/.][A-Za-z0-9{_FILLED}]", re.DOTALL)
_MOST_FOUND = 1_000
_ONE_LINE_SPAN = re.compile(r"`[^`\n]+`")
_BLANK = re.compile(r"[ \t]*$")


def find_import(text: str) -> int | None:
    """Return the line of the first `@path` in `text` that is an import, counted from 1, or None."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "@" not in text:
        return None
    prose = _prose(text)
    for line, block, is_list in [(1, text, True)] if prose is None else _paragraphs(prose):
        without_code = block if prose is None else _without_code(block)
        in_list = _BEHIND_SPACE.search(block) if is_list else None  # of a list item, the code too
        if (found := _BEHIND_MARKUP.search(without_code) or in_list) is not None:
            return line + block.count("\n", 0, found.start())
    return None


def _without_code(block: str) -> str:
    """Return a paragraph with its code spans blanked out, or as it is if it is not plain which they are."""
    spans = _CODE_SPAN.finditer(block)
    if _TAKES_BACKTICKS.search(block) or any("\n" in span[0] for span in spans):
        return block
    return _CODE_SPAN.sub(lambda span: "`" * len(span[0]), block)


def _prose(text: str) -> list[str] | None:
    """Return the lines of `text`, blank where they are no prose beyond doubt; None if that cannot be told.

    The title of a link definition, and a frontmatter, may hold the line where code seems to begin.
    """
    if "]:" in text or text.startswith("---"):
        return None
    lines: list[str] = []
    end: re.Pattern[str] | None = None
    for line in text.split("\n"):
        if end is not None:
            ended = end.match(line)
            lines.append(line[ended.end() :] if ended else "")
            end = None if ended else end
        elif (fence := _FENCE.fullmatch(line)) is not None:
            end = re.compile(rf" {{0,3}}{fence[1] or fence[2]}[~`]* *$")
            lines.append("")
        elif (comment := _COMMENT.match(line)) is not None and "`" not in line:
            end = None if comment[1] else _COMMENT_END
            lines.append(line[comment.end() :])  # its end is on this line, or nothing is left
        elif _DIV.match(line):
            end = _BLANK
            lines.append("")
        elif "```" in line or "~~~" in line or line.lstrip(" ").startswith("<"):
            return None
        else:
            lines.append(line)
    return lines


def _paragraphs(lines: list[str]) -> Iterator[tuple[int, str, bool]]:
    """Yield the first line of each paragraph, its text, and whether it may be in a list."""
    first, is_list = 1, False
    for number, line in enumerate([*lines, ""], 1):
        if not _BLANK.match(line):
            is_list = is_list or _LIST_ITEM.match(line) is not None
            continue
        if number > first:
            yield first, "\n".join(lines[first - 1 : number - 1]), is_list
        following = lines[number] if number < len(lines) else ""
        is_list = is_list and (following == "" or following[0] in " \t" or _LIST_ITEM.match(following) is not None)
        first = number + 1


def find_shell(body: str, arguments: Sequence[str] = ()) -> list[tuple[int, str]]:
    """Return the first commands that are run when a skill with this body is used: the line, from 1, and the command.

    `arguments` are the names that the frontmatter declares, of ASCII letters, digits, `_` and `-`.
    """
    text = _filled_in(body, arguments)
    matches = (found for found in _shell_in(text) if found[1].strip(_SPACE) or _FILLED in found[0])
    return sorted({(line, found[1]) for line, found in _with_lines(text, matches)})


def find_mentions(body: str, arguments: Sequence[str] = ()) -> list[tuple[int, str, bool]]:
    """Return the first files that are read when a skill with this body is used: line, path, and whether it leaves.

    A path leaves if it may lead out of the project, or to a hidden file. `arguments` are as in `find_shell`.
    """
    text = _filled_in(body, arguments)
    matches = [found for pattern in _MENTIONS for found in pattern.finditer(text)]
    paths = {
        (line, _path(found), leaves)
        for leaves, is_meant in ((True, _leaves), (False, _stays))
        for line, found in _with_lines(text, filter(is_meant, matches))
    }
    return sorted(paths)


def _path(mention: re.Match[str]) -> str:
    return mention[1].strip(_SPACE)


def _leaves(mention: re.Match[str]) -> bool:
    return _LEAVES.match(_path(mention)) is not None


def _stays(mention: re.Match[str]) -> bool:
    return not _leaves(mention) and _IS_PATH.match(_path(mention)) is not None


def _filled_in(body: str, arguments: Sequence[str]) -> str:
    """Return the text with a sign wherever an argument is filled in, the longest name first."""
    text = body.replace(_FILLED, "\ufffd")
    if "$" not in text:
        return text
    names = "|".join(map(re.escape, sorted(arguments, key=len, reverse=True)))
    named = rf"(?:{names})(?![\[\w])|" if names else ""
    return re.sub(rf"\$(?:{named}ARGUMENTS(?:\[\d+\])?|\d+)", _FILLED, text, flags=re.ASCII)


def _shell_in(text: str) -> Iterator[re.Match[str]]:
    """Yield what is run; if arguments are filled in, code spans too, because they may begin and end otherwise."""
    yield from _SHELL_FENCE.finditer(text)
    yield from _SHELL_INLINE.finditer(text if _FILLED in text else _ONE_LINE_SPAN.sub(_masked, text))


def _with_lines(text: str, matches: Iterable[re.Match[str]]) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the line of each match, from 1, in their order; a person has seen enough after the first of them."""
    line, seen_to = 1, 0
    for match in sorted(islice(matches, _MOST_FOUND), key=lambda one: one.start()):
        line += text.count("\n", seen_to, match.start())
        seen_to = match.start()
        yield line, match


def _masked(span: re.Match[str]) -> str:
    before = span.string[max(0, span.start() - 1) : span.start()]
    return span[0] if before in {"!", "`"} else f"`{' ' * (len(span[0]) - 2)}`"

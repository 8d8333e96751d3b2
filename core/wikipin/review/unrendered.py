"""Text of a page that its rendering does not show: a model reads the source, a person the page.

No I/O. Honest pages have all of this, so it informs and never blocks. What stands in code is shown; a backtick that is
escaped, or stands in a tag, begins none (CommonMark 0.31, 2.4, 4.5 and 6.1).
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from wikipin.review.orthography import HIDDEN_ONE

_LONGEST_GAP = 200  # columns: what stands behind it is beyond the edge of a window
_LONGEST_DROP = 100  # lines: what stands below it is beyond the end of a screen
_TAB = 8  # columns
_FEW_WORDS = 3  # so many words name a link, a picture or a language: more could be a sentence

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HTML_BLOCK = re.compile(r" {0,3}</?[A-Za-z!?]")
_MARK = re.compile(r"\\[!-/:-@\[-`{-~]|`++|<(?:!--|!\[CDATA\[|\?|!|/?[A-Za-z])|!\[|\]\(|&[#A-Za-z]")
_WORTH_READING = re.compile(r"<[!?/A-Za-z]|!\[|\](?:\(|:)|&[#A-Za-z]")
_CLOSED_BY = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>", "<!": ">"}
_ORDINARY_HEAD = re.compile(r"<!doctype html\b|<\?xml ", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^\s<>/]{0,40}+(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+")
_QUOTED = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_HIDDEN_TAG = re.compile(r"[\s\"'/](?:hidden(?=[\s=/]|$)|type\s{0,9}=\s{0,9}hidden\b)", re.IGNORECASE)
_HIDING_STYLE = re.compile(
    r"display ?: ?none|visibility ?: ?hidden|font-size ?: ?0(?![.\d])|opacity ?: ?0(?![.\d])"
    r"|(?<![\w-])(?:max-)?(?:height|width) ?: ?0(?![.\d])|(?<![\w-])(?:left|top|text-indent) ?: ?-\d{3}"
    r"|(?<!-)color ?: ?(?:white|transparent|#fff\b|#ffffff\b)|\b(?:sr-only|visually-hidden)\b|=[\"']hidden[\"']",
    re.IGNORECASE,
)
_UNSHOWN_TAG = re.compile(r"<(?:template|noscript|noframes|noembed|datalist|script|style|title)\b", re.IGNORECASE)
_CLOSED_TAG = re.compile(r"<details\b(?!.{0,200}\sopen\b)", re.IGNORECASE | re.DOTALL)
_SAYING = re.compile(
    r"\s(?:alt|aria-[a-z]{1,20}|content|data-[a-z-]{1,40}|label|placeholder|summary|title|value)\s{0,9}=\s{0,9}"
    r"(?:\"([^\"]*)\"|'([^']*)')",
    re.IGNORECASE,
)
_TITLE = r"(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|\(([^()]{1,2000})\))"
_LINK = re.compile(
    rf"\]\([ \t]{{0,9}}(?:<[^<>\n]{{0,999}}+>|[^\s()<>]{{0,999}}+)[ \t\n]{{1,9}}{_TITLE}[ \t\n]{{0,9}}\)"
)
_PICTURE = re.compile(r"!\[([^\[\]]{1,2000})\]")
_DEFINITION = re.compile(
    rf"^ {{0,3}}\[(?!\^)([^\[\]]{{1,999}})\]:[ \t]{{0,9}}\n?[ \t]{{0,9}}(#|<>|<[^<>\n]{{1,999}}>|[^\s<]\S{{0,999}}+)"
    rf"(?:[ \t\n]{{0,9}}{_TITLE})?[ \t]*$",
    re.MULTILINE,
)
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,99})\](:?)")
_REFERENCES = re.compile(r"(?:&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});)++")
_HIDDEN_CHARACTER = re.compile(HIDDEN_ONE)
_BLANK = r"[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]"
_GAP = re.compile(rf"(?<!{_BLANK}){_BLANK}{{{_LONGEST_GAP // _TAB},}}+(?=\S)")

_NOT_SHOWN = "which a rendered page does not show"


def find_unrendered(text: str, *, is_page: bool, is_html: bool = False) -> Iterator[tuple[int, str]]:
    """Yield line, from 1, and words for what a rendering of `text` does not show; pages are Markdown or HTML."""
    if is_html:
        yield from _in_block(text, 1, is_html=True)
    elif is_page:
        yield from _in_markdown(text)
        if "[^" in text:
            yield from _footnotes(text)
    yield from _gaps(text, tab=_TAB if is_page else 1)


def _in_markdown(text: str) -> Iterator[tuple[int, str]]:
    """Yield what is not shown outside of fences: there, of each block, which a blank line ends."""
    fence, block, is_html_block = "", list[str](), False
    for number, line in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if fence:
            if mark is not None and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            continue
        if mark is not None and not is_html_block and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
            if _says_much(mark[2]):
                yield number, f"text behind the beginning of a code block, {_NOT_SHOWN}"
        elif line.strip():
            is_html_block = is_html_block or (not block and _HTML_BLOCK.match(line) is not None)
            block.append(line)
            continue
        if block:
            yield from _in_block("\n".join(block), number - len(block))
            block, is_html_block = [], False
    if block:
        yield from _in_block("\n".join(block), text.count("\n") + 2 - len(block))


def _says_much(text: str | None) -> bool:
    return text is not None and len(text.split()) > _FEW_WORDS


@dataclass
class _Block:
    """Lines that belong together, read mark by mark."""

    text: str
    is_html: bool
    backticks: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list[int]))
    """Where runs of them stand, by their length."""
    unclosed: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        for run in re.finditer("`++", self.text):
            self.backticks[len(run[0])].append(run.start())

    def read(self, mark: re.Match[str]) -> tuple[int, str | None]:
        """Return where what begins with `mark` ends, and words for what of it is not shown."""
        token, start, end = mark[0], mark.start(), mark.end()
        if token[0] == "`":
            return end if self.is_html else self._end_of_code(mark), None
        if token in _CLOSED_BY:
            return self._end_of_declaration(mark), _of_declaration(self.text, mark, is_html=self.is_html)
        if token[0] == "<" and (tag := _TAG.match(self.text, start)) is not None:
            return tag.end(), _of_tag(tag[0], is_html=self.is_html)
        if token[0] == "&" and (references := _REFERENCES.match(self.text, start)) is not None:
            return references.end(), _of_references(references[0])
        return end, None if self.is_html else _of_text(self.text, mark)

    def _end_of_code(self, opening: re.Match[str]) -> int:
        """Return where the code ends that `opening` begins, which is its own end if it begins none."""
        starts = self.backticks[len(opening[0])]
        at = bisect_left(starts, opening.end())
        return starts[at] + len(opening[0]) if at < len(starts) else opening.end()

    def _end_of_declaration(self, mark: re.Match[str]) -> int:
        end = -1 if mark[0] in self.unclosed else self.text.find(_CLOSED_BY[mark[0]], mark.end())
        if end < 0:
            self.unclosed.add(mark[0])  # each search for it would go to the end of the block again
        return max(end, mark.end())


def _in_block(text: str, line: int, *, is_html: bool = False) -> Iterator[tuple[int, str]]:
    if not _WORTH_READING.search(text):
        return
    block = _Block(text, is_html)
    end, lines = 0, _Lines(text, line)
    for mark in _MARK.finditer(text):
        if mark.start() >= end:
            end, what = block.read(mark)
            if what is not None:
                yield lines.at(mark.start()), what
    if not is_html and "]:" in text:
        yield from _definitions(text, line)


@dataclass
class _Lines:
    """The numbers of lines at places that come in order."""

    text: str
    line: int
    counted_to: int = 0

    def at(self, place: int) -> int:
        """Return the number of the line at `place`."""
        self.line += self.text.count("\n", self.counted_to, place)
        self.counted_to = place
        return self.line


def _of_declaration(block: str, mark: re.Match[str], *, is_html: bool) -> str | None:
    if mark[0] == "<!--":
        return f"an HTML comment, {_NOT_SHOWN}"
    if is_html and _ORDINARY_HEAD.match(block, mark.start()):
        return None
    return f"a declaration or an instruction of HTML, {_NOT_SHOWN}"


def _of_tag(tag: str, *, is_html: bool) -> str | None:
    if _HIDDEN_TAG.search(_QUOTED.sub('""', tag)) or _HIDING_STYLE.search(tag):
        return "an HTML element that its style makes invisible"
    if is_html:
        return None
    if _UNSHOWN_TAG.match(tag):
        return f"an HTML element, the content of {_NOT_SHOWN}"
    if _CLOSED_TAG.match(tag):
        return "an HTML element that is closed until a reader opens it"
    if any(_says_much(found[1] or found[2]) for found in _SAYING.finditer(tag)):
        return f"text in an attribute of an HTML element, {_NOT_SHOWN}"
    return None


def _of_text(block: str, mark: re.Match[str]) -> str | None:
    if mark[0] == "](" and (link := _LINK.match(block, mark.start())) is not None:
        is_title = _says_much(link[1] or link[2] or link[3])
        return f"the title of a link, {_NOT_SHOWN}" if is_title else None
    if mark[0] == "![" and (picture := _PICTURE.match(block, mark.start())) is not None:
        return f"text in place of a picture, {_NOT_SHOWN}" if _says_much(picture[1]) else None
    return None


def _of_references(references: str) -> str | None:
    """Judge references in a row, of which an honest text may have one: a space of no width where a word may break."""
    hidden = _HIDDEN_CHARACTER.findall(unescape(references))
    return "characters that nobody sees, written as references" if hidden[1:] else None


def _definitions(block: str, line: int) -> Iterator[tuple[int, str]]:
    lines = _Lines(block, line)
    for found in _DEFINITION.finditer(block):
        title = found[3] or found[4] or found[5]
        if (title and found[2] in {"#", "<>"}) or _says_much(found[1]):
            yield lines.at(found.start()), f"a link definition used as a comment, {_NOT_SHOWN}"
        elif _says_much(title):
            yield lines.at(found.start()), f"the title of a link, {_NOT_SHOWN}"


def _footnotes(text: str) -> Iterator[tuple[int, str]]:
    mentioned = Counter(found[1] for found in _FOOTNOTE.finditer(text))
    for number, line in enumerate(text.split("\n"), 1):
        found = _FOOTNOTE.match(line.lstrip(" "))
        if found is not None and found[2] and mentioned[found[1]] == 1:
            yield number, f"a footnote that nothing refers to, {_NOT_SHOWN}"


def _gaps(text: str, *, tab: int) -> Iterator[tuple[int, str]]:
    blank = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            blank += 1
            continue
        if blank >= _LONGEST_DROP and blank < number - 1:
            yield number, f"text below {_LONGEST_DROP} blank lines or more"
        blank = 0
        if len(line) > _LONGEST_GAP // tab and any(_width(gap[0], tab) >= _LONGEST_GAP for gap in _GAP.finditer(line)):
            yield number, f"text behind {_LONGEST_GAP} blanks or more"


def _width(gap: str, tab: int) -> int:
    return len(gap) + gap.count("\t") * (tab - 1)

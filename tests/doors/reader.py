"""A reader of a refusal, who does what it offers: the calls that it names, and what stands beside them in words."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from doors.broken import FILES, LOCKFILE, NAME, Home, write
from doors.callers import (
    Named,
    Refusal,
    ToolCall,
    answer,
    attempt_of,
    make,
    named,
    say_yes,
    typed,
    with_option,
)
from wikis import commit, git

Deed = Callable[[Home], Refusal | None]
"""Do one thing that a remedy offers; return what is refused of it."""

Mend = Callable[[], None]
"""End what a case has done besides what is on the disk."""


def _move_away(home: Home, *paths: str) -> None:
    """Move what stands at a path, or the file above it that is in the way."""
    for path in paths:
        place = home.project
        for part in path.split("/"):
            place /= part
            if not place.is_dir() or place.is_symlink():
                break
        (home.root / "away").mkdir(exist_ok=True)
        place.rename(home.root / "away" / path.replace("/", "-"))


def _commit_copy(home: Home) -> None:
    shutil.copytree(home.copy, home.wiki / "skills" / NAME, dirs_exist_ok=True)
    git(home.wiki, "add", "-A")
    git(home.wiki, "commit", "-q", "-m", "By hand")


def commit_files(home: Home) -> None:
    commit(home.wiki, {NAME: FILES})


def _bring_lockfile_back(home: Home, template: Home) -> None:
    write(LOCKFILE, (template.project / LOCKFILE).read_bytes())(home)


def _remove_link(home: Home, problem: str) -> None:
    (name,) = re.findall(r"'([^']+)' in the project is a link", problem)
    found = [path for path in (home.project / ".memtomem").rglob(name) if path.is_symlink() or not path.is_dir()]
    found[0].unlink()


def _fetch_all(home: Home) -> None:
    git(home.wiki, "fetch", "-q", "--unshallow")


def _clone(home: Home, call: Named, refused: Refusal) -> Refusal | None:
    """Clone the wiki from where its owner knows it is kept, and make the call again."""
    assert call.line is not None
    if home.wiki.exists():
        home.wiki.rename(home.root / "old wiki")
    assert make(home, typed(home, call.line.replace("GIT_URL", '"$HOME"/origin'))) is None
    return make(home, refused.attempt)


class Reader:
    """A reader of a refusal: what it offers to do, and how that is done. `mend` ends what is broken off the disk."""

    def __init__(self, refused: Refusal, home: Home, template: Home, mend: Mend) -> None:
        self.refused = refused
        self.template = template
        self.mend = mend
        self.calls = list(named(refused.remedy))
        text = refused.remedy
        for number, call in enumerate(self.calls):
            text = text.replace(call.words, f"<{number}>", 1)
        self.rest = _for(home, text)

    def offers(self) -> Iterator[tuple[str, Deed]]:
        """Yield all that is offered; fail if a word of it is left that nobody here understands."""
        for pattern, deed in self._phrases().items():
            while found := re.search(pattern, self.rest, re.IGNORECASE):
                self.rest = self.rest.replace(found[0], " ", 1)
                yield self._in_words(found[0]), partial(self._do, deed, found)
        for number in map(int, re.findall(r"<(\d+)>", self.rest)):
            yield self.calls[number].words, partial(self._call, number)
        left = re.sub("|".join([r"<\d+>", *_FRAMES]), " ", self.rest, flags=re.IGNORECASE)
        assert not re.sub(r"[\s.,;:()]|\bor\b|\band\b", "", left), f"{left!r} of {self.refused.text}"

    def _in_words(self, phrase: str) -> str:
        return re.sub(r"<(\d+)>", lambda found: self.calls[int(found[1])].words, phrase)

    @staticmethod
    def _do(deed: Callable[[Home, re.Match[str]], Refusal | None], found: re.Match[str], home: Home) -> Refusal | None:
        return deed(home, found)

    def _call(self, number: int, home: Home) -> Refusal | None:
        return make(home, attempt_of(home, self.calls[number], self.refused.attempt))

    def _again(self, home: Home) -> Refusal | None:
        return make(home, self.refused.attempt)

    def _with(self, home: Home, name: str, value: str | None) -> Refusal | None:
        return make(home, with_option(self.refused.attempt, name, value))

    def _pass_plan(self, home: Home, number: int) -> Refusal | None:
        shown = answer(home, attempt_of(home, self.calls[number], self.refused.attempt))
        return self._with(home, "plan", shown["plan"])

    def _accept(self, home: Home, number: int) -> None:
        line = self.calls[number].line
        assert line is not None
        say_yes(home, line)

    def _name_wiki(self, home: Home) -> Refusal | None:
        is_tool = isinstance(self.refused.attempt, ToolCall)
        return self._with(home, "wiki", "origin" if is_tool else str(home.origin))

    def _phrases(self) -> dict[str, Callable[[Home, re.Match[str]], Refusal | None]]:
        """What a remedy may offer besides a call."""
        again, problem = self._again, self.refused.problem
        exposures = re.findall(r"\.(?:claude|agents)/skills/[a-z]+", problem)

        def after(*deeds: Callable[[Home], object]) -> Callable[[Home, re.Match[str]], Refusal | None]:
            def do(home: Home, _: re.Match[str]) -> Refusal | None:
                for deed in deeds:
                    deed(home)
                return again(home)

            return do

        def option(name: str, value: str | None) -> Callable[[Home, re.Match[str]], Refusal | None]:
            return lambda home, _: self._with(home, name, value)

        def move_and_go_on(home: Home, found: re.Match[str]) -> Refusal | None:
            _move_away(home, found[1])
            return again(home) if found[2] is None else self._call(int(found[2]), home)

        def in_project(home: Home, _: re.Match[str]) -> Refusal | None:
            return self._with(home, "project", str(home.project))

        return {
            r"move (\.\S+) away and (?:<(\d+)>|try again)": move_and_go_on,
            r"move (\.\S+) away": lambda home, found: _move_away(home, found[1]),
            r"move it away and try again": after(lambda home: _move_away(home, *exposures)),
            r"(?:leave that agent out with|have the user start wikipin-mcp with) --expose (\w+)"
            r"(?:, which leaves that agent out)?": lambda home, found: self._with(home, "expose", found[1]),
            r"(?:move|have the user move) the wiki's directory away; to clone it anew, <(\d+)>": lambda home, found: (
                _clone(home, self.calls[int(found[1])], self.refused)
            ),
            r"to clone one, <(\d+)>": lambda home, found: _clone(home, self.calls[int(found[1])], self.refused),
            r"if it is elsewhere, (?:name it|have the user start wikipin-mcp) with --wiki DIR": lambda home, _: (
                self._name_wiki(home)
            ),
            r"<(\d+)>, and pass the plan that it shows": lambda home, found: self._pass_plan(home, int(found[1])),
            r"<(\d+)>, which shows all of it and asks": lambda home, found: self._accept(home, int(found[1])),
            r"commit (?:its|the copy's) files to the wiki as skills/hello and try again": after(_commit_copy),
            r"(?:bring .memtomem/lock.json (?:of version 1 )?back from version control|mend it by hand, and try again)"
            r"(?:, and try again)?": after(lambda home: _bring_lockfile_back(home, self.template)),
            r"look at it, remove it, and try again": after(lambda home: _remove_link(home, problem)),
            r"remove .memtomem/.txn, and try again": after(lambda home: shutil.rmtree(home.project / ".memtomem/.txn")),
            r"fetch the wiki's whole history with git and try again": after(_fetch_all),
            r"give 1-64 of a-z, 0-9 and -, without a leading, trailing or double -": self._name,
            r"give a branch, a tag or a commit id of the wiki": option("ref", "main"),
            r"leave (?:--)?ref out for the newest commit": option("ref", None),
            r"give the path of one of its files": option("path", "run.sh"),
            r"leave (?:--)?path out for SKILL.md and a list": option("path", None),
            r"give (?:a directory that exists|the directory that you work in) as (?:--)?project": in_project,
            r"leave project out": option("project", None),
            r"commit a skill there as skills/NAME/SKILL.md, and try again": after(commit_files),
            r"let its SKILL.md begin with a frontmatter of 'name: hello' and a 'description', "
            r"commit it, and try again": after(commit_files),
            r"mend that in the wiki, commit it, and try again": after(commit_files),
            r"commit it in the wiki, and try again": after(commit_files),
            r"(?:wait until it has ended|mend that), and try again": after(lambda _: self.mend()),
        }

    def _name(self, home: Home, _: re.Match[str]) -> Refusal | None:
        attempt = self.refused.attempt
        if isinstance(attempt, ToolCall):
            return self._with(home, "name", NAME)
        words = tuple(NAME if word == "Hello!" else word for word in attempt.words)
        return make(home, replace(attempt, words=words))


_FRAMES = [
    "to bring its copy back",
    "to record (?:the copy|it)",
    "read .memtomem/skills/hello/SKILL.md and follow it",
    "for another version",
    "to install it",
    "to see what is installed",
    "if (?:you agree|the user agrees)",
    "the copy as it is now is kept in .memtomem/.backup",
    "for the names it has",
    "remove it from the project",
    "take its newest version",
    "for the wiki's newest version",
    "to make one",
    "nothing of .memtomem may be a link",
    "update wikipin",  # nobody here has another one
    "have the operator allow it with wikipin-mcp --project",
]
"""What a remedy says besides what is done: why, and in which case."""


def _for(home: Home, text: str) -> str:
    """Return what a remedy says to somebody with this wiki."""
    which = r"\1" if _has_pin(home) else r"\2"
    text = re.sub(r"(<\d+>) \(or, if the wiki does not have that commit, (<\d+>)\)", which, text)
    is_shallow = (home.wiki / ".git/shallow").exists()
    return text if is_shallow else text.replace("Fetch the wiki's whole history with git and try again", "")


def _has_pin(home: Home) -> bool:
    world = home.world
    try:
        git(world.wiki, "cat-file", "-e", world.entry()["wiki_commit"])
    except (AssertionError, OSError, ValueError, LookupError):
        return False
    return True

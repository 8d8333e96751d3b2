"""The verb `show`: a skill before it is installed or updated."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from wikipin.asset import Asset
from wikipin.checkpoint import checkpoint
from wikipin.errors import WikipinError
from wikipin.finding import MOST_LINES, Finding
from wikipin.names import HEAD, Revision, SkillName
from wikipin.project.project import Project
from wikipin.remedy import Argument, Remedy
from wikipin.skill import Skill
from wikipin.tree import SKILL_MD, Copy, FileChange, compare
from wikipin.verbs.content import Content, content_of
from wikipin.verbs.diff import unified_diff
from wikipin.verbs.warnings import content_warnings
from wikipin.wiki.wiki import Wiki


@dataclass(frozen=True)
class Difference:
    """The change of one file of the installed copy."""

    change: FileChange
    _sides: Callable[[], tuple[bytes | None, bytes | None]]

    @cached_property
    def diff(self) -> str:
        """A unified diff of two texts, a sentence for anything else. The copy's file is read at the first use."""
        checkpoint()
        return unified_diff(*self._sides(), self.change.path)


@dataclass(frozen=True)
class Shown:
    """One skill at one commit, the content of one file of it, and how it differs from the copy in the project."""

    skill: Skill
    path: str
    text: bytes
    warnings: list[str]
    is_installed: bool
    differences: list[Difference]
    most_lines: int

    @cached_property
    def content(self) -> Content:
        """The skill without its bytes, and what it may do."""
        return content_of(self.skill)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What a person should see before it is installed. The review is made when this is first used."""
        from wikipin.review.review import review  # noqa: PLC0415 - its tables take longer to make than most verbs to run

        return review(self.skill.tree, most_lines=self.most_lines)


def show(
    wiki: Wiki,
    project: Project | None,
    asset: Asset,
    *,
    ref: Revision = HEAD,
    path: str | None = None,
    most_lines: int = MOST_LINES,
) -> Shown:
    """Return `asset` as it is at `ref`, with the content of the file at `path`, SKILL.md if none is given.

    With a path, only that file's difference is told; without a project, none. The findings of one rule in one file are
    at most `most_lines`, and a count. Raises WikipinError; `invalid-argument` if there is no such file.
    """
    skill = wiki.read_skill(wiki.resolve(ref), SkillName(asset.name))
    warnings = content_warnings(wiki, skill, ref)
    wanted = SKILL_MD if path is None else path
    text = next((file.content for file in skill.tree.files if file.path == wanted), None)
    if text is None:
        raise WikipinError(
            "invalid-argument",
            f"{asset} has no file '{path}' at {skill.commit[:12]}",
            Remedy("Give the path of one of its files, or leave ", Argument("path"), " out for SKILL.md and a list"),
        )
    differences = None if project is None else _differences(project, skill)
    return Shown(
        skill,
        wanted,
        text,
        warnings,
        differences is not None,
        [found for found in differences or [] if path in {None, found.change.path}],
        most_lines,
    )


def _differences(project: Project, skill: Skill) -> list[Difference] | None:
    """Return how the copy would change; None if the project has neither an entry nor a copy."""
    seen = project.look(skill.asset)
    if seen.entry is None and seen.copy is None:
        return None
    copy = seen.copy or Copy({})
    after = {str(file.path): file.content for file in skill.tree.files}

    def sides(path: str) -> tuple[bytes | None, bytes | None]:
        before = project.read_copy(skill.asset, [path]) if path in copy.listing else {}
        return before.get(path), after.get(path)

    changes = compare(copy.listing, Copy(skill.tree.listing))
    return [
        *(Difference(change, partial(sides, change.path)) for change in changes),
        *(Difference(FileChange(path, "removed"), lambda: (None, None)) for path in sorted(copy.odd)),
    ]

"""The question that a person answers before a skill with findings is installed, in words. No I/O.

What stands behind ` | ` is of the skill's files. No line of ours begins so, and no line of theirs otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence

from wikipin.display import printable
from wikipin.finding import Finding
from wikipin.plan.acceptance import ReviewRequiredError, count, counted
from wikipin.remedy import Call, CommandLine
from wikipin.skill import Skill

_MOST_FINDINGS = 20
_MOST_FILES = 20
_LONGEST = 300
_LONGEST_PATH = 4_096


def text(required: ReviewRequiredError, origin: str, project: str, terminal: CommandLine) -> str:
    """Return the question: skill, project, commit, origin of the wiki, files, and each finding with its line.

    `project` is its name for a person; `terminal` writes the command that shows the findings of the same wiki.
    """
    skill, findings = required.skill, required.findings
    files = skill.tree.files
    words = [
        f"Install the skill '{skill.name}' in spite of what was found in it?",
        f"Project: {printable(project, limit=_LONGEST_PATH)}",
        f"Commit {skill.commit} of the wiki ({printable(origin, limit=_LONGEST)}).",
        f"Plan {skill.tree.digest}.",
        f"It has {counted(len(files), 'file')}:",
        *(
            printable(f"  {file.path}  {counted(len(file.content), 'byte')}", limit=_LONGEST)
            for file in files[:_MOST_FILES]
        ),
        *([f"  and {len(files) - _MOST_FILES} more"] if len(files) > _MOST_FILES else []),
        f"It has {counted(count(findings), 'finding')}:",
    ]
    shown = findings[:_MOST_FINDINGS]
    rest = count(findings) - sum(found.count == 1 for found in shown)
    show = Call("show", required.call.asset, ref=skill.commit)
    return "\n".join(
        [
            *words,
            *_by_file(skill, shown),
            *([f"And {rest} more. All of them: {terminal.quoted(show)}"] if rest else []),
            "A skill is a prompt and scripts that your agent will obey. Say yes only if you know why this is in it.",
        ]
    )


def _by_file(skill: Skill, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings of each file, and below those of one line that line."""
    lines = excerpts(skill, findings)
    files: dict[str, dict[int | None, list[Finding]]] = {}
    for found in findings:
        files.setdefault(found.path, {}).setdefault(found.line, []).append(found)
    for path, of_file in files.items():
        yield printable(f"  In {path}:", limit=_LONGEST)
        for number, of_line in of_file.items():
            yield from (printable(f"    {_words(found)}", limit=_LONGEST) for found in of_line)
            if (path, number) in lines:
                yield f"    | {lines[path, number]}"


def _words(found: Finding) -> str:
    at = ", ".join([*([] if found.blocking else ["notice"]), *([] if found.line is None else [f"line {found.line}"])])
    return f"{at}: {found.what}" if at else found.what


def excerpts(skill: Skill, findings: Sequence[Finding]) -> Mapping[tuple[str, int | None], str]:
    """Return the line of each finding that has one, by path and number, safe to show."""
    from wikipin.review import excerpt  # noqa: PLC0415 - its tables take longer to make than most verbs to run
    from wikipin.review.review import SECRET  # noqa: PLC0415 - as above

    wanted: dict[str, dict[int, bool]] = {}
    for found in findings:
        if found.line is not None:
            of_file = wanted.setdefault(found.path, {})
            of_file[found.line] = of_file.get(found.line, False) or found.rule == SECRET
    return {
        (file.path, number): line
        for file in skill.tree.files
        if file.path in wanted
        for number, line in excerpt.excerpts(file.content, wanted[file.path]).items()
    }

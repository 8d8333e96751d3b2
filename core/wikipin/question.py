"""The question that a person answers before a skill with findings is installed, in words. No I/O."""

from wikipin.acceptance import ReviewRequiredError
from wikipin.display import printable

_MOST_FINDINGS = 20
_MOST_FILES = 20
_LONGEST = 300


def ask(required: ReviewRequiredError, origin: str) -> str:
    """Return the question: skill, commit, origin of the wiki, files and findings, each safe to show."""
    skill, findings = required.skill, required.findings
    files = [f"  {file.path}  {len(file.content)} bytes" for file in skill.tree.files[:_MOST_FILES]]
    lines = [
        f"Install the skill '{skill.name}' in spite of what was found in it?",
        f"Commit {skill.commit} of the wiki ({origin}).",
        f"Plan {skill.tree.plan}.",
        f"It has {len(skill.tree.files)} files:",
        *files,
        *_more(len(skill.tree.files) - len(files)),
        f"Found, {len(findings)}:",
        *(f"  {_line(finding.path, finding.line)}: {finding.what}" for finding in findings[:_MOST_FINDINGS]),
        *_more(len(findings) - _MOST_FINDINGS),
        "A skill is a prompt and scripts that your agent will obey. Say yes only if you know why this is in it.",
    ]
    return "\n".join(printable(line, limit=_LONGEST) for line in lines)


def _line(path: str, line: int | None) -> str:
    return path if line is None else f"{path}, line {line}"


def _more(number: int) -> list[str]:
    return [f"  and {number} more"] if number > 0 else []

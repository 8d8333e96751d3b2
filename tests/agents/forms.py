"""How Claude Code reads text: in which forms it takes a path for an import or a mention, and a line for a command."""

from collections.abc import Mapping

from agents.dialect import Json

IMPORTS: Mapping[str, bool] = {
    "@FILE": True,
    "**@FILE**": True,
    "_@FILE_": True,
    "[@FILE](x)": True,
    "text <b>@FILE</b>": True,
    "<b>@FILE</b>": True,
    "<!-- a --> @FILE": True,
    "<!-- a\n--> @FILE": True,
    "a<br>@FILE": True,
    "> @FILE": True,
    "- @FILE": True,
    "# @FILE": True,
    "| a |\n|---|\n| @FILE |": True,
    "@./FILE": True,
    "@FILE#part": True,
    "a\u00a0@FILE": True,
    "(@FILE)": False,
    "~~@FILE~~": False,
    "\\@FILE": False,
    "a@FILE": False,
    "see:@FILE": False,
    '"@FILE"': False,
    "<@FILE>": False,
    "&#64;FILE": False,
    "`@FILE`": False,
    "```\n@FILE\n```": False,
    "    @FILE": False,
    "<div>\n@FILE\n</div>": False,
    "<!-- @FILE -->": False,
    "![@FILE](x)": False,
    '[x](x "@FILE")': False,
    "[x]: @FILE": False,
    "\u200b@FILE": False,
}
"""A paragraph of an AGENTS.md or a CLAUDE.md -> whether Claude Code takes FILE into its context."""

MENTIONS: Mapping[str, bool] = {
    "@FILE": True,
    "@./FILE": True,
    "@FILE.": True,
    '@"FILE"': True,
    '@" FILE"': True,
    '@" @FILE "': True,
    "<div>\n@FILE\n</div>": True,
    "<!-- @FILE -->": True,
    "```\n@FILE\n```": True,
    "$ARGUMENTS@FILE": True,
    "@$ARGUMENTSFILE": True,
    "\u3002@FILE": True,
    "**@FILE**": False,
    "[@FILE](x)": False,
    "<b>@FILE</b>": False,
    "(@FILE)": False,
    "`@FILE`": False,
    "\\@FILE": False,
    "~~@FILE~~": False,
    "a@FILE": False,
    '"@FILE"': False,
}
"""A paragraph of a SKILL.md -> whether Claude Code takes FILE into its context when the skill is used."""

COMMANDS: Mapping[str, bool] = {
    "!`COMMAND`": True,
    "a !`COMMAND`b": True,
    "``  !`COMMAND`  ``": True,
    "```\n!`COMMAND`\n```": True,
    "<!-- !`COMMAND` -->": True,
    "a\u00a0!`COMMAND`": True,
    "a\ufeff!`COMMAND`": True,
    "a\u2028!`COMMAND`": True,
    "a\r!`COMMAND`": True,
    "a ```!COMMAND```": True,
    "````!\nCOMMAND\n````": True,
    "!$ARGUMENTS`COMMAND`": True,
    "$ARGUMENTS!`COMMAND`": True,
    "a ``$ARGUMENTS`!\nCOMMAND\n```": True,
    "(!`COMMAND`)": False,
    "\\!`COMMAND`": False,
    "!``COMMAND``": False,
    "~~~!\nCOMMAND\n~~~": False,
    "```bash !\nCOMMAND\n```": False,
    "a\u200b!`COMMAND`": False,
    "a\u0085!`COMMAND`": False,
}
"""A paragraph of a SKILL.md -> whether Claude Code runs COMMAND when the skill is used."""

FORMS: Mapping[str, Mapping[str, bool]] = {"imports": IMPORTS, "mentions": MENTIONS, "commands": COMMANDS}


def form_files(table: str, form: str, name: str, *, file: str) -> dict[str, str]:
    """Return the files of a skill `name` with one `form`, about `file`.

    An import is relative to the AGENTS.md that it stands in; the others are relative to the project.
    """
    text = form.replace("COMMAND", f"cat {file}").replace("FILE", file)
    header = f"---\nname: {name}\ndescription: Names the birds of a harbour.\n---\n"
    if table == "imports":
        return {"SKILL.md": f"{header}Look it up.\n", "AGENTS.md": f"Birds.\n\n{text}\n"}
    return {"SKILL.md": f"{header}Birds.\n\n{text}\n"}


def form_step(table: str, name: str) -> tuple[str, Json]:
    """Return what the model does to have the form of skill `name` read."""
    if table == "imports":
        return "Read", {"file_path": f".claude/skills/{name}/SKILL.md"}
    return "Skill", {"skill": name, "args": ""}

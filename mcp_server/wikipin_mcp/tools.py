"""The tools, as an agent sees them: names, descriptions and schemas are constants.

The schema that an agent sees is the one its arguments are held against.
"""

from collections.abc import Mapping

from wikipin_mcp import calls
from wikipin_mcp.verb import Json, Verb

_NAME: Json = {"type": "string", "description": "The skill's name, as wiki_list has it: a-z, 0-9 and -."}
_INSTALLED_NAME: Json = {"type": "string", "description": "The skill's name, as context_status has it."}
_REF: Json = {
    "type": "string",
    "description": "A branch, tag or commit of the wiki; leave it out for the newest commit.",
}
_PLAN: Json = {
    "type": "string",
    "description": "The plan of a dry run; the call is refused if it would write anything else.",
}
_DISCARD_EDITS: Json = {
    "type": "boolean",
    "description": "True only if the user agreed to give up the edits in this copy (false). They are kept in "
    ".memtomem/.backup.",
}

_VERBS = (
    Verb(
        name="wiki_list",
        title="List the wiki's skills",
        description=(
            "List the skills in the user's wiki, the git repository that they keep their own skills in, with each"
            " one's state in this project: available (not installed here), ok, behind (the wiki has a newer "
            "version), modified, missing, untracked, gone, diverged, unknown. Use it to find a skill for a task, or "
            "when the user asks what skills there are. `skipped` names directories that cannot be installed, and "
            "why."
        ),
        properties={
            "query": {
                "type": "string",
                "maxLength": 200,
                "description": "Words that must all stand in name or description; leave it out for all skills.",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": 200, "description": "How many at most (50)."},
            "cursor": {"type": "string", "description": "next_cursor of the page before."},
        },
        prepare=calls.prepare_list,
        read_only=True,
        needs_project=False,
    ),
    Verb(
        name="wiki_show",
        title="Show a skill before it is installed",
        description=(
            "Show one skill of the user's wiki as it would be installed: its files, SKILL.md (or the file at `path`), "
            "its plan, findings (hidden text, credentials) that the user should see, and, if it is installed, what "
            "an update would change, as a unified diff for each text file. It writes nothing. Use it before you "
            "propose an install or an update to the user. A long answer comes in pages: pass next_cursor as cursor "
            "for the next."
        ),
        properties={
            "name": _NAME,
            "ref": _REF,
            "path": {"type": "string", "description": "One of the paths in files; leave it out for SKILL.md."},
            "cursor": {"type": "string", "description": "next_cursor of the page before."},
        },
        prepare=calls.prepare_show,
        read_only=True,
        needs_project=False,
    ),
    Verb(
        name="context_install_skill",
        title="Install a skill",
        description=(
            "Install one skill from the user's wiki into this project: the exact bytes of one commit, pinned in "
            ".memtomem/lock.json, and visible to Claude Code, Codex and Gemini CLI. Installing runs nothing of "
            "the skill. Use it when the user asks for a skill, or wants one that wiki_list shows as available. It"
            " never overwrites: a skill that is already there is refused. Afterwards read the file at "
            "skill_md_path and follow it."
        ),
        properties={
            "name": _NAME,
            "ref": _REF,
            "plan": _PLAN,
            "dry_run": {"type": "boolean", "description": "Answer what would be installed, and write nothing (false)."},
        },
        prepare=calls.prepare_install,
        read_only=False,
    ),
    Verb(
        name="lockfile_read",
        title="Read the lockfile",
        description=(
            "Read .memtomem/lock.json of this project: which skills are installed, and for each the commit that "
            "its bytes came from, when it was installed, the SHA-256 of each file, and where agents see it. Use "
            "it when the user asks what is installed or which version."
        ),
        properties={},
        prepare=calls.prepare_lockfile,
        read_only=True,
    ),
    Verb(
        name="context_status",
        title="See how the installed skills stand",
        description=(
            "See how each skill of this project stands: ok, behind (the wiki has a newer version of it), modified "
            "(somebody edited the copy; `changes` says which files), missing (in the lockfile, not on disk), "
            "untracked (on disk, not in the lockfile), gone (the wiki has it no longer), diverged (its commit is not "
            "in the wiki's history), unknown (nothing to compare with). Use it when the user asks what is installed, "
            "what is out of date, or what was edited."
        ),
        properties={},
        prepare=calls.prepare_status,
        read_only=True,
    ),
    Verb(
        name="context_update_skill",
        title="Update a skill",
        description=(
            "Bring one installed skill to what the user's wiki has, whole: new files come, files that the wiki dropped "
            "go. It goes forward only, and stops at edits that somebody made to the copy: two separate flags, for "
            "which the user has to be asked. Use wiki_show first, to tell the user what would change. Afterwards read "
            "the file at skill_md_path again."
        ),
        properties={
            "name": _INSTALLED_NAME,
            "ref": _REF,
            "plan": _PLAN,
            "allow_rollback": {
                "type": "boolean",
                "description": "True only if the user agreed to a commit that does not descend from the one that is "
                "installed (false).",
            },
            "discard_edits": _DISCARD_EDITS,
            "dry_run": {"type": "boolean", "description": "Answer what would be changed, and write nothing (false)."},
        },
        prepare=calls.prepare_update,
        read_only=False,
        destructive=True,
    ),
    Verb(
        name="context_restore",
        title="Restore what the lockfile says",
        description=(
            "Bring back each skill of this project's lockfile whose copy is missing, at exactly the commit that the "
            "lockfile names, and make it visible to agents again. Copies that somebody edited are left and named in "
            "`failed`, with what to do about it. Use it in a fresh clone, or if context_status says missing."
        ),
        properties={
            "names": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Only these skills; leave it out for all.",
            }
        },
        prepare=calls.prepare_restore,
        read_only=False,
    ),
    Verb(
        name="context_remove_skill",
        title="Remove a skill",
        description=(
            "Remove one skill from this project: its copy, its entry in the lockfile, and where agents see it. It "
            "stops at edits that somebody made to the copy. Use it only when the user asks for it."
        ),
        properties={"name": _INSTALLED_NAME, "discard_edits": _DISCARD_EDITS},
        prepare=calls.prepare_remove,
        read_only=False,
        destructive=True,
    ),
)

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in _VERBS}

INSTRUCTIONS = (
    "wikipin installs skills (folders with a SKILL.md) from the user's own wiki, a git repository, into the project "
    "that you work in. To find one: wiki_list, with a word of the task as query. To look at one before: wiki_show. To "
    "install one: context_install_skill with its name; then read the SKILL.md that the answer names, at once, because "
    "this session may not list the new skill. To see how the installed ones stand: context_status; which commits: "
    "lockfile_read. To bring one up to date: context_update_skill; to bring missing ones back, in a fresh clone: "
    "context_restore; to take one away: context_remove_skill. Never copy skills by hand or edit .memtomem/lock.json. A "
    "refusal says what to do about it; if that is for the user to decide, ask the user."
)

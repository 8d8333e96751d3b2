"""A remedy at each door: whole command lines for a shell, JSON for a tool, and words for whoever reads them."""

import json
import subprocess

import pytest

from wikipin import WikipinError
from wikipin.asset import skill
from wikipin.remedy import AGREED, Argument, ByDoor, Call, CommandLine, Remedy
from wikipin_mcp.door import ToolDoor

_HELLO = skill("hello")
_DOOR = CommandLine("/w", "/p", "claude", "copy")
_TOOL = ToolDoor(CommandLine("~/w", "~/p"), "sub")


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (Call("list"), "wikipin --wiki /w --project /p list"),
        (Call("status"), "wikipin --wiki /w --project /p status"),
        (Call("init", source="URL"), "wikipin --wiki /w init --from URL"),
        (Call("show", _HELLO, ref="v1"), "wikipin --wiki /w --project /p show hello --ref v1"),
        (
            Call("install", _HELLO, accept="f00"),
            "wikipin --wiki /w --project /p install skill hello --accept f00 --expose claude --expose-mode copy",
        ),
        (
            Call("remove", _HELLO, discard_edits=True, allow_rollback=True),
            "wikipin --wiki /w --project /p remove skill hello --discard-edits --allow-rollback",
        ),
        (Call("restore", _HELLO), "wikipin --wiki /w --project /p restore hello --expose claude --expose-mode copy"),
        (Call("remove", _HELLO), "wikipin --wiki /w --project /p remove skill hello"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.verb,
)
def test_a_command_line_has_each_option_that_the_verb_takes(call: Call, line: str) -> None:
    assert _DOOR.line(call) == line


def test_a_command_line_has_no_option_that_was_not_given() -> None:
    assert CommandLine().line(Call("install", _HELLO)) == "wikipin install skill hello"


@pytest.mark.parametrize(
    "path", ["/a b", "/it's", '/"', "/$HOME `x`", "/a\\b", "/#;&|<>()*?[]{}!^", "~root", "/日本 語", "-x"]
)
def test_sh_reads_back_what_was_given(path: str) -> None:
    line = CommandLine(wiki=path).line(Call("list"))
    read = subprocess.run(
        ["sh", "-c", f'wikipin() {{ printf %s "$2"; }}; {line}'], check=True, capture_output=True, text=True
    )
    assert read.stdout == path


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call("list"), 'call wiki_list with {"project": "sub"}'),
        (Call("restore", _HELLO), 'call context_restore with {"names": ["hello"], "project": "sub"}'),
        (
            Call("update", _HELLO, ref="v1", discard_edits=True),
            'call context_update_skill with {"name": "hello", "ref": "v1", "discard_edits": true, "project": "sub"}',
        ),
        (Call("adopt", _HELLO), "have the user run 'wikipin --wiki ~/w --project ~/p adopt skill hello' in a terminal"),
        (
            Call("install", _HELLO, accept="f00"),
            "have the user run 'wikipin --wiki ~/w --project ~/p install skill hello --accept f00' in a terminal",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value.verb,
)
def test_a_tool_has_its_arguments_and_what_no_tool_does_is_for_a_terminal(call: Call, said: str) -> None:
    assert _TOOL.call(call) == said


def test_a_tool_without_arguments_is_called_without_any() -> None:
    assert ToolDoor(CommandLine(), None).call(Call("list")) == "call wiki_list"


def test_a_sentence_has_the_words_of_its_reader_and_begins_with_a_capital() -> None:
    remedy = Remedy(AGREED, ", leave ", Argument("dry_run"), " out", ByDoor(" here", " there"))
    error = WikipinError("busy", "so", remedy.then(", or ", Call("status")))
    assert error.said(_TOOL) == (
        "busy: so. If the user agrees, leave dry_run out here, or call context_status with "
        f"{json.dumps({'project': 'sub'})}."
    )
    assert str(error) == "busy: so. If you agree, leave --dry-run out there, or run 'wikipin status'."


def test_what_nobody_sees_is_in_no_sentence() -> None:
    error = WikipinError("busy", "a\u202eb", Remedy("c\u200bd, ", Call("show", skill("e\u202ef"), ref="g\nh")))
    for said in (str(error), error.said(_TOOL)):
        assert said.isprintable()

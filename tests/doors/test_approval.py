"""Findings, and who may say yes to them: a person, for one content, once; never an argument."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import (
    CallToolResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    InputRequiredResult,
    ListRootsResult,
    Root,
)
from snapshot import snapshot
from surfaces import Json, Outcome, outcome_of
from wikis import commit, git, head, make_wiki, plain_skill, skill_md, write_files
from world import World

from wikipin.plan.acceptance import Acceptance, ReviewRequiredError
from wikipin.remedy import CommandLine
from wikipin.wiki.repository import shown_origin
from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options

ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])
_HIDDEN = "\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065"
_BAD = {**plain_skill("bad"), "notes.md": f"Be kind.{_HIDDEN}\n".encode()}
_YES = ElicitResult(action="accept", content={"install": True})
_NO: dict[str, ElicitResult] = {
    "declined": ElicitResult(action="decline"),
    "cancelled": ElicitResult(action="cancel"),
    "accepted without a tick": ElicitResult(action="accept", content={"install": False}),
    "accepted without content": ElicitResult(action="accept"),
    "ticked and then declined": ElicitResult(action="decline", content={"install": True}),
}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {"bad": _BAD, "good": plain_skill("good")})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


class Person:
    """Somebody at a client, who answers every question in one way, and does something before."""

    def __init__(self, answer: ElicitResult, before: Callable[[], object] = lambda: None) -> None:
        self.asked: list[str] = []
        self._answer = answer
        self._before = before

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        self._before()
        return self._answer


def _call(era: str, options: Options, tool: str, arguments: Json, person: Person | None = None) -> Outcome:
    async def talk() -> Any:  # noqa: ANN401 - a result of the SDK
        async with Client(create_server(options), mode=era, elicitation_callback=person) as client:
            return await client.call_tool(tool, arguments)

    return outcome_of(anyio.run(talk))


def _install(era: str, wiki: Path, project: Path, person: Person | None, review: Any = "ask", **more: Any) -> Outcome:  # noqa: ANN401 - a flag; arguments
    options = Options(wiki, (project,), review=review)
    return _call(era, options, "context_install_skill", {"name": "bad", **more}, person)


@ERAS
def test_a_person_who_says_yes_gets_it_and_the_lockfile_says_so(era: str, wiki: Path, project: Path) -> None:
    git(wiki, "remote", "add", "origin", "https://ann:secret@example.org/ann/wiki.git?token=x")
    person = Person(_YES)
    answer = _install(era, wiki, project, person).answer

    (asked,) = person.asked
    for shown in ("'bad'", head(wiki), "https://example.org/ann/wiki.git", str(project), answer["plan"]):
        assert shown in asked
    assert "    | Be kind.⟨U+E0069⟩⟨U+E0067⟩⟨U+E006E⟩⟨U+E006F⟩⟨U+E0072⟩⟨U+E0065⟩⟨tags: ignore⟩" in asked.split("\n")
    assert "secret" not in asked
    entry = json.loads((project / ".memtomem/lock.json").read_text())["skills"]["bad"]
    assert entry["accepted"] == {"plan": answer["plan"], "by": "client"}
    assert answer["warnings"] == []
    assert (project / ".claude/skills/bad/notes.md").read_bytes() == _BAD["notes.md"]


@ERAS
def test_what_the_question_has_no_room_for_is_shown_by_a_command_that_knows_the_wiki(
    era: str, wiki: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = commit(wiki, {"bad": {**_BAD, "more.md": "\u200b\n".encode() * 30}})
    monkeypatch.setenv("MEMTOMEM_WIKI_PATH", str(wiki))  # which the user's terminal need not have
    person = Person(_NO["declined"])
    _install(era, wiki, project, person)
    command = f"wikipin --wiki {wiki} --project {project} show bad --ref {pin}"
    assert f"And 20 more. All of them: '{command}'" in person.asked[0]


@ERAS
@pytest.mark.parametrize("answer", _NO.values(), ids=_NO)
def test_anything_else_than_a_yes_is_a_no(era: str, answer: ElicitResult, wiki: Path, project: Path) -> None:
    person = Person(answer)
    before = snapshot(project)
    outcome = _install(era, wiki, project, person)
    assert outcome.code == "review-required"
    assert ("closed the question" if answer.action == "cancel" else "the user said no") in outcome.text
    assert "Do not install it, and do not ask again" in outcome.text
    assert "--accept" not in outcome.text
    assert len(person.asked) == 1
    assert snapshot(project) == before


@ERAS
def test_a_no_is_final_for_its_call_whatever_the_wiki_has_meanwhile(era: str, wiki: Path, project: Path) -> None:
    person = Person(_NO["declined"], lambda: commit(wiki, {"bad": plain_skill("bad")}))
    before = snapshot(project)
    outcome = _install(era, wiki, project, person)
    assert outcome.code == "review-required"
    assert snapshot(project) == before


def test_a_client_that_cannot_ask_after_all_has_nobody_who_said_no(wiki: Path, project: Path) -> None:
    async def fail(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
        del context, params
        return ErrorData(code=-32603, message="no window")

    async def talk() -> Any:  # noqa: ANN401 - a result of the SDK
        async with Client(create_server(Options(wiki, (project,))), mode="legacy", elicitation_callback=fail) as client:
            return await client.call_tool("context_install_skill", {"name": "bad"})

    outcome = outcome_of(anyio.run(talk))
    assert outcome.code == "review-required"
    assert " install skill bad --accept " in outcome.text
    assert "said no" not in outcome.text


@ERAS
@pytest.mark.parametrize("review", ["ask", "block"])
def test_where_nobody_can_or_may_be_asked_the_remedy_is_a_command_for_a_terminal(
    era: str, review: str, wiki: Path, project: Path
) -> None:
    person = Person(_YES) if review == "block" else None
    before = snapshot(project)
    outcome = _install(era, wiki, project, person, review)
    assert outcome.code == "review-required"
    plan = _install(era, wiki, project, None, dry_run=True).answer["plan"]
    assert f" install skill bad --accept {plan}' in a terminal" in outcome.text
    assert "U+E0069" in outcome.text
    assert person is None or not person.asked
    assert snapshot(project) == before


@ERAS
def test_the_operator_may_choose_not_to_ask_and_every_result_says_so(era: str, wiki: Path, project: Path) -> None:
    options = Options(wiki, (project,), review="off")
    installed = _call(era, options, "context_install_skill", {"name": "bad"}).answer
    assert "operator" in installed["review"]
    entry = json.loads((project / ".memtomem/lock.json").read_text())["skills"]["bad"]
    assert entry["accepted"]["by"] == "operator"
    for tool in ("wiki_list", "context_status", "lockfile_read", "context_restore"):
        assert "operator" in _call(era, options, tool, {}).answer["review"]
    assert "review" not in _call(era, Options(wiki, (project,)), "context_status", {}).answer


@ERAS
def test_what_has_no_blocking_finding_is_nobody_asked_about(era: str, wiki: Path, project: Path) -> None:
    commented = {"SKILL.md": skill_md("good", body="<!-- a note -->")}
    commit(wiki, {"good": commented})
    person = Person(_YES)
    outcome = _install(era, wiki, project, person, name="good")
    assert outcome.code is None
    assert person.asked == []
    assert any('call wiki_show with {"name": "good"}' in warning for warning in outcome.answer["warnings"])
    assert "accepted" not in json.loads((project / ".memtomem/lock.json").read_text())["skills"]["good"]


@ERAS
def test_a_yes_counts_for_the_content_that_was_shown_and_for_no_other(era: str, wiki: Path, project: Path) -> None:
    def move_on() -> None:
        commit(wiki, {"bad": {**_BAD, "more.md": f"Worse.{_HIDDEN}\n".encode()}})

    before = snapshot(project)
    outcome = _install(era, wiki, project, Person(_YES, move_on))
    assert outcome.code == "review-required"
    assert snapshot(project) == before


@ERAS
def test_an_update_asks_for_new_content_and_not_for_what_was_accepted(era: str, wiki: Path, project: Path) -> None:
    options = Options(wiki, (project,))
    _install(era, wiki, project, Person(_YES))
    (project / ".memtomem/skills/bad/notes.md").write_text("mine")
    person = Person(_YES)
    same = _call(era, options, "context_update_skill", {"name": "bad", "discard_edits": True}, person)
    assert (same.code, person.asked) == (None, [])

    commit(wiki, {"bad": {**_BAD, "more.md": f"Worse.{_HIDDEN}\n".encode()}})
    refused = _call(era, options, "context_update_skill", {"name": "bad"}, None)
    assert refused.code == "review-required"
    assert " update skill bad --accept " in refused.text
    updated = _call(era, options, "context_update_skill", {"name": "bad"}, person).answer
    assert len(person.asked) == 1
    entry = json.loads((project / ".memtomem/lock.json").read_text())["skills"]["bad"]
    assert entry["accepted"] == {"plan": updated["plan"], "by": "client"}

    commit(wiki, {"bad": plain_skill("bad")})
    assert _call(era, options, "context_update_skill", {"name": "bad"}, person).code is None
    assert "accepted" not in json.loads((project / ".memtomem/lock.json").read_text())["skills"]["bad"]


@ERAS
def test_a_restore_brings_back_what_was_accepted_and_names_what_was_not(era: str, wiki: Path, project: Path) -> None:
    options = Options(wiki, (project,))
    _install(era, wiki, project, Person(_YES))
    lockfile = project / ".memtomem/lock.json"
    (project / ".memtomem/skills/bad").rename(project / "aside")
    assert _call(era, options, "context_restore", {}).answer["restored"] == ["bad"]

    document = json.loads(lockfile.read_text())
    for accepted in (None, {"plan": "0" * 64, "by": "client"}):
        document["skills"]["bad"]["accepted"] = accepted
        lockfile.write_text(json.dumps(document))
        (project / ".memtomem/skills/bad").rename(project / f"aside {accepted is None}")
        (failed,) = _call(era, options, "context_restore", {}, Person(_YES)).answer["failed"]
        assert failed["code"] == "review-required"
        assert not (project / ".memtomem/skills/bad").exists()
        (project / f"aside {accepted is None}").rename(project / ".memtomem/skills/bad")


async def _never(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    raise AssertionError(f"answered by hand: {context}, {params}")


def _talk(options: Options, tool: str, arguments: Json, *answers: Callable[[InputRequiredResult], Json]) -> Any:  # noqa: ANN401 - a result of the SDK
    """Talk by hand in the modern era: each answer says what comes with the next call."""

    async def talk() -> Any:  # noqa: ANN401 - as above
        async with Client(create_server(options), mode="auto", elicitation_callback=_never) as client:
            result: Any = await client.session.call_tool(tool, arguments, allow_input_required=True)
            for answer in answers:
                assert isinstance(result, InputRequiredResult), result
                more = answer(result)
                result = await client.session.call_tool(
                    more.pop("tool", tool), more.pop("arguments", arguments), allow_input_required=True, **more
                )
            return result

    return anyio.run(talk)


def _answer(result: InputRequiredResult, **more: Any) -> Json:  # noqa: ANN401 - arguments of the SDK
    return {"input_responses": {"review": _YES}, "request_state": result.request_state, **more}


def test_an_answer_to_what_was_asked_installs(wiki: Path, project: Path) -> None:
    result = _talk(Options(wiki, (project,)), "context_install_skill", {"name": "bad"}, _answer)
    assert isinstance(result, CallToolResult)
    assert outcome_of(result).code is None


_FORGERIES: dict[str, Callable[[InputRequiredResult], Json]] = {
    "no state": lambda result: _answer(result, request_state=None),
    "an empty state": lambda result: _answer(result, request_state=""),
    "another number": lambda result: _answer(result, request_state="0" * 32 + (result.request_state or "")[32:]),
    "another plan": lambda result: _answer(
        result, request_state=".".join([(result.request_state or "").split(".")[0], "0" * 64, "0" * 64])
    ),
    "another seal": lambda result: _answer(result, request_state=(result.request_state or "")[:-1] + "x"),
    "another skill": lambda result: _answer(result, arguments={"name": "worse"}),
    "more arguments": lambda result: _answer(result, arguments={"name": "bad", "ref": "main"}),
    "another tool": lambda result: _answer(result, tool="context_update_skill"),
}


@pytest.mark.parametrize("forge", _FORGERIES.values(), ids=_FORGERIES)
def test_an_answer_to_something_else_is_none(
    forge: Callable[[InputRequiredResult], Json], wiki: Path, project: Path
) -> None:
    commit(wiki, {"worse": {**plain_skill("worse"), "notes.md": _BAD["notes.md"]}})
    before = snapshot(project)
    result = _talk(Options(wiki, (project,)), "context_install_skill", {"name": "bad"}, forge)
    assert outcome_of(result).code in {"review-required", "not-installed"}
    assert snapshot(project) == before


def test_a_state_is_good_for_one_answer_alone(wiki: Path, project: Path) -> None:
    options = Options(wiki, (project,))
    first: list[InputRequiredResult] = []

    def refuse(result: InputRequiredResult) -> Json:
        first.append(result)
        return {"input_responses": {"review": _NO["declined"]}, "request_state": result.request_state}

    async def talk() -> Any:  # noqa: ANN401 - a result of the SDK
        async with Client(create_server(options), mode="auto", elicitation_callback=_never) as client:
            call = client.session.call_tool
            asked = await call("context_install_skill", {"name": "bad"}, allow_input_required=True)
            assert isinstance(asked, InputRequiredResult)
            await call("context_install_skill", {"name": "bad"}, allow_input_required=True, **refuse(asked))
            return await call("context_install_skill", {"name": "bad"}, allow_input_required=True, **_answer(asked))

    before = snapshot(project)
    assert outcome_of(anyio.run(talk)).code == "review-required"
    assert snapshot(project) == before
    # nor is it good for another process
    result = _talk(Options(wiki, (project,)), "context_install_skill", {"name": "bad"}, lambda _: _answer(first[0]))
    assert outcome_of(result).code == "review-required"
    assert snapshot(project) == before


def test_a_client_with_roots_is_asked_for_them_again_beside_the_question(wiki: Path, project: Path) -> None:
    async def roots(context: ClientRequestContext) -> ListRootsResult:
        del context
        return _roots(project)

    async def talk() -> Any:  # noqa: ANN401 - a result of the SDK
        server = create_server(Options(wiki))
        person = Person(_YES)
        async with Client(server, mode="auto", elicitation_callback=person, list_roots_callback=roots) as client:
            return await client.call_tool("context_install_skill", {"name": "bad"})

    assert outcome_of(anyio.run(talk)).code is None
    assert (project / ".memtomem/skills/bad").is_dir()


def _roots(project: Path) -> ListRootsResult:
    return ListRootsResult(roots=[Root(uri=f"file://{project}")])  # type: ignore[arg-type]


async def _no_roots(context: ClientRequestContext) -> ListRootsResult:
    raise AssertionError(f"answered by hand: {context}")


def test_a_yes_for_one_project_is_none_for_another(wiki: Path, project: Path, tmp_path: Path) -> None:
    """Asked with the roots of one, answered with those of the other."""
    other = tmp_path / "other"
    other.mkdir()

    async def talk(place: Path) -> Any:  # noqa: ANN401 - a result of the SDK
        async with Client(
            create_server(Options(wiki)), mode="auto", elicitation_callback=_never, list_roots_callback=_no_roots
        ) as client:
            call = partial(
                client.session.call_tool, "context_install_skill", {"name": "bad"}, allow_input_required=True
            )
            asked = await call(input_responses={"roots": _roots(project)})
            assert isinstance(asked, InputRequiredResult)
            return await call(
                input_responses={"roots": _roots(place), "review": _YES}, request_state=asked.request_state
            )

    before = snapshot(tmp_path)
    assert outcome_of(anyio.run(talk, other)).code == "review-required"
    assert snapshot(tmp_path) == before
    assert outcome_of(anyio.run(talk, project)).code is None  # the control


@ERAS
@pytest.mark.parametrize("is_flipped", [True, False])
def test_a_yes_does_not_follow_a_path_that_leads_to_another_project_meanwhile(
    era: str,
    is_flipped: bool,  # noqa: FBT001 - a table
    wiki: Path,
    project: Path,
    tmp_path: Path,
) -> None:
    other, link = tmp_path / "other", tmp_path / "link"
    other.mkdir()
    link.symlink_to(project)

    def flip() -> None:
        if is_flipped:
            link.unlink()
            link.symlink_to(other)

    before = snapshot(other)
    outcome = _install(era, wiki, link, Person(_YES, flip))
    assert outcome.code == (None if (project / ".memtomem").exists() else "review-required")
    assert is_flipped or outcome.code is None
    assert snapshot(other) == before


def _wikipin(wiki: Path, project: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "wikipin.cli", "--wiki", str(wiki), "--project", str(project), *words]


def _in_terminal(command: list[str], typed: str, *, before: str = "", columns: int = 0) -> tuple[int, str]:
    """Run a command in a terminal of its own, into which something was typed; return exit code and output."""
    child, terminal = pty.fork()
    if child == 0:
        termios.tcsetwinsize(0, (50, columns))
        os.read(0, 1)
        os.execvp(command[0], command)  # noqa: S606 - a child that is a process of its own
    os.write(terminal, f"\n{before}".encode())
    shown = b""
    while b"to install it" not in shown:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            break
    else:
        os.write(terminal, f"{typed}\n".encode())
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        shown += more
        if not more:
            break
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def _refused(wiki: Path, project: Path) -> ReviewRequiredError:
    with pytest.raises(ReviewRequiredError) as refused:
        World(wiki, project).install("bad")
    return refused.value


def _words(wiki: Path, project: Path, verb: str) -> list[str]:
    """Return what a person types, having made the project one in which that verb has something to ask."""
    if verb == "install --accept":
        return CommandLine().line(_refused(wiki, project).call).split()[1:]
    if verb == "update":
        commit(wiki, {"bad": plain_skill("bad")})
        World(wiki, project).install("bad")
        commit(wiki, {"bad": _BAD})
    elif verb == "adopt":
        write_files(project / ".memtomem/skills/bad", _BAD)
    return [verb, "skill", "bad"]


@pytest.mark.parametrize(
    ("verb", "typed", "is_yes"),
    [
        ("install", "bad", True),
        ("install", "yes", False),
        ("install", "", False),
        ("install --accept", "bad", True),
        ("install --accept", "bad bad", False),
        ("update", "bad", True),
        ("update", "y", False),
        ("adopt", "bad", True),
        ("adopt", "no", False),
    ],
)
def test_in_a_terminal_a_person_is_asked_at_once_and_types_the_name(
    verb: str,
    typed: str,
    is_yes: bool,  # noqa: FBT001 - a table
    wiki: Path,
    project: Path,
) -> None:
    words = _words(wiki, project, verb)
    before = snapshot(project)
    code, shown = _in_terminal(_wikipin(wiki, project, *words), typed)
    assert f"Project: {project}\r\n" in shown
    assert "    | Be kind.⟨U+E0069⟩" in shown
    assert code == (0 if is_yes else 1), shown
    if is_yes:
        entry = json.loads((project / ".memtomem/lock.json").read_text())["skills"]["bad"]
        assert entry["accepted"]["by"] == "terminal"
        assert "warning: " not in shown
    else:
        assert snapshot(project) == before
        assert "wikipin: review-required: skill 'bad' was not accepted: you said no. " in shown
        assert "--accept" not in shown


def test_what_was_typed_or_pasted_before_the_question_is_no_answer_to_it(wiki: Path, project: Path) -> None:
    before = snapshot(project)
    code, shown = _in_terminal(_wikipin(wiki, project, "install", "skill", "bad"), "no", before="bad\n")
    assert (code, shown.count("you said no")) == (1, 1)
    assert snapshot(project) == before


def test_what_is_of_a_file_does_not_go_on_at_the_edge_of_the_terminal(wiki: Path, project: Path) -> None:
    line = f"\u200b{'.' * 66} It has 0 findings. {'漢' * 40} Plan 0."
    commit(wiki, {"bad": {**_BAD, "more.md": f"{line}\n".encode()}})
    _, shown = _in_terminal(_wikipin(wiki, project, "install", "skill", "bad"), "no", columns=80)
    rows = shown[: shown.index("Type bad")].splitlines()
    assert [row for row in rows if "0 findings" in row or "Plan 0" in row] == [
        "    |  It has 0 findings. 漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢",
        "    | 漢漢漢漢漢漢漢漢漢漢漢漢漢 Plan 0.",
    ]


def test_without_any_standard_input_nobody_can_be_asked(wiki: Path, project: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *_wikipin(wiki, project, "install", "skill", "bad")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr[:25]) == (1, "wikipin: review-required:")
    assert done.stderr.count("\n") == 1


def test_in_a_terminal_the_answer_as_json_is_all_that_is_printed(wiki: Path, project: Path, tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    command = _wikipin(wiki, project, "--json", "install", "skill", "bad")
    code, shown = _in_terminal(["sh", "-c", f'exec "$@" > {printed}', "sh", *command], "bad")
    assert (code, json.loads(printed.read_text())["name"]) == (0, "bad")
    assert "⟨U+E0069⟩" in shown


def test_in_a_terminal_the_rest_is_shown_by_a_command_with_the_options_that_were_given(
    wiki: Path, project: Path
) -> None:
    pin = commit(wiki, {"bad": {**_BAD, "more.md": "\u200b\n".encode() * 30}})
    _, shown = _in_terminal(_wikipin(wiki, project, "install", "skill", "bad"), "no")
    command = f"wikipin --wiki {wiki} --project {project} show bad --ref {pin}"
    assert f"And 20 more. All of them: '{command}'" in shown


def test_in_a_terminal_a_dry_run_asks_nobody(wiki: Path, project: Path) -> None:
    code, shown = _in_terminal(_wikipin(wiki, project, "install", "skill", "bad", "--dry-run"), "bad")
    assert (code, "to install it" in shown) == (0, False)
    assert "warning: review-required: " in shown


def test_a_plan_that_is_not_the_contents_is_refused_before_anybody_is_asked(wiki: Path, project: Path) -> None:
    words = ("install", "skill", "bad", "--accept", "0" * 64)
    code, shown = _in_terminal(_wikipin(wiki, project, *words), "bad")
    assert code == 1
    assert "plan-changed" in shown
    assert not (project / ".memtomem").exists()


@pytest.mark.parametrize("redirected", ["< /dev/null", "2> /dev/null"])
def test_where_a_terminal_is_not_both_read_and_written_nobody_is_asked(
    redirected: str, wiki: Path, project: Path
) -> None:
    command = _wikipin(wiki, project, "install", "skill", "bad")
    code, shown = _in_terminal(["sh", "-c", f'exec "$@" {redirected}', "sh", *command], "bad")
    assert (code, "to install it" in shown) == (1, False)
    assert not (project / ".memtomem").exists()


def test_the_shell_of_an_agent_is_no_person(wiki: Path, project: Path) -> None:
    words = CommandLine().line(_refused(wiki, project).call).split()[1:]
    done = subprocess.run(
        _wikipin(wiki, project, *words),
        check=False,
        input="bad\n",
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("wikipin: review-required: ")
    assert "no terminal" in done.stderr
    assert not (project / ".memtomem").exists()


@pytest.mark.parametrize("name", ["accept", "accepted", "acceptance", "review", "force", "yes", "request_state"])
@pytest.mark.parametrize("tool", ["context_install_skill", "context_update_skill", "context_restore"])
def test_no_argument_of_a_tool_accepts_anything(tool: str, name: str, wiki: Path, project: Path) -> None:
    arguments: Json = {name: True} if tool == "context_restore" else {"name": "bad", name: True}
    assert _call("auto", Options(wiki, (project,)), tool, arguments, None).code == "invalid-argument"
    assert not (project / ".memtomem").exists()


def test_a_yes_to_one_plan_is_none_to_another(wiki: Path, project: Path) -> None:
    with pytest.raises(ReviewRequiredError):
        World(wiki, project).install("bad", acceptance=Acceptance("0" * 64, "terminal"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", "no remote: it was made on this machine"),
        ("https://example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://ann:secret@example.org:8443/a?token=x#y", "https://example.org:8443/a"),
        ("ssh://git@example.org/a.git", "ssh://example.org/a.git"),
        ("git@example.org:ann/wiki.git", "example.org:ann/wiki.git"),
        ("/home/ann/wiki", "a directory on this machine"),
        ("../wiki", "a directory on this machine"),
        ("file:///home/ann/wiki", "a directory on this machine"),
        ("https://example.org/\u202egro.live", "https://example.org/gro.live"),
        ("https://ann:secret@[::1/x", "an address that cannot be read"),
        ("https://ann:secret@h\u2100/x", "an address that cannot be read"),
    ],
)
def test_an_origin_is_shown_without_credentials_and_paths(url: str, shown: str) -> None:
    assert shown_origin(url) == shown

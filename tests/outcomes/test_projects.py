"""Which project a call means, in both protocol eras."""

import resource
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.session import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, ErrorData, ListRootsResult, Root
from pydantic import FileUrl
from snapshot import snapshot
from surfaces import Json, Outcome, outcome_of
from wikis import commit, make_wiki, plain_skill

from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options

_NOT_ALLOWED = "project-not-allowed"

ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for variable in ("CLAUDE_PROJECT_DIR", "PLUGIN_ROOT", "CLAUDE_PLUGIN_ROOT"):
        monkeypatch.delenv(variable, raising=False)
    return home


def _directory(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def _root(of: Path | str) -> Root:
    uri = of if isinstance(of, str) else of.as_uri()
    return Root(uri=FileUrl(uri)) if uri.startswith("file:") else Root.model_construct(uri=uri)


def _call(
    era: str,
    wiki: Path,
    *,
    flags: Sequence[Path] = (),
    roots: Sequence[Path | str] | ErrorData | None = None,
    project: str | None = None,
) -> Outcome:
    """Install `hello`, as a client with these roots (None: one that does not know roots)."""

    async def tell(context: ClientRequestContext) -> ListRootsResult | ErrorData:
        assert context.session is not None
        if isinstance(roots, ErrorData):
            return roots
        return ListRootsResult(roots=[_root(root) for root in roots or ()])

    async def talk() -> Outcome:
        server = create_server(Options(wiki, tuple(flags)))
        async with Client(server, mode=era, list_roots_callback=tell if roots is not None else None) as client:
            arguments: Json = {"name": "hello"} | ({"project": project} if project is not None else {})
            return outcome_of(await client.call_tool("context_install_skill", arguments))

    return anyio.run(talk)


def _has_skill(project: Path) -> bool:
    return (project / ".memtomem/skills/hello/SKILL.md").exists()


@ERAS
def test_the_operators_flag_wins_over_everything(
    era: str, wiki: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag, root = _directory(tmp_path / "flag"), _directory(tmp_path / "root")
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(home))

    assert _call(era, wiki, flags=[flag], roots=[root]).code is None

    assert _has_skill(flag)
    assert not _has_skill(root)


@ERAS
@pytest.mark.usefixtures("home")
def test_the_first_root_of_the_client_is_the_default(era: str, wiki: Path, tmp_path: Path) -> None:
    first, second = _directory(tmp_path / "ünter wegs"), _directory(tmp_path / "second")

    assert _call(era, wiki, roots=[first, second]).code is None
    assert _has_skill(first)

    assert _call(era, wiki, roots=[first, second], project=str(second)).code is None
    assert _has_skill(second)


@ERAS
@pytest.mark.parametrize("roots", [None, []], ids=["no-roots", "empty-roots"])
@pytest.mark.usefixtures("home")
def test_without_roots_it_is_the_directory_that_claude_code_names(
    era: str, roots: list[Path] | None, wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, here = _directory(tmp_path / "named"), _directory(tmp_path / "here")
    monkeypatch.chdir(here)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(named))

    assert _call(era, wiki, roots=roots).code is None

    assert _has_skill(named)


@ERAS
@pytest.mark.usefixtures("home")
def test_without_that_it_is_the_working_directory(
    era: str, wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = _directory(tmp_path / "here")
    monkeypatch.chdir(here)

    assert _call(era, wiki).code is None

    assert _has_skill(here)


@pytest.mark.usefixtures("home")
def test_a_client_that_cannot_tell_its_roots_has_none(
    wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = _directory(tmp_path / "here")
    monkeypatch.chdir(here)

    assert _call("legacy", wiki, roots=ErrorData(code=-32603, message="no")).code is None

    assert _has_skill(here)


@pytest.mark.usefixtures("home")
def test_a_client_that_does_not_tell_its_roots_in_time_has_not_said_that_it_has_none(
    wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = _directory(tmp_path / "here")
    monkeypatch.chdir(here)
    monkeypatch.setattr("wikipin_mcp.projects._SECONDS_FOR_ROOTS", 0.05)

    async def never(context: ClientRequestContext) -> ListRootsResult:
        await anyio.sleep_forever()
        raise AssertionError(context)

    async def talk() -> Outcome:
        async with Client(create_server(Options(wiki)), mode="legacy", list_roots_callback=never) as client:
            return outcome_of(await client.call_tool("context_install_skill", {"name": "hello"}))

    assert anyio.run(talk).code == "project-not-found"
    assert snapshot(here) == {}


@ERAS
@pytest.mark.usefixtures("home")
def test_a_project_may_be_named_relative_to_the_default_one(era: str, wiki: Path, tmp_path: Path) -> None:
    inner = _directory(tmp_path / "flag/inner")

    assert _call(era, wiki, flags=[inner.parent], project="inner").code is None

    assert _has_skill(inner)


@ERAS
@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("..", "project-not-allowed"),
        ("../outside", "project-not-allowed"),
        ("/", "project-not-allowed"),
        ("link-out", "project-not-allowed"),
        ("link-in", "project-not-allowed"),
        ("link-in/../inner", "project-not-allowed"),
        ("inner/../../outside", "project-not-allowed"),
        ("missing/../../outside", "project-not-allowed"),
        ("missing/..", "project-not-found"),
        ("inner/" * 101, "project-not-allowed"),
        ("missing", "project-not-found"),
        ("a-file", "project-not-found"),
        ("", "invalid-argument"),
        ("in\x00side", "invalid-argument"),
        ("in\u202eside", "invalid-argument"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_project_outside_is_refused_and_nothing_is_written(
    era: str, wanted: str, code: str, wiki: Path, tmp_path: Path
) -> None:
    flag, outside = _directory(tmp_path / "place/flag"), _directory(tmp_path / "place/outside")
    (flag / "link-out").symlink_to(outside)
    (flag / "inner").mkdir()
    (flag / "link-in").symlink_to("inner")
    (flag / "a-file").touch()
    before = snapshot(tmp_path / "place")

    outcome = _call(era, wiki, flags=[flag], project=wanted)

    assert outcome.code == code
    assert str(tmp_path) not in outcome.text
    assert snapshot(tmp_path / "place") == before


@pytest.mark.usefixtures("home")
def test_a_link_in_a_project_is_named_and_so_is_what_to_do(wiki: Path, tmp_path: Path) -> None:
    flag = _directory(tmp_path / "flag")
    (flag / "packages").mkdir()
    (flag / "packages/current").symlink_to("one")

    outcome = _call("auto", wiki, flags=[flag], project="packages/current/src")

    assert outcome.text == (
        "project-not-allowed: 'packages/current' is a link, and below an allowed project none is followed. "
        "Give the directory itself that the link leads to as project."
    )


@pytest.mark.parametrize(("flag", "named"), [("real", "link"), ("link", "real"), ("link", "other"), ("other", "other")])
@pytest.mark.usefixtures("home")
def test_an_absolute_project_may_begin_with_any_path_of_the_allowed_directory(
    flag: str, named: str, wiki: Path, tmp_path: Path
) -> None:
    inner = _directory(tmp_path / "real/inner")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "other").symlink_to("link")
    before = snapshot(tmp_path)

    flags = [tmp_path / "missing", tmp_path / flag]
    for outside in (tmp_path, tmp_path / named / "..", tmp_path / named / "../real/inner"):
        assert _call("auto", wiki, flags=flags, project=str(outside)).code == _NOT_ALLOWED
    assert snapshot(tmp_path) == before

    assert _call("auto", wiki, flags=flags, project=f"{tmp_path}/{named}/inner/../inner").code is None
    assert _has_skill(inner)


@pytest.mark.usefixtures("home")
def test_of_two_allowed_directories_the_inner_one_is_meant(wiki: Path, tmp_path: Path) -> None:
    """An operator may name a link that is in another allowed directory."""
    outer, inner = _directory(tmp_path / "outer"), _directory(tmp_path / "inner")
    (outer / "link").symlink_to(inner)
    flags = [outer, outer / "link"]

    assert _call("auto", wiki, flags=flags, project="link").code == _NOT_ALLOWED
    assert _call("auto", wiki, flags=flags[:1], project=str(outer / "link")).code == _NOT_ALLOWED
    assert _call("auto", wiki, flags=flags, project=str(outer / "link")).code is None

    assert _has_skill(inner)


_UNUSABLE = [
    "file://elsewhere{here}",
    "file://{here}%00",
    "file://{here}?x",
    "file://{here}#x",
    "file://{here}/missing",
    "file://{here}/a-file",
    "file://{here}%ff",
]


@ERAS
@pytest.mark.parametrize("uri", _UNUSABLE)
@pytest.mark.usefixtures("home")
def test_a_root_that_cannot_be_used_is_refused_and_not_passed_over(
    era: str, uri: str, wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, other = _directory(tmp_path / "here"), _directory(tmp_path / "other")
    (here / "a-file").touch()
    monkeypatch.chdir(here)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(here))
    root = uri.format(here=here)
    before = snapshot(tmp_path)

    for project in (None, ".", str(here)):
        outcome = _call(era, wiki, roots=[root], project=project)
        assert outcome.code in {"project-not-found", _NOT_ALLOWED if project == str(here) else None}
        assert str(tmp_path) not in outcome.text
    assert _call(era, wiki, roots=[root, other]).code == "project-not-found"
    assert snapshot(tmp_path) == before

    assert _call(era, wiki, roots=[root, other], project=str(other)).code is None
    assert _has_skill(other)
    assert _call(era, wiki, roots=[here, root]).code is None
    assert _has_skill(here)


@ERAS
@pytest.mark.parametrize("uri", ["https://example.org/x", "relative", "/tmp"])  # noqa: S108 - nothing is written
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.usefixtures("home")
def test_a_root_that_is_no_file_url_is_refused_and_not_passed_over(
    era: str, uri: str, wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_directory(tmp_path / "here"))
    if era == "legacy":
        assert _call(era, wiki, roots=[uri]).code == "project-not-found"
    else:  # the answer is an argument of the call, and the SDK does not take it
        with pytest.RaisesGroup(pytest.RaisesExc(MCPError), flatten_subgroups=True):
            _call(era, wiki, roots=[uri])
    assert snapshot(tmp_path / "here") == {}


@ERAS
@pytest.mark.parametrize("variable", ["PLUGIN_ROOT", "CLAUDE_PLUGIN_ROOT"])
@pytest.mark.parametrize("how", ["started there", "named by the environment", "a root", "a flag"])
@pytest.mark.usefixtures("home")
def test_a_server_that_knows_only_a_plugins_directory_knows_no_project(
    era: str, how: str, variable: str, wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, real = _directory(tmp_path / "cache/plugin"), _directory(tmp_path / "real")
    (plugin / "inner").mkdir()
    monkeypatch.setenv(variable, str(plugin))
    monkeypatch.chdir(plugin / "inner" if how == "started there" else real)
    if how == "named by the environment":
        monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(plugin))
    roots, flags = [plugin] if how == "a root" else None, [plugin] if how == "a flag" else []
    before = snapshot(tmp_path)

    for project in (None, "inner", str(plugin), str(real)):
        outcome = _call(era, wiki, roots=roots, flags=flags, project=project)
        assert outcome.code == "project-not-found"
        assert "pass a project" in outcome.text
        assert "--project" in outcome.text
    assert snapshot(tmp_path) == before

    assert _call(era, wiki, flags=[plugin, real]).code == _NOT_ALLOWED
    assert _call(era, wiki, flags=[plugin, real], project=str(real)).code is None
    assert _has_skill(real)


@pytest.mark.usefixtures("home")
def test_a_project_stays_the_one_that_the_person_was_asked_about(wiki: Path, tmp_path: Path) -> None:
    """In the older era the question is asked within the call."""
    commit(wiki, {"hello": {**plain_skill("hello"), "notes.md": "Be kind.\u200b\u200c\u200d\u2060\n".encode()}})
    project, moved = _directory(tmp_path / "project"), tmp_path / "moved"

    class Person:
        async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
            del context, params
            project.rename(moved)
            project.mkdir()
            return ElicitResult(action="accept", content={"install": True})

    async def talk() -> Outcome:
        server = create_server(Options(wiki, (project,)))
        async with Client(server, mode="legacy", elicitation_callback=Person()) as client:
            return outcome_of(await client.call_tool("context_install_skill", {"name": "hello"}))

    assert anyio.run(talk).code is None
    assert _has_skill(moved)
    assert snapshot(project) == {}


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@ERAS
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it says which descriptors are open")
@pytest.mark.usefixtures("home")
def test_a_hundred_calls_leave_no_descriptor_open(era: str, wiki: Path, tmp_path: Path) -> None:
    project = _directory(tmp_path / "project")
    _directory(project / "a/b/c")
    (project / "link").symlink_to("a")
    calls: list[Json] = [{"project": wanted} for wanted in ("a/b/c", "a/../a/b", "link/b", "a/none", "..", "/", "a/b")]

    async def talk() -> list[int]:
        counts: list[int] = []
        async with Client(create_server(Options(wiki, (project,))), mode=era) as client:
            for number in range(105):
                await client.call_tool("lockfile_read", calls[number % len(calls)])
                counts.append(_open_descriptors())
        return counts

    counts = anyio.run(talk)
    assert set(counts[len(calls) :]) == {counts[len(calls)]}


@pytest.mark.usefixtures("home")
def test_more_calls_at_once_than_a_process_may_open_files_are_all_answered(wiki: Path, tmp_path: Path) -> None:
    project = _directory(tmp_path / "project")
    codes: list[str | None] = []

    async def talk() -> None:
        async with Client(create_server(Options(wiki, (project,)))) as client:

            async def read() -> None:
                codes.append(outcome_of(await client.call_tool("lockfile_read", {})).code)

            async with anyio.create_task_group() as calls:
                for _ in range(150):
                    calls.start_soon(read)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))
    try:
        anyio.run(talk)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert codes == [None] * 150


@ERAS
def test_home_root_and_wiki_are_never_projects(era: str, wiki: Path, home: Path, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    for never in (home, Path("/"), wiki, wiki / "skills"):
        assert _call(era, wiki, flags=[never]).code == "project-not-allowed", never
        assert _call(era, wiki, roots=[never]).code == "project-not-allowed", never
    # nor do they let anything inside them in
    _directory(home / "code")
    assert _call(era, wiki, flags=[home], project=str(home / "code")).code == "project-not-allowed"
    (home / "code").rmdir()
    assert snapshot(tmp_path) == before


@ERAS
@pytest.mark.usefixtures("home")
def test_in_a_work_tree_the_nearest_lockfile_above_decides(era: str, wiki: Path, tmp_path: Path) -> None:
    repository = make_wiki(tmp_path / "repository")  # any repository will do
    deep = _directory(repository / "packages/one/src")
    (repository / "packages/one/.memtomem").mkdir()
    (repository / "packages/one/.memtomem/lock.json").write_text('{"version": 1, "skills": {}}\n')

    assert _call(era, wiki, flags=[deep]).code is None

    assert _has_skill(repository / "packages/one")
    assert not (deep / ".memtomem").exists()

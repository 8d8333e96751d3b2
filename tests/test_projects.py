"""Which project a call means, in both protocol eras."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import ErrorData, ListRootsResult, Root
from pydantic import FileUrl
from snapshot import snapshot
from surfaces import Json, Outcome, outcome_of
from wikis import make_wiki, plain_skill

from wikipin_mcp.server import create_server
from wikipin_mcp.verb import Options

ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make_wiki(tmp_path / "wiki", {"hello": plain_skill("hello")})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CLAUDE_PROJECT_DIR", raising=False)
    return home


def _directory(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def _call(
    era: str,
    wiki: Path,
    *,
    flags: Sequence[Path] = (),
    roots: Sequence[Path] | ErrorData | None = None,
    project: str | None = None,
) -> Outcome:
    """Install `hello`, as a client with these roots (None: one that does not know roots)."""

    async def tell(context: ClientRequestContext) -> ListRootsResult | ErrorData:
        assert context.session is not None
        if isinstance(roots, ErrorData):
            return roots
        return ListRootsResult(roots=[Root(uri=FileUrl(root.as_uri())) for root in roots or ()])

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
    (flag / "a-file").touch()
    before = snapshot(tmp_path / "place")

    outcome = _call(era, wiki, flags=[flag], project=wanted)

    assert outcome.code == code
    assert str(tmp_path) not in outcome.text
    assert snapshot(tmp_path / "place") == before


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

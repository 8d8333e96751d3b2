"""The command as a person meets it: what it prints, where, and with which exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from snapshot import snapshot
from wikis import git, head, make_wiki, plain_skill

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("MEMTOMEM_WIKI_PATH", raising=False)
    return home


@pytest.fixture
def project(home: Path) -> Path:
    project = home / "project"
    project.mkdir()
    return project


def _wikipin(at: Path, *words: str) -> Done:
    return subprocess.run(
        [sys.executable, "-m", "wikipin.cli", *words], check=False, capture_output=True, text=True, cwd=at
    )


def test_from_nothing_to_an_installed_skill(home: Path, project: Path) -> None:
    made = _wikipin(project, "init")
    assert (made.returncode, made.stderr) == (0, "")
    assert "~/.memtomem-wiki" in made.stdout
    empty = _wikipin(project, "list")
    assert (empty.returncode, empty.stdout) == (0, "The wiki has no skill yet.\n")

    wiki = home / ".memtomem-wiki"
    (wiki / "skills/hello").mkdir()
    (wiki / "skills/hello/SKILL.md").write_text("---\nname: hello\ndescription: Greets.\n---\n")
    git(wiki, "add", "-A")
    git(wiki, "commit", "-q", "-m", "hello")

    listed = _wikipin(project, "list")
    assert listed.stdout.split() == ["hello", "available", "Greets."]
    installed = _wikipin(project, "install", "skill", "hello")
    assert installed.returncode == 0
    assert head(wiki)[:12] in installed.stdout
    assert (project / ".claude/skills/hello/SKILL.md").exists()
    assert _wikipin(project, "list").stdout.split()[1] == "ok"


@pytest.mark.parametrize(
    ("words", "variable", "where"),
    [
        ([], None, "'~/.memtomem-wiki', where the wiki is by default"),
        ([], "/nowhere/at/all", "'/nowhere/at/all', which $MEMTOMEM_WIKI_PATH names"),
        (["--wiki", "other"], "/nowhere/at/all", "'~/project/other', which --wiki names"),
    ],
)
def test_a_wiki_that_is_not_there_is_named_with_who_named_it(
    words: list[str], variable: str | None, where: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv("MEMTOMEM_WIKI_PATH", variable)
    refused = _wikipin(project, "list", *words)
    assert refused.stderr.startswith(f"wikipin: wiki-not-found: there is no git repository at {where}. ")


def test_init_from_clones(home: Path, project: Path, tmp_path: Path) -> None:
    origin = make_wiki(tmp_path / "origin", {"hello": plain_skill("hello")})
    assert _wikipin(project, "init", "--from", str(origin)).returncode == 0
    assert head(home / ".memtomem-wiki") == head(origin)


def test_init_refuses_what_is_there_and_touches_nothing(home: Path, project: Path) -> None:
    assert _wikipin(project, "init").returncode == 0
    (home / "full").mkdir()
    (home / "full/mine.txt").write_text("mine")
    before = snapshot(home)
    for words in (["init"], ["init", "--from", "/nowhere"], ["--wiki", str(home / "full"), "init"]):
        refused = _wikipin(project, *words)
        assert refused.returncode == 1
        assert refused.stderr.startswith("wikipin: invalid-argument: ")
    assert snapshot(home) == before


def test_a_failed_clone_leaves_nothing(home: Path, project: Path) -> None:
    before = snapshot(home)
    failed = _wikipin(project, "init", "--from", "file:///nowhere/at/all")
    assert failed.returncode == 1
    assert failed.stderr.startswith("wikipin: wiki-unreadable: ")
    assert failed.stderr.count("\n") == 1
    assert snapshot(home) == before


@pytest.mark.parametrize(
    "words",
    [
        ["instal"],
        ["install"],
        ["list", "--limit", "0"],
        ["--nope"],
        [],
    ],
)
def test_wrong_usage_is_exit_code_2(words: list[str], project: Path) -> None:
    assert _wikipin(project, *words).returncode == 2


def test_the_help_names_every_verb_in_the_order_of_a_skills_life_and_cuts_none_short(project: Path) -> None:
    shown = _wikipin(project, "--help").stdout
    verbs = [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines()]
    assert verbs == ["init", "list", "show", "install", "status", "update", "restore", "adopt", "remove"]
    assert "..." not in shown.partition("Commands:\n")[2]


def test_a_refusal_is_one_line_on_stderr_and_exit_code_1(project: Path) -> None:
    refused = _wikipin(project, "install", "skill", "Bad")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == (
        "wikipin: invalid-name: 'Bad' is not a skill name. "
        "Give 1-64 of a-z, 0-9 and -, without a leading, trailing or double -.\n"
    )


@pytest.mark.parametrize("place", [0, 1, 2, 3])
@pytest.mark.parametrize("form", ["{} {}", "{}={}"])
def test_wiki_project_and_json_stand_before_the_verb_or_behind_it(
    place: int, form: str, home: Path, project: Path
) -> None:
    wiki = make_wiki(home / "elsewhere", {"hello": plain_skill("hello")})
    words = ["install", "skill", "hello"]
    given = [*form.format("--wiki", wiki).split(), *form.format("--project", project).split(), "--json"]
    done = _wikipin(home, *words[:place], *given, *words[place:])
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["wiki_commit"] == head(wiki)
    assert (project / ".memtomem/lock.json").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--wiki", "a", "list", "--wiki", "a"], "--wiki is given more than once."),
        (["list", "--project", "a", "--project", "b"], "--project is given more than once."),
        (["--project", "", "list"], "--project is empty: give a directory."),
        (["list", "--wikis", "a"], "No such option '--wikis'"),
        (["--ref", "v1", "list"], "No such option '--ref'"),
        (["lst"], "No such command 'lst'"),
    ],
)
def test_an_option_that_is_unknown_doubled_or_empty_is_named(words: list[str], complaint: str, project: Path) -> None:
    done = _wikipin(project, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.startswith("Usage: wikipin")


@pytest.mark.parametrize("words", [["--json", "install", "Bad"], ["install", "Bad", "--json"]], ids=" ".join)
def test_a_refusal_is_told_in_json_too(words: list[str], project: Path) -> None:
    refused = _wikipin(project, *words)
    assert refused.returncode == 1
    assert json.loads(refused.stdout) == {
        "error": {
            "code": "invalid-name",
            "problem": "'Bad' is not a skill name",
            "remedy": "Give 1-64 of a-z, 0-9 and -, without a leading, trailing or double -",
        }
    }
    assert refused.stderr.startswith("wikipin: invalid-name: ")
    assert refused.stderr.count("\n") == 1


def test_warnings_go_to_stderr_and_the_plan_to_stdout(home: Path, project: Path) -> None:
    wiki = make_wiki(home / ".memtomem-wiki", {"hello": plain_skill("hello")})
    (wiki / "skills/hello/SKILL.md").write_text("edited")
    dry = _wikipin(project, "install", "skill", "hello", "--dry-run")
    assert "warning: the wiki's work tree" in dry.stderr
    plan = dry.stdout.splitlines()[-1].removeprefix("Plan: ")
    assert _wikipin(project, "install", "skill", "hello", "--plan", plan).returncode == 0


@pytest.mark.parametrize("expose", ["none", "claude", "agents", "agents,claude"])
@pytest.mark.parametrize("mode", ["link", "copy"])
def test_exposures_are_as_asked(expose: str, mode: str, home: Path, project: Path) -> None:
    make_wiki(home / ".memtomem-wiki", {"hello": {**plain_skill("hello"), "run.sh": (b"x", True)}})
    words = ["--json", "install", "skill", "hello", "--expose", expose, "--expose-mode", mode]

    exposed = json.loads(_wikipin(project, *words).stdout)["exposed"]

    assert exposed == [f".{word}/skills/hello" for word in ("agents", "claude") if word in expose]
    for word in ("agents", "claude"):
        place = project / f".{word}"
        assert place.exists() == (word in expose)
        if place.exists():
            assert (place / "skills/hello").is_symlink() == (mode == "link")
            assert snapshot(place / "skills/hello") == snapshot(project / ".memtomem/skills/hello")
    assert list((project / ".memtomem/.staging").iterdir()) == []


def test_an_unknown_place_to_expose_is_wrong_usage(home: Path, project: Path) -> None:
    make_wiki(home / ".memtomem-wiki", {"hello": plain_skill("hello")})
    refused = _wikipin(project, "install", "skill", "hello", "--expose", "cursor")
    assert refused.returncode == 2
    assert "'cursor' is not a place" in refused.stderr


def test_a_copy_is_not_put_where_our_link_stands(home: Path, project: Path) -> None:
    make_wiki(home / ".memtomem-wiki", {"hello": plain_skill("hello")})
    (project / ".claude/skills").mkdir(parents=True)
    (project / ".claude/skills/hello").symlink_to("../../.memtomem/skills/hello")
    before = snapshot(project)
    refused = _wikipin(project, "install", "skill", "hello", "--expose-mode", "copy")
    assert refused.stderr.startswith("wikipin: exposure-conflict: ")
    assert snapshot(project) == before


def test_a_list_in_the_home_directory_shows_no_state(home: Path) -> None:
    make_wiki(home / ".memtomem-wiki", {"hello": plain_skill("hello", "Greets.")})
    listed = _wikipin(home, "list")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "hello  -          Greets.\n", "")


def test_a_list_in_a_directory_that_was_removed_is_one_of_the_wiki(home: Path, project: Path) -> None:
    make_wiki(home / ".memtomem-wiki", {"hello": plain_skill("hello", "Greets.")})
    script = 'rmdir "$PWD" && exec "$0" -m wikipin.cli list'
    listed = subprocess.run(
        ["sh", "-c", script, sys.executable], check=False, capture_output=True, text=True, cwd=project
    )
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "hello  -          Greets.\n", "")


def test_in_the_directory_of_a_plugin_it_takes_the_project_from_the_option_alone(
    home: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wiki(home / ".memtomem-wiki", {"hello": plain_skill("hello")})
    plugin = home / "plugins/one/skills"
    plugin.mkdir(parents=True)
    monkeypatch.setenv("PLUGIN_ROOT", str(plugin.parent))
    refused = _wikipin(plugin, "install", "skill", "hello")
    assert refused.stderr == (
        "wikipin: project-not-allowed: a directory of the plugin in $PLUGIN_ROOT is never a project. "
        "Give the directory that you work in as --project, "
        "or unset $PLUGIN_ROOT before the program is started, if no plugin lives there.\n"
    )
    assert snapshot(plugin) == {}
    assert _wikipin(plugin, "--project", str(project), "install", "skill", "hello").returncode == 0
    assert (project / ".memtomem/lock.json").exists()

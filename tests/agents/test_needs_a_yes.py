"""What the real agents were seen to act on takes a person's yes, and what a person is merely told does not."""

from pathlib import Path

import pytest
from agents.acts import BLOCKING, SHOWN
from agents.forms import FORMS, form_files
from surfaces import tool
from wikis import make_wiki

_FOLLOWED = {
    f"{table}-{number}": (table, form)
    for table, forms in FORMS.items()
    for number, (form, is_followed) in enumerate(forms.items())
    if is_followed
}
_SKILLS = {row.name: row.files for row in (*BLOCKING, *SHOWN)} | {
    name: form_files(table, form, name, file=".env") for name, (table, form) in _FOLLOWED.items()
}


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    skills = {name: {path: text.encode() for path, text in files.items()} for name, files in _SKILLS.items()}
    path = tmp_path_factory.mktemp("wiki") / "wiki"
    make_wiki(path, skills)
    return path


def _code(wiki: Path, project: Path, name: str) -> str | None:
    """Return the code of a refused install where nobody is asked, or None."""
    return tool("auto", review="block")("context_install_skill", {"name": name}, wiki=wiki, project=project).code


@pytest.mark.parametrize("name", [row.name for row in BLOCKING])
def test_what_an_agent_acts_on_takes_a_persons_yes(name: str, wiki: Path, tmp_path: Path) -> None:
    assert _code(wiki, tmp_path, name) == "review-required"


@pytest.mark.parametrize("name", [row.name for row in SHOWN])
def test_what_a_person_is_told_is_installed(name: str, wiki: Path, tmp_path: Path) -> None:
    assert _code(wiki, tmp_path, name) is None


@pytest.mark.parametrize("table", FORMS)
def test_no_form_that_claude_code_follows_gets_past_the_review(table: str, wiki: Path, tmp_path: Path) -> None:
    forms = {name: form for name, (of, form) in _FOLLOWED.items() if of == table}
    assert {form: _code(wiki, tmp_path, name) for name, form in forms.items()} == dict.fromkeys(
        forms.values(), "review-required"
    )

"""Who may import whom in `core/wikipin`: each folder, and the folders that its modules may import besides their own."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import wikipin

CORE = Path(wikipin.__file__).parent
VOCABULARY = "the vocabulary"  # the modules beside the folders

MAY_IMPORT: dict[str, set[str]] = {
    VOCABULARY: set(),
    "disk": {VOCABULARY},
    "wiki": {VOCABULARY, "disk"},
    "review": {VOCABULARY},
    "plan": {VOCABULARY},
    "project": {VOCABULARY, "disk", "plan"},
    "verbs": {VOCABULARY, "disk", "wiki", "review", "plan", "project"},
    "answer": {VOCABULARY, "review", "plan", "verbs"},
}


def _name(path: Path) -> str:
    parts = ("wikipin", *path.relative_to(CORE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 2 or (CORE / parts[-1]).is_dir() else VOCABULARY


MODULES = {_name(path): path for path in sorted(CORE.rglob("*.py"))}

DOORS = {"wikipin", "wikipin.prompt"} | {module for module in MODULES if _room(module) == "cli"}
"""The public names, and the command: they may import everything."""


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[module].read_bytes())):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names if alias.name in MODULES)
            case ast.ImportFrom(module=str(source), names=names) if source in MODULES:
                inner = {f"{source}.{alias.name}" for alias in names} & set(MODULES)
                yield from inner or {source}
            case _:
                pass


@pytest.mark.parametrize("module", sorted(set(MODULES) - DOORS))
def test_a_module_imports_only_what_its_folder_may(module: str) -> None:
    allowed = {_room(module), *MAY_IMPORT[_room(module)]}
    assert [found for found in _imported(module) if found in DOORS or _room(found) not in allowed] == []


def test_no_module_imports_one_that_imports_it() -> None:
    tuple(TopologicalSorter({module: set(_imported(module)) for module in MODULES}).static_order())


@pytest.mark.parametrize("folder", sorted(set(MAY_IMPORT) - {VOCABULARY} | {"cli"}))
def test_a_folder_opens_with_one_sentence_that_says_what_it_is(folder: str) -> None:
    said = ast.get_docstring(ast.parse((CORE / folder / "__init__.py").read_bytes()))
    assert said is not None
    assert said.endswith(".")

"""Which SKILL.md agents load, and what it says; a stranger wrote it."""

import time

import pytest

from wikipin import WikipinError
from wikipin.names import Commit, RelPath, SkillName
from wikipin.skill import Header, parse_header, parse_skill, read_header
from wikipin.tree import File, Tree

_NAME = SkillName("hello")
_COMMIT = Commit("0" * 40)


def _skill_md(front: str) -> bytes:
    return f"---\n{front}\n---\nSay hello.\n".encode()


@pytest.mark.parametrize(
    ("content", "description"),
    [
        (b"---\nname: hello\ndescription: Greets.\n---\nBody\n", "Greets."),
        (b"---\r\nname: hello\r\ndescription: Greets.\r\n---\r\nBody\r\n", "Greets."),
        (b"---\r\nname: hello\r\ndescription: Greets.\r\n---", "Greets."),
        (b"---  \nname: hello  \ndescription: Greets.\t \n--- \t\nBody", "Greets."),
        (b"---\nname: hello\ndescription: Greets.\n---", "Greets."),
        (b"---\nname: hello\ndescription: Greets.\n---\nBody\n---\nname: other\n---\n", "Greets."),
        (b"---\n\n# A comment\nlicense: MIT\ndescription: Greets.\nname: hello\n\n---\n", "Greets."),
        (b'---\nname: \'hello\'\ndescription: "Greets: \\"you\\"."\n---\n', 'Greets: "you".'),
        (b"---\nname: hello\ndescription: 'It''s: well'\n---\n", "It's: well"),
        (b"---\nname: hello\ndescription: |\n  Greets.\n  Twice.\n---\n", "Greets.\nTwice."),
        (b"---\nname: hello\ndescription: >-\n  Greets\n  twice.\nlicense: MIT\n---\n", "Greets twice."),
        (b"---\nname: hello\ndescription:\n  Greets\n  twice.\n---\n", "Greets twice."),
        (b"---\nname: hello\ndescription: Use when: somebody asks.\n---\n", "Use when: somebody asks."),
        (b"---\r\nname: hello\r\ndescription: Use when:\r\n  asked: often\r\n---\r\n", "Use when: asked: often"),
        (b"---\nname: hello\ndescription: Greets [or not\n---\n", "Greets [or not"),
        (b"---\nname: hello\nmetadata: {a: [1, 2]}\ndescription: Greets # not this\n---\n", "Greets"),
        (b"---\nname: hello\ndescription: yes\n---\n", "yes"),
        (b"---\nname: hello\ndescription: 2024-01-01\n---\n", "2024-01-01"),
        (b"---\nname: hello\ndescription: caf\xc3\xa9 \xe6\x97\xa5\n---\n", "caf\u00e9 \u65e5"),
        (b"---\nname: hello\ndescription: one\ndescription: two\n---\n", "two"),
        (b"---\n{name: hello, description: Greets.}\n---\n", "Greets."),
        (b"---\nname: hello\ndescription: " + b"x" * 4_000 + b"\n---\n", "x" * 4_000),
    ],
)
def test_a_header_that_agents_load_is_read(content: bytes, description: str) -> None:
    assert read_header(_NAME, content) == Header("hello", description)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "without frontmatter"),
        (b"# Hello\n", "without frontmatter"),
        (b"\xef\xbb\xbf---\nname: hello\ndescription: Greets.\n---\n", "byte order mark"),
        (b"\n---\nname: hello\ndescription: x\n---\n", "without frontmatter"),
        (b" ---\nname: hello\ndescription: x\n---\n", "without frontmatter"),
        (b"----\nname: hello\ndescription: x\n----\n", "without frontmatter"),
        (b"---\nname: hello\ndescription: x\n", "without frontmatter"),
        (b"---\nname: hello\ndescription: x\n ---\n", "without frontmatter"),
        (b"---\nname: hello\ndescription: x\n---more\n", "without frontmatter"),
        (b"---\rname: hello\rdescription: x\r---\r", "without frontmatter"),
        (b"---\n---\n", "no name"),
        (b"---\n\n---\n", "no name"),
        (b"---\ndescription: Greets.\n---\n", "no name"),
        (b"---\nname:\ndescription: Greets.\n---\n", "no name"),
        (b"---\nName: hello\ndescription: Greets.\n---\n", "no name"),
        (b"---\nname: [hello]\ndescription: Greets.\n---\n", "no name"),
        (b"---\n- name: hello\n- description: Greets.\n---\n", "no name"),
        (b"---\njust text\n---\n", "no name"),
        (b"---\nname: hello\n---\n", "no description"),
        (b"---\nname: hello\ndescription:\n---\n", "no description"),
        (b"---\nname: hello\ndescription: ''\n---\n", "no description"),
        (b"---\nname: hello\ndescription: '  '\n---\n", "no description"),
        (b"---\nname: hello\ndescription: null\n---\n", "no description"),
        (b"---\nname: hello\ndescription: ~\n---\n", "no description"),
        (b"---\nname: hello\ndescription: |\n\n---\n", "no description"),
        (b"---\nname: hello\ndescription: {a: b}\n---\n", "no description"),
        (b"---\nname: hello\nmetadata:\n  description: Greets.\n---\n", "no description"),
        (b"---\nname: hello\nbad: a: b\ndescription: ~\n---\n", "no description"),
        (b"---\nname: other\ndescription: Greets.\n---\n", "calls itself 'other'"),
        (b"---\nname: Hello\ndescription: Greets.\n---\n", "calls itself 'Hello'"),
        (b"---\nname: hel\xe2\x80\x8blo\ndescription: Greets.\n---\n", "calls itself 'hello'"),
        (b"---\nname: hello\ndescription: caf\xe9\n---\n", "not UTF-8"),
        (b"\xff\xfe-\x00-\x00-\x00\n\x00", "not UTF-8"),
        (b"---\nname: hello\ndescription: " + b"x" * 70_000 + b"\n---\n", "of frontmatter"),
    ],
)
def test_a_header_that_no_agent_loads_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(WikipinError) as refused:
        read_header(_NAME, content)
    assert refused.value.code == "not-a-skill"
    assert refused.value.problem.startswith("skills/hello ")
    assert why in refused.value.problem


def test_a_frontmatter_that_is_empty_is_not_found_further_down() -> None:
    assert isinstance(parse_header(b"---\n---\n\nname: hello\ndescription: Greets.\n---\n"), str)


_BOMB = "\n".join(["a0: &x0 [1]", *(f"a{n}: &x{n} [{f'*x{n - 1},' * 9}]" for n in range(1, 60))])
_SLOW = {
    "open": ("", "["),
    "open maps": ("", "{"),
    "open 1,400 times": ("x: " + "[" * 1_400 + "\n", "a"),
    "deep again and again": ("[", "[" * 250 + "]" * 250 + ","),
    "deep on every line": ("", "- " + "[" * 320 + "]" * 320 + "\n"),
    "long flow": ("x: [" + "[" * 60, "a,"),
    "lists in lists": ("", "- "),
    "keys in keys": ("", "? "),
    "maps in maps": ("", "a: "),
    "anchors": ("", "&a "),
    "empty lines": ("", "\n"),
    "escapes": ('x: "', "\\n"),
    "spaces": ("x: a", " "),
    "aliases": (_BOMB, "\n"),
    "a list in itself": ("&a [*a]", " "),
    "a merge of itself": ("<<: &a {<<: *a}", " "),
}


@pytest.mark.parametrize("size", [15_000, 60_000])
@pytest.mark.parametrize(("start", "unit"), _SLOW.values(), ids=_SLOW)
def test_a_header_that_is_made_to_be_slow_is_refused_quickly(start: str, unit: str, size: int) -> None:
    started = time.process_time()
    assert isinstance(parse_header(_skill_md(start + unit * (size // len(unit)))), str)
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize("content", [b"---\n" + b"\n--- x" * 170_000, b"---\n" + b"\n---" + b" " * 1_000_000 + b"x"])
def test_a_body_that_is_made_to_be_slow_is_refused_quickly(content: bytes) -> None:
    started = time.process_time()
    assert isinstance(parse_header(content), str)
    assert time.process_time() - started < 1.5


def test_a_yaml_bomb_beside_a_good_header_does_no_harm() -> None:
    assert parse_header(_skill_md(f"name: hello\ndescription: Greets.\n{_BOMB}")) == Header("hello", "Greets.")


@pytest.mark.parametrize(
    "value", ['"\\UFFFFFFFF"', '"\\U99999999"', '"\\U00110000"', '"\\x"', "!<", "!!binary x", "*a", "%x", "\x01", "@a"]
)
def test_no_value_ends_in_anything_but_a_header_or_a_reason(value: str) -> None:
    assert isinstance(parse_header(_skill_md(f"name: hello\ndescription: {value}")), Header | str)


def _tree(**files: bytes) -> Tree:
    return Tree(
        tuple(File(RelPath(path.replace("_", ".")), content, executable=False) for path, content in files.items())
    )


def test_a_tree_with_its_skill_md_is_a_skill() -> None:
    tree = _tree(SKILL_md=_skill_md("name: hello\ndescription: Greets."), other=b"")
    skill = parse_skill(_NAME, _COMMIT, tree)
    assert (skill.name, skill.commit, skill.description, skill.tree) == ("hello", _COMMIT, "Greets.", tree)
    assert skill.warnings == []


def test_a_tree_without_a_skill_md_is_none() -> None:
    with pytest.raises(WikipinError, match=r"not-a-skill: skills/hello has no SKILL\.md"):
        parse_skill(_NAME, _COMMIT, _tree(skill_md=b"---\nname: hello\ndescription: Greets.\n---\n"))


@pytest.mark.parametrize(("length", "warns"), [(1024, False), (1025, True)])
def test_a_description_that_codex_would_not_load_is_a_warning(length: int, warns: bool) -> None:  # noqa: FBT001 - a table
    tree = _tree(SKILL_md=_skill_md(f"name: hello\ndescription: {'x' * length}"))
    assert bool(parse_skill(_NAME, _COMMIT, tree).warnings) is warns


def test_what_was_left_out_is_a_warning() -> None:
    files = _tree(SKILL_md=_skill_md("name: hello\ndescription: Greets.")).files
    skill = parse_skill(_NAME, _COMMIT, Tree(files, (("lib", "a submodule"), ("up", "a symbolic link"))))
    assert [warning.split(":")[0] for warning in skill.warnings] == ["left out 'lib'", "left out 'up'"]

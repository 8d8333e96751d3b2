"""What may be joined to a path, rule by rule, each with its two sides."""

from collections.abc import Callable

import pytest

from wikipin.errors import WikipinError
from wikipin.names import is_commit, is_entry_name, parse_plan, parse_revision, parse_skill_name, path_fault


@pytest.mark.parametrize("text", ["a", "7", "pdf-processing", "a1-b2-c3", "1-2", "a" * 64])
def test_a_name_of_the_specification_is_a_skill_name(text: str) -> None:
    assert parse_skill_name(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "PDF",
            "pdF",
            "-pdf",
            "pdf-",
            "pdf--processing",
            "-",
            "a" * 65,
            "a_b",
            "a.b",
            "a b",
            "a/b",
            "../hello",
            "..",
            ".",
            "~",
        ),
        *("hello\n", "\nhello", "hello\0", "h\u00e9llo", "\uff41", "\u0661", "\u0430", "a\u200bb"),
    ],
    ids=ascii,
)
def test_any_other_text_is_no_skill_name(text: str) -> None:
    with pytest.raises(WikipinError) as refused:
        parse_skill_name(text)
    assert refused.value.code == "invalid-name"


@pytest.mark.parametrize("text", ["a", "A.b_c-d", "_", ".hidden", "...", "9", "a-", "a--b", "a" * 64])
def test_another_tools_name_may_be_an_entry(text: str) -> None:
    assert is_entry_name(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "-a", "a" * 65, "a/b", "../a", "a\\b", "a b", "a\n", "\u00e9", "a\0", "a:b"], ids=ascii
)
def test_what_could_lead_out_of_a_directory_is_no_entry_name(text: str) -> None:
    assert not is_entry_name(text)


@pytest.mark.parametrize("value", ["0" * 40, "0123456789abcdef" * 4])
def test_a_full_id_is_a_commit(value: str) -> None:
    assert is_commit(value)


@pytest.mark.parametrize(
    "value", ["", "a" * 39, "a" * 41, "a" * 63, "a" * 65, "A" * 40, "g" * 40, "a" * 40 + "\n", b"a" * 40, 10**39, None]
)
def test_anything_else_is_no_commit(value: object) -> None:
    assert not is_commit(value)


@pytest.mark.parametrize(
    "text", ["HEAD", "main", "v1.0", "feature/x", "HEAD~2", "v1^0", "@", "0" * 64, "caf\u00e9", "a" * 200]
)
def test_what_git_may_know_as_a_commit_is_a_revision(text: str) -> None:
    assert parse_revision(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "-n", "--all", "a b", "HEAD:skills", "a*", "a?", "a[b]", "a\\b", "a" * 201),
        *("a\nb", "a\tb", "a\0b", "a\x7fb", "a\u200bb", "a\u202eb", "a\u2028b", "a\ud800b"),
    ],
    ids=ascii,
)
def test_what_could_mean_more_than_one_commit_is_no_revision(text: str) -> None:
    with pytest.raises(WikipinError) as refused:
        parse_revision(text)
    assert refused.value.code == "invalid-argument"


def test_a_digest_is_a_plan() -> None:
    assert parse_plan("0123456789abcdef" * 4) == "0123456789abcdef" * 4


@pytest.mark.parametrize("text", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n", " " + "a" * 63])
def test_anything_else_is_no_plan(text: str) -> None:
    with pytest.raises(WikipinError) as refused:
        parse_plan(text)
    assert refused.value.code == "invalid-argument"


@pytest.mark.parametrize("parse", [parse_skill_name, parse_revision, parse_plan])
def test_a_refusal_shows_nothing_hidden_and_not_all_of_it(parse: Callable[[str], str]) -> None:
    with pytest.raises(WikipinError) as refused:
        parse("x\u202e\x1b[31m" + "y" * 5000)
    assert "x[31my" in str(refused.value)
    assert len(str(refused.value)) < 400


_SAFE = [
    "SKILL.md",
    "scripts/run.sh",
    "x" * 128,  # bytes a part
    "\u00e9" * 64,
    "x" * 128 + "/" + "y" * 71,  # bytes a path
    "/".join("abcdefghijkl"),  # depth
    "\u65e5\u672c\u8a9e.md",
    "caf\u00e9",
    "\U0001f600.png",
    "!#$%&'()+,;=@[]^_`{}",
    "a b",
    "a-b",
    "a~b",
    ".hidden",
    "a.b.c",
    "_a",
    "console",
    "com",
    "com10",
    "lpt",
    "nulls.txt",
    "auxiliary/prnt",
    "x.con",
    ".gitignore",
    ".github/x",
    "git",
    "git~x",
    "xgit~1",
    "x.git",
]


@pytest.mark.parametrize("path", _SAFE, ids=ascii)
def test_a_path_that_every_file_system_keeps_is_taken(path: str) -> None:
    assert path_fault(path) is None


_UNSAFE = {
    "is longer than 200 bytes": ["x" * 128 + "/" + "y" * 72, "\u00e9" * 50 + "/" + "\u00e9" * 50],
    "is deeper than 12 directories": ["/".join("abcdefghijklm")],
    "has an empty, '.' or '..' part": ["", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b"],
    "has a part longer than 128 bytes": ["x" * 129, "\u00e9" * 64 + "x", "a/" + "x" * 129],
    "has a control or an invisible character": [
        f"a{character}b"
        for character in "\0\t\n\r\x1b\x7f\x85\xad\u034f\u061c\u115f\u180e\u200b\u200d\u200e\u2028\u2029\u202e\u2060"
        "\u2066\u3164\ufe0f\ufeff\uffa0\ue000\ud800\U000e0041\U000e0100\U000f0000\u2800\ufffc\U0001d159\U00013441"
    ],
    "is not in Unicode's NFC form": ["cafe\u0301", "\u212b", "a/\u1100\u1161"],
    "has one of": [f"a{character}b" for character in '\\:*?"<>|'] + ["c:", "a/b\\..\\c"],
    "has a part that begins with": [" a", "-a", "~a", "a/ b", "a/-rf", "a/~b", "~", "\xa0", "\u3000a"],
    "has a part that ends with": ["a.", "a ", "a./b", "a /b", "...", "a..", "con.", "a\u2003", "a\xa0/b"],
    "has the name of a Windows device": [
        *("con", "CON", "Con.txt", "prn", "aux.c", "nul", "NUL.tar.gz", "com1", "COM9.md", "lpt1", "LPT9", "com0"),
        *("com\u00b9", "com\u00b2", "LPT\u00b3.txt", "conin$", "CONOUT$", "conout$.x", "a/con/b", "prn/a"),
        *("\uff4e\uff55\uff4c", "con .txt"),
    ],
    "may be taken for '.git'": [
        *(".git", ".GIT", ".Git/config", "a/.git", "git~1", "GIT~1", "git~2/hooks", "git~10"),
        *("\uff0egit", ".\uff47it", ".g\uff49t", "\uff27\uff29\uff34~1"),
    ],
}


@pytest.mark.parametrize(("path", "why"), [(path, why) for why, paths in _UNSAFE.items() for path in paths], ids=ascii)
def test_a_path_that_some_file_system_would_take_for_another_is_faulted(path: str, why: str) -> None:
    assert (path_fault(path) or "").startswith(why)


@pytest.mark.parametrize("path", [".git ", ".git.", ".git::$INDEX_ALLOCATION", ".g\u200cit", ".git\\config", "git~1 "])
def test_what_windows_or_macos_would_open_as_dot_git_is_faulted(path: str) -> None:
    assert path_fault(path) is not None

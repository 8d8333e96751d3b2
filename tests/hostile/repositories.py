"""Repositories that nobody means well with, around one good skill: what they may do to an install of it is nothing.

Where the skill can be read, its true bytes are installed; where not, the wiki is refused. In both cases none of what a
repository names is run, fetched or followed.
"""

import os
import shutil
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wikis import Content, commit, git, head, make_wiki, object_file, object_id, plain_skill, skill_md, write_object

TRUE: dict[str, Content] = {
    "SKILL.md": skill_md("hello", body="caf\u00e9\r\n$Id$ $Format:%H$\r\n"),
    "notes.txt": b"one\r\ntwo\n$Id$",
    "run.sh": (b"#!/bin/sh\necho true\n", True),
}
ATTRIBUTES = b"[!.]* text eol=crlf ident export-subst filter=evil diff=evil merge=evil working-tree-encoding=UTF-16\n"


@dataclass(frozen=True)
class Trap:
    """A repository: `lay` makes it at a path, given a program that leaves a mark and a directory for what lies outside.

    `spring` are arguments of git that walk into it, for the proof that it is one.
    """

    what: str
    lay: Callable[[Path, str, Path], object]
    code: str | None = None
    spring: Sequence[str] = ()


def _config(values: Mapping[str, str], *, spring: Sequence[str] = (), what: str, attributes: bytes = b"") -> Trap:
    def lay(path: Path, mark: str, outside: Path) -> None:
        _good(path)
        if attributes:
            (path / ".git" / "info").mkdir(exist_ok=True)
            (path / ".git" / "info" / "attributes").write_bytes(attributes)
        for key, value in values.items():
            git(path, "config", key, value.format(mark=mark, outside=outside))

    return Trap(what, lay, None, spring)


def _good(path: Path) -> Path:
    return make_wiki(path, {"hello": TRUE})


def _script(file: Path, mark: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\nexec '{mark}'\n")
    file.chmod(0o755)


_HOOKS = (
    *("applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-checkout", "post-commit", "post-index-change"),
    *("post-merge", "pre-commit", "pre-auto-gc", "prepare-commit-msg", "reference-transaction", "update"),
)


def _hooks(path: Path, mark: str, _: Path) -> None:
    _good(path)
    for hook in _HOOKS:
        _script(path / ".git" / "hooks" / hook, mark)


def _hooks_elsewhere(path: Path, mark: str, outside: Path) -> None:
    _good(path)
    _script(outside / "hooks" / "pre-commit", mark)
    git(path, "config", "core.hooksPath", str(outside / "hooks"))


def _committed_attributes(path: Path, mark: str, _: Path) -> None:
    _good(path)
    commit(path, files={".gitattributes": ATTRIBUTES, "skills/.gitattributes": ATTRIBUTES})
    for key in ("clean", "smudge", "process"):
        git(path, "config", f"filter.evil.{key}", f"{mark}; cat")
    git(path, "config", "filter.evil.required", "true")


def _included(path: Path, mark: str, outside: Path) -> None:
    _good(path)
    (outside / "config").write_text(f'[core]\n\tfsmonitor = "{mark}; false"\n')
    git(path, "config", "include.path", str(outside / "config"))
    git(path, "config", "includeIf.gitdir:/.path", str(outside / "config"))


def _signed(path: Path, mark: str, outside: Path) -> None:
    _good(path)
    tree, parent = object_id(path, "HEAD^{tree}"), head(path)
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    who = "A <a> 1 +0000"
    text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n{signature}\nx\n"
    git(path, "update-ref", "refs/heads/main", write_object(path, "commit", text.encode()))
    _script(outside / "gpg", mark)
    git(path, "config", "gpg.program", str(outside / "gpg"))
    git(path, "config", "log.showSignature", "true")


def _partial(url: str, values: Mapping[str, str]) -> Callable[[Path, str, Path], None]:
    """Make a clone that has no blob, and would fetch each one from `url` when it is read."""

    def lay(path: Path, mark: str, outside: Path) -> None:
        source = _good(outside / "source")
        git(source, "config", "uploadpack.allowFilter", "true")
        git(source, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{source}", str(path))
        git(path, "config", "remote.origin.url", url.format(mark=mark, outside=outside))
        git(path, "config", "protocol.allow", "always")
        for key, value in values.items():
            git(path, "config", key, value.format(mark=mark, outside=outside))

    return lay


_BLOB = ("cat-file", "blob", "HEAD:skills/hello/run.sh")


def _replaced(path: Path, _: str, __: Path) -> None:
    old = head(_good(path))
    new = commit(path, {"hello": plain_skill("hello", "Replaced.")})
    git(path, "update-ref", "refs/heads/main", old)
    names = ("", ":", ":skills/hello", ":skills/hello/SKILL.md")
    for one, other in [(object_id(path, f"{old}{name}"), object_id(path, f"{new}{name}")) for name in names]:
        git(path, "replace", one, other)


def _graft(path: Path, _: str, __: Path) -> None:
    old = head(_good(path))
    new = commit(path, {"hello": plain_skill("hello")})
    git(path, "update-ref", "refs/heads/main", old)
    (path / ".git" / "info").mkdir(exist_ok=True)
    (path / ".git" / "info" / "grafts").write_text(f"{old} {new}\n")


def _alternate(path: Path, _: str, outside: Path) -> None:
    """Borrow every object from a repository outside, as `git clone --shared` does."""
    git(_good(outside / "source"), "clone", "--quiet", "--shared", str(outside / "source"), str(path))


def _alternates(text: str) -> Callable[[Path, str, Path], None]:
    def lay(path: Path, _: str, outside: Path) -> None:
        _good(path)
        (path / ".git" / "objects" / "info" / "alternates").write_text(text.format(outside=outside, path=path))

    return lay


def _remote_alternates(path: Path, _: str, __: Path) -> None:
    _without_blob(path)
    (path / ".git" / "objects" / "info" / "http-alternates").write_text("http://127.0.0.1:9/objects\n")
    (path / ".git" / "objects" / "info" / "alternates").write_text("http://127.0.0.1:9/objects\nssh://127.0.0.1/x\n")


def _without_blob(path: Path) -> None:
    object_file(_good(path), object_id(path, "HEAD:skills/hello/run.sh")).unlink()


def _pointing(text: str) -> Callable[[Path, str, Path], None]:
    """Make a wiki whose `.git` is a file."""

    def lay(path: Path, _: str, outside: Path) -> None:
        _good(outside / "other")
        path.mkdir()
        (path / ".git").write_bytes(text.format(outside=outside).encode())

    return lay


def _linked_git(path: Path, _: str, outside: Path) -> None:
    path.mkdir()
    (path / ".git").symlink_to(_good(outside / "other") / ".git")


def _fifo(path: Path, _: str, __: Path) -> None:
    path.mkdir()
    os.mkfifo(path / ".git")


def _common_elsewhere(path: Path, _: str, outside: Path) -> None:
    _good(path)
    _good(outside / "other")
    shutil.rmtree(path / ".git" / "objects")
    (path / ".git" / "commondir").write_text(f"{outside}/other/.git\n")


def _special(name: str) -> Callable[[Path, str, Path], None]:
    def lay(path: Path, _: str, __: Path) -> None:
        _good(path)
        (path / ".git" / name).unlink(missing_ok=True)
        os.mkfifo(path / ".git" / name)

    return lay


def _written(name: str, content: bytes) -> Callable[[Path, str, Path], None]:
    def lay(path: Path, _: str, __: Path) -> None:
        _good(path)
        git(path, "pack-refs", "--all")
        file = path / ".git" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    return lay


def _appended(config: bytes) -> Callable[[Path, str, Path], None]:
    def lay(path: Path, _: str, __: Path) -> None:
        with (_good(path) / ".git" / "config").open("ab") as file:
            file.write(config)

    return lay


def _swapped_pack(path: Path, _: str, __: Path) -> None:
    """Exchange in a pack's index where two blobs are: each id then leads to the bytes of the other."""
    _good(path)
    git(path, "gc", "--quiet")
    ids = sorted(git(path, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").decode().split())
    (index,) = (path / ".git" / "objects" / "pack").glob("*.idx")
    content = bytearray(index.read_bytes())
    offsets = 8 + 256 * 4 + len(ids) * 24
    places = [offsets + 4 * ids.index(object_id(path, f"HEAD:skills/hello/{name}")) for name in ("run.sh", "notes.txt")]
    one, other = (struct.unpack_from(">I", content, place)[0] for place in places)
    for place, offset in zip(places, (other, one), strict=True):
        struct.pack_into(">I", content, place, offset)
    index.chmod(0o644)
    index.write_bytes(content)


def _damaged_pack(path: Path, _: str, __: Path) -> None:
    _good(path)
    git(path, "gc", "--quiet")
    (pack,) = (path / ".git" / "objects" / "pack").glob("*.pack")
    content = bytearray(pack.read_bytes())
    content[20:-20] = bytes(len(content) - 40)
    pack.chmod(0o644)
    pack.write_bytes(content)


def _programs(path: Path, mark: str, _: Path) -> None:
    """Put programs named like git and what it starts into the wiki, where a lookup in the wrong place finds them."""
    _good(path)
    for name in ("git", "git-cat-file", "git-rev-parse", "git-remote-https", "sh", "less"):
        _script(path / name, mark)
        _script(path / ".git" / name, mark)


def _work_tree(path: Path, _: str, outside: Path) -> None:
    """Put links and special files where the skill is in the work tree, which is only compared."""
    _good(path)
    skill = path / "skills" / "hello"
    shutil.rmtree(skill)
    skill.mkdir()
    (skill / "SKILL.md").symlink_to(outside / "secret")
    (skill / "away").symlink_to(outside)
    os.mkfifo(skill / "run.sh")


def _work_tree_away(path: Path, _: str, outside: Path) -> None:
    shutil.rmtree(_good(path) / "skills")
    (path / "skills").symlink_to(outside)
    (outside / "hello").mkdir()
    (outside / "hello" / "SKILL.md").write_text("outside\n")


_EXT = "ext::{mark}"
_PROMISOR = {"remote.origin.promisor": "true"}

TRAPS = [
    Trap("hooks", _hooks, None, ("commit", "--quiet", "--allow-empty", "-m", "x")),
    Trap("hooks elsewhere", _hooks_elsewhere, None, ("commit", "--quiet", "--allow-empty", "-m", "x")),
    Trap("filters and attributes that are committed", _committed_attributes, None, ("checkout-index", "-f", "-a")),
    _config(
        {f"filter.evil.{key}": "{mark}; cat" for key in ("clean", "smudge", "process")} | {"core.autocrlf": "true"},
        what="filters and attributes of the repository",
        attributes=ATTRIBUTES,
        spring=("checkout-index", "-f", "-a"),
    ),
    _config(
        {"diff.evil.textconv": "{mark}; cat", "diff.external": "{mark}", "merge.evil.driver": "{mark}"},
        what="a diff, a conversion and a merge by programs",
        attributes=ATTRIBUTES,
        spring=("show", "HEAD"),
    ),
    _config({"core.fsmonitor": "{mark}; false"}, what="a file system monitor", spring=("status",)),
    _config(
        {f"pager.{name}": "{mark}" for name in ("cat-file", "rev-parse", "rev-list", "config")}
        | {"core.pager": "{mark}", "core.editor": "{mark}", "core.askPass": "{mark}", "credential.helper": "!{mark}"},
        what="pagers, an editor, and helpers for passwords",
    ),
    _config(
        {f"alias.{name}": "!{mark}" for name in ("cat-file", "rev-parse", "rev-list", "config", "evil")},
        what="aliases of the commands that are run",
        spring=("evil",),
    ),
    _config(
        {"core.sshCommand": "{mark}; false", "remote.origin.url": "ssh://127.0.0.1/x", "protocol.allow": "always"},
        what="a program for ssh",
        spring=("fetch", "origin"),
    ),
    _config(
        {"core.gitProxy": "{outside}/proxy", "remote.origin.url": "git://127.0.0.1/x", "submodule.recurse": "true"}
        | {
            "core.alternateRefsCommand": "{mark}",
            "submodule.x.update": "!{mark}",
            "uploadpack.packObjectsHook": "{mark}",
        },
        what="a proxy and commands for fetches",
    ),
    Trap("included config", _included, None, ("status",)),
    Trap(
        "a config that is read from what git is asked",
        _appended(b"[include]\npath = /dev/stdin\n"),
        "wiki-unreadable",
    ),
    Trap("a signature and a program that checks it", _signed, None, ("log",)),
    Trap("a partial clone of a command", _partial(_EXT, _PROMISOR), "wiki-unreadable", _BLOB),
    Trap(
        "a partial clone with a program for uploads",
        _partial("file://{outside}/source", {"remote.origin.uploadpack": "{mark}; git-upload-pack"}),
        "wiki-unreadable",
        _BLOB,
    ),
    Trap("a partial clone by git", _partial("git://127.0.0.1:9/x", {}), "wiki-unreadable"),
    Trap("a partial clone by http", _partial("http://127.0.0.1:9/x", {}), "wiki-unreadable"),
    Trap("a partial clone by a helper", _partial("x", {"remote.origin.vcs": "evil"}), "wiki-unreadable"),
    Trap("objects that are replaced", _replaced),
    Trap("a graft", _graft),
    Trap("objects of another repository", _alternate),
    Trap("alternates in a circle", _alternates("{path}/.git/objects\n../objects\n")),
    Trap("alternates that are no directories", _alternates("/dev/zero\n{outside}/none\n\0\n# x\n{outside}/secret\n")),
    Trap("alternates over a network", _remote_alternates, "wiki-unreadable"),
    Trap("a .git file that leads to another repository", _pointing("gitdir: {outside}/other/.git\n")),
    Trap("a .git file that leads to a directory", _pointing("gitdir: {outside}\n"), "wiki-not-found"),
    Trap("a .git file that leads to itself", _pointing("gitdir: .git\n"), "wiki-not-found"),
    Trap("a .git file that leads to a file", _pointing("gitdir: {outside}/secret\n"), "wiki-not-found"),
    Trap("a .git file that leads nowhere", _pointing("gitdir: \0/../x\n"), "wiki-not-found"),
    Trap("a .git file that says nothing", _pointing(""), "wiki-not-found"),
    Trap("a .git file of noise", _pointing("\u202e" * 9000), "wiki-not-found"),
    Trap("a .git that is a link", _linked_git),
    Trap("a .git that is a FIFO", _fifo, "wiki-not-found"),
    Trap("a .git without anything", lambda path, _, __: (path / ".git").mkdir(parents=True), "wiki-unreadable"),
    Trap("objects and refs of another repository", _common_elsewhere),
    _config({"core.worktree": "{outside}"}, what="a work tree elsewhere"),
    _config({"core.bigFileThreshold": "1", "core.looseCompression": "0"}, what="blobs that are all large"),
    Trap(
        "a version of the format that is not known",
        _appended(b"[core]\nrepositoryformatversion = 99\n"),
        "wiki-unreadable",
    ),
    Trap(
        "an extension that is not known",
        _appended(b"[core]\nrepositoryformatversion = 1\n[extensions]\nevil = true\n"),
        "wiki-unreadable",
    ),
    Trap(
        "ids of another length",
        _appended(b"[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n"),
        "wiki-empty",
    ),
    Trap("config that is none", _appended(b"[core\n\0\xff"), "wiki-unreadable"),
    Trap("a HEAD that leads out", _written("HEAD", b"ref: ../../outside/secret\n"), "wiki-unreadable"),
    Trap("a HEAD of noise", _written("HEAD", b"\xff" * 999), "wiki-unreadable"),
    Trap("a HEAD that leads to itself", _written("HEAD", b"ref: HEAD\n"), "wiki-unreadable"),
    Trap("a branch of noise", _written("refs/heads/main", b"x\n"), "wiki-empty"),
    Trap("a branch that leads to itself", _written("refs/heads/main", b"ref: refs/heads/main\n"), "wiki-empty"),
    Trap("a commit graph of noise", _written("objects/info/commit-graph", b"CGPH" + b"\xff" * 999)),
    Trap(
        "an index of all packs, of noise",
        _written("objects/pack/multi-pack-index", b"MIDX" + b"\xff" * 999),
        "wiki-unreadable",
    ),
    Trap("a list of packs of noise", _written("objects/info/packs", b"P ../../../x.pack\n")),
    Trap("a shallow file of noise", _written("shallow", b"x\n"), "wiki-unreadable"),
    Trap("a pack with two of its blobs exchanged", _swapped_pack, "wiki-unreadable"),
    Trap("a damaged pack", _damaged_pack, "wiki-unreadable"),
    Trap("programs that are named like git", _programs),
    Trap("a work tree of links and special files", _work_tree),
    Trap("a work tree whose skills are a link", _work_tree_away),
]

HANGS = [
    Trap("a config that never ends", _special("config"), "wiki-unreadable"),
    Trap("a HEAD that never ends", _special("HEAD"), "wiki-unreadable"),
]

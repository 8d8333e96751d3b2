"""One wiki and one project, and the two programs that both keep the project's lockfile, as processes of their own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wikis import git, object_id

Json = dict[str, Any]
Done = subprocess.CompletedProcess[str]
Racer = subprocess.Popen[str]

_GATED = Path(__file__).with_name("gated.py")
_MM_ROW = re.compile(r"^  (\S)  (\S+) +(\S+) ", re.MULTILINE)
_MM_STATES = {"✓": "ok", "↑": "behind", "✗": "dirty", "!": "missing", "⚠": "stale-pin", "○": "untracked"}
"""What `mm context status` shows of each state. It has no JSON."""


@dataclass(frozen=True)
class Tool:
    """A program: its Python, where its command is, and what that imports when it is needed."""

    python: Path
    command: str
    also: str
    before: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """The two programs, in front of the same wiki and the same project."""

    memtomem: Path
    """The Python that memtomem is installed in."""
    place: Path
    racers: list[Racer] = field(default_factory=list[Racer])
    """All that were started at the gate."""

    @property
    def wiki(self) -> Path:
        return self.place / "wiki"

    @property
    def project(self) -> Path:
        return self.place / "project"

    @property
    def lockfile(self) -> Path:
        return self.project / ".memtomem/lock.json"

    def copy(self, name: str) -> Path:
        return self.project / ".memtomem/skills" / name

    def entry(self, name: str) -> Json:
        """Return what the lockfile says of one skill."""
        entry: Json = self.read()["skills"][name]
        return entry

    def read(self) -> Json:
        """Return the lockfile's document."""
        document: Json = json.loads(self.lockfile.read_bytes())
        return document

    def rewrite(self, document: Json) -> None:
        """Put another document into the lockfile, as a third program might."""
        self.lockfile.write_text(json.dumps(document), encoding="utf-8")

    @property
    def mm(self) -> Tool:
        return Tool(self.memtomem, "memtomem.cli:cli", "memtomem.cli.context_cmd", ("context",))

    @property
    def wikipin(self) -> Tool:
        before = ("--wiki", str(self.wiki), "--project", str(self.project), "--json")
        return Tool(Path(sys.executable), "wikipin.cli:main", "wikipin.verbs.install,filelock", before)

    def run_mm(self, *words: str) -> Done:
        """Run `mm context WORDS`, whatever comes of it; but a traceback is no answer."""
        module, _, function = self.mm.command.partition(":")
        code = f"import sys; from {module} import {function}; sys.argv[0] = 'mm'; {function}()"
        return self._run([self.memtomem, "-P", "-c", code, *self.mm.before, *words])

    def run_wikipin(self, *words: str) -> Done:
        """Run `wikipin WORDS`, whatever comes of it; but a traceback is no answer."""
        return self._run([sys.executable, "-m", "wikipin.cli", *self.wikipin.before, *words])

    def mm_does(self, *words: str) -> str:
        """Run `mm context WORDS`, which must succeed, and return what it prints."""
        done = self.run_mm(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wikipin_does(self, *words: str) -> Json:
        """Run `wikipin WORDS`, which must succeed, and return its answer."""
        done = self.run_wikipin(*words)
        assert done.returncode == 0, done.stderr
        answer: Json = json.loads(done.stdout)
        return answer

    def mm_states(self) -> dict[str, str]:
        """Return skill -> state as memtomem sees it."""
        said = self.mm_does("status")
        found = {name: _MM_STATES[sign] for sign, name, _ in _MM_ROW.findall(said)}
        assert f"{sum(state != 'untracked' for state in found.values())} asset(s) installed" in said, said
        return found

    def listed(self) -> dict[str, str]:
        """Return skill -> state as wikipin sees it, of the skills in the wiki."""
        return {skill["name"]: skill["state"] for skill in self.wikipin_does("list")["skills"]}

    def statuses(self) -> dict[str, str]:
        """Return skill -> state as wikipin sees it, of the skills in the project."""
        return {skill["name"]: skill["state"] for skill in self.wikipin_does("status")["skills"]}

    def changed(self, name: str) -> set[str]:
        """Return the paths that wikipin calls changed in one copy."""
        (skill,) = (skill for skill in self.wikipin_does("status")["skills"] if skill["name"] == name)
        return {change["path"] for change in skill["changes"]}

    def is_whole(self, name: str, commit: str = "HEAD") -> bool:
        """Tell whether the copy has the bytes of that commit, and nothing else; modes are another matter."""
        copy = self.copy(name)
        on_disk = {str(path.relative_to(copy)): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
        below = f"skills/{name}/"
        paths = git(self.wiki, "ls-tree", "-rz", "--name-only", commit, "--", below).decode().split("\0")
        blobs = {path.removeprefix(below): object_id(self.wiki, f"{commit}:{path}") for path in paths if path}
        return on_disk.keys() == blobs.keys() and all(
            git(self.wiki, "hash-object", "--no-filters", "--stdin", given=on_disk[path]).decode() == oid
            for path, oid in blobs.items()
        )

    def race(self, *runs: tuple[Tool, Sequence[str]], meanwhile: Callable[[], object] = lambda: None) -> list[Done]:
        """Run all of these at once, none before all of them have started; read the lockfile all the while."""
        racers = [self.at_the_gate(tool, *words) for tool, words in runs]
        for racer in racers:
            let_go(racer)
        meanwhile()
        while any(racer.poll() is None for racer in racers):
            if self.lockfile.exists():
                self.read()  # no reader ever finds half of it
            _wait_a_little(racers)
        return [finished(racer) for racer in racers]

    def at_the_gate(self, tool: Tool, *words: str) -> Racer:
        """Start this, and return when it is about to begin."""
        racer = subprocess.Popen(
            [tool.python, "-P", _GATED, tool.command, tool.also, *tool.before, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=self.project,
            env=self._environment(),
        )
        self.racers.append(racer)
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
        return racer

    def end(self) -> None:
        """End what a test that failed has left at work."""
        for racer in self.racers:
            racer.kill()
            for stream in (racer.stdin, racer.stdout, racer.stderr):
                assert stream is not None
                stream.close()
            racer.wait()

    def _run(self, command: Sequence[str | Path]) -> Done:
        return _answered(
            subprocess.run(
                command,
                check=False,
                capture_output=True,
                encoding="utf-8",
                cwd=self.project,
                env=self._environment(),
            )
        )

    def _environment(self) -> dict[str, str]:
        """All that either program is told of this machine: memtomem asks it where the wiki is."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.place / "home"),
            "MEMTOMEM_WIKI_PATH": str(self.wiki),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONUTF8": "1",
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        }


def let_go(racer: Racer) -> None:
    """Let what is at the gate begin."""
    assert racer.stdin is not None
    racer.stdin.write("go\n")
    racer.stdin.flush()


def finished(racer: Racer) -> Done:
    """Wait for the end of it; a traceback is no answer."""
    out, err = racer.communicate()
    return _answered(Done(racer.args, racer.returncode, out, err))


def _answered(done: Done) -> Done:
    """Check that a program came to an end of its own: done, or refused, and it says so."""
    assert done.returncode in {0, 1}, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0 or done.stderr.strip()
    return done


def _wait_a_little(racers: Sequence[Racer]) -> None:
    for racer in racers:
        if racer.poll() is None:
            try:
                racer.wait(0.002)
            except subprocess.TimeoutExpired:
                return

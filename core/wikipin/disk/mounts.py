"""The mounted file systems, as Linux lists them (proc_pid_mountinfo(5)). macOS has no such list: there are none."""

import re
from dataclasses import dataclass
from pathlib import Path

_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """One mounted file system: its device as `major:minor`, where it is, and its type."""

    device: str
    path: str
    type: str


def read_mounts() -> list[Mount]:
    """Return the mounts that this process sees; none if there is no list."""
    try:
        with Path("/proc/self/mountinfo").open(encoding="utf-8", errors="surrogateescape") as lines:
            return [_parse(line) for line in lines]
    except OSError:
        return []


def _parse(line: str) -> Mount:
    before, _, after = line.partition(" - ")
    _, _, device, _, path, *_ = before.split(" ")
    return Mount(device, _ESCAPED.sub(lambda match: chr(int(match[1], 8)), path), after.split(" ")[0])

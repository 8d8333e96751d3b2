"""What stands below a directory, byte for byte and name for name, so that two moments can be compared."""

import os
import stat
from pathlib import Path

Snapshot = dict[str, tuple[int, bytes]]


def snapshot(root: Path) -> Snapshot:
    """Return path -> (mode, bytes or link target) for everything below `root`, links not followed."""
    found: Snapshot = {}
    waiting = [str(root)]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            mode = entry.stat(follow_symlinks=False).st_mode
            content = b""
            if stat.S_ISLNK(mode):
                content = os.fsencode(os.readlink(entry.path))  # noqa: PTH115 - thousands of paths, some very deep
            elif stat.S_ISREG(mode):
                content = Path(entry.path).read_bytes()
            elif stat.S_ISDIR(mode):
                waiting.append(entry.path)
            found[entry.path[len(str(root)) + 1 :]] = (mode, content)
    return found


def left_over(project: Path) -> list[str]:
    """Name what a change left in `.memtomem` that was for a while alone."""
    ours = project / ".memtomem"
    found = snapshot(ours) if ours.exists() else {}
    return [f"left over: {path}" for path in found if path.startswith((".staging/", ".txn/"))]

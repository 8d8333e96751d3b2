"""What stands below a directory, byte for byte and name for name, so that two moments can be compared."""

import os
import stat
from pathlib import Path

Snapshot = dict[str, tuple[int, bytes]]


def snapshot(root: Path) -> Snapshot:
    """Return path -> (mode, bytes or link target) for everything below `root`, links not followed."""
    found: Snapshot = {}
    for directory, names, files in os.walk(root):
        for name in [*names, *files]:
            path = Path(directory) / name
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                content = os.fsencode(path.readlink())
            elif stat.S_ISREG(mode):
                content = path.read_bytes()
            else:
                content = b""
            found[str(path.relative_to(root))] = (mode, content)
    return found

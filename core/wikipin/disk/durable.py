"""Making a write survive a power cut: the one module that knows how each platform flushes its disk cache.

fsync(2) on Linux reaches the medium; on macOS only `F_FULLFSYNC` does (fcntl(2) there), and not on every file system.
"""

import os
import sys

if sys.platform == "darwin":
    import fcntl

    def sync(descriptor: int) -> None:
        """Return when what was written through `descriptor`, a file or a directory, is on the medium."""
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:
            os.fsync(descriptor)

else:

    def sync(descriptor: int) -> None:
        """Return when what was written through `descriptor`, a file or a directory, is on the medium."""
        os.fsync(descriptor)

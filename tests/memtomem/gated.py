"""Runs a command once all it needs is imported and its parent says so: `gated.py MODULE:FUNCTION MODULE,... WORDS`.

Run by the Python of the tool that is raced, so it imports nothing else. Whoever starts several of these, hears `ready`
from each, and then lets them go, has them all in the middle of their work at once, however slowly they start.
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    entry, also = sys.argv.pop(1), sys.argv.pop(1)
    module, _, function = entry.partition(":")
    command = getattr(import_module(module), function)
    for name in also.split(","):
        import_module(name)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    command()

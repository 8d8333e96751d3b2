"""What the sweeps came to: each records what it counted, and the end of a run says the sums."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sum of each property that a sweep which passed has recorded."""
    counts = Counter[str]()
    for report in terminalreporter.getreports("passed"):
        for what, number in report.user_properties:
            counts[what] += number
    if counts:
        terminalreporter.section("sweeps")
        for what, number in sorted(counts.items()):
            terminalreporter.write_line(f"{what}: {number:,}")

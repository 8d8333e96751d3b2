"""What the sweeps came to: each records what it counted, and the end of a run says it of all of them."""

from collections import defaultdict

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the sweeps that passed have recorded: counts are added up, of ratios the largest counts."""
    recorded = defaultdict[str, list[float]](list)
    for report in terminalreporter.getreports("passed"):
        for what, number in report.user_properties:
            recorded[what].append(number)
    if recorded:
        terminalreporter.section("sweeps")
        for what, numbers in sorted(recorded.items()):
            told = sum(numbers) if all(isinstance(number, int) for number in numbers) else max(numbers)
            terminalreporter.write_line(f"{what}: {told:,}")

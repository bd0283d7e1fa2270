"""What all tests share."""

from __future__ import annotations

import signal
from collections import Counter

import pytest


def pytest_configure() -> None:
    # A script that starts the tests in the background makes them, and what they start, ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Last of all, what was not tried here and how it can be: a green run may hide a lot."""
    skipped = Counter(
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
    )
    if skipped:
        terminalreporter.section("not tried here")
    for reason, times in skipped.most_common():
        terminalreporter.write_line(f"{times} test{'s' if times > 1 else ''}: {reason}")

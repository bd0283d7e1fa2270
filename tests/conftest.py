"""What all tests share."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    # A script that starts the tests in the background makes them, and what they start, ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

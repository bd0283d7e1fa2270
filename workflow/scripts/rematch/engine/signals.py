"""Signals that ask for an end."""

from __future__ import annotations

import signal
import threading
from typing import Any


def handle_apart(number: int) -> None:
    """Let the handler that a signal has now run in a thread of its own from here on.

    Snakemake 9.27 answers SIGTERM by taking a lock in its main thread, which holds the same lock
    while it notes that a job has finished, and then waits for itself without end.
    """
    handler = signal.getsignal(number)
    if not callable(handler):  # the signal is ignored, or ends the process
        return

    def start(*given: Any) -> None:
        threading.Thread(target=handler, args=given, daemon=True).start()

    signal.signal(number, start)

"""The screen of `make run`, as a logger plugin of Snakemake's: `snakemake --logger rematch`.

Found by its name wherever `workflow/scripts` is on Python's path. Snakemake's own log stays in its
file under `.snakemake/log/`.
"""

from __future__ import annotations

import argparse
import sys
import threading
from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

from rematch.engine import Screen, screens


class LogHandler(LogHandlerBase):
    """Hands what Snakemake says on to a `Screen`."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
        self.screen = Screen(sys.stderr, files=parser.parse_known_args()[0].configfile)
        self.ended = threading.Event()
        screens.append(self.screen)
        threading.Thread(target=self.tick, daemon=True).start()

    def tick(self) -> None:
        """Show what jobs have come to while no event arrives."""
        while not self.ended.wait(1.0):
            self.acquire()  # as `handle` does
            try:
                self.screen.show()
            finally:
                self.release()

    def emit(self, record: LogRecord) -> None:
        try:
            self.screen.take(
                str(getattr(record, "event", None) or ""), record.levelno, vars(record)
            )
        except Exception:  # a screen must not end a run
            self.handleError(record)

    def close(self) -> None:
        self.ended.set()
        self.screen.clear()
        super().close()

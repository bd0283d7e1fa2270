"""What every script does first: send its log and its failure to the rule's `log:` file."""

from __future__ import annotations

import logging
import os
import sys
from types import TracebackType
from typing import Any

from rematch.errors import UserError


def start(snakemake: Any) -> logging.Logger:
    """Log to the rule's log file from here on, uncaught exceptions included.

    A `UserError` is logged as its one line, anything else with its traceback. Without this a
    failing script leaves an empty log.
    """
    path = str(snakemake.log[0])
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)

    def hook(
        kind: type[BaseException], value: BaseException, traceback: TracebackType | None
    ) -> None:
        if issubclass(kind, UserError):
            root.error("%s", value)
        else:
            root.error("uncaught exception", exc_info=(kind, value, traceback))

    sys.excepthook = hook
    return logging.getLogger(str(snakemake.rule))

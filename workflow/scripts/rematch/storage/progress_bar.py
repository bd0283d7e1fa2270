"""Progress of long work: a bar in a terminal, a plain line every few seconds in a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
log = logging.getLogger(__name__)

EVERY_S = 5.0
"""Seconds between two progress lines in a log."""


def progress(
    items: Iterable[T],
    total: int,
    what: str,
    unit: str,
    note: Callable[[], str] | None = None,
) -> Iterator[T]:
    """Yield `items`, showing how many of `total` are done, how fast, and what `note` says.

    The bar goes to standard error, and only if that is a terminal; the lines go to the log.
    """
    started = said = time.monotonic()
    done = 0
    with tqdm(
        total=total, desc=what, unit=unit, delay=1.0, leave=False, disable=not sys.stderr.isatty()
    ) as bar:
        for item in items:
            yield item
            done += 1
            if note is not None and not bar.disable:
                bar.set_postfix_str(note(), refresh=False)
            bar.update()
            now = time.monotonic()
            if now - said >= EVERY_S:
                said = now
                rate = done / (now - started)
                left = (total - done) / rate
                more = f", {note()}" if note is not None else ""
                log.info(
                    "%s: %d of %d %s, %.1f/s, %.0f s left%s",
                    *(what, done, total, unit, rate, left, more),
                )
    seconds = max(time.monotonic() - started, 1e-9)
    more = f", {note()}" if note is not None else ""
    log.info("%s: %d %s in %.1f s (%.1f/s)%s", what, done, unit, seconds, done / seconds, more)

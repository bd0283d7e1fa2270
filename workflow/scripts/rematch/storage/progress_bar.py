"""Progress of long work: a bar in a terminal, a plain line every few seconds in a log."""

from __future__ import annotations

import logging
import os
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
    started = said = first = time.monotonic()
    done = 0
    with tqdm(
        total=total,
        desc=what,
        unit=unit,
        delay=1.0,
        leave=False,
        disable=not sys.stderr.isatty() or "REMATCH_SCREEN" in os.environ,
    ) as bar:
        for item in items:
            yield item
            done += 1
            if done == 1:
                first = time.monotonic()
            if note is not None and not bar.disable:
                bar.set_postfix_str(note(), refresh=False)
            bar.update()
            now = time.monotonic()
            if now - said >= EVERY_S:
                said = now
                log.info(
                    "%s: %d of %d %s%s%s",
                    what,
                    done,
                    total,
                    unit,
                    *_told(done, total, now - first, note),
                )
    seconds = max(time.monotonic() - started, 1e-9)
    more = f", {note()}" if note is not None else ""
    log.info("%s: %d %s in %.1f s (%.1f/s)%s", what, done, unit, seconds, done / seconds, more)


def _told(done: int, total: int, seconds: float, note: Callable[[], str] | None) -> tuple[str, str]:
    """How fast and how long yet, and the note.

    The first item is not counted: before it stand the start of a model, a connection, a compiler.
    Until the others have taken some seconds, nothing is promised.
    """
    rate = ""
    if done > 1 and seconds >= EVERY_S / 2:
        fast = (done - 1) / seconds
        rate = f", {fast:.1f}/s, {(total - done) / fast:.0f} s left"
    return rate, f", {note()}" if note is not None else ""

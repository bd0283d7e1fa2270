"""What a run ends with: every corpus' table on the screen, and the numbers that captions quote."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rematch.errors import UserError, say
from rematch.report import losses

RESULTS = Path("results")


def caption_numbers(corpora: Iterable[str]) -> dict[str, Any]:
    """Of each corpus: the numbers that its captions quote, once they are computed."""
    found = {}
    for corpus in corpora:
        with suppress(OSError, ValueError):  # not there yet, or damaged: the table makes it again
            found[corpus] = json.loads((RESULTS / corpus / "numbers.json").read_text("utf-8"))
    return found


def show_tables(corpora: Iterable[str], has_truth: Callable[[str], bool]) -> None:
    """Print every corpus' table when the run is over, and last what was lost by more than a tenth.

    Args:
        corpora: of the sweep.
        has_truth: whether a corpus has a table at all.
    """
    warnings = []
    for corpus in corpora:
        table = RESULTS / corpus / "table.md"
        lost = []
        with suppress(OSError, UserError):  # not there yet, or damaged: a job makes it again
            lost = losses.from_csv(table.with_name("losses.csv"))
            warnings.append(losses.warning(lost, corpus))
        if has_truth(corpus) and table.is_file():
            say(f"\n{table.read_text('utf-8')}\nalso as {table.with_suffix('.csv')} and .html")
        elif lost:
            say(f"\n{corpus}: {losses.line(lost)}")
    sys.stdout.flush()
    for warning in filter(None, warnings):
        say(f"\nwarning: {warning}", sys.stderr)

"""Lines for a terminal, no longer than it is wide."""

from __future__ import annotations

import shutil
import textwrap

from rematch.errors import printable

WIDEST = 100
NARROWEST = 40


def width() -> int:
    """The columns that a line may have."""
    columns = shutil.get_terminal_size((WIDEST, 24)).columns
    return max(NARROWEST, min(WIDEST, columns))


def wrapped(text: str, label: str = "", most: int | None = None) -> list[str]:
    """A text as lines: the label before the first, and as many spaces before the others.

    Args:
        text: anything, whoever wrote it.
        label: what stands before it.
        most: how many lines there may be; what is left over is shortened to "…".
    """
    lines = textwrap.wrap(
        printable(text),
        width(),
        initial_indent=label,
        subsequent_indent=" " * len(label),
        max_lines=most,
        placeholder=" …",
        break_on_hyphens=False,
    )
    return lines or [label.rstrip()]


def counted(number: int, one: str, several: str = "") -> str:
    """ "1 photo", "2,539 photos"."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"

"""Cutting a text that is longer than a service takes."""

from __future__ import annotations

import re
from collections.abc import Callable

_SENTENCE_END = re.compile(
    # The texts glue sentences ("hatte.Die"), so a capital may follow at once.
    r"[.!?…]+[\"'“”»«’)\]]*(?:\s+|(?=[A-ZÄÖÜ„«»]))"
)


def split_text(
    text: str, most: float, measure: Callable[[str], float] = len
) -> list[tuple[str, str]]:
    """Cut `text` into (piece, white space after it), no piece of a `measure` above `most`.

    Cuts at the last sentence end that fits, else at the last white space, else anywhere. The
    pieces and their white space together are `text`, but for white space around the whole.

    Args:
        measure: never less for a text than for its beginning. A single character is a piece
            whatever it measures.
    """
    pieces: list[tuple[str, str]] = []
    text = text.strip()
    while measure(text) > most:
        room = _fitting(text, most, measure)
        ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, room + 1)]
        if not ends:
            ends = [match.end() for match in re.finditer(r"\s+", text[: room + 1])]
        # A match may reach one past the limit, but then with white space only.
        ends = [end for end in ends if 0 < len(text[:end].rstrip()) <= room]
        cut = ends[-1] if ends else room
        piece, rest = text[:cut].rstrip(), text[cut:].lstrip()
        if not rest:
            break
        pieces.append((piece, text[len(piece) : len(text) - len(rest)]))
        text = rest
    return [*pieces, (text, "")]


def _fitting(text: str, most: float, measure: Callable[[str], float]) -> int:
    """Characters of the longest beginning that fits, one at least."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= most:
            low = middle
        else:
            high = middle - 1
    return low

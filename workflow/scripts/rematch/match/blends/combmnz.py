"""CombMNZ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rematch.match.blending import in_first, min_max, ranks
from rematch.match.dots import Floats
from rematch.methods import Method, Param

METHOD = Method(
    name="combmnz",
    does="in how many members' first photos it is, times the weighted sum of its scores there, "
    "which each member's first photos bring to 0 to 1; the others follow by their scores",
    source="Fox and Shaw 1994, Combination of Multiple Searches; min-max as Lee 1997, Analyses of "
    "Multiple Evidence Combination",
    looks_at="gallery",
    run="combmnz",
    params=(
        Param(
            name="depth",
            type="integer",
            does="how many are a member's first",
            default=100,
            low=1,
            high=1000000,
        ),
    ),
)


def combmnz(blocks: Iterable[Floats], weights: Floats, depth: int) -> Floats:
    """N Σ w_i s_i, over the N members that have it in their first `depth`."""
    number: Any = 0.0
    parts: Any = 0.0
    rest: Any = 0.0
    for block, weight in zip(blocks, weights, strict=True):
        within = ranks(block) <= depth
        number += within
        parts += np.where(within, weight * min_max(block, within), 0.0)
        rest += weight * min_max(block, np.ones(block.shape, bool))
    return in_first(np.asarray(number), np.asarray(parts), np.asarray(rest))

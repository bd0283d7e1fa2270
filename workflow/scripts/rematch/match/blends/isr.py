"""Inverse square rank."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rematch.match.blending import in_first, ranks
from rematch.match.dots import Floats
from rematch.methods import Method, Param

METHOD = Method(
    name="isr",
    does="in how many members' first photos it is, times the weighted sum of 1 / rank² there; the "
    "others follow by their ranks",
    source="Mourão, Martins and Magalhães 2014, Inverse square rank fusion for multimodal search",
    looks_at="gallery",
    run="isr",
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


def isr(blocks: Iterable[Floats], weights: Floats, depth: int) -> Floats:
    """N Σ w_i / rank_i², over the N members that have it in their first `depth`; below these, the
    order of Σ w_i / rank_i.
    """
    number: Any = 0.0
    parts: Any = 0.0
    rest: Any = 0.0
    for block, weight in zip(blocks, weights, strict=True):
        places = ranks(block)
        within = places <= depth
        number += within
        parts += np.where(within, weight / places**2, 0.0)
        rest += weight / places
    return in_first(np.asarray(number), np.asarray(parts), np.asarray(rest))

"""Reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rematch.match.blending import ranks
from rematch.match.dots import Floats
from rematch.methods import Method, Param

METHOD = Method(
    name="rrf",
    does="the weighted sum of 1 / (k + rank) over the members' whole rankings",
    source="Cormack, Clarke and Büttcher 2009, Reciprocal Rank Fusion outperforms Condorcet and "
    "individual Rank Learning Methods",
    looks_at="gallery",
    run="rrf",
    params=(
        Param(
            name="k",
            type="integer",
            does="how little the first ranks stand out",
            default=60,
            low=1,
            high=100000,
        ),
    ),
)


def rrf(blocks: Iterable[Floats], weights: Floats, k: int) -> Floats:
    """Σ w_i / (k + rank_i); equal scores have one rank, the mean of theirs."""
    total: Floats | float = 0.0
    for block, weight in zip(blocks, weights, strict=True):
        total += weight / (k + ranks(block))
    return np.asarray(total)

"""Borda's count."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rematch.match.blending import ranks
from rematch.match.dots import Floats
from rematch.methods import Method

METHOD = Method(
    name="borda",
    does="the weighted mean of how many photos each member ranks below it, as a share of all",
    source="Aslam and Montague 2001, Models for Metasearch, Borda-fuse",
    looks_at="gallery",
    run="borda",
)


def borda(blocks: Iterable[Floats], weights: Floats) -> Floats:
    """Σ w_i (m + 1 − rank_i) / m, over Σ w_i."""
    total: Floats | float = 0.0
    for block, weight in zip(blocks, weights, strict=True):
        total += weight * (block.shape[1] + 1 - ranks(block)) / block.shape[1]
    return np.asarray(total / weights.sum())

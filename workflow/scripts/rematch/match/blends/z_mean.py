"""Members brought to one scale first."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rematch.match.dots import Floats
from rematch.methods import Method

METHOD = Method(
    name="z_mean",
    does="the weighted mean of scores that have, of each query, mean 0 and standard deviation 1 "
    "over the gallery",
    source="Montague and Aslam 2001, Relevance Score Normalization for Metasearch, ZMUV",
    looks_at="gallery",
    run="z_mean",
)


def z_mean(blocks: Iterable[Floats], weights: Floats) -> Floats:
    """Σ w_i (s_i − μ_i) / σ_i, by query; a member that tells no photos apart counts for nothing."""
    total: Floats | float = 0.0
    for block, weight in zip(blocks, weights, strict=True):
        off = block - block.mean(axis=1, keepdims=True)
        spread = np.sqrt((off * off).mean(axis=1, keepdims=True))
        total += weight * np.divide(off, spread, out=np.zeros_like(off), where=spread > 1e-12)
    return np.asarray(total / weights.sum())

"""The paper's run 5."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rematch.match.dots import Floats
from rematch.methods import Method

METHOD = Method(
    name="mean",
    does="the weighted mean of the members' scores",
    source="the paper's step 5: run 5 is the mean of runs 1 to 4; Fox and Shaw 1994, Combination "
    "of Multiple Searches, CombSUM",
    looks_at="inductive",
    run="mean",
)


def mean(blocks: Iterable[Floats], weights: Floats) -> Floats:
    """Σ w_i s_i / Σ w_i."""
    total: Floats | float = 0.0
    for block, weight in zip(blocks, weights, strict=True):
        block *= weight
        total = total + block
    return np.asarray(total / weights.sum())

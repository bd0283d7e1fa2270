"""Members as probabilities over the gallery."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rematch.match.dots import Floats
from rematch.methods import Method, Param

METHOD = Method(
    name="softmax_mean",
    does="the log of the weighted mean of the members' probabilities over the gallery",
    source="Jacobs et al. 1991, Adaptive Mixtures of Local Experts, the linear opinion pool; "
    "temperature 1/100 as CLIP's models learned it",
    looks_at="gallery",
    run="softmax_mean",
    params=(
        Param(
            name="temperature",
            type="number",
            does="of the softmax, in units of the scores",
            default=0.01,
            low=0.001,
            high=10,
        ),
    ),
)


def softmax_mean(blocks: Iterable[Floats], weights: Floats, temperature: float) -> Floats:
    """t log Σ w_i softmax(s_i / t): a log, so that no photo's score is lost to underflow."""
    shares = np.log(np.maximum(weights / weights.sum(), 1e-300))
    total: Floats | float = -np.inf
    for block, share in zip(blocks, shares, strict=True):
        logs = block / temperature
        logs -= logs.max(axis=1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        total = np.logaddexp(total, logs + share)
    return np.asarray(temperature * total)

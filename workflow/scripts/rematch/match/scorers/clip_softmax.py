"""A query's probabilities over the gallery, as CLIP reads its scores."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, biases, products, row_log_sums
from rematch.methods import Method, Param

METHOD = Method(
    name="clip_softmax",
    does="log-probability of the photo among all photos, in units of the cosine: photos keep their "
    "order, articles of a photo do not, nor do means of runs",
    source="Radford et al. 2021, Learning Transferable Visual Models From Natural Language "
    "Supervision, figure 3; temperature 1/100 as its models learned it",
    looks_at="gallery",
    run="clip_softmax",
    traits=("biases",),
    params=(
        Param(
            name="temperature",
            type="number",
            does="of the softmax, in units of the cosine",
            default=0.01,
            low=0.001,
            high=10,
        ),
    ),
)


def clip_softmax(queries: Float32, gallery: Float32, temperature: float) -> Biases:
    """r(q) = t log Σ_g exp(⟨q, g⟩ / t): float32 [n, d] x [m, d] -> biases."""
    rows = np.empty(len(queries))
    for which, block in products(queries, gallery):
        rows[which] = row_log_sums(block, temperature)
    return biases(rows, np.zeros(len(gallery)))

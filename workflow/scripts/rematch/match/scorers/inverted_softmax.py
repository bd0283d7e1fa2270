"""Each photo's probabilities over the queries: a photo that suits many queries suits none much."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, LogSums, biases, products
from rematch.methods import Method, Param

METHOD = Method(
    name="inverted_softmax",
    does="log-probability of the article among all articles that the photo could be asked by, in "
    "units of the cosine",
    source="Smith et al. 2017, Offline bilingual word vectors, orthogonal transformations and the "
    "inverted softmax, equation 7",
    looks_at="transductive",
    run="inverted_softmax",
    traits=("biases",),
    params=(
        Param(
            name="temperature",
            type="number",
            does="of the softmax, in units of the cosine",
            default=0.05,
            low=0.001,
            high=10,
        ),
    ),
)


def inverted_softmax(queries: Float32, gallery: Float32, temperature: float) -> Biases:
    """c(g) = t log Σ_q exp(⟨q, g⟩ / t): float32 [n, d] x [m, d] -> biases."""
    columns = LogSums(len(gallery), temperature)
    for _, block in products(queries, gallery):
        columns.add(block)
    return biases(np.zeros(len(queries)), columns.value())

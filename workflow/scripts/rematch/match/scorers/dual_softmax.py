"""The probability that a query and a photo choose each other."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, LogSums, biases, products, row_log_sums
from rematch.methods import Method, Param

METHOD = Method(
    name="dual_softmax",
    does="log of the product of both softmaxes, over photos and over articles, in units of the "
    "cosine",
    source="Rocco et al. 2018, Neighbourhood Consensus Networks, equation 3; as a loss and at "
    "retrieval Cheng et al. 2021, Improving Video-Text Retrieval by Multi-Stream Corpus Alignment "
    "and Dual Softmax Loss",
    looks_at="transductive",
    run="dual_softmax",
    traits=("biases",),
    params=(
        Param(
            name="temperature",
            type="number",
            does="of the softmaxes, in units of the cosine",
            default=0.05,
            low=0.001,
            high=10,
        ),
    ),
)


def dual_softmax(queries: Float32, gallery: Float32, temperature: float) -> Biases:
    """Half of t log Σ exp(⟨q, g⟩ / t), over photos for r and over queries for c, so that the
    product keeps the weight 1: float32 [n, d] x [m, d] -> biases.
    """
    rows, columns = np.empty(len(queries)), LogSums(len(gallery), temperature)
    for which, block in products(queries, gallery):
        rows[which] = row_log_sums(block, temperature)
        columns.add(block)
    return biases(rows / 2, columns.value() / 2)

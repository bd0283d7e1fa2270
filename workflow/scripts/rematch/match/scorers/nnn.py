"""Nearest-neighbour normalisation: a photo that is near to many texts of a bank is taken down."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, TopMeans, biases, products
from rematch.methods import Method, Param

METHOD = Method(
    name="nnn",
    does="the cosine, less a part of how near the photo's nearest texts of a bank are on average",
    source="Chowdhury et al. 2024, Nearest Neighbor Normalization Improves Multimodal Retrieval, "
    "equation 3",
    looks_at="bank",
    run="nnn",
    traits=("biases", "bank"),
    params=(
        Param(
            name="bank",
            type="text",
            does="a corpus whose texts are the bank, or gallery: the photos themselves",
            required=True,
        ),
        Param(
            name="nearest",
            type="integer",
            does="how many texts of the bank are the nearest",
            default=128,
            low=1,
            high=1000000,
        ),
        Param(
            name="alpha",
            type="number",
            does="the part that is taken off",
            default=0.75,
            low=0,
            high=10,
        ),
    ),
)


def nnn(queries: Float32, gallery: Float32, bank: Float32, nearest: int, alpha: float) -> Biases:
    """c(g) = α · mean of the k greatest ⟨b, g⟩: float32 [n, d] x [m, d], bank [k, d] -> biases."""
    columns = TopMeans(len(gallery), nearest)
    for _, block in products(bank, gallery):
        columns.add(block)
    return biases(np.zeros(len(queries)), alpha * columns.value())

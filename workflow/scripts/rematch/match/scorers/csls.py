"""Cross-domain similarity local scaling: closeness beside that of the nearest others."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, TopMeans, biases, products, top_means
from rematch.methods import Method, Param

METHOD = Method(
    name="csls",
    does="the cosine, less half of how near the query's nearest photos and the photo's nearest "
    "queries are on average",
    source="Conneau et al. 2018, Word Translation Without Parallel Data, equation 6, halved",
    looks_at="transductive",
    run="csls",
    traits=("biases",),
    params=(
        Param(
            name="neighbours",
            type="integer",
            does="how many are the nearest",
            default=10,
            low=1,
            high=10000,
        ),
    ),
)


def csls(queries: Float32, gallery: Float32, neighbours: int) -> Biases:
    """Half the mean product with the k nearest, of a query for r and of a photo for c: float32
    [n, d] x [m, d] -> biases.
    """
    rows, columns = np.empty(len(queries)), TopMeans(len(gallery), neighbours)
    for which, block in products(queries, gallery):
        rows[which] = top_means(block, neighbours)
        columns.add(block)
    return biases(rows / 2, columns.value() / 2)

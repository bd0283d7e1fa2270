"""One photo for each article, so that the sum of their scores is the greatest there is."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, products
from rematch.match.factors import Pairs
from rematch.methods import Method

METHOD = Method(
    name="assignment",
    does="the photo that the best one-to-one assignment gives the article first, then all others "
    "by their cosine",
    source="Crouse 2016, On implementing 2D rectangular assignment algorithms; SciPy's "
    "linear_sum_assignment",
    looks_at="one-to-one",
    run="assignment",
    packages=("scipy",),
    traits=("biases",),
)

FIRST = 4.0
"""What an assigned pair's cosine is raised by: more than any two cosines differ by."""


def assignment(queries: Float32, gallery: Float32) -> Biases:
    """float32 [n, d] x [m, d] -> biases, of which only assigned pairs have one.

    All products are in memory, 8 bytes each. Where there are fewer photos than articles, the
    articles left over have none.
    """
    from scipy.optimize import linear_sum_assignment

    whole = np.empty((len(queries), len(gallery)))
    for which, block in products(queries, gallery):
        whole[which] = block
    rows, columns = linear_sum_assignment(whole, maximize=True)
    pairs = Pairs(rows.astype(np.int64), columns.astype(np.int64), np.full(len(rows), -FIRST))
    zeros = np.zeros(len(queries), np.float32), np.zeros(len(gallery), np.float32)
    return Biases(*zeros, f"{len(rows)} articles have a photo of their own", pairs=pairs)

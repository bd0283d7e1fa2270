"""Distribution normalisation: both kinds of vectors, less a part of their own means."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, biases
from rematch.methods import Method, Param

METHOD = Method(
    name="distribution_normalization",
    does="the product of the two vectors, each less a part of the mean of its kind",
    source="Zhou et al. 2023, Test-Time Distribution Normalization for Contrastively Learned "
    "Vision-language Models, equation 7",
    looks_at="transductive",
    run="distribution_normalization",
    traits=("biases",),
    params=(
        Param(
            name="part",
            type="number",
            does="of the means that is taken off",
            default=0.5,
            low=0,
            high=1,
        ),
    ),
)


def distribution_normalization(queries: Float32, gallery: Float32, part: float) -> Biases:
    """⟨q − λ μ_q, g − λ μ_g⟩: float32 [n, d] x [m, d] -> biases."""
    texts, photos = (
        part * vectors.mean(axis=0, dtype=np.float64) for vectors in (queries, gallery)
    )
    rows = queries.astype(np.float64) @ photos - texts @ photos
    return biases(rows, gallery.astype(np.float64) @ texts)

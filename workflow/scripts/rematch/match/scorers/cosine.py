"""Cosine similarity, as in the paper."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.methods import Method

METHOD = Method(
    name="cosine",
    does="the cosine of the two embeddings",
    source="Radford et al. 2021, Learning Transferable Visual Models From Natural Language "
    "Supervision; the paper's step 5",
    looks_at="inductive",
    run="cosine",
)


def cosine(queries: Float32, gallery: Float32) -> Float32:
    """Cosine of L2-normalised vectors: float32 [n, d] x [m, d] -> float32 [n, m].

    Summed in float64 and rounded once. A float32 sum depends in its last bits on the processor's
    vector width, enough to swap two photos somewhere in a table; the rounded float64 sum does not.
    """
    product = queries.astype(np.float64) @ gallery.astype(np.float64).T
    return product.astype(np.float32)

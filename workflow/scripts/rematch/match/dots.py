"""Sums of products that come out the same to the last bit, wherever and however they are computed.

A float32 times a float32 is exact in float64; only the order of the sum moves its last bits. The
sum that counts folds halves, and its order depends on nothing but the number of dimensions. It is
slow, and hardly ever needed: a sum in any order differs by less than a bound, and where rounding to
float32 gives the same at both ends of the bound, that is what the folded sum rounds to.
"""

from __future__ import annotations

import warnings
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rematch.forms import Float32

Floats: TypeAlias = npt.NDArray[np.float64]
Numbers: TypeAlias = npt.NDArray[np.int64]

CHUNK = 2048
"""Pairs whose products are in memory at a time."""

MANY = 2**13
"""Cells that are worth a library's own loop."""

UNIT = 2.0**-53
"""Half of what the last bit of a float64 counts for."""


def folded(queries: Float32, gallery: Float32) -> Floats:
    """⟨q_i, g_i⟩ of each pair of rows, halves folded onto each other: float32 [p, d] -> [p]."""
    found = np.empty(len(queries))
    for start in range(0, len(queries), CHUNK):
        rows = slice(start, start + CHUNK)
        parts = queries[rows].astype(np.float64) * gallery[rows].astype(np.float64)
        width = parts.shape[1]
        while width > 1:
            half = (width + 1) // 2
            parts[:, : width - half] += parts[:, half:width]
            width = half
        found[rows] = parts[:, 0] if parts.shape[1] else 0.0
    return found


def sampled(left: Floats, right: Floats, at: Numbers, columns: Numbers) -> Floats:
    """Some cells of left · rightᵀ, each summed in whatever order: float64 [p].

    Args:
        left, right: float64 [n, d], [m, d].
        at, columns: of each cell row and column, int64 [p], rows ascending.
    """
    if len(at) < MANY:
        found = np.empty(len(at))
        for start in range(0, len(at), CHUNK):
            part = slice(start, start + CHUNK)
            found[part] = np.einsum("ij,ij->i", left[at[part]], right[columns[part]])
        return found
    import torch  # seconds, which many cells repay

    warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
    ends = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=len(left)))])
    zeros = torch.zeros(len(at), dtype=torch.float64)
    cells = torch.sparse_csr_tensor(
        torch.from_numpy(ends),
        torch.from_numpy(columns),
        zeros,
        (len(left), len(right)),
        check_invariants=False,
    )
    product = torch.sparse.sampled_addmm(
        cells, torch.from_numpy(left), torch.from_numpy(right).T, beta=0.0
    )
    return np.asarray(product.values().numpy())


def slack(width: int, size: float) -> float:
    """How far two sums of `width` products may lie apart, whatever their order.

    Twice Higham's bound of a sum (Accuracy and Stability of Numerical Algorithms, 2002, section
    3.1), with room for the few operations that follow it.

    Args:
        width: d, and the number of what is taken off.
        size: at least the sum of the products' magnitudes, and of what is taken off.
    """
    return 2 * (width + 16) * UNIT * size


def settled(values: Floats, bound: float | Floats) -> tuple[Float32, npt.NDArray[np.bool_]]:
    """Values rounded to float32, and where the bound leaves it open to what."""
    low, high = (values - bound).astype(np.float32), (values + bound).astype(np.float32)
    return values.astype(np.float32), low != high

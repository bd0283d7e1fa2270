"""The best cells of each row of a matrix, in an order without ties.

A cell becomes one integer: its score's bits, and the place of its column.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rematch.forms import Float32

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

NONE = np.uint64(2**64 - 1)
"""Greater than the key of any finite score."""


def best(scores: Float32, places: Places, k: int) -> Keys:
    """The keys of each row's k best cells, best first, padded with `NONE` where there are fewer.

    The k-th best of a part of a row bounds the k-th best of the whole from below, so most cells
    are passed over by one comparison, without a key.

    Args:
        scores: finite float32 [n, m].
        places: of the columns, in the order that decides between equal scores: int64 [m].
    """
    n, m = scores.shape
    part = m // 8 if m // 8 >= 4 * k else m
    if m <= k:
        return np.sort(keys_of(scores, places), axis=1)
    floor = np.partition(scores[:, :part], part - k, axis=1)[:, part - k]
    above = scores >= floor[:, None]
    counts = np.count_nonzero(above, axis=1)
    cells = np.flatnonzero(above)  # ten times as fast as `nonzero` of a matrix
    rows = np.repeat(np.arange(n), counts)
    within = np.arange(len(cells)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = np.full((n, int(counts.max(initial=0))), NONE)
    keys[rows, within] = keys_of(scores.reshape(-1)[cells], places[cells - rows * m])
    return smallest(keys, k)


def keys_of(scores: Float32, places: Places) -> Keys:
    """One integer a cell, ascending = better score, then smaller place: no two in a row are equal.

    The bits of a float32 order like the number once negative ones are flipped; the place of the
    column (its rank by tie key) fills the low 32 bits.
    """
    # Adding zero turns -0.0 into 0.0: they are the same score and must tie.
    bits = np.ascontiguousarray(scores + np.float32(0)).view(np.uint32)
    ascending = np.where(bits >> 31 == 0, bits | np.uint32(0x80000000), ~bits)
    return (~ascending).astype(np.uint64) << np.uint64(32) | places.astype(np.uint64)


def smallest(keys: Keys, k: int) -> Keys:
    """The k smallest of each row in order; all, where there are no more."""
    if 0 < k < keys.shape[1]:
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    return np.sort(keys, axis=1)


def places_of(keys: Keys) -> Places:
    """The places that the keys hold."""
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def scores_of(keys: Keys) -> Float32:
    """The scores that the keys hold, bit for bit, but for the sign of zero."""
    ascending = ~(keys >> np.uint64(32)).astype(np.uint32)
    bits = np.where(ascending >> 31 == 1, ascending & np.uint32(0x7FFFFFFF), ~ascending)
    return bits.astype(np.uint32).view(np.float32)

"""The best cells of each row of a matrix, in an order without ties.

A cell becomes one integer: its score's bits, and the place of its column.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rematch.forms import Float32

NONE = np.uint64(2**64 - 1)
"""Greater than the key of any finite score."""


def keys_of(scores: Float32, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """One integer a cell, ascending = better score, then smaller place: no two in a row are equal.

    The bits of a float32 order like the number once negative ones are flipped; the place of the
    column (its rank by tie key) fills the low 32 bits.
    """
    # Adding zero turns -0.0 into 0.0: they are the same score and must tie.
    bits = np.ascontiguousarray(scores + np.float32(0)).view(np.uint32)
    ascending = np.where(bits >> 31 == 0, bits | np.uint32(0x80000000), ~bits)
    return (~ascending).astype(np.uint64) << np.uint64(32) | places.astype(np.uint64)


def best(
    scores: Float32, places: npt.NDArray[np.int64], k: int, floor: Float32 | None = None
) -> npt.NDArray[np.uint64]:
    """The keys of each row's k best cells, best first, padded with `NONE` where there are fewer.

    The k-th best of a part of a row bounds the k-th best of the whole from below, so most cells
    are passed over by one comparison, without a key. `floor`: a bound known beforehand.
    """
    n = scores.shape[1]
    part = n // 8
    if floor is None and part < 4 * k:
        return smallest(keys_of(scores, places), k)
    if floor is None:
        floor = np.partition(scores[:, :part], part - k, axis=1)[:, part - k]
    rows, columns = np.nonzero(scores >= floor[:, None])
    counts = np.bincount(rows, minlength=len(scores))
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = np.full((len(scores), int(counts.max(initial=0))), NONE)
    keys[rows, within] = keys_of(scores[rows, columns], places[columns])
    return smallest(keys, k)


def smallest(keys: npt.NDArray[np.uint64], k: int) -> npt.NDArray[np.uint64]:
    if 0 < k < keys.shape[1]:
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    return np.sort(keys, axis=1)


def places_of(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def scores_of(keys: npt.NDArray[np.uint64]) -> Float32:
    ascending = ~(keys >> np.uint64(32)).astype(np.uint32)
    bits = np.where(ascending >> 31 == 1, ascending & np.uint32(0x7FFFFFFF), ~ascending)
    return bits.astype(np.uint32).view(np.float32)

"""What a ranking in random order comes to: exact for a corpus."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rematch.evaluate.resampling import Ints


def chance(relevant: Ints, gallery: int, mrr_at: int, ks: Sequence[int]) -> dict[str, float]:
    """The expected metrics of a ranking of the gallery in random order.

    A right document is among the first k with probability min(k, m) / m. The first of r right
    documents is at rank j with probability C(m - j, r - 1) / C(m, r), the negative hypergeometric
    distribution (Johnson, Kemp and Kotz, "Univariate Discrete Distributions", 2005, section 6.2.2).

    Args:
        relevant: right documents of each query, 1 to m: int64 [n], n >= 1.
        gallery: m documents.
        mrr_at: depth at which the reciprocal rank is cut to 0.
        ks: cut-offs of recall.

    Returns:
        By the metrics' names, `MRR@<mrr_at>` and `R@<k>`, the mean over queries.
    """
    depth = min(mrr_at, gallery)
    sizes = sorted(set(relevant.tolist()))
    of_size = {
        size: math.fsum(p / j for j, p in enumerate(_first(size, gallery, depth), 1))
        for size in sizes
    }
    mean = math.fsum(of_size[size] for size in relevant.tolist()) / len(relevant)
    return {f"MRR@{mrr_at}": mean, **{f"R@{k}": min(k, gallery) / gallery for k in ks}}


def _first(size: int, gallery: int, depth: int) -> Iterator[float]:
    """The probability that the first of `size` right documents is at rank 1, 2, …, `depth`."""
    left = 1.0
    for j in range(depth):
        here = min(1.0, size / (gallery - j))
        yield left * here
        left *= 1 - here

"""Weighted means of runs (the paper's run 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rematch.errors import AGAIN, UserError
from rematch.forms import Block
from rematch.match.scores import Scores

CELLS = 2**16
"""How many scores are summed at a time: what a processor's own memory holds in float64."""


def blend(members: Sequence[Scores], weights: Sequence[float]) -> Iterator[Block]:
    """Weighted mean of similarity matrices: sum_i w_i S_i / sum_i w_i (the paper's run 5).

    Rows and columns are matched by id; order and gallery are the first member's. Summed in float64
    and rounded once. Memory holds a block of each of two members, however many there are.

    Args:
        members: at least one, all over the same articles and photos.
        weights: one a member, finite, not negative, not all zero.

    Raises:
        UserError: the members' articles or photos differ, or the weights do not fit.
    """
    _demand_fitting(members, weights)
    first = members[0]
    total = float(sum(weights))
    product = np.empty((max(1, CELLS // len(first.gallery)), len(first.gallery)))
    mean = np.empty((0, len(first.gallery)))
    for ids, block in first.blocks():
        if len(mean) != len(ids):
            mean = np.empty(block.shape)
        mean[:] = 0
        for member, weight in zip(members, weights, strict=True):
            scores = block if member is first else member.take(ids, first.gallery)
            for start in range(0, len(ids), len(product)):
                rows = slice(start, start + len(product))
                part = product[: len(scores[rows])]
                np.multiply(scores[rows], weight, out=part, dtype=np.float64)
                mean[rows] += part
        mean /= total
        yield ids, mean.astype(np.float32)


def _demand_fitting(members: Sequence[Scores], weights: Sequence[float]) -> None:
    if len(members) != len(weights) or not members:
        raise UserError(f"{len(weights)} weights for {len(members)} members; give each member one")
    if not all(np.isfinite(weight) and weight >= 0 for weight in weights) or sum(weights) <= 0:
        raise UserError(f"weights {list(weights)}: they must be finite, not negative, not all zero")
    first = members[0]
    for other in members[1:]:
        for name, left, right in (
            ("articles", first.article_ids, other.article_ids),
            ("photos", first.gallery, other.gallery),
        ):
            if set(left) != set(right):
                raise UserError(f"{first.path} and {other.path} score different {name}; {AGAIN}")

"""Weighted means of runs (the paper's run 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rematch.errors import AGAIN, UserError
from rematch.forms import Block
from rematch.match.scores import Scores


def blend(members: Sequence[Scores], weights: Sequence[float]) -> Iterator[Block]:
    """Weighted mean of similarity matrices: sum_i w_i S_i / sum_i w_i (the paper's run 5).

    Rows and columns are matched by id; order and gallery are the first member's. Summed in float64
    and rounded once.

    Args:
        members: at least one, all over the same articles and photos.
        weights: one a member, finite, not negative, not all zero.

    Raises:
        UserError: the members' articles or photos differ, or the weights do not fit.
    """
    _demand_fitting(members, weights)
    first = members[0]
    total = float(sum(weights))
    for ids, block in first.blocks():
        mean = np.zeros(block.shape, dtype=np.float64)
        for member, weight in zip(members, weights, strict=True):
            rows = block if member is first else member.take(ids, first.gallery)
            mean += np.multiply(rows, weight, dtype=np.float64)
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

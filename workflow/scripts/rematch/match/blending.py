"""Several runs into one: the paper's run 5, and what else the field knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rematch.errors import AGAIN, UserError
from rematch.forms import Block
from rematch.match.dots import Floats
from rematch.match.scores import Scores, demand_finite
from rematch.methods import chosen


def blend(
    members: Sequence[Scores], weights: Sequence[float], kind: str = "mean", **given: Any
) -> Iterator[Block]:
    """Scores of several runs into one's, in float64 and rounded once.

    Rows and columns are matched by id; order and gallery are the first member's. Memory holds
    a block of each of two members, however many there are.

    Args:
        members: at least one, all over the same articles and photos.
        weights: one a member, finite, not negative, not all zero.
        kind: a blend's name, one of `methods("blends")`, and `given` its parameters.

    Raises:
        UserError: the members' articles or photos differ, the weights do not fit, there is no such
            blend, or a score is not finite.
    """
    _demand_fitting(members, weights)
    method = chosen("blends", kind)
    function, values = method.load(), method.values(given)
    first = members[0]
    shares = np.array(weights, dtype=np.float64)
    for ids, block in first.blocks():
        # One after the other: however many members there are, few of their blocks are in memory.
        blocks = (
            demand_finite(
                block if member is first else member.take(ids, first.gallery), ids, first.gallery
            ).astype(np.float64)
            for member in members
        )
        found = function(blocks, shares, **values).astype(np.float32)
        yield ids, demand_finite(found, ids, first.gallery)


def ranks(block: Floats) -> Floats:
    """Of each row's scores their ranks from 1, greatest first; equal ones share the mean of theirs,
    so that nothing but the scores decides: float64 [b, m].
    """
    order = np.argsort(-block, axis=1)
    ordered = np.take_along_axis(block, order, axis=1)
    n, m = block.shape
    new = np.ones((n, m), dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    place = np.broadcast_to(np.arange(1, m + 1), (n, m))
    first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    ends = np.ones((n, m), dtype=bool)
    ends[:, :-1] = new[:, 1:]
    last = np.minimum.accumulate(np.where(ends, place, m)[:, ::-1], axis=1)[:, ::-1]
    found = np.empty((n, m))
    np.put_along_axis(found, order, (first + last) / 2, axis=1)
    return found


def min_max(block: Floats, among: npt.NDArray[np.bool_]) -> Floats:
    """Scores on a scale of 0 to 1 that the least and greatest of each row `among` them set."""
    low = np.where(among, block, np.inf).min(axis=1, keepdims=True)
    high = np.where(among, block, -np.inf).max(axis=1, keepdims=True)
    span = np.where(high > low, high - low, 1.0)
    return np.asarray((block - low) / span)


def in_first(number: Floats, parts: Floats, rest: Floats) -> Floats:
    """N Σ parts over the N members that have a photo among their first; those that no member has
    there follow below 0, by `rest`.

    Args:
        number: N, [b, m].
        parts: what those members give, from 0, [b, m].
        rest: [b, m].
    """
    below = min_max(rest, np.ones(rest.shape, bool)) - 2
    return np.where(number > 0, number * parts, below)


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

"""Vectors brought to length 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np

from rematch.errors import UserError
from rematch.forms import Block, Float32


def together(blocks: Iterable[Block]) -> Iterator[Block]:
    """The mean vector, brought to length 1, of those that follow each other under one key."""
    rows = ((name, row) for names, block in blocks for name, row in zip(names, block, strict=True))
    for name, several in groupby(rows, key=itemgetter(0)):
        own = np.stack([row for _, row in several])
        yield [name], own if len(own) == 1 else unit(own.sum(axis=0, keepdims=True), [name])


def unit(vectors: Float32, names: Sequence[str]) -> Float32:
    """Rows divided by their L2 norm, computed in float64."""
    wide = vectors.astype(np.float64)
    norms = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
    bad = ~np.isfinite(norms[:, 0]) | (norms[:, 0] == 0)
    if bad.any():
        name = names[int(np.flatnonzero(bad)[0])][:80]
        raise UserError(
            f"the model gave {name!r} a vector that is zero or not finite; check the checkpoint"
        )
    unit: Float32 = (wide / norms).astype(np.float32)
    return unit

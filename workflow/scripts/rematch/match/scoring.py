"""Scores of every query with the whole gallery, in blocks of rows.

Memory holds a block and never the whole matrix. A block has a fixed number of rows whatever the
machine, so the arithmetic is the same everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from rematch.errors import UserError
from rematch.forms import Block, Embeddings
from rematch.match.biases import Biases, products
from rematch.match.scores import demand_finite
from rematch.methods import chosen

log = logging.getLogger(__name__)

BLOCK = 512
"""Rows scored at a time."""


def score(queries: Embeddings, gallery: Embeddings, scorer: str, **given: Any) -> Iterator[Block]:
    """Scores of every query with the whole gallery, in blocks of `BLOCK` rows.

    Args:
        queries, gallery: of one model.
        scorer: its name, one of `methods("scorers")`.
        given: its parameters, by name; those left out are as it declares them.

    Yields:
        Article ids [b] and finite float32 scores [b, m].

    Raises:
        UserError: there is no such scorer, the two come from different checkpoints, or a score is
            not finite.
    """
    _same_space(queries.metadata, gallery.metadata)
    method = chosen("scorers", scorer)
    function, values = method.load(), method.values(given)
    # One thread: how a product is split over threads changes its last bits.
    with threadpool_limits(1):
        if "biases" in method.method.traits:
            found = function(queries.vectors, gallery.vectors, **values)
            if found.said:
                log.info("%s: %s", scorer, found.said)
            yield from _corrected(queries, gallery, found)
            return
        for start in range(0, len(queries.ids), BLOCK):
            ids = queries.ids[start : start + BLOCK]
            block = function(queries.vectors[start : start + BLOCK], gallery.vectors, **values)
            yield ids, demand_finite(block, ids, gallery.ids)


def _corrected(queries: Embeddings, gallery: Embeddings, found: Biases) -> Iterator[Block]:
    """⟨q, g⟩ − r(q) − c(g), summed in float64 and rounded once."""
    for rows, block in products(queries.vectors, gallery.vectors):
        block -= found.rows[rows, None]
        block -= found.columns
        ids = queries.ids[rows]
        yield ids, demand_finite(block.astype(np.float32), ids, gallery.ids)


def _same_space(queries: Mapping[str, str], gallery: Mapping[str, str]) -> None:
    for key in ("checkpoint_sha256", "precision"):
        if queries.get(key) != gallery.get(key):
            raise UserError(
                f"texts and photos were encoded with different models ({key} {queries.get(key)} "
                f"and {gallery.get(key)}); delete the older embeddings to have them made again"
            )

"""Scores of every query with the whole gallery, in blocks of rows.

Memory holds a block and never the whole matrix. A block has a fixed number of rows whatever the
machine, so the arithmetic is the same everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from rematch.errors import UserError
from rematch.forms import Block, Embeddings, Float32
from rematch.match.factors import Factored, longest
from rematch.match.scores import Scores, demand_finite
from rematch.methods import chosen

log = logging.getLogger(__name__)

BLOCK = 512
"""Rows scored at a time."""


def score(
    queries: Embeddings,
    gallery: Embeddings,
    scorer: str,
    bank: Embeddings | None = None,
    **given: Any,
) -> Iterator[Block]:
    """Scores of every query with the whole gallery, in blocks of rows.

    Args:
        queries, gallery: of one model.
        scorer: its name, one of `methods("scorers")`.
        bank: texts of another corpus, or the gallery, of the same model; only for scorers with the
            trait `bank`.
        given: its parameters, by name; those left out are as it declares them.

    Yields:
        Article ids [b] and finite float32 scores [b, m].

    Raises:
        UserError: there is no such scorer, embeddings come from different checkpoints, a bank is
            missing, or a score is not finite.
    """
    return scored(queries, gallery, scorer, bank, **given).blocks()


def scored(
    queries: Embeddings,
    gallery: Embeddings,
    scorer: str,
    bank: Embeddings | None = None,
    **given: Any,
) -> Scores:
    """The same as scores of which any can be asked for, and which are no matrix."""
    method = chosen("scorers", scorer)
    others = [] if bank is None else [bank]
    for each in (gallery, *others):
        _same_space(queries.metadata, each.metadata)
    for each in (queries, gallery, *others):
        longest(each.vectors)  # a scorer need not bear what is not finite
    function, values = method.load(), method.values(given)
    traits = method.method.traits
    values.pop("bank", None)
    if "bank" in traits:
        if bank is None or not bank.ids:
            raise UserError(f"{scorer}: its bank has no text; name a corpus that has some")
        values["bank"] = bank.vectors
    if "biases" not in traits:
        return Blocks(queries, gallery, lambda rows: function(rows, gallery.vectors, **values))
    # One thread: how a product is split over threads changes its last bits.
    with threadpool_limits(1):
        found = function(queries.vectors, gallery.vectors, **values)
    if found.said:
        log.info("%s: %s", scorer, found.said)
    return Factored(queries.ids, gallery.ids, (found.term(queries.vectors, gallery.vectors),))


@dataclass(frozen=True)
class Blocks:
    """Scores by a function of a block of queries; `match.scores.Scores`."""

    queries: Embeddings
    photos: Embeddings
    function: Callable[[Float32], Float32]
    path: str = "scores"

    @property
    def article_ids(self) -> tuple[str, ...]:
        return self.queries.ids

    @property
    def gallery(self) -> tuple[str, ...]:
        return self.photos.ids

    def blocks(self) -> Iterator[Block]:
        for start in range(0, len(self.queries.ids), BLOCK):
            ids = self.queries.ids[start : start + BLOCK]
            with threadpool_limits(1):
                block = self.function(self.queries.vectors[start : start + BLOCK])
            yield ids, demand_finite(block, ids, self.photos.ids)

    def take(self, articles: Sequence[str], gallery: Sequence[str]) -> Float32:
        columns = [self.photos.ids.index(name) for name in gallery]
        return self.function(self.queries.take(articles))[:, columns]


def _same_space(queries: Mapping[str, str], gallery: Mapping[str, str]) -> None:
    for key in ("checkpoint_sha256", "precision"):
        if queries.get(key) != gallery.get(key):
            raise UserError(
                f"texts and photos were encoded with different models ({key} {queries.get(key)} "
                f"and {gallery.get(key)}); delete the older embeddings to have them made again"
            )

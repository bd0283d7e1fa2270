"""How well rankings find the truth: MRR@100 and Recall@k as trec_eval defines them.

The mean runs over every query of the qrels: a query without a ranking counts 0, as in the
benchmark's evaluator; a ranked query without qrels is not counted. A corpus' qrels hold the pairs
whose photo is in the gallery, so an article that lost its photo is no query, and is said beside the
figures (`report.losses`); the evaluator has all of the truth, and counts 0 for it. Rankings and
qrels are joined by id, so the order of rows in either says nothing. Nothing here depends on the
machine: sums are exact or taken in a fixed order, random draws are integers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.errors import UserError
from rematch.evaluate.hits import Hits, hits_of
from rematch.evaluate.intervals import RESAMPLES, Floats, bootstrap
from rematch.evaluate.tables import Table

TEXT_TO_IMAGE = "text-to-image"
IMAGE_TO_TEXT = "image-to-text"
DIRECTIONS = (TEXT_TO_IMAGE, IMAGE_TO_TEXT)
"""The two values of column `direction` in `forms.METRICS`."""

K = (1, 5, 10, 50, 100)
"""Default cut-offs of Recall@k."""

MRR_AT = 100
"""Default depth at which the reciprocal rank is cut to 0."""


def per_query(
    ranking: Table,
    qrels: Table,
    ks: Sequence[int] = K,
    mrr_at: int = MRR_AT,
    *,
    query: str = "article_id",
    document: str = "image_id",
    source: str = "ranking",
) -> pa.Table:
    """Each query's reciprocal rank and recalls, a row a query of the qrels, sorted by id.

    Returns:
        Columns `query` (string), `MRR@<mrr_at>` and `R@<k>` for each of `ks` (float64): the
        reciprocal of the first relevant document's rank, 0 beyond `mrr_at`; and
        |relevant in the top k| / |relevant|.

    Raises:
        UserError: see `as_run` and `as_qrels`.
        ValueError: a cut-off below 1.
    """
    return _per_query(hits_of(ranking, qrels, query, document, source), ks, mrr_at)


def _per_query(hits: Hits, ks: Sequence[int], mrr_at: int) -> pa.Table:
    if min([*ks, mrr_at]) < 1:
        raise ValueError(f"cut-offs count from 1: {[*ks, mrr_at]}")
    queries, relevant, owner, rank = hits
    first = np.full(len(queries), np.iinfo(np.int64).max)
    np.minimum.at(first, owner, rank)
    columns: dict[str, object] = {
        "query": queries,
        f"MRR@{mrr_at}": np.where(first <= mrr_at, 1.0 / first, 0.0),
    }
    for k in ks:
        found = np.bincount(owner[rank <= k], minlength=len(queries))
        columns[f"R@{k}"] = found / relevant
    return pa.table(columns)


def recall_curve(
    ranking: Table,
    qrels: Table,
    k_max: int = 100,
    *,
    query: str = "article_id",
    document: str = "image_id",
    source: str = "ranking",
) -> Floats:
    """Mean recall@k over the queries of the qrels, for k = 1..k_max; float64[k_max].

    Raises:
        UserError: see `as_run` and `as_qrels`; or the qrels are empty.
    """
    return _recall_curve(hits_of(ranking, qrels, query, document, source), k_max)


def _recall_curve(hits: Hits, k_max: int) -> Floats:
    queries, relevant, owner, rank = hits
    if not len(queries):
        raise UserError("qrels: no pair, so no recall; this corpus has no truth to score against")
    curve = np.zeros(k_max)
    # Whole hits are counted apart for each size of the relevant set: one rounding a size.
    for size in np.unique(relevant):
        ranks = rank[(relevant[owner] == size) & (rank <= k_max)]
        curve += np.cumsum(np.bincount(ranks, minlength=k_max + 1)[1:]) / size
    return curve / len(queries)


def metrics(ranking: Table, qrels: Table, ks: Sequence[int] = K, mrr_at: int = MRR_AT) -> pa.Table:
    """How well a text-to-image ranking finds the truth: for a notebook or another project.

    Args:
        ranking: columns `article_id`, `image_id`, `rank`, `score`, as `match.rank` gives it.
        qrels: columns `article_id`, `image_id`, a row a right pair; or a data frame of both.
        ks, mrr_at: cut-offs.

    Returns:
        A row a metric: `metric`, its mean `value`, `low` and `high` of the 95 % interval, and `n`
        queries.

    Raises:
        UserError: see `as_run` and `as_qrels`.
    """
    found = evaluate(ranking, qrels, run="", ks=ks, mrr_at=mrr_at)
    return found.select(["metric", "value", "low", "high", "n"]).replace_schema_metadata()


def evaluate(
    ranking: Table,
    qrels: Table,
    *,
    run: str,
    direction: str = TEXT_TO_IMAGE,
    ks: Sequence[int] = K,
    mrr_at: int = MRR_AT,
    resamples: int = RESAMPLES,
    seed: int = 0,
    query: str = "article_id",
    document: str = "image_id",
    source: str = "ranking",
) -> pa.Table:
    """One run's means with their 95 % intervals, as `forms.METRICS`.

    Empty qrels (a corpus with no truth) give an empty table, not zeros.

    Raises:
        UserError: see `as_run` and `as_qrels`.
    """
    values = per_query(ranking, qrels, ks, mrr_at, query=query, document=document, source=source)
    return summarise(values, run=run, direction=direction, resamples=resamples, seed=seed)


def summarise(
    values: pa.Table, *, run: str, direction: str, resamples: int = RESAMPLES, seed: int = 0
) -> pa.Table:
    """The table of `per_query` as means, 95 % bootstrap intervals and n: `forms.METRICS`."""
    names = [name for name in values.column_names if name != "query"]
    n = values.num_rows
    if not n:
        return forms.from_rows([], forms.METRICS)
    matrix = np.column_stack([values[name].to_numpy() for name in names])
    low, high = bootstrap(matrix, resamples, seed)
    return forms.from_rows(
        [
            {
                "run": run,
                "direction": direction,
                "metric": name,
                "value": math.fsum(matrix[:, j]) / n,
                "low": float(low[j]),
                "high": float(high[j]),
                "n": n,
            }
            for j, name in enumerate(names)
        ],
        forms.METRICS,
    )


def evaluate_both(
    ranking: pa.Table,
    image_ranking: pa.Table,
    qrels: pa.Table,
    *,
    run: str,
    top: int = MRR_AT,
    recall_at: Sequence[int] = K,
    resamples: int = RESAMPLES,
) -> tuple[pa.Table, pa.Table]:
    """One run's metrics and recall curves in both directions.

    Args:
        ranking: `forms.RANKING`, at least `top` deep where the gallery is.
        image_ranking: `forms.IMAGE_RANKING`.
        qrels: `forms.QRELS`.
        run: its name.
        top: depth of MRR and of the recall curves.
        recall_at: cut-offs of Recall@k.
        resamples: bootstrap resamples.

    Returns:
        `forms.METRICS` and `forms.CURVES`.
    """
    metrics, curves = [], []
    for direction, table, query, document in (
        (TEXT_TO_IMAGE, ranking, "article_id", "image_id"),
        (IMAGE_TO_TEXT, image_ranking, "image_id", "article_id"),
    ):
        hits = hits_of(table, qrels, query, document, "ranking")
        values = _per_query(hits, recall_at, top)
        metrics.append(summarise(values, run=run, direction=direction, resamples=resamples))
        curves += [
            {"run": run, "direction": direction, "k": k, "recall": float(recall)}
            for k, recall in enumerate(_recall_curve(hits, top), 1)
        ]
    return pa.concat_tables(metrics), forms.from_rows(curves, forms.CURVES)

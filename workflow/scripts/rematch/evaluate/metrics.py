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
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rematch import forms
from rematch.errors import UserError

if TYPE_CHECKING:
    pass  # half of a job's imports, where a caller brings no data frame
from rematch.evaluate.intervals import RESAMPLES, Floats, bootstrap
from rematch.evaluate.tables import Ints, Table, as_qrels, as_run, coded, codes_in

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
    if min([*ks, mrr_at]) < 1:
        raise ValueError(f"cut-offs count from 1: {[*ks, mrr_at]}")
    queries, relevant, owner, rank = _found(ranking, qrels, query, document, source)
    first = np.full(len(queries), np.iinfo(np.int64).max)
    np.minimum.at(first, owner, rank)
    columns: dict[str, object] = {
        "query": queries,
        f"MRR@{mrr_at}": np.where(first <= mrr_at, 1.0 / first, 0.0),
    }
    for k in ks:
        hits = np.bincount(owner[rank <= k], minlength=len(queries))
        columns[f"R@{k}"] = hits / relevant
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
    queries, relevant, owner, rank = _found(ranking, qrels, query, document, source)
    if not len(queries):
        raise UserError("qrels: no pair, so no recall; this corpus has no truth to score against")
    curve = np.zeros(k_max)
    # Whole hits are counted apart for each size of the relevant set: one rounding a size.
    for size in np.unique(relevant):
        ranks = rank[(relevant[owner] == size) & (rank <= k_max)]
        curve += np.cumsum(np.bincount(ranks, minlength=k_max + 1)[1:]) / size
    return curve / len(queries)


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


def _found(
    ranking: Table, qrels: Table, query: str, document: str, source: str
) -> tuple[pa.Array, Ints, Ints, Ints]:
    """The qrels' queries (sorted), how many documents are relevant to each, and, for every
    relevant document that was ranked, its query's index and its rank."""
    run = as_run(ranking, query, document, source)
    pairs = as_qrels(qrels, query, document)
    queries, q_of_pair = coded(pairs["query"])
    order = pc.array_sort_indices(queries).to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    q_of_pair = place[q_of_pair]
    queries = queries.take(pa.array(order))
    relevant = np.bincount(q_of_pair, minlength=len(queries)).astype(np.int64)
    documents, d_of_pair = coded(pairs["document"])

    # Both sides as one integer a pair, in the qrels' codes; rows the truth does not know fall out.
    q_of_row = codes_in(run["query"], queries)
    d_of_row = codes_in(run["document"], documents)
    rows = np.flatnonzero((q_of_row >= 0) & (d_of_row >= 0))
    keys = q_of_row[rows] * len(documents) + d_of_row[rows]
    true = pa.array(q_of_pair * len(documents) + d_of_pair, pa.int64())
    rows = rows[pc.is_in(pa.array(keys, pa.int64()), value_set=true).to_numpy(zero_copy_only=False)]
    return queries, relevant, q_of_row[rows], run["rank"].to_numpy()[rows]


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
        metrics.append(
            evaluate(
                table,
                qrels,
                run=run,
                direction=direction,
                ks=recall_at,
                mrr_at=top,
                resamples=resamples,
                query=query,
                document=document,
            )
        )
        curve = recall_curve(table, qrels, top, query=query, document=document)
        curves += [
            {"run": run, "direction": direction, "k": k, "recall": float(recall)}
            for k, recall in enumerate(curve, 1)
        ]
    return pa.concat_tables(metrics), forms.from_rows(curves, forms.CURVES)

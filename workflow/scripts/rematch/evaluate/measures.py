"""How well rankings find the truth: MRR@100 and Recall@k as trec_eval defines them.

The mean runs over every query of the qrels: a query without a ranking counts 0, as in the
benchmark's evaluator; a ranked query without qrels is not counted. A corpus' qrels hold the pairs
whose photo is in the gallery, so an article that lost its photo is no query, and is said beside the
figures (`report.losses`); the evaluator has all of the truth, and counts 0 for it. Rankings and
qrels are joined by id, so the order of rows in either says nothing. Nothing here depends on the
machine: sums are exact or taken in a fixed order, random draws are integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.errors import UserError
from rematch.evaluate.hits import hits_of
from rematch.evaluate.outcomes import outcomes_of, per_metric, recalls, summary
from rematch.evaluate.resampling import RESAMPLES, Floats
from rematch.evaluate.tables import Table, as_qrels

TEXT_TO_IMAGE = "text-to-image"
IMAGE_TO_TEXT = "image-to-text"
DIRECTIONS = (TEXT_TO_IMAGE, IMAGE_TO_TEXT)
"""The two values of column `direction` in `forms.METRICS`."""

K = (1, 5, 10, 50, 100)
"""Default cut-offs of Recall@k."""

MRR_AT = 100
"""Default depth at which the reciprocal rank is cut to 0."""


def judged(
    ranking: Table,
    qrels: Table,
    *,
    query: str = "article_id",
    document: str = "image_id",
    source: str = "ranking",
) -> pa.Table:
    """Where a ranking has each query's right documents, as far as it goes.

    `true_ranks.judge` has the ranks in the whole gallery; here what is below the ranking's end has
    none.

    Returns:
        Columns `query`, `relevant`, `rank`, `reciprocal_rank` and `ranks` of `forms.PER_ARTICLE`,
        a row a query of the qrels, sorted by id.

    Raises:
        UserError: see `as_run` and `as_qrels`.
    """
    hits = hits_of(ranking, qrels, query, document, source)
    order = np.lexsort((hits.rank, hits.owner))
    owner, rank = hits.owner[order], hits.rank[order]
    ends = np.searchsorted(owner, np.arange(len(hits.queries) + 1))
    ranks = [rank[start:end].tolist() for start, end in pairwise(ends.tolist())]
    first = [each[0] if each else None for each in ranks]
    columns = {
        "relevant": hits.relevant,
        "rank": first,
        "reciprocal_rank": [1 / each if each else 0.0 for each in first],
        "ranks": ranks,
    }
    form = forms.PER_ARTICLE
    typed = {name: pa.array(column, form.field(name).type) for name, column in columns.items()}
    return pa.table({"query": hits.queries, **typed})


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
    found = judged(ranking, qrels, query=query, document=document, source=source)
    values = per_metric(found, mrr_at, ks)
    names = [f"MRR@{mrr_at}", *(f"R@{k}" for k in ks)]
    return pa.table({"query": found["query"], **dict(zip(names, values.T, strict=True))})


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
    found = judged(ranking, qrels, query=query, document=document, source=source)
    if not len(found):
        raise UserError("qrels: no pair, so no recall; this corpus has no truth to score against")
    return recalls(found, k_max)


def metrics(
    ranking: Table,
    qrels: Table,
    ks: Sequence[int] = K,
    mrr_at: int = MRR_AT,
    *,
    resamples: int = RESAMPLES,
    query: str = "article_id",
    document: str = "image_id",
) -> pa.Table:
    """How well a ranking finds the truth: for a notebook or another project.

    Args:
        ranking: columns `article_id`, `image_id`, `rank`, `score`, as `match.rank` gives it.
        qrels: columns `article_id`, `image_id`, a row a right pair; or a data frame of both.
        ks, mrr_at: cut-offs.
        resamples: of the intervals' bootstrap; queries that share a document are redrawn together.
        query, document: names of the id columns; swapped, they read an image-to-text ranking.

    Returns:
        A row a metric: `metric`, its mean `value`, `low` and `high` of the 95 % interval, and `n`
        queries. Empty qrels (a corpus with no truth) give an empty table, not zeros.

    Raises:
        UserError: see `as_run` and `as_qrels`.
    """
    known = judged(ranking, qrels, query=query, document=document)
    pairs = as_qrels(qrels, query, document)
    named = zip(pairs["query"].to_pylist(), pairs["document"].to_pylist(), strict=True)
    found = summary(outcomes_of({"": known}, list(named), {}, mrr_at, ks), "", resamples)
    return found.select(["metric", "value", "low", "high", "n"]).replace_schema_metadata()

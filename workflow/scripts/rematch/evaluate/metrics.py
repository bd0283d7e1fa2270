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
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rematch import forms
from rematch.errors import UserError

if TYPE_CHECKING:
    import pandas  # half of a job's imports, where a caller brings no data frame

Table: TypeAlias = "pa.Table | pandas.DataFrame"
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

TEXT_TO_IMAGE = "text-to-image"
IMAGE_TO_TEXT = "image-to-text"
DIRECTIONS = (TEXT_TO_IMAGE, IMAGE_TO_TEXT)
"""The two values of column `direction` in `forms.METRICS`."""

K = (1, 5, 10, 50, 100)
"""Default cut-offs of Recall@k."""

MRR_AT = 100
"""Default depth at which the reciprocal rank is cut to 0."""

RESAMPLES = 1000
"""Default number of bootstrap resamples."""

_CHUNK = 4_000_000


def as_run(
    table: Table,
    query: str = "article_id",
    document: str = "image_id",
    source: str = "ranking",
) -> pa.Table:
    """The ranking as columns `query`, `document` (string), `rank` (int64), `score` (float64).

    Args:
        table: columns `query`, `document`, `rank`, `score`, in any order of rows; others ignored.
        query, document: names of the id columns; swapped, they read an image-to-text ranking.
        source: where the table came from, for messages.

    Raises:
        UserError: a column is missing or an id is null or no string, a score is NaN or infinite,
            a document stands twice in one list, ranks are not 1..m, or a score rises with rank.
    """
    table = _arrow(table)
    run = pa.table(
        {
            "query": _ids(table, query, source),
            "document": _ids(table, document, source),
            "rank": _numbers(table, "rank", pa.int64(), source),
            "score": _numbers(table, "score", pa.float64(), source),
        }
    )
    _check(run, query, document, source)
    return run


def as_qrels(
    table: Table,
    query: str = "article_id",
    document: str = "image_id",
    source: str = "qrels",
) -> pa.Table:
    """The distinct relevant pairs as string columns `query`, `document`, sorted by both.

    Raises:
        UserError: a column is missing, or an id is null or no string.
    """
    table = _arrow(table)
    pairs = pa.table(
        {"query": _ids(table, query, source), "document": _ids(table, document, source)}
    )
    pairs = pairs.group_by(["query", "document"]).aggregate([])
    # Arrow orders strings by their bytes, whatever the locale.
    return pairs.sort_by([("query", "ascending"), ("document", "ascending")])


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


def bootstrap(
    values: Floats, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of column means: how far they would move had the benchmark
    drawn other queries of the same kind (queries redrawn with replacement, `resamples` times).

    Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979;
    the percentile interval is in Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
    chapter 13. Queries are numbered by their values, not by their ids, so that renaming them moves
    no interval.

    Args:
        values: float64[n, m], n >= 1 queries in any order, m metrics.

    Returns:
        Lower and upper bounds, float64[m] each.
    """
    n = len(values)
    # Few distinct rows exist (a rank decides them), so redrawn queries are counted by row.
    rows, kind = np.unique(values, axis=0, return_inverse=True)
    kind = np.sort(kind.reshape(-1).astype(np.int64))
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, values.shape[1]))
    step = max(1, _CHUNK // max(n, len(rows)))
    for start in range(0, resamples, step):
        b = min(step, resamples - start)
        drawn = kind[rng.integers(0, n, size=(b, n), dtype=np.uint32)]
        drawn += np.arange(b)[:, None] * len(rows)
        counts = np.bincount(drawn.reshape(-1), minlength=b * len(rows)).reshape(b, len(rows)).T
        for j in range(values.shape[1]):
            # The sum runs down the outer axis, row after row: the same order on every machine,
            # which a matrix product does not promise.
            means[start : start + b, j] = (counts * rows[:, j, None]).sum(axis=0) / n
    means.sort(axis=0)
    outside = max(1, math.floor(resamples * (1 - level) / 2 + 1e-9))
    return means[outside - 1], means[resamples - outside]


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
    queries, q_of_pair = _coded(pairs["query"])
    order = pc.array_sort_indices(queries).to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    q_of_pair = place[q_of_pair]
    queries = queries.take(pa.array(order))
    relevant = np.bincount(q_of_pair, minlength=len(queries)).astype(np.int64)
    documents, d_of_pair = _coded(pairs["document"])

    # Both sides as one integer a pair, in the qrels' codes; rows the truth does not know fall out.
    q_of_row = _codes_in(run["query"], queries)
    d_of_row = _codes_in(run["document"], documents)
    rows = np.flatnonzero((q_of_row >= 0) & (d_of_row >= 0))
    keys = q_of_row[rows] * len(documents) + d_of_row[rows]
    true = pa.array(q_of_pair * len(documents) + d_of_pair, pa.int64())
    rows = rows[pc.is_in(pa.array(keys, pa.int64()), value_set=true).to_numpy(zero_copy_only=False)]
    return queries, relevant, q_of_row[rows], run["rank"].to_numpy()[rows]


def _check(run: pa.Table, query: str, document: str, source: str) -> None:
    """Refuse what would be scored without meaning anything; see `as_run`."""

    def refuse(row: int, column: str, what: str) -> None:
        raise UserError(
            f"{source}: row {row + 1}, column {column!r}: {what} "
            f"(query {run['query'][row].as_py()!r}, document {run['document'][row].as_py()!r}); "
            "the ranking is damaged: delete it and have it made again"
        )

    scores = run["score"].to_numpy()
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        refuse(int(bad[0]), "score", f"{scores[bad[0]]} is not a finite score")

    _, q = _coded(run["query"])
    documents, d = _coded(run["document"])
    key = q * len(documents) + d
    ordered = np.sort(key)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        row = int(np.flatnonzero(key == twice[0])[1])
        refuse(row, document, "the document stands twice in one query's list")

    ranks = run["rank"].to_numpy()
    out = np.flatnonzero((ranks < 1) | (ranks > len(ranks)))
    if len(out):
        refuse(int(out[0]), "rank", f"rank {ranks[out[0]]}: ranks count 1, 2, 3, … without a gap")
    step = q[1:] - q[:-1]
    order = None
    if not ((step > 0) | ((step == 0) & (ranks[1:] > ranks[:-1]))).all():
        order = np.lexsort((ranks, q))
        q, ranks, scores = q[order], ranks[order], scores[order]
    same = np.concatenate([[False], q[1:] == q[:-1]])[: len(q)]
    wrong = np.flatnonzero(
        ranks != np.where(same, np.concatenate([[0], ranks[:-1]])[: len(q)] + 1, 1)
    )
    if len(wrong):
        at = int(wrong[0])
        refuse(
            at if order is None else int(order[at]),
            "rank",
            f"rank {ranks[at]}: ranks count 1, 2, 3, … without a gap",
        )
    rising = np.flatnonzero(same[1:] & (scores[1:] > scores[:-1])) + 1
    if len(rising):
        at = int(rising[0])
        refuse(
            at if order is None else int(order[at]),
            "score",
            f"score {scores[at]} at rank {ranks[at]} is above {scores[at - 1]} at the rank before",
        )


def _arrow(table: Table) -> pa.Table:
    if not isinstance(table, pa.Table):
        return pa.Table.from_pandas(table, preserve_index=False)
    return table


def _column(table: pa.Table, name: str, source: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        have = ", ".join(table.column_names)
        raise UserError(f"{source}: column {name!r} is missing; it has {have}")
    column = table[name]
    if column.null_count:
        row = column.is_null().index(True).as_py() + 1
        raise UserError(f"{source}: row {row}, column {name!r} is empty; every row needs a value")
    return column


def _ids(table: pa.Table, name: str, source: str) -> pa.ChunkedArray:
    column = _column(table, name, source)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        if pa.types.is_null(kind) or not len(column):
            return pa.chunked_array([], pa.string())
        raise UserError(
            f"{source}: column {name!r} holds {kind}, but ids are strings; read it as text"
        )
    return column.cast(pa.string())


def _numbers(table: pa.Table, name: str, kind: pa.DataType, source: str) -> pa.ChunkedArray:
    column = _column(table, name, source)
    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        raise UserError(f"{source}: column {name!r} is no {kind}: {error}") from None


def _coded(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """The column's distinct strings and, for each row, which of them it holds."""
    if not len(column):
        return pa.array([], pa.string()), np.zeros(0, dtype=np.int64)
    # Encoded before the chunks are joined: a string array holds 2 GiB at most.
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    return encoded.dictionary, encoded.indices.to_numpy().astype(np.int64)


def _codes_in(column: pa.ChunkedArray, values: pa.Array) -> Ints:
    """For each row the index of its string in `values`, or -1."""
    codes = pc.index_in(column, value_set=values).combine_chunks().fill_null(-1)
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)


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

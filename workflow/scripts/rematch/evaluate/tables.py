"""Rankings and qrels as columns, and what is refused of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rematch.errors import UserError

if TYPE_CHECKING:
    import pandas  # half of a job's imports, where a caller brings no data frame

Table: TypeAlias = "pa.Table | pandas.DataFrame"
Ints: TypeAlias = npt.NDArray[np.int64]


def as_run(
    table: Table,
    query: str = "article_id",
    document: str = "image_id",
    source: str = "ranking",
) -> pa.Table:
    """The ranking as columns `query`, `document` (strings, dictionary-encoded), `rank` (int64) and
    `score` (float64).

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
            "query": _encoded(_ids(table, query, source)),
            "document": _encoded(_ids(table, document, source)),
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

    _, q = coded(run["query"])
    documents, d = coded(run["document"])
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


def coded(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """The column's distinct strings and, for each row, which of them it holds."""
    encoded = _encoded(column)
    return encoded.dictionary, encoded.indices.to_numpy().astype(np.int64)


def codes_in(column: pa.ChunkedArray, values: pa.Array) -> Ints:
    """For each row the index of its string in `values`, or -1."""
    strings, codes = coded(column)
    found = pc.index_in(strings, value_set=values).fill_null(-1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)[codes]


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if not len(column):
        return pa.array([], pa.string()).dictionary_encode()
    # Encoded before the chunks are joined: a string array holds 2 GiB at most.
    return column.dictionary_encode().unify_dictionaries().combine_chunks()

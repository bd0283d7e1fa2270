"""Where in the rankings the relevant documents stand: all that any metric asks of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rematch.evaluate.tables import Ints, Table, as_qrels, as_run, coded, codes_in


class Hits(NamedTuple):
    """The relevant documents of n queries that were ranked, h of them.

    Attributes:
        queries: all of the qrels, sorted by id: string [n].
        relevant: how many documents are relevant to each: int64 [n].
        owner: of each hit its query's index: int64 [h].
        rank: of each hit, from 1: int64 [h].
    """

    queries: pa.Array
    relevant: Ints
    owner: Ints
    rank: Ints


def hits_of(ranking: Table, qrels: Table, query: str, document: str, source: str) -> Hits:
    """Join a ranking with the qrels.

    Args:
        ranking, query, document, source: see `as_run`.
        qrels: see `as_qrels`.

    Raises:
        UserError: see `as_run` and `as_qrels`.
    """
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
    return Hits(queries, relevant, q_of_row[rows], run["rank"].to_numpy()[rows])

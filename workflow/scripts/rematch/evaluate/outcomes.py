"""What all runs of a corpus came to, query by query: what every conclusion is drawn from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rematch import forms
from rematch.errors import UserError
from rematch.evaluate.groups import groups_of
from rematch.evaluate.intervals import bootstrap
from rematch.evaluate.resampling import RESAMPLES, Floats, Ints


@dataclass(frozen=True)
class Outcomes:
    """Of n queries, r runs and m metrics.

    Attributes:
        queries: ids, in an order that names nothing.
        runs: names.
        metrics: names, `MRR@<K>` first.
        values: float64 [n, r, m].
        relevant: right documents of each query: int64 [n].
        groups: of queries that are no independent draws: int64 [n].
        first: exact rank of the first right document, 0 where none was ranked: int64 [n, r].
        curves: mean recall@k for k = 1..K: float64 [r, K].
        marks: digests of all that runs were judged by; equal ones are of runs that rank every
            right document alike.
    """

    queries: tuple[str, ...]
    runs: tuple[str, ...]
    metrics: tuple[str, ...]
    values: Floats
    relevant: Ints
    groups: Ints
    first: Ints
    curves: Floats
    marks: tuple[str, ...]

    @property
    def independent(self) -> int:
        """Groups of queries."""
        return len(np.unique(self.groups))

    def of(self, run: str) -> int:
        """The number of a run."""
        return self.runs.index(run)


def outcomes_of(
    judged: Mapping[str, pa.Table],
    pairs: Sequence[tuple[str, str]],
    contents: Mapping[str, str],
    top: int,
    recall_at: Sequence[int],
) -> Outcomes:
    """Bring the judged queries of several runs together, by id.

    Args:
        judged: of each run `forms.PER_ARTICLE` or `forms.PER_IMAGE`.
        pairs: query and right document; queries that share one are no independent draws.
        contents: a digest of each query's content: equal ones are no independent draws, and
            queries stand in the order of their digests, then of what runs made of them.
        top: depth of the reciprocal rank and of the curves.
        recall_at: cut-offs of recall.

    Raises:
        UserError: runs were judged on different queries.
    """
    names = tuple(judged)
    ids: list[str] = []
    relevant = np.empty(0, np.int64)
    values: list[Floats] = []
    firsts: list[Ints] = []
    curves: list[Floats] = []
    marks: list[str] = []
    for name, table in judged.items():
        table = table.take(pc.sort_indices(table[0]))
        found = table[0].to_pylist()
        if not values:
            ids, relevant = found, table["relevant"].to_numpy().astype(np.int64)
        elif found != ids:
            raise UserError(f"run {name}: judged on other queries than {names[0]}; evaluate again")
        values.append(per_metric(table, top, recall_at))
        firsts.append(table["rank"].fill_null(0).to_numpy().astype(np.int64))
        curves.append(recalls(table, top))
        marks.append(_mark(table))
    place = np.stack(firsts, axis=1).tolist() if firsts else []
    order = sorted(range(len(ids)), key=lambda at: (contents.get(ids[at], ""), place[at], ids[at]))
    queries = tuple(ids[at] for at in order)
    n, m = len(ids), 1 + len(recall_at)
    return Outcomes(
        queries=queries,
        runs=names,
        metrics=(f"MRR@{top}", *(f"R@{k}" for k in recall_at)),
        values=np.stack(values, axis=1)[order] if n and values else np.empty((n, len(names), m)),
        relevant=relevant[order],
        groups=groups_of(queries, pairs, contents),
        first=np.stack(firsts, axis=1)[order] if n and values else np.empty((n, len(names)), int),
        curves=np.stack(curves) if values else np.empty((0, top)),
        marks=tuple(marks),
    )


def _mark(judged: pa.Table) -> str:
    numbers = ["relevant", "rank", *(["margin"] if "margin" in judged.column_names else [])]
    columns = [judged[name].fill_null(0).to_numpy().tobytes() for name in numbers]
    owner, ranks = _hits(judged)
    return hashlib.sha256(b"".join([*columns, owner.tobytes(), ranks.tobytes()])).hexdigest()


def per_metric(judged: pa.Table, top: int, recall_at: Sequence[int]) -> Floats:
    """Each query's reciprocal rank, 0 beyond `top`, and its recalls: float64 [n, 1 + k].

    Args:
        judged: columns `relevant`, `rank` and `ranks` of `forms.PER_ARTICLE`.
        top, recall_at: cut-offs.
    """
    first = judged["rank"].fill_null(0).to_numpy().astype(np.int64)
    relevant = judged["relevant"].to_numpy()
    owner, ranks = _hits(judged)
    within = (first > 0) & (first <= top)
    columns = [np.where(within, 1.0 / np.where(within, first, 1), 0.0)]
    for k in recall_at:
        columns.append(np.bincount(owner[ranks <= k], minlength=len(judged)) / relevant)
    return np.stack(columns, axis=1)


def recalls(judged: pa.Table, top: int) -> Floats:
    """Mean recall@k for k = 1..top: float64 [top]. `judged` as in `per_metric`."""
    owner, ranks = _hits(judged)
    relevant = judged["relevant"].to_numpy()
    curve = np.zeros(top)
    # Whole hits are counted apart for each number of right documents: one rounding a number.
    for size in np.unique(relevant):
        these = ranks[(relevant[owner] == size) & (ranks <= top)]
        curve += np.cumsum(np.bincount(these, minlength=top + 1)[1:]) / size
    return curve / max(1, len(judged))


def _hits(judged: pa.Table) -> tuple[Ints, Ints]:
    """Of every right document that was ranked: its query's number and its rank."""
    lists = judged["ranks"].combine_chunks()
    ranks = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    return np.repeat(np.arange(len(judged)), pc.list_value_length(lists).to_numpy()), ranks


def summary(found: Outcomes, direction: str, resamples: int = RESAMPLES, seed: int = 0) -> pa.Table:
    """Means and 95 % intervals of every run and metric: `forms.METRICS`."""
    n, r, m = found.values.shape
    if not n:
        return forms.from_rows([], forms.METRICS)
    flat = found.values.reshape(n, r * m)
    low, high = bootstrap(flat, found.groups, resamples, seed)
    return forms.from_rows(
        [
            {
                "run": run,
                "direction": direction,
                "metric": metric,
                "value": math.fsum(flat[:, i * m + j]) / n,
                "low": float(low[i * m + j]),
                "high": float(high[i * m + j]),
                "n": n,
            }
            for i, run in enumerate(found.runs)
            for j, metric in enumerate(found.metrics)
        ],
        forms.METRICS,
    )


def curves(found: Outcomes, direction: str) -> pa.Table:
    """Mean recall@k of every run: `forms.CURVES`."""
    return forms.from_rows(
        [
            {"run": run, "direction": direction, "k": k, "recall": float(recall)}
            for run, curve in zip(found.runs, found.curves, strict=True)
            for k, recall in enumerate(curve, 1)
        ],
        forms.CURVES,
    )

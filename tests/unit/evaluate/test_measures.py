"""MRR@100 and Recall@k: against pytrec_eval and a plain loop."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import pytrec_eval
from hypothesis import given, settings, strategies as st

from rematch import forms
from rematch.errors import UserError
from rematch.evaluate import measures, tables

Lists = dict[str, list[str]]
Truth = dict[str, set[str]]


def ranking_of(lists: Lists) -> pa.Table:
    """Each query's documents in order, with strictly falling scores."""
    return forms.from_rows(
        [
            {"article_id": query, "rank": i + 1, "image_id": document, "score": 1.0 - i / 1024}
            for query, documents in lists.items()
            for i, document in enumerate(documents)
        ],
        forms.RANKING,
    )


def qrels_of(truth: Truth) -> pa.Table:
    return forms.from_rows(
        [
            {"article_id": query, "image_id": document}
            for query, documents in truth.items()
            for document in sorted(documents)
        ],
        forms.QRELS,
    )


def by_hand(lists: Lists, truth: Truth, ks: tuple[int, ...]) -> dict[str, dict[str, float]]:
    """The definitions, one query after another."""
    out = {}
    for query, relevant in truth.items():
        ranked = lists.get(query, [])
        row = {"MRR@100": 0.0}
        for i, document in enumerate(ranked[:100]):
            if document in relevant:
                row["MRR@100"] = 1 / (i + 1)
                break
        for k in ks:
            row[f"R@{k}"] = len(relevant & set(ranked[:k])) / len(relevant)
        out[query] = row
    return out


def random_case(seed: int, queries: int = 60, gallery: int = 300) -> tuple[Lists, Truth]:
    """Lists of 0 to 150 documents; some queries unranked, some unjudged, some with many truths."""
    rng = np.random.default_rng(seed)
    documents = [f"ü{i}" for i in rng.permutation(gallery)]
    lists, truth = {}, {}
    for i in range(queries):
        query = f"q{i}"
        length = int(rng.integers(0, 151))
        if rng.random() < 0.85 and length:
            lists[query] = [documents[j] for j in rng.permutation(gallery)[:length]]
        if rng.random() < 0.85:
            size = int(rng.choice([1, 1, 2, 7]))
            truth[query] = {documents[j] for j in rng.permutation(gallery)[:size]}
    return lists, truth


def as_dict(values: pa.Table) -> dict[str, dict[str, float]]:
    return {row.pop("query"): row for row in values.to_pylist()}


def assert_same(got: dict[str, dict[str, float]], want: dict[str, dict[str, float]]) -> None:
    assert got.keys() == want.keys()
    for query, row in want.items():
        assert got[query] == pytest.approx(row, rel=0, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_equals_pytrec_eval_and_the_plain_loop(seed: int) -> None:
    lists, truth = random_case(seed)
    got = as_dict(measures.per_query(ranking_of(lists), qrels_of(truth)))
    assert_same(got, by_hand(lists, truth, measures.K))

    run = {
        q: {d: float(len(ds) - i) for i, d in enumerate(ds)}
        for q, ds in lists.items()
        if q in truth
    }
    # trec_eval's recip_rank knows no cut-off: it is given the first 100 alone.
    cut = {q: dict(list(ds.items())[:100]) for q, ds in run.items()}
    qrel = {q: {d: 1 for d in ds} for q, ds in truth.items()}
    recall = pytrec_eval.RelevanceEvaluator(qrel, {"recall.1,5,10,50,100"}).evaluate(run)
    mrr = pytrec_eval.RelevanceEvaluator(qrel, {"recip_rank"}).evaluate(cut)
    assert len(recall) > 20
    want = {
        q: {
            "MRR@100": mrr[q]["recip_rank"] if q in mrr else 0.0,
            **{f"R@{k}": recall[q][f"recall_{k}"] if q in recall else 0.0 for k in measures.K},
        }
        for q in truth
    }
    assert_same(got, want)


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_properties(data: st.DataObject) -> None:
    documents = [f"d{i}" for i in range(9)]
    some = st.lists(st.sampled_from(documents), unique=True, max_size=9)
    lists = data.draw(st.dictionaries(st.sampled_from("abcde"), some, max_size=5))
    truth = data.draw(
        st.dictionaries(
            st.sampled_from("abcdef"),
            st.sets(st.sampled_from(documents), min_size=1, max_size=4),
            min_size=1,
            max_size=6,
        )
    )
    ranking, qrels = ranking_of(lists), qrels_of(truth)
    values = measures.per_query(ranking, qrels, ks=(1, 3, 9))
    assert_same(as_dict(values), by_hand(lists, truth, (1, 3, 9)))

    order = data.draw(st.permutations(range(ranking.num_rows)))
    mixed = measures.per_query(
        ranking.take(pa.array(order, pa.int64())),
        qrels.take(list(range(len(qrels)))[::-1]),
        (1, 3, 9),
    )
    assert mixed.equals(values)

    curve = measures.recall_curve(ranking, qrels, 9)
    assert (np.diff(curve) >= 0).all()
    for k in (1, 3, 9):
        mean = math.fsum(values[f"R@{k}"].to_pylist()) / len(values)
        assert curve[k - 1] == pytest.approx(mean, abs=1e-12)


def test_the_curve_is_recall_at_every_k() -> None:
    lists, truth = random_case(3)
    ks = tuple(range(1, 101))
    values = by_hand(lists, truth, ks)
    want = [np.mean([row[f"R@{k}"] for row in values.values()]) for k in ks]
    curve = measures.recall_curve(ranking_of(lists), qrels_of(truth))
    assert curve.shape == (100,) and curve.dtype == np.float64
    assert curve == pytest.approx(want, abs=1e-12)


def test_means_run_over_all_queries_of_the_qrels() -> None:
    ranking = ranking_of({"a": ["x", "y"], "unjudged": ["x"]})
    qrels = qrels_of({"a": {"y"}, "b": {"x"}, "c": {"not in any list"}, "d": {"x", "y"}})
    out = measures.metrics(ranking, qrels, ks=(1, 2))
    assert out.column_names == ["metric", "value", "low", "high", "n"]
    assert {row["metric"]: row["value"] for row in out.to_pylist()} == {
        "MRR@100": 0.5 / 4,
        "R@1": 0.0,
        "R@2": 1 / 4,
    }
    assert set(out["n"].to_pylist()) == {4}


def test_the_truth_at_rank_1_scores_1_and_at_101_nothing() -> None:
    first = measures.metrics(
        ranking_of({f"q{i}": [f"d{i}", "x"] for i in range(5)}),
        qrels_of({f"q{i}": {f"d{i}"} for i in range(5)}),
    )
    assert first["value"].to_pylist() == first["high"].to_pylist() == [1.0] * 6
    far = ranking_of({"q": [f"d{i}" for i in range(1, 151)]})
    for place, mrr, recall in [(100, 0.01, 1.0), (101, 0.0, 0.0)]:
        row = measures.per_query(far, qrels_of({"q": {f"d{place}"}})).to_pylist()[0]
        assert (row["MRR@100"], row["R@100"]) == (mrr, recall)


def test_image_to_text_is_the_same_with_the_columns_swapped() -> None:
    lists, truth = random_case(5)
    ranking, qrels = ranking_of(lists), qrels_of(truth)
    swap = {"article_id": "image_id", "image_id": "article_id"}
    turned = ranking.rename_columns([swap.get(n, n) for n in ranking.column_names])
    turned_qrels = qrels.rename_columns([swap[n] for n in qrels.column_names])
    values = measures.per_query(turned, turned_qrels, query="image_id", document="article_id")
    assert values.equals(measures.per_query(ranking, qrels))
    run = tables.as_run(turned, query="image_id", document="article_id")
    assert run.column_names == ["query", "document", "rank", "score"]


def test_pandas_categories_and_repeated_pairs_are_read() -> None:
    lists, truth = random_case(2)
    ranking, qrels = ranking_of(lists), qrels_of(truth)
    want = measures.per_query(ranking, qrels)
    frame = ranking.to_pandas().astype({"article_id": "category", "image_id": "category"})
    doubled = pa.concat_tables([qrels, qrels])
    assert measures.per_query(frame, doubled).equals(want)
    assert measures.per_query(frame, pd.concat([qrels.to_pandas()] * 2)).equals(want)


@pytest.mark.parametrize(
    ("column", "row", "value", "says"),
    [
        ("score", 4, math.nan, "row 5, column 'score': nan is not a finite"),
        ("score", 0, math.inf, "row 1, column 'score': inf is not"),
        ("score", 5, -math.inf, "row 6, column 'score': -inf is not"),
        ("score", 3, None, "row 4, column 'score' is empty"),
        ("score", 4, 1.5, "row 5, column 'score': score 1.5 at rank 2 is above 1.0"),
        ("rank", 1, 4, "row 3, column 'rank': rank 3"),
        ("rank", 1, 1, "row 2, column 'rank': rank 1"),
        ("rank", 0, 0, "row 1, column 'rank': rank 0"),
        ("image_id", 2, "x", "row 3, column 'image_id': the document stands twice"),
        ("image_id", 2, None, "row 3, column 'image_id' is empty"),
        ("article_id", 2, None, "row 3, column 'article_id' is empty"),
    ],
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_damaged_ranking_is_refused(
    column: str, row: int, value: Any, says: str, shuffled: bool
) -> None:
    ranking = ranking_of({"a": ["x", "y", "z"], "b": ["x", "y", "z"]})
    rows = ranking.to_pylist()
    rows[row][column] = value
    if shuffled:
        rows = [rows[i] for i in (3, 0, 5, 2, 4, 1)]
        says = says.split(", ", 1)[-1].split(": rank")[0].split(": the")[0].split(": score")[0]
    damaged = forms.from_rows(rows, forms.RANKING)
    qrels = qrels_of({"a": {"x"}})
    for function in (measures.per_query, measures.recall_curve):
        with pytest.raises(UserError) as refused:
            function(damaged, qrels, source="results/ranking.parquet")
        assert says in str(refused.value)
        assert str(refused.value).startswith("results/ranking.parquet: ")
        assert "\n" not in str(refused.value)


def test_equal_scores_are_no_damage() -> None:
    rows = ranking_of({"a": ["x", "y"]}).to_pylist()
    rows[1]["score"] = rows[0]["score"]
    ranking = forms.from_rows(rows, forms.RANKING)
    assert measures.per_query(ranking, qrels_of({"a": {"y"}}))["MRR@100"].to_pylist() == [0.5]


def test_wrong_columns_are_refused() -> None:
    ranking, qrels = ranking_of({"a": ["x"]}), qrels_of({"a": {"x"}})
    with pytest.raises(UserError, match="'score' is missing"):
        measures.per_query(ranking.drop_columns(["score"]), qrels)
    numbers = pd.DataFrame({"article_id": [1], "rank": [1], "image_id": ["x"], "score": [0.5]})
    with pytest.raises(UserError, match="'article_id' holds int64, but ids are strings"):
        measures.per_query(numbers, qrels)
    halves = pd.DataFrame({"article_id": ["a"], "rank": [1.5], "image_id": ["x"], "score": [0.5]})
    with pytest.raises(UserError, match="'rank' is no int64"):
        measures.per_query(halves, qrels)
    with pytest.raises(ValueError, match="count from 1"):
        measures.per_query(ranking, qrels, ks=(0, 5))


def test_no_truth_gives_no_metrics_and_no_ranking_gives_zeros() -> None:
    none = forms.from_rows([], forms.QRELS)
    ranking = ranking_of({"a": ["x"]})
    assert measures.metrics(ranking, none).num_rows == 0
    with pytest.raises(UserError, match="no pair"):
        measures.recall_curve(ranking, none)
    nothing = measures.metrics(ranking_of({}), qrels_of({"a": {"x"}}))
    assert nothing["value"].to_pylist() == [0.0] * 6
    assert measures.recall_curve(ranking_of({}), qrels_of({"a": {"x"}}), 3).tolist() == [0.0] * 3


def test_large_tables_take_seconds_not_minutes() -> None:
    n, depth = 20_000, 100
    names = np.array([f"{i:06d}" for i in range(n)])
    rank = np.tile(np.arange(1, depth + 1), n)
    documents = (np.repeat(np.arange(n), depth) + rank - 1) % n
    ranking = pa.table(
        {
            "article_id": np.repeat(names, depth),
            "rank": pa.array(rank, pa.int32()),
            "image_id": names[documents],
            "score": pa.array(1 - rank / 128, pa.float32()),
        }
    )
    place = np.arange(n) % 150
    qrels = pa.table({"article_id": names, "image_id": names[(np.arange(n) + place) % n]})
    started = time.monotonic()
    values = measures.per_query(ranking, qrels)
    assert time.monotonic() - started < 10
    want = np.where(place < 100, 1 / (place + 1), 0)
    assert values["MRR@100"].to_numpy() == pytest.approx(want, abs=1e-15)

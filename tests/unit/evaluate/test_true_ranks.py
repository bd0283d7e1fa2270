"""Exact ranks: against sorting, and against the rankings that people read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from rematch.errors import UserError
from rematch.evaluate import judged
from rematch.evaluate.groups import groups_of
from rematch.evaluate.true_ranks import judge
from rematch.forms import Block, Float32
from rematch.match import rank_both


class Matrix:
    """Scores in memory, in blocks of three rows."""

    path = "a matrix"

    def __init__(self, scores: Float32) -> None:
        self.scores = scores
        self.article_ids = tuple(f"a{i}" for i in range(len(scores)))
        self.gallery = tuple(f"p{j}" for j in range(scores.shape[1]))

    def blocks(self) -> Iterator[Block]:
        for start in range(0, len(self.scores), 3):
            yield self.article_ids[start : start + 3], self.scores[start : start + 3]

    def take(self, articles: object, gallery: object) -> Float32:
        return self.scores


def truth(pairs: set[tuple[int, int]]) -> pa.Table:
    rows = [(f"a{i}", f"p{j}") for i, j in sorted(pairs, reverse=True)]
    ids = [list(column) for column in zip(*rows, strict=True)] or [[], []]
    return pa.table(
        {"article_id": pa.array(ids[0], pa.string()), "image_id": pa.array(ids[1], pa.string())}
    )


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 9))
def test_ranks_are_those_of_a_full_ranking(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = Matrix(rng.integers(0, 3, (n, m)).astype(np.float32))  # many ties
    article_ties = {item: rng.random() for item in matrix.article_ids}
    image_ties = {item: rng.random() for item in matrix.gallery}
    pairs = {(int(rng.integers(n)), int(rng.integers(m))) for _ in range(6)}
    qrels = truth(pairs)
    ranking, image_ranking = rank_both(matrix, article_ties, image_ties, max(n, m))
    by_article, by_image = judge(matrix, qrels, article_ties, image_ties)
    for found, whole, query, document in (
        (by_article, ranking, "article_id", "image_id"),
        (by_image, image_ranking, "image_id", "article_id"),
    ):
        want = judged(whole, qrels, query=query, document=document)
        assert found[query].to_pylist() == want["query"].to_pylist()
        for name in ("relevant", "rank", "reciprocal_rank", "ranks"):
            assert found[name].to_pylist() == want[name].to_pylist()
    top = np.sort(matrix.scores, axis=1)
    for row in by_article.to_pylist():
        line = top[int(row["article_id"][1:])]
        assert row["margin"] == (line[-1] - line[-2] if m > 1 else 0)


def test_a_pair_that_was_not_matched_has_no_rank() -> None:
    matrix = Matrix(np.eye(3, dtype=np.float32))
    ties = {**dict.fromkeys(matrix.article_ids, 0), **dict.fromkeys(matrix.gallery, 0)}
    by_article, by_image = judge(matrix, truth({(0, 0), (0, 7), (9, 1)}), ties, ties)
    assert by_article["rank"].to_pylist() == [1, None]
    assert by_article["relevant"].to_pylist() == [2, 1]
    assert by_article["ranks"].to_pylist() == [[1], []]
    assert by_article["reciprocal_rank"].to_pylist() == [1, 0]
    assert by_image["image_id"].to_pylist() == ["p0", "p1", "p7"]
    assert by_image["rank"].to_pylist() == [1, None, None]


def test_a_score_that_is_no_number_is_refused() -> None:
    matrix = Matrix(np.array([[0, np.nan]], dtype=np.float32))
    ties = {"a0": 0, "p0": 0, "p1": 1}
    with pytest.raises(UserError, match="not finite"):
        judge(matrix, truth({(0, 0)}), ties, ties)


def test_what_belongs_together_is_one_group() -> None:
    queries = ["a", "b", "c", "d", "e"]
    pairs = [("a", "x"), ("b", "y"), ("c", "x"), ("d", "z"), ("e", "w")]
    assert groups_of(queries, pairs).tolist() == [0, 1, 0, 2, 3]
    # By way of c, whose text is b's.
    contents = {"a": "1", "b": "2", "c": "2", "d": "3", "e": "4"}
    assert groups_of(queries, pairs, contents).tolist() == [0, 0, 0, 1, 2]

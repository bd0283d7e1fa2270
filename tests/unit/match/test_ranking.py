"""Rankings against a plain sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.match.ranking import rank_both
from tests.unit.match.matrices import identity_ties, similarity

score_matrices = st.integers(1, 9).flatmap(
    lambda n: st.integers(1, 9).flatmap(
        lambda m: st.lists(
            # Few distinct values, so that ties are the rule; both zeros.
            st.lists(
                st.sampled_from([-1.0, -0.5, -0.0, 0.0, 1e-30, 0.25, 1.0]), min_size=m, max_size=m
            ),
            min_size=n,
            max_size=n,
        )
    )
)


def test_scores_that_are_not_finite_are_refused_never_ranked(tmp_path):
    for bad in (np.nan, np.inf, -np.inf):
        scores = np.zeros((4, 3), np.float32)
        scores[2, 1] = bad
        matrix = similarity(tmp_path / "s.arrow", scores)
        ties = identity_ties([*matrix.article_ids, *matrix.gallery])
        with pytest.raises(UserError, match="article 'a2' with photo 'p1'"):
            rank_both(matrix, ties, ties, 3)


def plain_lists(grid, queries, documents, ties, top):
    """Every query's best documents by a plain sort: (query, rank, document, score)."""
    rows = []
    for i, query in sorted(enumerate(queries), key=lambda item: item[1]):
        best = sorted(enumerate(documents), key=lambda c: (-grid[i, c[0]], ties[c[1]]))
        rows += [(query, r, name, grid[i, c]) for r, (c, name) in enumerate(best[:top], 1)]
    return rows


def assert_ranked(matrix, grid, seed, top):
    names = [*matrix.article_ids, *matrix.gallery]
    keys = np.random.default_rng(seed).permutation(10_000)[: len(names)]
    ties = {name: f"{key:04d}" for name, key in zip(names, keys, strict=True)}
    to_images, to_articles = rank_both(matrix, ties, ties, top)
    articles, gallery = matrix.article_ids, matrix.gallery
    expected = plain_lists(grid, articles, gallery, ties, top)
    assert [tuple(row.values()) for row in to_images.to_pylist()] == expected
    expected = plain_lists(grid.T, gallery, articles, ties, top)
    assert [tuple(row.values()) for row in to_articles.to_pylist()] == expected


@settings(max_examples=150, deadline=None)
@given(scores=score_matrices, top=st.integers(1, 10), seed=st.integers(0, 99))
def test_ranking_equals_a_plain_sort_with_ties_by_key(tmp_path_factory, scores, top, seed):
    path = tmp_path_factory.mktemp("rank") / "s.arrow"
    assert_ranked(similarity(path, scores), np.asarray(scores, dtype=np.float32), seed, top)


@pytest.mark.parametrize("levels", [1, 2, 7, 100_000])
@pytest.mark.parametrize("order", ["random", "rising", "falling"])
def test_ranking_of_many_equals_a_plain_sort(tmp_path, levels, order):
    rng = np.random.default_rng(levels)
    grid = (rng.integers(0, levels, size=(170, 230)) - levels // 2).astype(np.float32) / 8
    if order != "random":  # the part of a row that bounds it is then its worst or its best
        grid = np.sort(np.sort(grid, axis=0), axis=1)
        grid = grid if order == "rising" else grid[::-1, ::-1].copy()
    assert_ranked(similarity(tmp_path / "s", grid, block=64), grid, 1, 3)


def test_order_of_rows_and_columns_changes_no_rank(tmp_path):
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 4, size=(20, 15)).astype(np.float32)
    articles, gallery = [f"a{i}" for i in range(20)], [f"p{j}" for j in range(15)]
    rows, columns = rng.permutation(20), rng.permutation(15)
    ties = identity_ties([*articles, *gallery])
    first = rank_both(similarity(tmp_path / "1", scores, articles, gallery), ties, ties, 10)
    shuffled = similarity(
        tmp_path / "2",
        scores[rows][:, columns],
        [articles[i] for i in rows],
        [gallery[j] for j in columns],
        block=7,
    )
    again = rank_both(shuffled, ties, ties, 10)
    assert first[0].equals(again[0]) and first[1].equals(again[1])


@pytest.mark.parametrize(("n", "m"), [(1, 300), (300, 1), (120, 400), (2, 2)])
def test_lists_are_as_long_as_there_is_something_to_rank(tmp_path, n, m):
    grid = np.random.default_rng(n).integers(0, 5, (n, m)).astype(np.float32)
    assert_ranked(similarity(tmp_path / "s", grid, block=50), grid, 2, 100)

"""One pass, against the plain way: all exact scores, sorted by score and place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.match import filtering, searching
from rematch.match.best import places_of, scores_of
from rematch.match.dots import folded, settled
from rematch.match.factors import Factored, Pairs, Term
from rematch.match.searching import Search
from rematch.match.standing import Wanted


def unit(rng, n, d, mean=0.0):
    vectors = rng.standard_normal((n, d)) + mean
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def factored(rng, n, m, d=24, terms=1, ties=False):
    made = []
    for _ in range(terms):
        queries, gallery = unit(rng, n, d, 0.5), unit(rng, m, d, 0.5)
        if ties:
            queries[:], gallery[:] = queries[0], gallery[0]
        columns = np.zeros(m) if ties else rng.normal(size=m) * 0.1
        switch = np.ones(n) if ties else rng.integers(0, 2, n).astype(float)
        where = np.sort(rng.choice(n * m, min(5, n * m), replace=False))
        pairs = Pairs(where // m, where % m, rng.normal(size=len(where)))
        if ties:
            pairs = Pairs.none()
        weights = np.full(n, 1.0 if terms == 1 else 0.3)
        rows = rng.normal(size=n) * 0.2
        made.append(Term(queries, gallery, weights, rows, columns, switch, pairs))
    ids = tuple(f"a{i}" for i in rng.permutation(n))
    return Factored(ids, tuple(f"p{i}" for i in range(m)), tuple(made))


def plain(scores):
    """Every score by itself, by its definition."""
    n, m = len(scores.article_ids), len(scores.gallery)
    found = np.empty((n, m), np.float32)
    for q in range(n):
        for g in range(m):
            total = 0.0
            for term in scores.terms:
                product = folded(term.queries[[q]], term.gallery[[g]])[0]
                own = term.pairs.values[(term.pairs.rows == q) & (term.pairs.columns == g)]
                off = term.rows[q] + term.switch[q] * term.columns[g] + own.sum()
                total += term.weights[q] * product - off
            found[q, g] = np.float32(total)
    return found


def found(scores, places, top, threads, wanted=None):
    lists = {}

    def written(rows, keys):
        for row, own in zip(rows.tolist(), keys, strict=True):
            assert row not in lists
            lists[row] = own

    columns, standing = Search(
        scores, *places, top, top, wanted, threads=threads, written=written
    ).run()
    return np.stack([lists[row] for row in range(len(lists))]), columns, standing


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 90),
    m=st.integers(1, 90),
    top=st.integers(1, 40),
    terms=st.integers(1, 3),
    ties=st.booleans(),
    threads=st.integers(1, 2),
    height=st.sampled_from([1, 2**12, 2**23]),
    seed=st.integers(0, 10**6),
)
def test_lists_and_ranks_are_those_of_all_exact_scores_sorted(
    n, m, top, terms, ties, threads, height, seed
):
    rng = np.random.default_rng(seed)
    scores = factored(rng, n, m, terms=terms, ties=ties)
    exact = plain(scores)
    places = rng.permutation(n), rng.permutation(m)
    rows, columns = rng.integers(0, n, 20), rng.integers(0, m, 20)
    wanted = Wanted(rows, columns, scores.exact(rows, columns))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filtering, "CELLS", height)
        patch.setattr(searching, "PENDING", max(height // 64, 1))
        to_images, to_articles, standing = found(scores, places, top, threads, wanted)
    assert np.concatenate([block for _, block in scores.blocks()]).tobytes() == exact.tobytes()
    for got, matrix, place in ((to_images, exact, places[1]), (to_articles, exact.T, places[0])):
        k = min(top, matrix.shape[1])
        order = np.stack([np.lexsort((place, -row)) for row in matrix])[:, :k]
        assert (places_of(got) == place[order]).all()
        assert (scores_of(got) == np.take_along_axis(matrix, order, axis=1)).all()
    for pair, (q, g) in enumerate(zip(rows, columns, strict=True)):
        true = exact[q, g]
        photos = (exact[q] > true) | ((exact[q] == true) & (places[1] < places[1][g]))
        texts = (exact[:, g] > true) | ((exact[:, g] == true) & (places[0] < places[0][q]))
        assert standing.by_row[pair] == 1 + photos.sum()
        assert standing.by_column[pair] == 1 + texts.sum()


def test_what_lies_nearer_than_the_bound_is_told_apart():
    """Scores that float32 products cannot order, in rows longer than a guess is made from."""
    rng = np.random.default_rng(1)
    queries, gallery = unit(rng, 40, 64), unit(rng, 3000, 64)
    gallery[:] = gallery[0] + rng.normal(size=(3000, 64)).astype(np.float32) * 1e-6
    scores = Factored(
        tuple(f"a{i}" for i in range(40)),
        tuple(f"p{i}" for i in range(3000)),
        (Term.plain(queries, gallery),),
    )
    exact = np.concatenate([block for _, block in scores.blocks()])
    near = queries @ gallery.T
    assert (np.argsort(-near, axis=1) != np.argsort(-exact, axis=1)).any()
    places = rng.permutation(40), rng.permutation(3000)
    to_images, _, _ = found(scores, places, 10, 2)
    order = np.stack([np.lexsort((places[1], -row)) for row in exact])[:, :10]
    assert (places_of(to_images) == places[1][order]).all()


def test_a_rounding_that_a_bound_leaves_open_is_said():
    middle = (float(np.float32(0.1)) + float(np.nextafter(np.float32(0.1), np.float32(1)))) / 2
    rounded, open_ = settled(np.array([0.1, middle]), 1e-12)
    assert open_.tolist() == [False, True] and rounded[0] == np.float32(0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["rows", "columns", "vectors"])
def test_what_is_not_finite_is_refused(bad, where):
    rng = np.random.default_rng(2)
    term = Term.plain(unit(rng, 3, 8), unit(rng, 4, 8))
    {"rows": term.rows, "columns": term.columns, "vectors": term.queries[0]}[where][1] = bad
    with pytest.raises(UserError, match="not finite"):
        scores = Factored(("a", "b", "c"), ("p", "q", "r", "s"), (term,))
        found(scores, (np.arange(3), np.arange(4)), 2, 1)

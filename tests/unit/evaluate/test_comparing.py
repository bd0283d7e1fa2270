"""Comparisons of runs: against SciPy, statsmodels and plain counting."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from rematch.evaluate.comparing import compare, holm
from rematch.evaluate.letters import compact_letters
from rematch.evaluate.resampling import Floats
from rematch.evaluate.tails import two_sided


def three_runs(n: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    ranks = np.stack([rng.geometric(p, n) for p in (0.2, 0.22, 0.5)], axis=1)
    return np.stack([1 / ranks, ranks <= 2], axis=2).astype(float)


def test_differences_intervals_and_p_values_are_those_of_scipy() -> None:
    values = three_runs(120)
    found = compare(values, [(0, 1), (0, 2)], resamples=20_000)
    for at, (a, b) in enumerate(found.pairs.tolist()):
        for metric in range(2):
            apart = values[:, a, metric] - values[:, b, metric]
            test = stats.permutation_test(
                (apart,),
                lambda x, axis: x.mean(axis),
                permutation_type="samples",
                n_resamples=20_000,
                batch=2000,
                rng=1,
            )
            mine = found.p[at, metric]
            error = 4 * np.sqrt(max(mine, 1e-4) / 20_000)
            assert mine == pytest.approx(test.pvalue, abs=error)
            span = stats.bootstrap((apart,), np.mean, n_resamples=20_000, batch=500, rng=1)
            low, high = span.confidence_interval
            assert [found.low[at, metric], found.high[at, metric]] == pytest.approx(
                [low, high], abs=0.04 * (high - low)
            )
            assert found.difference[at, metric] == pytest.approx(apart.mean(), abs=1e-12)
            assert found.effect[at, metric] == pytest.approx(apart.mean() / apart.std(ddof=1))
            assert found.error[at, metric] == pytest.approx(
                apart.std() / np.sqrt(len(apart)), rel=0.05
            )


def test_no_number_depends_on_threads_blocks_or_other_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = three_runs(60)
    pairs = list(combinations(range(3), 2))
    want = compare(values, pairs, resamples=500)
    monkeypatch.setattr("rematch.evaluate.comparing._PAIRS", 1)
    monkeypatch.setattr("rematch.evaluate.resampling._CELLS", 70)
    got = compare(values, pairs, resamples=500, threads=2)
    one = compare(values, [pairs[2]], resamples=500)
    for name in ("difference", "low", "high", "p", "effect", "error"):
        assert getattr(got, name).tolist() == getattr(want, name).tolist()
        assert getattr(one, name)[0].tolist() == getattr(want, name)[2].tolist()


def test_equal_runs_do_not_differ() -> None:
    values = three_runs(40)[:, [0, 0]]
    found = compare(values, [(0, 1)], resamples=200)
    assert found.p.tolist() == [[1, 1]]
    assert (found.low == 0).all() and (found.high == 0).all() and (found.effect == 0).all()


def test_queries_of_a_group_are_one_draw() -> None:
    values = three_runs(30)
    often, groups = np.repeat(values, 8, axis=0), np.repeat(np.arange(30), 8)
    plain = compare(values, [(0, 2)])
    together = compare(often, [(0, 2)], groups)
    assert together.p == pytest.approx(plain.p, abs=0.02)
    assert compare(often, [(0, 2)]).p[0, 0] < plain.p[0, 0] / 2


@pytest.mark.parametrize("seed", range(5))
def test_the_tail_is_that_of_all_signs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 18
    drawn = rng.normal(0.9, 1, (size, 20))
    signs = np.array(list(product([-1, 1], repeat=size)))
    exact = (np.abs(signs @ drawn) >= np.abs(drawn.sum(axis=0)) - 1e-9).mean(axis=0)
    found, small = two_sided(drawn), (exact < 0.01) & (exact > 1e-4)
    assert small.any()
    assert found[small] == pytest.approx(exact[small], rel=0.25)
    assert (found > exact / 3).all() and (found < exact * 1.5).all()
    hits = (rng.random((size, 9)) < 0.8).astype(float) - (rng.random((size, 9)) < 0.2)
    exact = (np.abs(signs @ hits) >= np.abs(hits.sum(axis=0)) - 1e-9).mean(axis=0)
    assert two_sided(hits * 1000) == pytest.approx(exact)


def test_the_tail_goes_on_where_doubles_end() -> None:
    drawn = np.random.default_rng(0).random((5000, 1)) + 0.5
    drawn[::50] *= -1
    found = two_sided(drawn)[0]
    assert 0 <= found < 1e-300
    assert two_sided(np.zeros((5, 1))).tolist() == [1]
    assert two_sided(np.array([[0.5], [0.25], [0.125]])).tolist() == [0.25]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_statsmodels(p: list[float]) -> None:
    want = multipletests(p, method="holm")[1]
    assert holm(np.array(p)) == pytest.approx(want, abs=1e-15)


PAIRS = st.integers(0, 9).flatmap(
    lambda n: st.tuples(
        st.permutations(range(n)),
        st.sets(st.sampled_from(list(combinations(range(n), 2)))) if n > 1 else st.just(set()),
    )
)


@settings(max_examples=200)
@given(PAIRS)
def test_runs_share_a_letter_exactly_if_they_are_not_told_apart(
    drawn: tuple[list[int], set[tuple[int, int]]],
) -> None:
    order, apart = drawn
    found = compact_letters(order, apart)
    for one, other in combinations(sorted(order), 2):
        assert bool(set(found[one]) & set(found[other])) is ((one, other) not in apart)
    assert all(found[run] for run in order)
    groups = [{run for run in order if name in found[run]} for name in set("".join(found.values()))]
    assert not any(one < other for one in groups for other in groups)  # no letter says nothing new
    if order:
        assert "a" in found[order[0]]


def test_letters_go_on_after_z() -> None:
    order = list(range(30))
    found = compact_letters(order, list(combinations(order, 2)))
    assert found[0] == "a" and found[26] != found[27] and len(set(found.values())) == 30

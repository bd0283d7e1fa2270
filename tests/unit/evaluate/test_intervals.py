"""Bootstrap intervals: repeatable, and as wide as they should be."""

from __future__ import annotations

import numpy as np
import pytest

from rematch.evaluate import intervals
from rematch.evaluate.intervals import bootstrap


def test_the_bootstrap_is_repeatable_and_the_same_on_every_machine() -> None:
    values = np.array([[1.0, 0.0], [0.5, 1.0], [0.0, 0.0], [0.25, 1.0], [1 / 3, 0.0]])
    low, high = bootstrap(values, resamples=200, seed=7)
    # Drawn once and written down: a different figure means that published intervals change.
    assert low.tolist() == [1 / 6, 0.0]
    assert high.tolist() == [0.75, 0.8]
    other = bootstrap(values, resamples=200, seed=8)
    assert (low.tolist(), high.tolist()) != (other[0].tolist(), other[1].tolist())


def test_the_bootstrap_redraws_queries() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((300, 2))
    values[:, 1] = values[:, 0] < 0.3
    low, high = bootstrap(values, resamples=400, seed=1)
    drawn = np.random.default_rng(1).integers(0, 300, size=(400, 300), dtype=np.uint32)
    # Queries are numbered in the order of their values.
    ordered = values[np.lexsort(values.T[::-1])]
    plain = np.sort(ordered[drawn].mean(axis=1), axis=0)
    assert low == pytest.approx(plain[9], abs=1e-12)
    assert high == pytest.approx(plain[390], abs=1e-12)


def test_the_order_of_queries_moves_no_interval() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 5, size=(40, 2)) / 4
    want = bootstrap(values, resamples=100)
    got = bootstrap(values[rng.permutation(40)], resamples=100)
    assert [a.tolist() for a in got] == [a.tolist() for a in want]


def test_the_interval_covers_the_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(5)
    covered = np.zeros(2)
    for trial in range(400):
        ranks = rng.integers(1, 21, size=200)
        sample = np.column_stack([1 / ranks, ranks <= 5])
        low, high = bootstrap(sample, resamples=300, seed=trial)
        truth = np.array([np.mean(1 / np.arange(1, 21)), 0.25])
        covered += (low <= truth) & (truth <= high)
    assert (covered / 400 > 0.91).all() and (covered / 400 < 0.985).all()


def test_the_bootstrap_does_not_depend_on_how_draws_are_chunked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(0).random((37, 3))
    want = bootstrap(values, resamples=50)
    monkeypatch.setattr(intervals, "_CHUNK", 100)
    got = bootstrap(values, resamples=50)
    assert [a.tolist() for a in got] == [a.tolist() for a in want]

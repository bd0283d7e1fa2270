"""Tests and intervals keep their promises over many experiments whose truth is known.

Prints the figures: `make soak` shows them.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from rematch.evaluate.comparing import compare, holm
from rematch.evaluate.intervals import bootstrap
from rematch.evaluate.resampling import Floats
from rematch.evaluate.tails import two_sided

SWEEPS = 1000


def metrics(ranks: Floats) -> Floats:
    """MRR@100 and R@1, R@5, R@10, R@50, R@100 of ranks, along a new last axis."""
    kept = np.where(ranks <= 100, 1 / ranks, 0)
    return np.stack([kept, *((ranks <= k).astype(float) for k in (1, 5, 10, 50, 100))], axis=-1)


@pytest.mark.parametrize("n", [60, 400])
def test_a_sweep_without_differences_shows_one_in_twenty(n: int) -> None:
    """Eight runs that are alike but for chance; all 28 pairs by MRR, corrected by Holm."""
    pairs = list(combinations(range(8), 2))
    wrong = 0
    for sweep in range(SWEEPS):
        rng = np.random.default_rng(sweep)
        hard = rng.normal(1.5, 1.5, (n, 1))
        ranks = np.ceil(np.exp(np.maximum(hard + rng.normal(0, 1, (n, 8)), 0)))
        values = metrics(ranks)[:, :, :1]
        told = compare(values, pairs, seed=sweep, spans=False)
        wrong += bool((holm(told.p[:, 0]) < 0.05).any())
    share = wrong / SWEEPS
    print(f"\nfamily-wise error, n {n}, 8 runs, 28 pairs: {share:.3f} of {SWEEPS} null sweeps")
    assert share <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / SWEEPS)


@pytest.mark.parametrize("n", [50, 500, 2000])
def test_intervals_hold_the_mean_nineteen_times_in_twenty(n: int) -> None:
    """Ranks of a known distribution in a gallery of 1,000: log-normal, the first the commonest."""
    rng = np.random.default_rng(n)
    weights = np.exp(-0.5 * ((np.log(np.arange(1, 1001)) - 1) / 1.6) ** 2) / np.arange(1, 1001)
    weights /= weights.sum()
    truth = weights @ metrics(np.arange(1, 1001))
    inside = np.zeros(len(truth))
    for trial in range(SWEEPS):
        drawn = rng.choice(np.arange(1, 1001), size=n, p=weights)
        low, high = bootstrap(metrics(drawn), seed=trial)
        inside += (low <= truth) & (truth <= high)
    shares = inside / SWEEPS
    names = ("MRR@100", "R@1", "R@5", "R@10", "R@50", "R@100")
    said = ", ".join(f"{name} {share:.3f}" for name, share in zip(names, shares, strict=True))
    print(f"\ncoverage of 95 % intervals, n {n}, {SWEEPS} trials: {said}")
    # Of hits a bootstrap knows whole numbers only: with 50 queries they may cover more.
    assert (shares > 0.93 - 0.005).all() and shares[0] < 0.97
    if n > 50:
        assert (shares < 0.97 + 0.005).all()


def test_small_p_values_are_as_small_as_they_should_be() -> None:
    """P-values under the null are uniform, down to where only the tail's formula reaches."""
    found = []
    for trial in range(40):
        rng = np.random.default_rng(trial)
        size = rng.exponential(size=(120, 2500))
        found.append(two_sided(size * rng.choice([-1, 1], size=size.shape)))
    p = np.concatenate(found)
    for level in (0.05, 0.01, 0.001, 0.0001):
        share = (p <= level).mean()
        print(f"\np <= {level}: {share:.5f} of {len(p):,} null differences")
        assert share == pytest.approx(level, abs=4 * np.sqrt(level / len(p)) + 0.05 * level)

"""Page's test: L against SciPy, its p-value against SciPy's, its level under no trend."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from rematch.evaluate.trends import page


def test_page_is_scipys() -> None:
    rng = np.random.default_rng(4)
    values = (rng.random((40, 5)) + np.linspace(0, 0.15, 5)) / 2  # no two alike
    found = page(values)
    peer = stats.page_trend_test(values)
    assert found.statistic == pytest.approx(peer.statistic)
    assert found.rising == pytest.approx(peer.pvalue, abs=0.01)
    turned = page(values[:, ::-1])
    assert turned.falling == pytest.approx(found.rising, abs=0.01)
    assert turned.z == pytest.approx(-found.z) and turned.slope == pytest.approx(-found.slope)
    slopes = [np.polyfit(range(5), row, 1)[0] for row in values]
    assert found.slope == pytest.approx(np.mean(slopes))
    assert found.low < found.slope < found.high


def test_ties_share_ranks() -> None:
    values = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    # Ranks 1.5 1.5 3; 2 2 2; 1 2.5 2.5.
    assert page(values).statistic == (1.5 + 3 + 9) + 12 + (1 + 5 + 7.5)


def test_no_differences_are_no_trend() -> None:
    found = page(np.full((20, 4), 0.5), resamples=100)
    assert (found.z, found.rising, found.falling, found.slope) == (0, 1, 1, 0)


@given(st.integers(0, 10**6))
def test_the_scale_of_values_does_not_matter(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 3, (12, 4)) / 2
    one, other = page(values, resamples=200), page(values / 3 + 0.2, resamples=200)
    assert (one.statistic, one.rising, one.falling) == (
        other.statistic,
        other.rising,
        other.falling,
    )


def test_p_values_keep_their_level_where_articles_hang_together() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    hits = [
        page(np.repeat(rng.random((30, 4)), 4, axis=0), groups, 400).rising < 0.05
        for _ in range(200)
    ]
    assert np.mean(hits) < 0.09

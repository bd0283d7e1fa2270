"""Corrections of cosine: against dense formulas, and what must not move them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import logsumexp

from rematch.errors import UserError
from rematch.match import biases
from rematch.match.scoring import score
from tests.unit.match.matrices import embeddings, unit

T = 0.05


def scored(texts: Any, photos: Any, scorer: str, **given: Any) -> np.ndarray:
    blocks = score(embeddings("a", texts), embeddings("p", photos), scorer, **given)
    return np.concatenate([block for _, block in blocks]).astype(np.float64)


def top(values: np.ndarray, k: int) -> np.ndarray:
    return np.sort(values, axis=1)[:, -k:].mean(axis=1)


def dense_sinkhorn(s: np.ndarray, t: float, rounds: int) -> np.ndarray:
    n, m = s.shape
    r, c = np.zeros(n), np.zeros(m)
    for _ in range(rounds):
        r = t * logsumexp((s - c) / t, axis=1) + t * np.log(n)
        c = t * logsumexp((s - r[:, None]) / t, axis=0) + t * np.log(m)
    return s - r[:, None] - c


DENSE = {
    "cosine": (lambda s: s, {}),
    "clip_softmax": (lambda s: s - T * logsumexp(s / T, axis=1)[:, None], {"temperature": T}),
    "inverted_softmax": (lambda s: s - T * logsumexp(s / T, axis=0), {"temperature": T}),
    "dual_softmax": (
        lambda s: s - T / 2 * logsumexp(s / T, axis=1)[:, None] - T / 2 * logsumexp(s / T, axis=0),
        {"temperature": T},
    ),
    "csls": (lambda s: s - top(s, 3)[:, None] / 2 - top(s.T, 3) / 2, {"neighbours": 3}),
    "sinkhorn": (lambda s: dense_sinkhorn(s, T, 7), {"temperature": T, "rounds": 7}),
}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize(("n", "m"), [(40, 25), (25, 40), (1, 3), (5, 1)])
def test_streamed_is_dense(name: str, n: int, m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(biases, "ROWS", 7)
    rng = np.random.default_rng(n)
    texts, photos = unit(rng, n), unit(rng, m)
    formula, given = DENSE[name]
    want = formula(texts.astype(np.float64) @ photos.astype(np.float64).T)
    assert scored(texts, photos, name, **given) == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize("name", DENSE)
def test_the_order_of_articles_and_photos_moves_no_score(name: str) -> None:
    rng = np.random.default_rng(5)
    texts, photos = unit(rng, 60), unit(rng, 50)
    rows, columns = rng.permutation(60), rng.permutation(50)
    given = DENSE[name][1]
    want = scored(texts, photos, name, **given)[rows][:, columns]
    assert scored(texts[rows], photos[columns], name, **given) == pytest.approx(want, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.001, 0.01, 0.0333, 1.0, 10.0]))
def test_sinkhorns_plan_has_the_shares_that_it_should(seed: int, temperature: float) -> None:
    rng = np.random.default_rng(seed)
    texts, photos = unit(rng, 30), unit(rng, 20)
    found = scored(texts, photos, "sinkhorn", temperature=temperature, rounds=50)
    assert np.isfinite(found).all()
    plan = np.exp(found / temperature)
    # What rounding scores to float32 makes of a share.
    near = 1e-6 + 5e-6 / temperature
    assert plan.sum(axis=0) == pytest.approx(np.full(20, 1 / 20), rel=near)


def test_sinkhorn_ends_when_shares_are_right(caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(0)
    texts, photos = unit(rng, 30), unit(rng, 30)
    with caplog.at_level("INFO"):
        found = scored(texts, photos, "sinkhorn", temperature=0.1, rounds=1000)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("sinkhorn: ") and int(line.split()[1]) < 200
    assert np.exp(found / 0.1).sum(axis=1) == pytest.approx(np.full(30, 1 / 30), rel=1e-4)


def test_a_hub_loses_its_hold() -> None:
    """A photo that is near to all texts, and right for one, does not head every list."""
    rng = np.random.default_rng(1)
    middle = unit(rng, 1)[0]
    texts = unit(rng, 40) + 2 * middle
    photos = texts + 0.5 * unit(rng, 40)
    photos[0] = middle * 10
    texts, photos = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (texts, photos))
    texts, photos = texts.astype(np.float32), photos.astype(np.float32)
    plain = (scored(texts, photos, "cosine").argmax(axis=1) == 0).sum()
    for name in ("inverted_softmax", "dual_softmax", "csls", "sinkhorn"):
        assert (scored(texts, photos, name).argmax(axis=1) == 0).sum() <= plain / 4, name


def test_photos_keep_their_order_for_a_query_under_clips_softmax() -> None:
    rng = np.random.default_rng(2)
    texts, photos = unit(rng, 20), unit(rng, 30)
    order = scored(texts, photos, "cosine").argsort(axis=1)
    assert (scored(texts, photos, "clip_softmax").argsort(axis=1) == order).all()


@pytest.mark.parametrize("name", DENSE)
def test_what_is_no_number_is_refused(name: str) -> None:
    texts = unit(np.random.default_rng(3), 4)
    texts[2, 0] = np.nan
    with pytest.raises(UserError, match="not finite"):
        scored(texts, unit(np.random.default_rng(4), 3), name)

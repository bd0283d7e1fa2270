"""Corrections of cosine: against dense formulas, and what must not move them."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.special import logsumexp

from rematch.errors import UserError
from rematch.match import biases
from rematch.match.scoring import score
from rematch.methods import chosen
from tests.unit.match.matrices import embeddings, unit

T = 0.05
BANK = unit(np.random.default_rng(77), 30)


def scored(texts: Any, photos: Any, scorer: str, **given: Any) -> np.ndarray:
    if "bank" in chosen("scorers", scorer).method.traits:
        given["bank"] = embeddings("b", BANK)
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


def dense_assignment(s: np.ndarray) -> np.ndarray:
    """By trying every assignment, where there are few."""
    n, m = s.shape
    if n > m:
        return dense_assignment(s.T).T
    if m > 6:
        rows, columns = linear_sum_assignment(-s)
    else:
        best = max(permutations(range(m), n), key=lambda p: sum(s[i, j] for i, j in enumerate(p)))
        rows, columns = np.arange(n), np.array(best)
    s = s.copy()
    s[rows, columns] += 4
    return s


def dense_with_bank(name: str, texts: Any, photos: Any, given: Any) -> np.ndarray:
    """Corrections that need more than the products of the two."""
    texts, photos, bank = (each.astype(np.float64) for each in (texts, photos, BANK))
    s, b = texts @ photos.T, bank @ photos.T
    if name == "distribution_normalization":
        return (texts - texts.mean(axis=0) / 2) @ (photos - photos.mean(axis=0) / 2).T
    if name == "nnn":
        return s - given["alpha"] * top(b.T, given["nearest"])
    beta = given["beta"]
    normal = np.log(np.exp(beta * s) / np.exp(beta * b).sum(axis=0)) / beta
    caught = np.isin(s.argmax(axis=1), b.argmax(axis=1))
    mean = (logsumexp(beta * b, axis=0) / beta).mean()
    return np.where(caught[:, None], normal, s - mean)


DENSE = {
    "cosine": (lambda s: s, {}),
    "clip_softmax": (lambda s: s - T * logsumexp(s / T, axis=1)[:, None], {"temperature": T}),
    "inverted_softmax": (lambda s: s - T * logsumexp(s / T, axis=0), {"temperature": T}),
    "dual_softmax": (
        lambda s: s - T / 2 * logsumexp(s / T, axis=1)[:, None] - T / 2 * logsumexp(s / T, axis=0),
        {"temperature": T},
    ),
    "csls": (lambda s: s - top(s, 3)[:, None] / 2 - top(s.T, 3) / 2, {"neighbours": 3}),
    "distribution_normalization": (None, {"part": 0.5}),
    "nnn": (None, {"nearest": 4, "alpha": 0.5}),
    "qb_norm": (None, {"beta": 5.0}),
    "assignment": (dense_assignment, {}),
    "sinkhorn": (lambda s: dense_sinkhorn(s, T, 7), {"temperature": T, "rounds": 7}),
}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize(("n", "m"), [(40, 25), (25, 40), (1, 3), (5, 1)])
def test_streamed_is_dense(name: str, n: int, m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(biases, "ROWS", 7)
    rng = np.random.default_rng(n)
    texts, photos = unit(rng, n), unit(rng, m)
    formula, given = DENSE[name]
    if formula is None:
        want = dense_with_bank(name, texts, photos, given)
    else:
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


def test_k_reciprocal_brings_up_photos_of_a_neighbourhood() -> None:
    """A photo of the right cluster passes one that is nearer, and of another."""
    rng = np.random.default_rng(8)
    centre, other = np.eye(12)[0], np.eye(12)[1]
    cluster = centre + rng.normal(size=(8, 12)) * 0.15
    strangers = other + rng.normal(size=(8, 12)) * 0.15
    photos = np.concatenate([cluster, strangers])
    text = (centre * 0.8 + strangers[0] * 0.5)[None]
    photos, text = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (photos, text))
    texts, photos = text.astype(np.float32), photos.astype(np.float32)
    plain = scored(texts, photos, "cosine")[0]
    new = scored(texts, photos, "k_reciprocal", k1=6, k2=2, **{"lambda": 0.0})[0]
    assert (np.argsort(-new)[:8] < 8).all()
    assert sorted(np.argsort(-plain)) == sorted(np.argsort(-new))
    assert (new > 3).all()
    shallow = scored(texts, photos, "k_reciprocal", k1=6, k2=2, depth=3)[0]
    assert set(np.argsort(-shallow)[:3]) == set(np.argsort(-plain)[:3])
    assert (np.argsort(-shallow)[3:] == [p for p in np.argsort(-plain)[3:]]).all()


def test_a_bank_that_is_missing_is_asked_for() -> None:
    one = embeddings("a", BANK)
    with pytest.raises(UserError, match="nnn: its bank has no text; name a corpus"):
        next(score(one, one, "nnn"))


def test_an_assignment_gives_each_photo_to_one_article() -> None:
    rng = np.random.default_rng(9)
    got = scored(unit(rng, 12), unit(rng, 15), "assignment")
    first = got.argmax(axis=1)
    assert len(set(first.tolist())) == 12 and (got.max(axis=1) > 2).all()

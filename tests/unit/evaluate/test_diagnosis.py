"""Hubs, agreement and calibration: against plain loops, and on figures drawn to be known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from scipy import stats
from scipy.special import softmax

from rematch import forms
from rematch.evaluate import cut_texts, diagnose
from rematch.evaluate.agreement import agreement, overlap
from rematch.evaluate.calibration import calibration
from rematch.evaluate.hubs import hubness, lists, occurrences
from rematch.evaluate.resampling import Ints


def drawn_lists(seed: int, n: int = 30, m: int = 25, k: int = 12) -> Ints:
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(m)[:k] for _ in range(n)])


def test_hubness_is_the_skewness_of_how_often_photos_come_first() -> None:
    codes = drawn_lists(0)
    codes[:, 3] = 24  # a hub
    codes[codes == 7] = -1  # a photo that nobody is shown
    found = hubness(codes, [f"p{j}" for j in range(25)])
    times = [sum(photo in line[:10] for line in codes.tolist()) for photo in range(25)]
    want = [np.count_nonzero(codes[:, :10] == photo) for photo in range(25)]
    assert occurrences(codes, 25, 10).tolist() == want and max(times) == times[24]
    assert found.skewness == pytest.approx(stats.skew(want))
    assert found.never == 1 / 25
    assert found.worst[0] == ("p24", want[24]) and len(found.worst) == 10
    assert [n for _, n in found.worst] == sorted((n for _, n in found.worst), reverse=True)


def test_lists_that_all_show_all_have_no_hub() -> None:
    found = hubness(np.tile(np.arange(5), (4, 1)), list("abcde"))
    assert found.skewness == 0 and found.never == 0


def plain_rbo(a: Sequence[int], b: Sequence[int], p: float) -> float:
    """Equation 32 of Webber et al. with l = s = k, as it is written."""
    k = len(a)

    def shared(depth: int) -> int:
        return len(({*a[:depth]} & {*b[:depth]}) - {-1})

    total = sum(shared(d) / d * p**d for d in range(1, k + 1))
    return shared(k) / k * p**k + (1 - p) / p * total


@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.9, 0.98]))
def test_overlap_is_the_papers_equation(seed: int, p: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = drawn_lists(seed, 4, 15, 8), drawn_lists(seed + 1, 4, 15, 8)
    a[0, int(rng.integers(8)) :] = -1
    b[1, int(rng.integers(8)) :] = -1
    want = [plain_rbo(x, y, p) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert overlap(a, b, p) == pytest.approx(want)
    assert overlap(b, a, p) == pytest.approx(want)
    renamed = rng.permutation(15)
    turned = [np.where(x >= 0, renamed[x], -1) for x in (a, b)]
    assert overlap(*turned, p) == pytest.approx(want)


def test_agreement_is_one_with_oneself() -> None:
    runs = [drawn_lists(seed) for seed in (1, 2, 1)]
    found = agreement(runs)
    assert found[0, 2] == pytest.approx(1) and (found == found.T).all()
    assert found[0, 1] == pytest.approx(overlap(runs[0], runs[1]).mean())


def drawn(n: int, scale: float, seed: int = 0) -> tuple[np.ndarray, Ints, Ints]:
    """Lists whose right photo is drawn by the very softmax of their scores."""
    rng = np.random.default_rng(seed)
    scores = np.sort(rng.normal(size=(n, 20)), axis=1)[:, ::-1] * 2
    chances = softmax(scores, axis=1)
    place = np.array([rng.choice(20, p=row) for row in chances])
    return scores * scale, place, rng.integers(0, 2, n)


def test_scores_that_are_right_as_often_as_they_say_are_calibrated() -> None:
    scores, place, half = drawn(4000, 0.01)
    found = calibration(scores, place, half)
    assert found.temperature == pytest.approx(0.01, rel=0.1)
    assert found.error < 0.03 and found.low <= found.error <= found.high
    assert found.sure == pytest.approx(found.right, abs=0.03)
    first = softmax(scores / found.temperature, axis=1)[:, 0]
    assert found.brier == pytest.approx(((first - (place == 0)) ** 2).mean(), abs=0.003)


def test_scores_that_know_nothing_of_their_doubt_are_not() -> None:
    scores, place, half = drawn(2000, 1.0)
    place[scores[:, 0] > np.median(scores[:, 0])] = 19  # where they are surest they are wrong
    assert calibration(scores, place, half).error > 0.1


def test_the_scale_of_scores_does_not_matter() -> None:
    one = calibration(*drawn(300, 1.0))
    other = calibration(*drawn(300, 1000.0))
    assert other.temperature == pytest.approx(1000 * one.temperature, rel=1e-6)
    assert other.error == pytest.approx(one.error, abs=1e-9)


def test_runs_are_diagnosed_by_name() -> None:
    n, m = 12, 9
    digests = {f"a{i:02d}": f"{i:x}" for i in range(n)}
    gallery = [f"p{j}" for j in range(m)]
    rankings, judged = {}, {}
    for run, seed in (("r", 0), ("s", 0), ("t", 5)):
        rng = np.random.default_rng(seed)
        rows, ranks = [], []
        for article in digests:
            order = rng.permutation(m)[:6]
            rows += [
                {"article_id": article, "rank": k, "image_id": gallery[j], "score": 1 - k / 8}
                for k, j in enumerate(order.tolist(), 1)
            ]
            ranks.append(int(rng.integers(1, m + 1)))
        rankings[run] = forms.from_rows(rows, forms.RANKING)
        judged[run] = pa.table({"article_id": list(digests), "rank": pa.array(ranks, pa.int32())})
    found, hubs, alike = diagnose(rankings, judged, digests, gallery, {"r": 3})
    assert found["run"].to_pylist() == ["r", "s", "t"]
    assert found["cut"].to_pylist() == [0.25, 0, 0]
    assert {row["run"] for row in hubs.to_pylist()} == {"r", "s", "t"}
    overlaps = {(r["run"], r["other"]): r["overlap"] for r in alike.to_pylist()}
    assert overlaps["r", "s"] == pytest.approx(1) and overlaps["r", "t"] < 0.9
    codes = lists(rankings["r"], list(digests), gallery, 6)
    assert codes.shape == (n, 6) and (codes >= 0).all()


def test_an_ensembles_texts_are_cut_as_its_members_are() -> None:
    runs = [
        {"run": "a", "weights": None},
        {"run": "b", "weights": None},
        {"run": "e", "weights": {"a": 1, "b": 1}},
    ]
    assert cut_texts(runs, {"a": 3, "b": 7}) == {"a": 3, "b": 7, "e": 7}

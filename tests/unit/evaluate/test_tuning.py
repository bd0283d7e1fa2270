"""What is chosen on a corpus: by plain loops, and without looking at what it is judged on."""

from __future__ import annotations

import csv
import io
import json
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from rematch import forms
from rematch.errors import UserError
from rematch.evaluate.tuning import (
    FOLDS,
    choose,
    chosen_json,
    curve_csv,
    first_of,
    folds_of,
    per_article,
    truth_of,
    weigh,
)


def test_metrics_are_of_the_first_right_photo():
    pairs = [("a", "p"), ("a", "q"), ("b", "p"), ("c", "r")]
    ranks = np.array([5, 2, 1, 101])
    assert first_of(pairs, ranks, "MRR@100").tolist() == [0.5, 1.0, 0.0]
    assert first_of(pairs, ranks, "R@1").tolist() == [0.0, 1.0, 0.0]
    with pytest.raises(UserError, match="'NDCG' is not MRR@K or R@K"):
        per_article(ranks, "NDCG")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999))
def test_the_best_point_of_a_grid_is_chosen_and_the_first_of_equals(seed):
    rng = np.random.default_rng(seed)
    table = {point: rng.integers(0, 3, 4).astype(float) for point in product((1, 2, 3), (0.5, 1))}
    found = choose({"k": [1, 2, 3], "t": [0.5, 1]}, lambda p: table[p["k"], p["t"]])
    best = max(values.mean() for values in table.values())
    first = next(point for point, values in table.items() if values.mean() == best)
    assert (found.values["k"], found.values["t"]) == first and found.value == best
    assert len(found.curve) == 6 and found.articles == 4


def outcomes(seed, n=60, members=3):
    """Members of which the second knows the truth better."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(members, n, n))
    for member, help_ in zip(scores, (0.5, 2.5, 0.0), strict=False):
        member[np.arange(n), np.arange(n)] += help_

    def tried(weights):
        blended = np.tensordot(np.array(weights), scores, axes=1)
        ranks = 1 + (blended > np.diag(blended)[:, None]).sum(axis=1)
        return 1.0 / ranks

    return tried


def test_weights_beat_equal_ones_and_every_member_alone():
    tried = outcomes(0)
    folds = np.arange(60) % FOLDS
    found = weigh(["x", "y", "z"], tried, folds)
    weights = tuple(found.values.values())
    assert sum(weights) == pytest.approx(1, abs=1e-5)
    own = tried(weights).mean()
    assert own >= max(tried(w).mean() for w in np.eye(3)) - 1e-9
    assert own > tried((1.0, 1.0, 1.0)).mean()
    assert found.values["y"] == max(weights)
    assert found.value <= own + 1e-9, "what it was chosen on flatters it"


def test_what_is_said_of_a_fold_rests_on_weights_of_the_others():
    """Members that guess: by chance one is best, and that is gone where it was not chosen on."""
    gaps = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        luck = (rng.random((12, 50)) < 0.2).astype(float)

        def tried(weights, luck=luck):
            return luck[int(np.argmax(weights))]

        found = weigh([f"m{i}" for i in range(12)], tried, np.arange(50) % FOLDS, one=True)
        best = max(found.values, key=found.values.get)
        gaps.append(luck[int(best[1:])].mean() - found.value)
    assert np.mean(gaps) > 0.02


def test_one_member_alone_is_chosen_where_that_is_asked_for():
    found = weigh(["x", "y", "z"], outcomes(1), np.arange(60) % FOLDS, one=True)
    assert sorted(found.values.values()) == [0, 0, 1] and found.values["y"] == 1
    assert len(found.curve) == 3


def test_twins_fall_into_one_fold_and_ids_tell_nothing():
    def articles(ids, digests):
        columns = [pa.array(c, pa.string()) for c in (ids, ["t"] * 4, ["x"] * 4, digests)]
        return pa.table(columns, schema=forms.ARTICLES)

    digests = ["d1", "d2", "d1", "d3"]
    one = folds_of([(i, "p") for i in "abcd"], articles(list("abcd"), digests))
    two = folds_of([(i, "p") for i in "wxyz"], articles(list("wxyz"), digests))
    assert one[0] == one[2] and (one == two).all() and (one < FOLDS).all()


def test_pairs_that_are_not_scored_do_not_count():
    qrels = pa.table([["b", "a", "a"], ["p", "q", "gone"]], schema=forms.QRELS)
    assert truth_of(qrels, ["a", "b"], ["p", "q"]) == [("a", "q"), ("b", "p")]
    with pytest.raises(UserError, match="no pair of this corpus was matched"):
        truth_of(qrels, ["z"], ["p"])


def test_what_was_chosen_is_read_again():
    found = choose({"k": [1, 2]}, lambda point: np.array([point["k"] / 4]))
    held = json.loads(chosen_json(found, "x.best", "R@1", "dev"))
    assert held["values"] == {"k": 2} and held["value"] == 0.5 and held["corpus"] == "dev"
    rows = list(csv.DictReader(io.StringIO(curve_csv(found, "R@1"))))
    assert rows == [{"k": "1", "R@1": "0.250000"}, {"k": "2", "R@1": "0.500000"}]

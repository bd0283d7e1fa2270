"""Blends against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.match.blending import blend
from tests.unit.match.matrices import similarity


def test_blend_is_the_weighted_mean_joined_by_id(tmp_path):
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 6, 4)).astype(np.float32)
    first = similarity(tmp_path / "a", a)
    rows, columns = rng.permutation(6), rng.permutation(4)
    second = similarity(
        tmp_path / "b",
        b[rows][:, columns],
        [f"a{i}" for i in rows],
        [f"p{j}" for j in columns],
        block=2,
    )
    got = np.concatenate([block for _, block in blend([first, second], [1.0, 3.0])])
    for i in range(6):
        for j in range(4):
            assert got[i, j] == np.float32((float(a[i, j]) + 3.0 * float(b[i, j])) / 4.0)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_scaling_all_weights_changes_no_rank(tmp_path_factory, scale, seed):
    folder = tmp_path_factory.mktemp("blend")
    rng = np.random.default_rng(seed)
    members = [
        similarity(folder / str(i), rng.normal(size=(4, 5)).astype(np.float32)) for i in range(3)
    ]
    weights = rng.uniform(0.1, 1, size=3)
    one = np.concatenate([block for _, block in blend(members, list(weights))])
    two = np.concatenate([block for _, block in blend(members, list(weights * scale))])
    np.testing.assert_allclose(one, two, rtol=1e-6)


def test_blending_one_run_is_that_run(tmp_path):
    scores = np.random.default_rng(5).normal(size=(5, 4)).astype(np.float32)
    member = similarity(tmp_path / "s", scores)
    got = np.concatenate([block for _, block in blend([member, member], [0.25, 0.75])])
    assert got.tobytes() == scores.tobytes()


@pytest.mark.parametrize("weights", [[], [1.0], [0.0, 0.0], [1.0, -1.0], [1.0, float("nan")]])
def test_weights_that_make_no_mean_are_refused(tmp_path, weights):
    member = similarity(tmp_path / "s", [[0.5]])
    with pytest.raises(UserError, match="weight"):
        list(blend([member, member], weights))


def test_members_over_different_photos_are_refused(tmp_path):
    first = similarity(tmp_path / "a", [[0.5, 0.1]])
    second = similarity(tmp_path / "b", [[0.5, 0.1]], gallery=["p0", "p9"])
    with pytest.raises(UserError, match="different photos"):
        list(blend([first, second], [1, 1]))

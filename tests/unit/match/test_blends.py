"""Every blend against plain loops, and fusions against ranx."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.match.blending import blend, ranks
from rematch.methods import methods
from tests.unit.match.matrices import similarity


def blended(folder, matrices, weights, kind, **given):
    members = [similarity(folder / f"{kind}{i}", each) for i, each in enumerate(matrices)]
    return np.concatenate([block for _, block in blend(members, weights, kind, **given)])


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 4), m=st.integers(1, 9), seed=st.integers(0, 999))
def test_equal_scores_share_the_mean_of_their_ranks(n, m, seed):
    block = np.random.default_rng(seed).integers(0, 4, (n, m)).astype(float)
    for row, got in zip(block, ranks(block), strict=True):
        for value, rank in zip(row, got, strict=True):
            above, equal = (row > value).sum(), (row == value).sum()
            assert rank == above + (equal + 1) / 2


def test_means_are_those_of_plain_loops(tmp_path):
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(3, 4, 6)).astype(np.float32)
    weights = [0.2, 0.5, 0.3]
    z = blended(tmp_path, matrices, weights, "z_mean")
    soft = blended(tmp_path, matrices, weights, "softmax_mean", temperature=0.5)
    for q in range(4):
        rows = matrices[:, q].astype(float)
        scaled = [(row - row.mean()) / row.std() for row in rows]
        shares = [np.exp(row / 0.5) / np.exp(row / 0.5).sum() for row in rows]
        np.testing.assert_allclose(z[q], np.average(scaled, axis=0, weights=weights), atol=1e-6)
        wanted = 0.5 * np.log(np.average(shares, axis=0, weights=weights))
        np.testing.assert_allclose(soft[q], wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "theirs", "given", "params"),
    [
        ("rrf", "rrf", {"k": 60}, {"k": 60}),
        ("isr", "isr", {"depth": 100}, {}),
        ("combmnz", "mnz", {"depth": 100}, {}),
        ("borda", "bordafuse", {}, {}),
    ],
)
def test_fusions_order_photos_as_ranx_does(tmp_path, kind, theirs, given, params):
    ranx = pytest.importorskip("ranx")
    rng = np.random.default_rng(1)
    matrices = rng.normal(size=(3, 5, 30)).astype(np.float32)
    got = blended(tmp_path, matrices, [1.0] * 3, kind, **given)
    runs = [
        ranx.Run(
            {f"a{q}": {f"p{g}": float(s) for g, s in enumerate(row)} for q, row in enumerate(each)}
        )
        for each in matrices
    ]
    norm = "min-max" if kind == "combmnz" else None
    fused = ranx.fuse(runs=runs, norm=norm, method=theirs, params=params or None).to_dict()
    for q in range(5):
        mine = {f"p{g}": float(score) for g, score in enumerate(got[q])}
        other = fused[f"a{q}"]
        if kind in ("rrf", "isr", "combmnz"):
            for photo, score in other.items():
                assert mine[photo] == pytest.approx(score, rel=1e-5)
        for one in mine:
            for two in mine:
                if other[one] > other[two] + 1e-9:
                    assert mine[one] > mine[two]


@pytest.mark.parametrize("kind", list(methods("blends")))
@settings(max_examples=10, deadline=None)
@given(shift=st.floats(-3, 3), scale=st.floats(0.1, 10), seed=st.integers(0, 99))
def test_blends_are_blind_to_the_order_of_photos_and_articles(
    tmp_path_factory, kind, shift, scale, seed
):
    folder = tmp_path_factory.mktemp("blends")
    rng = np.random.default_rng(seed)
    matrices = rng.normal(size=(2, 5, 12)).astype(np.float32)
    weights = [0.4, 0.6]
    given = {"depth": 3} if kind in ("isr", "combmnz") else {}
    plain = blended(folder, matrices, weights, kind, **given)
    rows, columns = rng.permutation(5), rng.permutation(12)
    turned = blended(folder, matrices[:, rows][:, :, columns], weights, kind, **given)
    np.testing.assert_allclose(turned, plain[rows][:, columns], atol=1e-5)
    if kind not in ("mean", "softmax_mean"):  # these do not put members on one scale
        moved = matrices * np.float32(scale) + np.float32(shift)
        order = np.argsort(-blended(folder, moved, weights, kind, **given), axis=1)
        np.testing.assert_allclose(
            np.take_along_axis(plain, order, axis=1), -np.sort(-plain, axis=1), atol=1e-4
        )


@pytest.mark.parametrize("kind", list(methods("blends")))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_member_that_is_not_finite_is_refused(tmp_path, kind, bad):
    matrices = np.zeros((2, 2, 3), np.float32)
    matrices[1, 1, 1] = bad
    with pytest.raises(UserError, match="not ranked"), np.errstate(all="ignore"):
        blended(tmp_path, matrices, [1.0, 1.0], kind)


def test_photos_that_no_list_has_follow_by_their_ranks(tmp_path):
    one = np.array([[5, 4, 3, 2, 1]], np.float32)
    got = blended(tmp_path, [one, one], [1.0, 1.0], "isr", depth=2)
    assert (np.argsort(-got[0]) == np.arange(5)).all() and (got[0, 2:] < 0).all()

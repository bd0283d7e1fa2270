"""Scores, blends and rankings against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.forms import Embeddings
from rematch.match.blending import blend
from rematch.match.ranking import rank
from rematch.match.scoring import BLOCK, score
from rematch.match.submissions import submission
from rematch.storage.arrays import Similarity, read_embeddings, write_embeddings, write_similarity

IDENTITY = {"checkpoint_sha256": "0", "precision": "float32"}


def unit(rng, n, d=8):
    vectors = rng.normal(size=(n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def embeddings(prefix, vectors, identity=IDENTITY):
    return Embeddings(tuple(f"{prefix}{i}" for i in range(len(vectors))), vectors, identity)


def similarity(path, scores, articles=None, gallery=None, block=3):
    scores = np.asarray(scores, dtype=np.float32)
    articles = articles or [f"a{i}" for i in range(scores.shape[0])]
    gallery = gallery or [f"p{i}" for i in range(scores.shape[1])]
    rows = range(0, len(articles), block)
    write_similarity(
        path, gallery, ((articles[r : r + block], scores[r : r + block]) for r in rows)
    )
    return Similarity(path)


def identity_ties(ids):
    return {item: item for item in ids}


def test_embeddings_come_back_bit_for_bit_and_uncopied(tmp_path):
    vectors = unit(np.random.default_rng(0), 5)
    write_embeddings(embeddings("a", vectors), tmp_path / "e.arrow")
    back = read_embeddings(tmp_path / "e.arrow")
    assert back.ids == ("a0", "a1", "a2", "a3", "a4")
    assert back.vectors.tobytes() == vectors.tobytes()
    assert back.metadata == IDENTITY
    assert not back.vectors.flags.owndata


def test_embedding_that_is_not_finite_is_refused_with_its_id(tmp_path):
    vectors = unit(np.random.default_rng(0), 3)
    vectors[1, 2] = np.nan
    write_embeddings(embeddings("a", vectors), tmp_path / "e.arrow")
    with pytest.raises(UserError, match="'a1' is not finite"):
        read_embeddings(tmp_path / "e.arrow")


def test_repeated_id_is_refused(tmp_path):
    vectors = unit(np.random.default_rng(0), 2)
    write_embeddings(Embeddings(("a", "a"), vectors, IDENTITY), tmp_path / "e.arrow")
    with pytest.raises(UserError, match="occurs twice"):
        read_embeddings(tmp_path / "e.arrow")


def test_cosine_equals_a_plain_loop_over_several_blocks():
    rng = np.random.default_rng(1)
    texts, photos = unit(rng, BLOCK + 3), unit(rng, 7)
    blocks = list(score(embeddings("a", texts), embeddings("p", photos), "cosine"))
    got = np.concatenate([block for _, block in blocks])
    assert [name for ids, _ in blocks for name in ids] == [f"a{i}" for i in range(BLOCK + 3)]
    for i in (0, 1, BLOCK - 1, BLOCK, BLOCK + 2):
        for j in range(7):
            exact = sum(float(x) * float(y) for x, y in zip(texts[i], photos[j], strict=True))
            assert got[i, j] == np.float32(exact)


def test_embeddings_of_two_checkpoints_are_not_compared():
    vectors = unit(np.random.default_rng(2), 2)
    other = embeddings("p", vectors, {**IDENTITY, "checkpoint_sha256": "1"})
    with pytest.raises(UserError, match="different models"):
        list(score(embeddings("a", vectors), other, "cosine"))


def test_scores_that_are_not_finite_are_refused_never_ranked(tmp_path):
    for bad in (np.nan, np.inf, -np.inf):
        scores = np.zeros((4, 3), np.float32)
        scores[2, 1] = bad
        matrix = similarity(tmp_path / "s.arrow", scores)
        ties = identity_ties([*matrix.article_ids, *matrix.gallery])
        with pytest.raises(UserError, match="article 'a2' with photo 'p1'"):
            rank(matrix, ties, ties, 3)


score_matrices = st.integers(1, 9).flatmap(
    lambda n: st.integers(1, 9).flatmap(
        lambda m: st.lists(
            # Few distinct values, so that ties are the rule; both zeros.
            st.lists(
                st.sampled_from([-1.0, -0.5, -0.0, 0.0, 1e-30, 0.25, 1.0]), min_size=m, max_size=m
            ),
            min_size=n,
            max_size=n,
        )
    )
)


def plain_lists(grid, queries, documents, ties, top):
    """Every query's best documents by a plain sort: (query, rank, document, score)."""
    rows = []
    for i, query in sorted(enumerate(queries), key=lambda item: item[1]):
        best = sorted(enumerate(documents), key=lambda c: (-grid[i, c[0]], ties[c[1]]))
        rows += [(query, r, name, grid[i, c]) for r, (c, name) in enumerate(best[:top], 1)]
    return rows


def assert_ranked(matrix, grid, seed, top):
    names = [*matrix.article_ids, *matrix.gallery]
    keys = np.random.default_rng(seed).permutation(10_000)[: len(names)]
    ties = {name: f"{key:04d}" for name, key in zip(names, keys, strict=True)}
    to_images, to_articles = rank(matrix, ties, ties, top)
    articles, gallery = matrix.article_ids, matrix.gallery
    expected = plain_lists(grid, articles, gallery, ties, top)
    assert [tuple(row.values()) for row in to_images.to_pylist()] == expected
    expected = plain_lists(grid.T, gallery, articles, ties, top)
    assert [tuple(row.values()) for row in to_articles.to_pylist()] == expected


@settings(max_examples=150, deadline=None)
@given(scores=score_matrices, top=st.integers(1, 10), seed=st.integers(0, 99))
def test_ranking_equals_a_plain_sort_with_ties_by_key(tmp_path_factory, scores, top, seed):
    path = tmp_path_factory.mktemp("rank") / "s.arrow"
    assert_ranked(similarity(path, scores), np.asarray(scores, dtype=np.float32), seed, top)


@pytest.mark.parametrize("levels", [1, 2, 7, 100_000])
@pytest.mark.parametrize("order", ["random", "rising", "falling"])
def test_ranking_of_many_equals_a_plain_sort(tmp_path, levels, order):
    rng = np.random.default_rng(levels)
    grid = (rng.integers(0, levels, size=(170, 230)) - levels // 2).astype(np.float32) / 8
    if order != "random":  # the part of a row that bounds it is then its worst or its best
        grid = np.sort(np.sort(grid, axis=0), axis=1)
        grid = grid if order == "rising" else grid[::-1, ::-1].copy()
    assert_ranked(similarity(tmp_path / "s", grid, block=64), grid, 1, 3)


def test_order_of_rows_and_columns_changes_no_rank(tmp_path):
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 4, size=(20, 15)).astype(np.float32)
    articles, gallery = [f"a{i}" for i in range(20)], [f"p{j}" for j in range(15)]
    rows, columns = rng.permutation(20), rng.permutation(15)
    ties = identity_ties([*articles, *gallery])
    first = rank(similarity(tmp_path / "1", scores, articles, gallery), ties, ties, 10)
    shuffled = similarity(
        tmp_path / "2",
        scores[rows][:, columns],
        [articles[i] for i in rows],
        [gallery[j] for j in columns],
        block=7,
    )
    again = rank(shuffled, ties, ties, 10)
    assert first[0].equals(again[0]) and first[1].equals(again[1])


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


def test_submission_has_a_column_a_rank_even_for_a_small_gallery(tmp_path):
    matrix = similarity(tmp_path / "s", [[0.1, 0.9], [0.8, 0.2]], articles=["b", "a"])
    ties = identity_ties([*matrix.article_ids, *matrix.gallery])
    ranking, _ = rank(matrix, ties, ties, 100)
    lines = submission(ranking).split("\n")
    assert lines[0].split("\t") == ["articleID", *(f"iid{i}" for i in range(1, 101))]
    assert [line.split("\t")[:3] for line in lines[1:3]] == [["a", "p0", "p1"], ["b", "p1", "p0"]]
    assert {len(line.split("\t")) for line in lines[:-1]} == {101}
    assert lines[-1] == ""

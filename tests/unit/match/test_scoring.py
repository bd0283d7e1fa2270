"""Scores against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from rematch.errors import UserError
from rematch.match.scoring import BLOCK, score
from tests.unit.match.matrices import IDENTITY, embeddings, unit


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

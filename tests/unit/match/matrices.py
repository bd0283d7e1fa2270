"""Small matrices for tests of matching."""

from __future__ import annotations

import numpy as np

from rematch.forms import Embeddings
from rematch.storage import Similarity, write_similarity

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

"""Re-ranking by k-reciprocal neighbours: photos whose neighbourhoods are alike come up together."""

from __future__ import annotations

from typing import Any

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, products
from rematch.match.dots import Floats, Numbers
from rematch.match.factors import Pairs
from rematch.methods import Method, Param

METHOD = Method(
    name="k_reciprocal",
    does="of a query's first photos how alike its neighbourhood and theirs are, and the cosine; "
    "the others follow by their cosine",
    source="Zhong et al. 2017, Re-ranking Person Re-identification with k-reciprocal Encoding, "
    "equations 3 to 12; a query's neighbours are photos, and reciprocal if they are each other's",
    looks_at="gallery",
    run="k_reciprocal",
    packages=("scipy",),
    traits=("biases",),
    params=(
        Param(
            name="k1",
            type="integer",
            does="size of a neighbourhood",
            default=20,
            low=2,
            high=1000,
        ),
        Param(
            name="k2",
            type="integer",
            does="neighbours whose encodings are averaged",
            default=6,
            low=1,
            high=1000,
        ),
        Param(
            name="lambda",
            type="number",
            does="weight of the cosine beside the neighbourhoods",
            default=0.3,
            low=0,
            high=1,
        ),
        Param(
            name="depth",
            type="integer",
            does="how many of a query's first photos are put in a new order",
            default=100,
            low=1,
            high=100000,
        ),
    ),
)

FIRST = 4.0
"""What re-ranked photos are raised by, above all others."""


def k_reciprocal(queries: Float32, gallery: Float32, **given: float) -> Biases:
    """Of the first photos the score 4 + (1 − λ) Jaccard(q, g) + λ ⟨q, g⟩, as biases of pairs:
    float32 [n, d] x [m, d] -> biases.
    """
    k1, k2 = int(given["k1"]), int(given["k2"])
    weight, depth = given["lambda"], min(int(given["depth"]), len(gallery))
    photos = _encoded(gallery, k1, k2)
    of_photos = photos.tocsc()
    sizes = np.asarray(photos.sum(axis=1)).ravel()
    rows: list[Numbers] = []
    columns: list[Numbers] = []
    values: list[Floats] = []
    for which, block in products(queries, gallery):
        first = np.argsort(-block, axis=1, kind="stable")[:, :depth]
        for at, row in enumerate(range(which.start, which.stop)):
            near = first[at, :k1]
            own = _weights(block[at, near])
            common = np.zeros(len(gallery))
            for neighbour, share in zip(near.tolist(), own.tolist(), strict=True):
                part = slice(of_photos.indptr[neighbour], of_photos.indptr[neighbour + 1])
                common[of_photos.indices[part]] += np.minimum(of_photos.data[part], share)
            wanted = np.sort(first[at])
            alike = common[wanted] / (sizes[wanted] + own.sum() - common[wanted])
            new = FIRST + (1 - weight) * alike + weight * block[at, wanted]
            rows.append(np.full(len(wanted), row))
            columns.append(wanted)
            values.append(block[at, wanted] - new)
    pairs = Pairs(np.concatenate(rows), np.concatenate(columns), np.concatenate(values))
    zeros = np.zeros(len(queries), np.float32), np.zeros(len(gallery), np.float32)
    return Biases(*zeros, pairs=pairs)


def _weights(cosines: Floats) -> Floats:
    """exp(−d) of neighbours, d the squared distance of unit vectors, as shares of 1."""
    raw = np.exp(-2 * (cosines.max() - cosines))
    return np.asarray(raw / raw.sum())


def _encoded(gallery: Float32, k1: int, k2: int) -> Any:
    """Each photo's shares in its expanded k-reciprocal neighbours, a sparse matrix [m, m],
    and averaged over its k2 nearest.
    """
    from scipy import sparse

    m = len(gallery)
    order = np.empty((m, min(k1 + 1, m)), dtype=np.int64)
    cosines = np.empty(order.shape)
    for which, block in products(gallery, gallery):
        # A photo is its own first neighbour, whatever its twins.
        block[np.arange(len(block)), np.arange(which.start, which.stop)] = 3.0
        order[which] = np.argsort(-block, axis=1, kind="stable")[:, : order.shape[1]]
        cosines[which] = np.minimum(np.take_along_axis(block, order[which], axis=1), 1.0)
    sets = [set(row) for row in order.tolist()]
    half = [set(row[: k1 // 2 + 1]) for row in order.tolist()]
    mutual = [{g for g in sets[p] if p in sets[g]} for p in range(m)]
    mutual_half = [{g for g in half[p] if p in half[g]} for p in range(m)]
    vectors = gallery.astype(np.float64)
    entries: list[tuple[Numbers, Floats]] = []
    for photo in range(m):
        expanded = set(mutual[photo])
        for other in sorted(mutual[photo]):
            candidate = mutual_half[other]
            if len(candidate & mutual[photo]) > 2 / 3 * len(candidate):
                expanded |= candidate
        members = np.array(sorted(expanded), dtype=np.int64)
        entries.append((members, _weights(vectors[members] @ vectors[photo])))
    ends = np.cumsum([0, *(len(members) for members, _ in entries)])
    indices, data = (np.concatenate([entry[side] for entry in entries]) for side in (0, 1))
    shares = sparse.csr_matrix((data, indices, ends), shape=(m, m))
    k2 = min(k2, m)
    nearest = order[:, :k2]
    mean = sparse.csr_matrix(
        (np.full(nearest.size, 1 / k2), nearest.ravel(), np.arange(0, nearest.size + 1, k2)),
        shape=(m, m),
    )
    return mean @ shares

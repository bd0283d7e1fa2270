"""Query-bank normalisation: inverted softmax over a bank, for queries that a hub catches."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, LogSums, products
from rematch.methods import Method, Param

METHOD = Method(
    name="qb_norm",
    does="inverted softmax over a bank of texts, for the queries whose best photos are among those "
    "that the bank's texts find; the cosine for the others",
    source="Bogolin et al. 2022, Cross Modal Retrieval with Querybank Normalisation, equations 5 "
    "and 6, the dynamic inverted softmax",
    looks_at="bank",
    run="qb_norm",
    traits=("biases", "bank"),
    params=(
        Param(
            name="bank",
            type="text",
            does="a corpus whose texts are the bank, or gallery: the photos themselves",
            required=True,
        ),
        Param(
            name="beta",
            type="number",
            does="inverse temperature of the softmax",
            default=20,
            low=0.1,
            high=1000,
        ),
        Param(
            name="activation",
            type="integer",
            does="how many photos each text of the bank finds, and how many of a query's best are "
            "looked for among them",
            default=1,
            low=1,
            high=1000,
        ),
        Param(
            name="dynamic",
            type="boolean",
            does="false: every query is normalised",
            default=True,
        ),
    ),
)


def qb_norm(
    queries: Float32,
    gallery: Float32,
    bank: Float32,
    beta: float,
    activation: int,
    dynamic: bool,
) -> Biases:
    """c(g) = (1 / β) log Σ_b exp(β ⟨b, g⟩) for the queries that are switched on; for the others its
    mean, so that a photo's list of articles compares like with like: float32 [n, d] x [m, d], bank
    [k, d] -> biases.
    """
    sums = LogSums(len(gallery), 1 / beta)
    found = np.zeros(len(gallery), dtype=bool)
    for _, block in products(bank, gallery):
        sums.add(block)
        found[_best(block, activation)] = True
    columns = sums.value()
    switch: Float32 = np.ones(len(queries), dtype=np.float32)
    if dynamic:
        for which, block in products(queries, gallery):
            best = _best(block, activation).reshape(len(block), -1)
            switch[which] = found[best].any(axis=1)
    rows = np.where(switch > 0, 0.0, columns.mean())
    said = f"{int(switch.sum())} of {len(queries)} queries are normalised"
    return Biases(rows.astype(np.float32), columns.astype(np.float32), said, switch)


def _best(block: np.ndarray, k: int) -> np.ndarray:
    k = min(k, block.shape[1])
    return np.asarray(np.argpartition(block, block.shape[1] - k, axis=1)[:, -k:].ravel())

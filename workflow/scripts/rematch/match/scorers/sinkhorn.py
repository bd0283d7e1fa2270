"""Every article and every photo gets the same share of all: entropic optimal transport."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.match.biases import Biases, LogSums, biases, products, row_log_sums
from rematch.methods import Method, Param

METHOD = Method(
    name="sinkhorn",
    does="log of the transport plan between articles and photos of equal shares, in units of the "
    "cosine",
    source="Cuturi 2013, Sinkhorn Distances: Lightspeed Computation of Optimal Transport; in the "
    "log domain as Peyré and Cuturi 2019, Computational Optimal Transport, section 4.4",
    looks_at="transductive",
    run="sinkhorn",
    traits=("biases",),
    params=(
        Param(
            name="temperature",
            type="number",
            does="of the plan, in units of the cosine: the smaller, the nearer to one-to-one",
            default=0.0333,
            low=0.001,
            high=10,
        ),
        Param(
            name="rounds",
            type="integer",
            does="how often shares are put right at most, each a pass over the products",
            default=10,
            low=1,
            high=1000,
        ),
        Param(
            name="tolerance",
            type="number",
            does="ends the rounds: how far an article's share may be from right, as a part of it",
            default=0.000001,
            low=0,
            high=1,
        ),
    ),
)


def sinkhorn(
    queries: Float32, gallery: Float32, temperature: float, rounds: int, tolerance: float
) -> Biases:
    """Potentials of the plan exp((⟨q, g⟩ − r(q) − c(g)) / t), whose rows sum to 1 / n and whose
    columns to 1 / m: float32 [n, d] x [m, d] -> biases.

    A round is one pass: a row's potential needs the columns' alone, and a column's sum takes the
    new rows in as they come. Columns are right at its end, rows as nearly as is said.
    """
    n, m = len(queries), len(gallery)
    r, c = np.zeros(n), np.zeros(m)
    off, done = np.inf, 0
    while done < rounds:
        sums, before = LogSums(m, temperature), r.copy()
        for which, block in products(queries, gallery):
            r[which] = row_log_sums(block - c, temperature) + temperature * np.log(n)
            sums.add(block - r[which, None])
        c = sums.value() + temperature * np.log(m)
        done += 1
        # Before a round rows sum to exp((r_new - r_old) / t) times what they should.
        off = float(np.abs(np.expm1((r - before) / temperature)).max()) if done > 1 else np.inf
        if off <= tolerance:
            break
    said = f"{done} rounds; an article's share is right to {off:.1e} of it"
    return biases(r, c, said)

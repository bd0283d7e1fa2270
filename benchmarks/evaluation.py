"""Comparing many runs: this project, ranx and SciPy in the same run.

    PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/evaluation.py [--runs N] [--queries M]

This project: every pair of runs, six metrics, 10,000 resamples for BCa intervals and 10,000 sign
flips, letters. ranx: `compare` with Fisher's test and as many permutations, which gives p-values
and no intervals, after its compilation; of six pairs, times all. SciPy: `bootstrap` (BCa) and
`permutation_test` of four pairs in one metric, times the number of pairs and metrics.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
import warnings
from itertools import combinations

import numpy as np

KS = (1, 5, 10, 50, 100)
RESAMPLES = 10_000
FEW = 4
"""Runs, and pairs in one metric, that ranx and SciPy compare: they take too long for all."""

WANTED_SECONDS, WANTED_MB = 10, 1000


def ranks_of(runs: int, queries: int) -> np.ndarray:
    """The rank of each query's one right document: int64 [queries, runs]."""
    rng = np.random.default_rng(0)
    hard = rng.normal(2, 1.5, (queries, 1))
    lift = np.linspace(0.5, -0.5, runs)
    return np.ceil(np.exp(np.maximum(hard + lift + rng.normal(0, 0.8, (queries, runs)), 0)))


def values_of(ranks: np.ndarray) -> np.ndarray:
    kept = np.where(ranks <= 100, 1 / ranks, 0)
    return np.stack([kept, *((ranks <= k).astype(float) for k in KS)], axis=2)


def ours(runs: int, queries: int) -> tuple[float, float]:
    from rematch.evaluate import bootstrap, compact_letters, compare, holm

    values = values_of(ranks_of(runs, queries))
    pairs = list(combinations(range(runs), 2))
    started = time.perf_counter()
    bootstrap(values.reshape(queries, -1), resamples=RESAMPLES)
    told = compare(values, pairs, resamples=RESAMPLES, threads=2)
    corrected = np.stack([holm(column) for column in told.p.T], axis=1)
    order = np.argsort(-values[:, :, 0].mean(axis=0)).tolist()
    compact_letters(
        order, [pair for pair, p in zip(pairs, corrected[:, 0], strict=True) if p < 0.05]
    )
    return time.perf_counter() - started, corrected[0, 0]


def ranx_(runs: int, queries: int) -> tuple[float, float]:
    warnings.filterwarnings("ignore")
    import ranx

    few = min(runs, FEW)
    ranks = ranks_of(runs, queries)[:, :: max(1, runs // few)][:, :few]
    qrels = ranx.Qrels({f"q{i}": {"true": 1} for i in range(queries)})
    given = []
    for j in range(few):
        lists = {
            f"q{i}": {("true" if k == ranks[i, j] else f"d{k}"): 1 - k / 128 for k in range(1, 101)}
            for i in range(queries)
        }
        given.append(ranx.Run(lists, name=f"run{j}"))
    names = ["mrr@100", *(f"recall@{k}" for k in KS)]
    ranx.compare(qrels, given[:2], names, stat_test="fisher", n_permutations=10)  # compiles
    started = time.perf_counter()
    ranx.compare(qrels, given, names, stat_test="fisher", n_permutations=RESAMPLES)
    pairs = runs * (runs - 1) // (few * (few - 1))
    return (time.perf_counter() - started) * pairs, 0.0


def scipy_(runs: int, queries: int) -> tuple[float, float]:
    from scipy import stats

    values = values_of(ranks_of(runs, queries))
    pairs = list(combinations(range(runs), 2))
    few = pairs[:: max(1, len(pairs) // FEW)][:FEW]
    started = time.perf_counter()
    for a, b in few:
        apart = values[:, a, 0] - values[:, b, 0]
        stats.bootstrap((apart,), np.mean, n_resamples=RESAMPLES, batch=500, rng=0)
        stats.permutation_test(
            (apart,),
            lambda x, axis: x.mean(axis),
            permutation_type="samples",
            n_resamples=RESAMPLES,
            batch=500,
            rng=0,
        )
    each = (time.perf_counter() - started) / len(few)
    return each * len(pairs) * values.shape[2], 0.0


WHO = {"this project": ours, "ranx": ranx_, "scipy": scipy_}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the comparison of many runs.")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--peers", nargs="*", choices=[*WHO], default=[*WHO])
    parser.add_argument("--alone", choices=[*WHO], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        seconds, _ = WHO[options.alone](options.runs, options.queries)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(seconds, peak)
        return
    n = options.runs * (options.runs - 1) // 2
    print(f"{options.runs} runs x {options.queries:,} queries, {n:,} pairs, 6 metrics, 10,000 each")
    found = {}
    for who in options.peers:
        command = [sys.executable, __file__, "--alone", who]
        sizes = ["--runs", str(options.runs), "--queries", str(options.queries)]
        done = subprocess.run([*command, *sizes], capture_output=True, text=True)
        if done.returncode:
            print(f"{who}: {done.stderr.strip().splitlines()[-1]}")
            continue
        found[who] = tuple(map(float, done.stdout.split()[-2:]))
        seconds, peak = found[who]
        ratio = seconds / found[options.peers[0]][0]
        said = "" if who == "this project" else " (of a few pairs, times all)"
        print(
            f"{who:14} {seconds:10.1f} s{said}  {peak:6.0f} MB  {ratio:8.1f} x {options.peers[0]}"
        )
    seconds, peak = found["this project"]
    if seconds > WANTED_SECONDS or peak > WANTED_MB:
        sys.exit(f"wanted: {WANTED_SECONDS} s and {WANTED_MB} MB")


if __name__ == "__main__":
    main()

"""Scoring, ranking, blending, submissions and evaluation against named peers, in the same run.

    PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/matching.py [--articles N] [--photos M]
    PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/matching.py --square 20000 [--threads 2]

The second form: one pass over N x N scores (the best 100 of both directions and the exact rank of
every true pair), of one model and of four side by side, against a plain float32 product of the same
width by NumPy, and torch's product with `topk` of one direction; with the greatest memory.

Scoring and ranking, both directions, from embeddings to the best 100 of each: this project's
functions with the file between them, against torch (float32 product and `topk`, all in memory).
An ensemble of four, from files to a file: against the mean of four arrays that NumPy loads. A
submission, from the ranking's table to its text: against a pivot of pandas. Evaluation: against
pytrec_eval on the same rankings. Medians of paired runs, one thread each (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import numpy as np
import pyarrow as pa
import pytrec_eval
import torch
from threadpoolctl import threadpool_limits

from rematch.evaluate import measures
from rematch.forms import Embeddings
from rematch.match import (
    Factored,
    Search,
    Term,
    Wanted,
    blend,
    rank_both,
    score,
    submission,
)
from rematch.storage import Similarity, write_similarity

TOP = 100
MEMBERS = 4

Work = Callable[[], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--square", type=int)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    if given.square:
        one_pass(given.square, given.dimension, given.threads, given.runs)
        return
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    texts, photos = (unit(rng, n, given.dimension) for n in (given.articles, given.photos))
    who = {"checkpoint_sha256": "0", "precision": "float32"}
    queries = Embeddings(tuple(f"a{i:06d}" for i in range(len(texts))), texts, who)
    gallery = Embeddings(tuple(f"p{i:06d}" for i in range(len(photos))), photos, who)
    with tempfile.TemporaryDirectory() as folder:
        ranking = both_rankings(Path(folder), queries, gallery, given.runs)
        ensemble(Path(folder), given.runs)
    submissions(ranking, given.runs)
    evaluation(ranking, rng.permutation(gallery.ids)[: len(texts)], given.runs)


def both_rankings(folder: Path, queries: Embeddings, gallery: Embeddings, runs: int) -> pa.Table:
    """The ranking of photos; the scores are in `folder` then."""
    path = folder / "0.arrow"
    ties = {name: name for name in (*queries.ids, *gallery.ids)}

    def ours() -> tuple[pa.Table, pa.Table]:
        write_similarity(path, gallery.ids, score(queries, gallery, "cosine"))
        return rank_both(Similarity(path), ties, ties, TOP)

    def theirs() -> object:
        product = torch.from_numpy(queries.vectors) @ torch.from_numpy(gallery.vectors).T
        return product.topk(TOP, dim=1), product.T.contiguous().topk(TOP, dim=1)

    compare("embeddings to both rankings", ours, "torch matmul + topk", theirs, runs)
    return ours()[0]


def one_pass(n: int, d: int, threads: int, runs: int) -> None:
    """Ratios to a plain product."""
    rng = np.random.default_rng(0)
    mean = rng.standard_normal(d) * 0.8  # as CLIP's vectors have
    texts, photos = (
        (lambda v: (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32))(
            rng.standard_normal((n, d)) + mean
        )
        for _ in range(2)
    )
    ids = tuple(f"a{i:07d}" for i in range(n)), tuple(f"p{i:07d}" for i in range(n))
    places = rng.permutation(n), rng.permutation(n)
    torch.set_num_threads(threads)
    for terms in (1, 4):
        # Four models of a quarter of the width each are one product of the whole width.
        parts = [slice(i * d // terms, (i + 1) * d // terms) for i in range(terms)]
        made = tuple(
            Term.plain(np.ascontiguousarray(texts[:, p]), np.ascontiguousarray(photos[:, p]))
            for p in parts
        )
        scores = Factored(*ids, made)
        truth = np.arange(n)

        def ours(scores: Factored = scores, truth: np.ndarray = truth) -> None:
            lists = np.empty((n, TOP), np.uint64)

            def written(rows: np.ndarray, keys: np.ndarray) -> None:
                lists[rows] = keys

            wanted = Wanted(truth, truth, scores.exact(truth, truth))
            Search(scores, *places, TOP, TOP, wanted, threads=threads, written=written).run()

        def product() -> None:
            out = np.empty((512, n), np.float32)
            with threadpool_limits(threads):
                for start in range(0, n, 512):
                    rows = texts[start : start + 512]
                    np.matmul(rows, photos.T, out=out[: len(rows)])

        compare(f"one pass, {terms} terms, {n:,} x {n:,}", ours, "a plain product", product, runs)

    def theirs() -> None:
        gallery = torch.from_numpy(photos).T
        for start in range(0, n, 512):
            (torch.from_numpy(texts[start : start + 512]) @ gallery).topk(TOP, dim=1)

    compare("the product alone", product, "torch product and topk, one direction", theirs, runs)
    print(f"greatest memory {getrusage(RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def ensemble(folder: Path, runs: int) -> None:
    """Of matrices like the one in `folder`."""
    first = Similarity(folder / "0.arrow")
    rng = np.random.default_rng(1)
    for member in range(MEMBERS):
        scores = rng.random((len(first.article_ids), len(first.gallery)), dtype=np.float32)
        np.save(folder / f"{member}.npy", scores)
        blocks = ((ids, scores[: len(ids)]) for ids, _ in first.blocks())
        write_similarity(folder / f"m{member}.arrow", first.gallery, blocks)

    def ours() -> None:
        members = [Similarity(folder / f"m{member}.arrow") for member in range(MEMBERS)]
        blended = blend(members, [1.0] * MEMBERS)
        write_similarity(folder / "ours.arrow", members[0].gallery, blended)

    def theirs() -> None:
        members = [np.load(folder / f"{member}.npy") for member in range(MEMBERS)]
        np.save(folder / "theirs.npy", np.mean(members, axis=0))

    compare(f"an ensemble of {MEMBERS}", ours, "numpy load, mean, save", theirs, runs)


def submissions(ranking: pa.Table, runs: int) -> None:
    def theirs() -> str:
        frame = ranking.to_pandas()
        wide = frame.pivot(index="article_id", columns="rank", values="image_id")
        wide.columns = [f"iid{number}" for number in wide.columns]
        return str(wide.to_csv(sep="\t", index_label="articleID"))

    def ours() -> str:
        return submission(ranking, TOP)

    assert ours() == theirs()
    compare("a submission", ours, "pandas pivot, to_csv", theirs, runs)


def evaluation(ranking: pa.Table, truth: np.ndarray, runs: int) -> None:
    articles = sorted(set(ranking["article_id"].to_pylist()))[: len(truth)]
    qrels = pa.table({"article_id": articles, "image_id": truth.tolist()})
    run: dict[str, dict[str, float]] = {}
    for row in ranking.to_pylist():
        run.setdefault(row["article_id"], {})[row["image_id"]] = float(-row["rank"])
    wanted = {row["article_id"]: {row["image_id"]: 1} for row in qrels.to_pylist()}
    names = {"recip_rank", "recall_1", "recall_5", "recall_10", "recall_50", "recall_100"}

    def ours() -> object:
        return measures.per_query(ranking, qrels)

    def theirs() -> object:
        return pytrec_eval.RelevanceEvaluator(wanted, names).evaluate(run)

    compare("evaluation of one direction", ours, "pytrec_eval", theirs, runs)


def unit(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    vectors = rng.standard_normal((n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def compare(what: str, ours: Work, peer: str, theirs: Work, runs: int) -> None:
    """Print seconds of both, taken in turns, and the ratio."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
    mine, other = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratio = statistics.median(b / a for a, b in pairs)
    line = f"{what}: {mine:.2f} s; {peer}: {other:.2f} s; ratio {ratio:.2f}"
    print(line, flush=True)


def seconds(function: Work) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

"""Scoring, ranking and evaluation against named peers, in the same run.

    PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/matching.py [--articles N] [--photos M]

Scoring and ranking, both directions, from embeddings to the best 100 of each: this project's
functions with the file between them, against torch (float32 product and `topk`, all in memory).
Evaluation: against pytrec_eval on the same rankings. Medians of paired runs, one thread each.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytrec_eval
import torch

from rematch.evaluate import metrics
from rematch.forms import Embeddings
from rematch.match import rank, score
from rematch.storage import Similarity, write_similarity

TOP = 100


def unit(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    vectors = rng.standard_normal((n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def timed(function: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    value = function()
    return time.perf_counter() - started, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    texts, photos = (unit(rng, n, given.dimension) for n in (given.articles, given.photos))
    who = {"checkpoint_sha256": "0", "precision": "float32"}
    queries = Embeddings(tuple(f"a{i:06d}" for i in range(len(texts))), texts, who)
    gallery = Embeddings(tuple(f"p{i:06d}" for i in range(len(photos))), photos, who)
    ties = {name: name for name in (*queries.ids, *gallery.ids)}

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "similarity.arrow"

        def ours() -> tuple[pa.Table, pa.Table]:
            write_similarity(path, gallery.ids, score(queries, gallery, "cosine"))
            return rank(Similarity(path), ties, ties, TOP)

        def theirs() -> object:
            product = torch.from_numpy(texts) @ torch.from_numpy(photos).T
            return product.topk(TOP, dim=1), product.T.contiguous().topk(TOP, dim=1)

        pairs = [(timed(ours), timed(theirs)) for _ in range(given.runs)]
        report("embeddings to both rankings", "torch matmul + topk", pairs)

        ranking = pairs[0][0][1][0]
        truth = rng.permutation(len(photos))[: len(texts)]
        qrels = pa.table(
            {
                "article_id": list(queries.ids[: len(truth)]),
                "image_id": [gallery.ids[i] for i in truth],
            }
        )

        def evaluate() -> object:
            return metrics.per_query(ranking, qrels)

        run: dict[str, dict[str, float]] = {}
        for row in ranking.to_pylist():
            run.setdefault(row["article_id"], {})[row["image_id"]] = float(-row["rank"])
        wanted = {row["article_id"]: {row["image_id"]: 1} for row in qrels.to_pylist()}
        names = {"recip_rank", "recall_1", "recall_5", "recall_10", "recall_50", "recall_100"}

        def peer() -> object:
            return pytrec_eval.RelevanceEvaluator(wanted, names).evaluate(run)

        pairs = [(timed(evaluate), timed(peer)) for _ in range(given.runs)]
        report("evaluation of one direction", "pytrec_eval", pairs)


def report(
    what: str, peer: str, pairs: list[tuple[tuple[float, object], tuple[float, object]]]
) -> None:
    mine, other = ([pair[side][0] for pair in pairs] for side in (0, 1))
    ratio = statistics.median(b / a for a, b in zip(mine, other, strict=True))
    print(
        f"{what}: {statistics.median(mine):.2f} s; {peer}: {statistics.median(other):.2f} s; "
        f"ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    main()

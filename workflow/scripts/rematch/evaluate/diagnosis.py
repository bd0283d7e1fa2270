"""What ails a run: hubs, texts cut, doubtful scores, and how alike runs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.evaluate.agreement import overlap
from rematch.evaluate.calibration import calibration
from rematch.evaluate.hubs import hubness, lists
from rematch.evaluate.resampling import Ints

MOST_PAIRS = 2000
"""Pairs of runs whose agreement is computed; of more runs, every run's with the first only."""


def diagnose(
    rankings: Mapping[str, pa.Table],
    per_article: Mapping[str, pa.Table],
    digests: Mapping[str, str],
    gallery: Sequence[str],
    cut: Mapping[str, int],
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Diagnose all runs of a corpus.

    Args:
        rankings: `forms.RANKING` of each run, by name.
        per_article: `forms.PER_ARTICLE` of each run.
        digests: of each article's text; halves the articles for the calibration.
        gallery: ids of all photos.
        cut: of each run, how many of its texts the model's context cut; of an ensemble, the most
            of a member.

    Returns:
        `forms.DIAGNOSIS`, `forms.HUBS` and `forms.AGREEMENT`.
    """
    articles = sorted(digests)
    half = np.array([int(digests[article][-1:] or "0", 16) % 2 for article in articles])
    codes: dict[str, Ints] = {}
    rows, worst = [], []
    for run, ranking in rankings.items():
        deep = int(ranking["rank"].to_numpy().max(initial=1))
        codes[run] = lists(ranking, articles, gallery, deep)
        hubs = hubness(codes[run], gallery)
        worst += [{"run": run, "image_id": image, "occurrences": n} for image, n in hubs.worst]
        row = {"run": run, "skewness": hubs.skewness, "never": hubs.never}
        row |= {"cut": cut.get(run, 0) / max(1, len(articles))}
        rows.append(row | _calibrated(ranking, per_article[run], articles, half, deep))
    names = list(rankings)
    pairs = list(combinations(names, 2))
    if len(pairs) > MOST_PAIRS:
        pairs = [(names[0], other) for other in names[1:]]
    alike = [
        {"run": a, "other": b, "overlap": float(overlap(codes[a], codes[b]).mean())}
        for a, b in pairs
    ]
    return (
        forms.from_rows(rows, forms.DIAGNOSIS),
        forms.from_rows(worst, forms.HUBS),
        forms.from_rows(alike, forms.AGREEMENT),
    )


def cut_texts(runs: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> dict[str, int]:
    """How many texts of each run were cut; of an ensemble, the most of a member.

    Args:
        runs: `run`, and `weights` by member of an ensemble.
        counts: of each point, by run.
    """
    return {
        str(run["run"]): max(counts.get(name, 0) for name in run["weights"] or [run["run"]])
        for run in runs
    }


def _calibrated(
    ranking: pa.Table, judged: pa.Table, articles: Sequence[str], half: Ints, deep: int
) -> dict[str, float]:
    """Over the articles of the qrels."""
    at = {article: row for row, article in enumerate(articles)}
    scores = np.full((len(articles), deep), -np.inf)
    rows = np.array([at[article] for article in ranking["article_id"].to_pylist()], dtype=np.int64)
    scores[rows, ranking["rank"].to_numpy() - 1] = ranking["score"].to_numpy()
    queries = np.array([at[article] for article in judged["article_id"].to_pylist()], np.int64)
    first = judged["rank"].fill_null(0).to_numpy().astype(np.int64)
    place = np.where((first > 0) & (first <= deep), first - 1, -1)
    if not len(queries):
        return {}
    found = calibration(scores[queries], place, half[queries])
    return {
        "temperature": found.temperature,
        "calibration_error": found.error,
        "low": found.low,
        "high": found.high,
        "brier": found.brier,
        "sure": found.sure,
        "right": found.right,
    }

"""Parameters chosen on a corpus, to be used on another."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rematch.errors import UserError

Values = npt.NDArray[np.float64]

FOLDS = 5
"""Of the articles: weights are chosen on all but one, and judged on that."""

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
"""What a member's weight is tried at, the others' mean being 1."""

ROUNDS = 10
"""Of all members, at most."""


@dataclass(frozen=True)
class Chosen:
    """What was chosen.

    Attributes:
        values: by parameter, or by member its weight.
        value: the metric on the corpus that they were chosen on; where weights were chosen, of
            articles that had no part in it.
        curve: everything that was tried, with its metric.
        articles: n.
    """

    values: dict[str, Any]
    value: float
    curve: list[tuple[dict[str, Any], float]]
    articles: int


def per_article(ranks: npt.NDArray[np.int64], metric: str) -> Values:
    """The metric of each article, by the rank of its first right photo: float64 [n].

    Args:
        metric: MRR@K or R@K.

    Raises:
        UserError: it is no such metric.
    """
    found = re.fullmatch(r"(MRR|R)@(\d+)", metric)
    if not found:
        raise UserError(f"metric {metric!r} is not MRR@K or R@K")
    hits = ranks <= int(found[2])
    return np.where(hits, 1 / ranks if found[1] == "MRR" else 1.0, 0.0)


def first_of(pairs: Sequence[tuple[str, str]], ranks: npt.NDArray[np.int64], metric: str) -> Values:
    """`per_article`, in the order of the articles' ids, by the ranks of all right pairs."""
    best: dict[str, int] = {}
    for (article, _), rank in zip(pairs, ranks.tolist(), strict=True):
        best[article] = min(rank, best.get(article, rank))
    return per_article(np.array([best[name] for name in sorted(best)], dtype=np.int64), metric)


def truth_of(
    qrels: pa.Table, articles: Sequence[str], gallery: Sequence[str]
) -> list[tuple[str, str]]:
    """The right pairs of `forms.QRELS` that are scored, sorted.

    Raises:
        UserError: there is none.
    """
    known = set(articles), set(gallery)
    named = (qrels["article_id"].to_pylist(), qrels["image_id"].to_pylist())
    pairs = {(a, i) for a, i in zip(*named, strict=True) if a in known[0] and i in known[1]}
    if not pairs:
        raise UserError("no pair of this corpus was matched; it cannot be chosen on")
    return sorted(pairs)


def folds_of(pairs: Sequence[tuple[str, str]], articles: pa.Table) -> npt.NDArray[np.int64]:
    """A part of `FOLDS` for each article, in the order of their ids, by what it says: twins fall
    into one, and neither ids nor order tell.
    """
    digests = dict(
        zip(articles["article_id"].to_pylist(), articles["digest"].to_pylist(), strict=True)
    )
    named = sorted({article for article, _ in pairs})
    hashed = (hashlib.sha256(f"fold {digests[name]}".encode()).digest() for name in named)
    return np.array([int.from_bytes(each[:8], "big") % FOLDS for each in hashed], dtype=np.int64)


def chosen_json(found: Chosen, run: str, metric: str, corpus: str) -> str:
    """What was chosen for a run on a corpus, as a file."""
    held = {"run": run, "values": found.values, "metric": metric, "value": found.value}
    held |= {"corpus": corpus, "articles": found.articles, "tried": len(found.curve)}
    return json.dumps(held, indent=1) + "\n"


def curve_csv(found: Chosen, metric: str) -> str:
    """Everything that was tried, a row each."""
    names = list(found.values)
    lines = [",".join([*names, metric])]
    lines += [",".join([*(str(p[n]) for n in names), f"{v:.6f}"]) for p, v in found.curve]
    return "\n".join(lines) + "\n"


def choose(
    grid: Mapping[str, Sequence[Any]], tried: Callable[[Mapping[str, Any]], Values]
) -> Chosen:
    """The point of a grid with the greatest mean, the first of equals.

    Args:
        grid: by parameter, the values to try.
        tried: the metric of each article at a point.
    """
    points = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    outcomes = [tried(point) for point in points]
    curve = [(p, float(o.mean())) for p, o in zip(points, outcomes, strict=True)]
    best = max(range(len(points)), key=lambda at: (curve[at][1], -at))
    return Chosen(points[best], curve[best][1], curve, len(outcomes[best]))


def weigh(
    members: Sequence[str],
    tried: Callable[[tuple[float, ...]], Values],
    folds: npt.NDArray[np.int64],
    one: bool = False,
) -> Chosen:
    """Weights of an ensemble's members by coordinate ascent, cross-validated.

    Starts from equal weights and from each member alone; a step sets one member's weight. Whoever
    reads `value` sees articles that the weights were not chosen on: of each fold, by the weights
    of the others. The weights given are chosen on all.

    Args:
        members: names of runs.
        tried: the metric of each article with these weights.
        folds: of each article its part, int64 [n] below `FOLDS`.
        one: only one member may have a weight.
    """
    known: dict[tuple[float, ...], Values] = {}

    def outcome(weights: tuple[float, ...]) -> Values:
        shares = tuple(round(weight / sum(weights), 6) for weight in weights)
        if shares not in known:
            known[shares] = tried(shares)
        return known[shares]

    def best_on(among: npt.NDArray[np.bool_]) -> tuple[float, ...]:
        number = len(members)
        alone = [tuple(float(at == own) for at in range(number)) for own in range(number)]
        starts = alone if one else [(1.0,) * number, *alone]
        means = [float(outcome(start)[among].mean()) for start in starts]
        at = max(range(len(starts)), key=lambda i: (means[i], -i))
        weights, value = starts[at], means[at]
        for _ in range(0 if one else ROUNDS):
            before = value
            for member in range(number):
                mean = sum(weights) / number
                for step in STEPS:
                    new = (*weights[:member], step * mean, *weights[member + 1 :])
                    if sum(new) <= 0:
                        continue
                    found = float(outcome(new)[among].mean())
                    if found > value + 1e-12:
                        weights, value = new, found
            if value <= before:
                break
        return weights

    held_out = np.zeros(len(folds))
    for fold in range(FOLDS):
        held = folds == fold
        if held.any() and not held.all():
            held_out[held] = outcome(best_on(~held))[held]
    final = best_on(np.ones(len(folds), dtype=bool))
    named = {m: round(w / sum(final), 6) for m, w in zip(members, final, strict=True)}
    curve = [
        (dict(zip(members, shares, strict=True)), float(found.mean()))
        for shares, found in known.items()
    ]
    return Chosen(named, float(held_out.mean()), curve, len(folds))

"""All that an experiment says of a corpus: metrics, comparisons, answers, strata, and the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.evaluate.chance import chance
from rematch.evaluate.effects import Described
from rematch.evaluate.hypotheses import Cleaning, hypotheses
from rematch.evaluate.measures import IMAGE_TO_TEXT, TEXT_TO_IMAGE
from rematch.evaluate.outcomes import Outcomes, curves, outcomes_of, summary
from rematch.evaluate.resampling import RESAMPLES
from rematch.evaluate.standings import Standings, comparisons, standings_of
from rematch.evaluate.strata import Stratum, by_number, by_value, strata_of
from rematch.methods import LOOKS_AT

MARGINS = 100
"""Of more runs only the baseline's and the best ones' articles are parted by margin."""


@dataclass(frozen=True)
class Plan:
    """What runs are compared for.

    Attributes:
        runs: all of them.
        baseline: the one that all are compared with.
        base, switched: an ablation's: a run, and the runs that differ from it on one axis, by name.
        untranslated, cleanings: see `hypotheses.hypotheses`.
    """

    runs: tuple[Described, ...]
    baseline: str
    base: str | None = None
    switched: Mapping[str, str] = field(default_factory=dict)
    untranslated: tuple[str, ...] = ()
    cleanings: Mapping[str, Cleaning] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Plan:
        """From the plain values of `config.comparison_plan`."""
        axes = ("translation", "cleaning", "words", "model", "scorer")
        runs = tuple(
            Described(
                run["run"],
                run["name"],
                {} if run["ensemble"] else {axis: str(run[axis]) for axis in axes},
                tuple(run["weights"] or ()),
                run["looks_at"],
            )
            for run in values["runs"]
        )
        ablation = values["ablation"] or {"base": None, "switched": {}}
        cleanings = {
            name: Cleaning(tuple(each["steps"]), tuple(map(tuple, each["rest"])))
            for name, each in values["cleanings"].items()
        }
        plain = tuple(values["untranslated"])
        return cls(runs, values["baseline"], **ablation, untranslated=plain, cleanings=cleanings)


@dataclass(frozen=True)
class Conclusions:
    """What `conclude` gives: `forms.METRICS`, `CURVES`, `COMPARISONS`, `HYPOTHESES`, `STRATA`.

    `facts` are JSON's values: `articles` of the corpus, `queries` (articles with a right photo) and
    `groups` of them that are independent; `photos` and `gallery` likewise; `baseline`; `ablation`
    (base, and the axis that each run has switched); `best` (a label each: looks_at, run, within,
    of); `letters` by run; `same` (lists of runs that are identical); `detectable`; `chance` by
    direction and metric; `at_chance` by direction and run: the metrics whose interval holds it.
    """

    metrics: pa.Table
    curves: pa.Table
    comparisons: pa.Table
    hypotheses: pa.Table
    strata: pa.Table
    facts: dict[str, Any]


def conclude(
    per_article: Mapping[str, pa.Table],
    per_image: Mapping[str, pa.Table],
    qrels: pa.Table,
    articles: pa.Table,
    images: pa.Table,
    plan: Plan,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    *,
    top: int,
    recall_at: Sequence[int],
    resamples: int = RESAMPLES,
    threads: int = 1,
) -> Conclusions:
    """Draw all conclusions from how every run did by every article and photo.

    Args:
        per_article, per_image: `forms.PER_ARTICLE` and `forms.PER_IMAGE` of each run, by name.
        qrels, articles, images: the corpus: `forms.QRELS`, `forms.ARTICLES`, `forms.IMAGES`.
        plan: what to compare.
        columns: further strata: by a column's name, the value of each article.
        top, recall_at: cut-offs.
        resamples: of intervals and tests.
        threads: see `comparing.compare`.

    Raises:
        UserError: see `outcomes.outcomes_of`.
    """
    pairs = list(zip(qrels["article_id"].to_pylist(), qrels["image_id"].to_pylist(), strict=True))
    turned = [(image, article) for article, image in pairs]
    found = outcomes_of(per_article, pairs, _digests(articles, "article_id"), top, recall_at)
    back = outcomes_of(per_image, turned, _digests(images, "image_id"), top, recall_at)
    metrics = pa.concat_tables(
        [
            summary(found, TEXT_TO_IMAGE, resamples),
            summary(back, IMAGE_TO_TEXT, resamples),
        ]
    )
    levels = {
        TEXT_TO_IMAGE: chance(found.relevant, images.num_rows, top, recall_at),
        IMAGE_TO_TEXT: chance(back.relevant, articles.num_rows, top, recall_at),
    }
    standings = standings_of(found, plan.runs, LOOKS_AT, resamples, threads)
    counts = {"articles": articles.num_rows, "gallery": images.num_rows}
    counts |= {"queries": len(found.queries), "photos": len(back.queries)}
    return Conclusions(
        metrics=metrics,
        curves=pa.concat_tables([curves(found, TEXT_TO_IMAGE), curves(back, IMAGE_TO_TEXT)]),
        comparisons=comparisons(found, _families(found, plan), resamples, threads),
        hypotheses=hypotheses(found, plan.runs, plan.untranslated, plan.cleanings, resamples),
        strata=_strata(
            found, _parted(per_article, plan, standings), articles, columns or {}, resamples
        ),
        facts={**counts, **_facts(plan, standings, found, metrics, levels)},
    )


def compare_runs(
    judged: Mapping[str, pa.Table],
    pairs: Sequence[tuple[str, str]],
    gallery: int,
    baseline: str,
    *,
    top: int,
    recall_at: Sequence[int],
    resamples: int = RESAMPLES,
    threads: int = 1,
) -> Conclusions:
    """Compare any runs over any queries; without questions and strata.

    Args:
        judged: of each run, by name; see `measures.judged`.
        pairs: query and relevant document; queries that share one are no independent draws.
        gallery: documents in all.
        baseline: the run that the others are compared with.
        top, recall_at, resamples, threads: see `conclude`.
    """
    plan = Plan(tuple(Described(run, run, looks_at="") for run in judged), baseline)
    found = outcomes_of(judged, pairs, {}, top, recall_at)
    levels = {TEXT_TO_IMAGE: chance(found.relevant, gallery, top, recall_at)}
    metrics = summary(found, TEXT_TO_IMAGE, resamples)
    standings = standings_of(found, plan.runs, ("",), resamples, threads)
    counts = {"queries": len(found.queries), "gallery": gallery}
    return Conclusions(
        metrics=metrics,
        curves=curves(found, TEXT_TO_IMAGE),
        comparisons=comparisons(found, _families(found, plan), resamples, threads),
        hypotheses=forms.from_rows([], forms.HYPOTHESES),
        strata=forms.from_rows([], forms.STRATA),
        facts={**counts, **_facts(plan, standings, found, metrics, levels)},
    )


def _facts(
    plan: Plan,
    standings: Standings,
    found: Outcomes,
    metrics: pa.Table,
    levels: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    return {
        "groups": found.independent,
        "baseline": plan.baseline,
        "ablation": {"base": plan.base, "switched": dict(plan.switched)} if plan.base else None,
        "best": [
            {"looks_at": b.looks_at, "run": b.run, "within": list(b.within), "of": b.of}
            for b in standings.best
        ],
        "letters": dict(standings.letters),
        "same": [list(runs) for runs in standings.same.values()],
        "detectable": standings.detectable,
        "chance": levels,
        "at_chance": at_chance(metrics, levels),
    }


def by_column(table: pa.Table) -> dict[str, dict[str, str]]:
    """`forms.COLUMNS` as values of articles, by column."""
    found: dict[str, dict[str, str]] = {}
    for row in table.to_pylist():
        found.setdefault(row["column"], {})[row["article_id"]] = row["value"]
    return found


def _digests(table: pa.Table, key: str) -> dict[str, str]:
    return dict(zip(table[key].to_pylist(), table["digest"].to_pylist(), strict=True))


def _families(found: Outcomes, plan: Plan) -> dict[str, tuple[str, Sequence[str]]]:
    means = found.values[:, :, 0].mean(axis=0)
    best = max(found.runs, key=lambda run: (means[found.of(run)], [-ord(c) for c in run]))
    out: dict[str, tuple[str, Sequence[str]]] = {}
    for name, one in (("baseline", plan.baseline), ("best", best)):
        others = [run for run in found.runs if run != one]
        if others:
            out[name] = (one, others)
    if plan.base and plan.switched:
        out["ablation"] = (plan.base, list(plan.switched))
    return out


def at_chance(
    metrics: pa.Table, levels: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, list[str]]]:
    """By direction and run: the metrics whose interval holds what a random order comes to."""
    out: dict[str, dict[str, list[str]]] = {direction: {} for direction in levels}
    for row in metrics.to_pylist():
        level = levels[row["direction"]][row["metric"]]
        # Where every document is within the cut-off, chance is as good as anything.
        if level < 1 and row["low"] <= level:
            out[row["direction"]].setdefault(row["run"], []).append(row["metric"])
    return out


def _parted(
    per_article: Mapping[str, pa.Table], plan: Plan, standings: Standings
) -> dict[str, pa.Table]:
    """Of the runs whose articles are parted by margin."""
    shown = [plan.baseline, *(best.run for best in standings.best)]
    runs = per_article if len(per_article) <= MARGINS else dict.fromkeys(shown)
    return {run: per_article[run] for run in runs}


def _strata(
    found: Outcomes,
    per_article: Mapping[str, pa.Table],
    articles: pa.Table,
    columns: Mapping[str, Mapping[str, str]],
    resamples: int,
) -> pa.Table:
    texts = zip(*(articles[name].to_pylist() for name in ("title", "text")), strict=True)
    words = {
        article: len(title.split()) + len(text.split())
        for article, (title, text) in zip(articles["article_id"].to_pylist(), texts, strict=True)
    }
    if not found.queries:
        return forms.from_rows([], forms.STRATA)
    shared = {"length": by_number(np.array([float(words[q]) for q in found.queries]))}
    for name, values in columns.items():
        shared[name] = by_value([values.get(query, "") for query in found.queries])
    own: dict[str, Sequence[Stratum]] = {}
    for run, table in per_article.items():
        margins = dict(
            zip(table["article_id"].to_pylist(), table["margin"].to_pylist(), strict=True)
        )
        own[run] = by_number(np.array([float(margins[q] or 0) for q in found.queries]))
    return strata_of(found, shared, own, resamples)

"""The questions that the paper asks of its runs, answered by an experiment's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.evaluate.comparing import holm
from rematch.evaluate.effects import (
    Described,
    Effect,
    Line,
    along_words,
    distinct,
    effect,
    partners,
)
from rematch.evaluate.outcomes import Outcomes
from rematch.evaluate.resampling import RESAMPLES

ALPHA = 0.05
YES, NO, OPEN = "yes", "no", "cannot tell"


class Cleaning(NamedTuple):
    """A cleaning: its steps, and all else that it is."""

    steps: tuple[str, ...]
    rest: tuple[Any, ...] = ()


def hypotheses(
    found: Outcomes,
    runs: Sequence[Described],
    untranslated: Sequence[str],
    cleanings: Mapping[str, Cleaning],
    resamples: int = RESAMPLES,
) -> pa.Table:
    """Answer what the runs can answer: `forms.HYPOTHESES`; no row where runs to compare lack.

    Args:
        found: from text to image.
        runs: all of `found`.
        untranslated: values on the axis of translation that leave texts as they are.
        cleanings: by their value on that axis.
        resamples: see `comparing.compare`.
    """
    recalls = sorted(int(name[2:]) for name in found.metrics if name.startswith("R@"))
    rows: list[dict[str, object]] = []
    if recalls:
        for question, k in (("falls", recalls[0]), ("rises", recalls[-1])):
            lines = list(along_words(found, runs, f"R@{k}", resamples))
            rows += _trends(question, f"R@{k}", lines)
    metric = found.metrics[0]
    for question, asked in (
        (
            "ensemble",
            _ensembles(found, distinct(found, runs), {run.run: run.label for run in runs}),
        ),
        ("translation", _translations(runs, untranslated)),
        ("multilingual", _models(runs, untranslated)),
        ("cleaning", _steps(runs, cleanings)),
    ):
        # What both ways leave alike, such as a step that a language does not have, says nothing.
        kept = ((subject, _different(found, pairs)) for subject, pairs in asked)
        answers = [
            (
                subject,
                effect(found, [(found.of(a), found.of(b)) for a, b in pairs], metric, resamples),
            )
            for subject, pairs in kept
            if pairs
        ]
        rows += _effects(question, metric, answers)
    return forms.from_rows(rows, forms.HYPOTHESES)


def _different(found: Outcomes, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    marks = dict(zip(found.runs, found.marks, strict=True))
    kept = {(marks[a], marks[b]): (a, b) for a, b in reversed(pairs) if marks[a] != marks[b]}
    return list(reversed(kept.values()))


def _ensembles(
    found: Outcomes, runs: Sequence[Described], labels: Mapping[str, str]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    means = dict(zip(found.runs, found.values[:, :, 0].mean(axis=0).tolist(), strict=True))
    for run in runs:
        if run.members:
            best = max(run.members, key=lambda name: (means[name], name))
            yield f"{run.label} against {labels[best]}", [(run.run, best)]


def _translations(
    runs: Sequence[Described], untranslated: Sequence[str]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for name, plain, model in _sides(runs, untranslated):
        axes = {"translation": name, "model": model}
        pairs = partners(runs, axes, {"translation": plain})
        if pairs:
            yield f"{name} against {plain}, model {model}", pairs


def _models(
    runs: Sequence[Described], untranslated: Sequence[str]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    models = dict.fromkeys(run.axes["model"] for run in runs if "model" in run.axes)
    for name, plain, model in _sides(runs, untranslated):
        for other in models:
            if other != model:
                axes = {"translation": name, "model": model}
                pairs = partners(runs, axes, {"translation": plain, "model": other})
                if pairs:
                    yield f"{name}, model {model}, against {plain}, model {other}", pairs


def _sides(
    runs: Sequence[Described], untranslated: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Translation, what leaves texts as they are, and model."""
    points = [run.axes for run in runs if run.axes]
    named = dict.fromkeys(axes["translation"] for axes in points)
    for name in named:
        if name not in untranslated:
            for plain in untranslated:
                for model in dict.fromkeys(a["model"] for a in points if a["translation"] == name):
                    yield name, plain, model


def _steps(
    runs: Sequence[Described], cleanings: Mapping[str, Cleaning]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    used = dict.fromkeys(run.axes["cleaning"] for run in runs if "cleaning" in run.axes)
    for one in used:
        for other in used:
            step = _extra(cleanings[one], cleanings[other])
            if step:
                pairs = partners(runs, {"cleaning": one}, {"cleaning": other})
                if pairs:
                    yield f"{step}: {one} against {other}", pairs


def _extra(one: Cleaning, other: Cleaning) -> str:
    """The one step that the first has and the second lacks; "" where more differs."""
    if one.rest != other.rest:
        return ""
    for at, step in enumerate(one.steps):
        if one.steps[:at] + one.steps[at + 1 :] == other.steps:
            return step
    return ""


def _effects(
    question: str, metric: str, answers: Sequence[tuple[str, Effect]]
) -> Iterator[dict[str, object]]:
    corrected = holm(np.array([told.p for _, told in answers])) if answers else np.empty(0)
    for (subject, told), p in zip(answers, corrected.tolist(), strict=True):
        yield {
            "question": question,
            "subject": subject,
            "metric": metric,
            "answer": OPEN if not p < ALPHA else YES if told.difference > 0 else NO,
            "estimate": told.difference,
            "low": told.low,
            "high": told.high,
            "p": p,
            "pairs": told.pairs,
            "values": f"{told.values[0]:.4f} against {told.values[1]:.4f}",
        }


def _trends(question: str, metric: str, lines: Sequence[Line]) -> Iterator[dict[str, object]]:
    if not lines:
        return
    falls = question == "falls"
    asked = holm(np.array([t.trend.falling if falls else t.trend.rising for t in lines]))
    contrary = holm(np.array([t.trend.rising if falls else t.trend.falling for t in lines]))
    for line, p, other in zip(lines, asked.tolist(), contrary.tolist(), strict=True):
        yield {
            "question": question,
            "subject": " · ".join(line.axes.values()),
            "metric": metric,
            "answer": YES if p < ALPHA else NO if other < ALPHA else OPEN,
            "estimate": line.trend.slope,
            "low": line.trend.low,
            "high": line.trend.high,
            "p": min(p, other),
            "pairs": len(line.words),
            "values": ", ".join(
                f"{words}: {mean:.4f}" for words, mean in zip(line.words, line.means, strict=True)
            ),
        }

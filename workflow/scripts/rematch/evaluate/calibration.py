"""Scores read as probabilities: is a run right as often as it is sure?

A softmax over a list, at the temperature that makes the right photos likeliest. Articles are halved
by the digest of their text; each half is judged by the temperature of the other one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rematch.evaluate.resampling import Floats, Ints

BINS = 10
_STEPS = 60


@dataclass(frozen=True)
class Calibration:
    """Of one run.

    Attributes:
        temperature: of the softmax, the mean of the two halves' (geometric).
        error: expected calibration error of the first photo's probability: the mean over bins of as
            many articles of |mean probability - share that is right| (Naeini, Cooper and
            Hauskrecht, AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML
            2017, equation 3).
        low, high: of its 95 % interval, by resampling articles within their bins.
        brier: mean squared difference of probability and being right.
        sure: mean probability of the first photo.
        right: share of articles whose first photo is right.
    """

    temperature: float
    error: float
    low: float
    high: float
    brier: float
    sure: float
    right: float


def calibration(scores: Floats, place: Ints, half: Ints, resamples: int = 1000) -> Calibration:
    """How well a run's scores tell how sure it may be.

    Args:
        scores: of each article's list, falling: float64 [n, k].
        place: of the right photo in the list, from 0; -1 where it is not in it: int64 [n].
        half: 0 or 1 of each article: int64 [n].
        resamples: for the interval.

    Returns:
        The probability of photo i of a list is exp(s_i / t) / Σ_j exp(s_j / t) over the list.
    """
    scale = scores[:, 0] - scores[:, -1]
    unit = float(scale.mean()) or 1.0
    probability = np.empty(len(scores))
    temperatures = []
    for fold in (0, 1):
        own, other = half == fold, half != fold
        learned = other & (place >= 0)
        t = _temperature(scores[learned] / unit, place[learned]) * unit
        temperatures.append(t)
        probability[own] = _softmax(scores[own] / t)[:, 0]
    right = (place == 0).astype(np.float64)
    order = np.argsort(probability, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    error, low, high = _error(probability, right, bins, resamples)
    return Calibration(
        temperature=float(np.exp(np.mean(np.log(temperatures)))),
        error=error,
        low=low,
        high=high,
        brier=float(((probability - right) ** 2).mean()),
        sure=float(probability.mean()),
        right=float(right.mean()),
    )


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _temperature(scores: Floats, place: Ints) -> float:
    """The likeliest temperature, by halving: the likelihood's slope in 1 / t falls."""
    if not len(scores):
        return 1.0
    true = scores[np.arange(len(scores)), place]

    def slope(inverse: float) -> float:
        weights = _softmax(scores * inverse)
        return float((true - (weights * scores).sum(axis=1)).sum())

    low, high = -12.0, 12.0  # of log(1 / t); scores span about 1
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(np.exp(middle)) > 0 else (low, middle)
    return float(np.exp(-(low + high) / 2))


def _error(
    probability: Floats, right: Floats, bins: list[Ints], resamples: int
) -> tuple[float, float, float]:
    rng = np.random.default_rng(0)
    n = len(probability)
    apart = probability - right
    error = sum(abs(apart[part].mean()) * len(part) / n for part in bins)
    drawn = np.zeros(resamples)
    for part in bins:
        picks = rng.integers(0, len(part), size=(resamples, len(part)))
        drawn += np.abs(apart[part][picks].mean(axis=1)) * len(part) / n
    # Redrawn bins stray, so their error is the larger; what it exceeds by is taken off.
    shifted = np.sort(np.maximum(0, drawn - (drawn.mean() - error)))
    return (
        float(error),
        float(shifted[int(0.025 * resamples)]),
        float(shifted[int(0.975 * resamples) - 1]),
    )

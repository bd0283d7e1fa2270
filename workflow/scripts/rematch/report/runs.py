"""Runs as tables and plots need them: what they are called, and where in the sweep they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rematch.config import AXES
from rematch.errors import UserError

ALL_WORDS = "all"
"""How a run without a limit on words is shown."""


@dataclass(frozen=True)
class Run:
    """A run as the tables and plots need it; every field is text for a person."""

    name: str
    label: str
    axes: dict[str, str]
    """Value of each of `AXES`; an ensemble lacks those that differ between its members."""
    ensemble: str | None = None
    weights: dict[str, float] = field(default_factory=dict)
    looks_at: str = ""


def read_runs(runs: Iterable[Mapping[str, object]]) -> list[Run]:
    """The run descriptions, ensembles last, else in the order given.

    Args:
        runs: a mapping a run: `run` (its id), `label`, the axes of `AXES` (`words` a number, or
            None or "all" for the whole text), `ensemble` (its name, or None for a point of the
            sweep) and `weights` (member to weight). All but `run` may be missing.

    Raises:
        UserError: a run without an id, or two with the same.
    """
    out: list[Run] = []
    seen: set[str] = set()
    for description in runs:
        if description.get("run") in (None, ""):
            raise UserError(f"results: a run has no id: {dict(description)!r}; give it a `run`")
        name = str(description["run"])
        if name in seen:
            raise UserError(f"results: run {name!r} is described twice; name each run once")
        seen.add(name)
        ensemble = description.get("ensemble")
        axes = {}
        for axis in AXES:
            value = description.get(axis)
            if axis == "words" and ensemble is None and axis in description:
                value = ALL_WORDS if value in (None, "") else value
            if value not in (None, ""):
                axes[axis] = str(value)
        weights = description.get("weights")
        out.append(
            Run(
                name=name,
                label=str(description.get("label") or name),
                axes=axes,
                ensemble=None if ensemble is None else str(ensemble),
                weights={str(k): float(str(v)) for k, v in weights.items()}
                if isinstance(weights, Mapping)
                else {},
                looks_at=str(description.get("looks_at") or ""),
            )
        )
    return sorted(out, key=lambda run: run.ensemble is not None)


def varying(runs: Sequence[Run]) -> list[str]:
    """The axes on which the points of the sweep differ, in the order of `AXES`."""
    points = [run for run in runs if run.ensemble is None]
    return [axis for axis in AXES if len({run.axes.get(axis) for run in points}) > 1]

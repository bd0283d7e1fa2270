"""Short names that tell the runs of a corpus apart: what varies between them, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rematch.config.sweep import (
    AXES,
    Config,
    axes_of,
    base_of,
    baseline_of,
    describe_runs,
    points,
    switched,
    untranslated,
)


def short_names(runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A short name for each run, no two alike.

    A point's are its values on the axes that vary; an ensemble's is its own, with its values on the
    axes that vary and on which its members agree, where there are several of it.

    Args:
        runs: as `sweep.describe_runs` gives them; what is missing of it counts for nothing.
    """
    singles = [run for run in runs if not run.get("ensemble")]
    varying = [axis for axis in AXES if len({run.get(axis) for run in singles}) > 1]
    blends = Counter(str(run["ensemble"]) for run in runs if run.get("ensemble"))
    found: dict[str, str] = {}
    for run in runs:
        name = str(run["run"])
        if run.get("ensemble"):
            several = blends[str(run["ensemble"])] > 1
            own = [axis for axis in varying if several and "+" not in str(run.get(axis) or "+")]
            parts = [str(run["ensemble"]), *(axis_value(axis, run[axis]) for axis in own)]
        else:
            parts = [
                axis_value(axis, run[axis]) for axis in varying if run.get(axis) not in (None, "")
            ]
            parts = parts or [str(run.get("label") or name)]
        found[name] = " · ".join(parts)
    times = Counter(found.values())
    return {run: run if times[name] > 1 else name for run, name in found.items()}


def axis_value(axis: str, value: Any) -> str:
    """A run's value on an axis as people read it."""
    if axis != "words":
        return str(value)
    size, apart, step = str(value).partition("s")
    return f"{size}/{step} windows" if apart and "+" not in step else f"{value} words"


def comparison_plan(config: Config, corpus: str) -> dict[str, Any]:
    """What a corpus' runs are compared for, in plain values.

    Returns:
        `runs`, as `describe_runs` has them, each with its short `name`; `baseline`, a run;
        `ablation`, the base and the runs with one axis switched, or None; `untranslated`, values
        of the axis of translation; and `cleanings`, of the axis' values: steps and all else.
    """
    runs = describe_runs(config, corpus)
    names = short_names(runs)
    base = base_of(config, corpus)
    ablation = None
    if base is not None:
        others = {point.run: switched(point, base) for point in points(config, corpus)}
        ablation = {"base": base.run, "switched": {r: a[0] for r, a in others.items() if a}}
    cleanings = {}
    for name in axes_of(config, corpus)["cleaning"]:
        entry = dict(config["cleanings"][name])
        cleanings[name] = {"steps": entry.pop("steps"), "rest": sorted(entry.items())}
    return {
        "runs": [{**run, "name": names[run["run"]]} for run in runs],
        "baseline": baseline_of(config, corpus),
        "ablation": ablation,
        "untranslated": untranslated(config, corpus),
        "cleanings": cleanings,
    }

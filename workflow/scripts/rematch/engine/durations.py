"""How long jobs took before, from Snakemake's benchmark files, and what is left of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

BENCHMARKS = Path("results/benchmarks")


def measured(folder: Path = BENCHMARKS) -> dict[str, float]:
    """Mean seconds of a job, by rule; a rule without a readable benchmark is left out.

    The file of a rule without wildcards is `<rule>.tsv`, those of others `<rule>/<wildcards>.tsv`.
    """
    found: dict[str, list[float]] = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
            try:
                seconds = float(path.read_text("utf-8").splitlines()[1].split("\t")[0])
            except (OSError, ValueError, IndexError):
                continue
            found.setdefault(rule, []).append(seconds)
    return {rule: sum(all_) / len(all_) for rule, all_ in found.items()}


def together(counts: Mapping[str, int], seconds: Mapping[str, float]) -> float | None:
    """Seconds of work of so many jobs of each rule, one after the other.

    None if nothing is known of a rule that has jobs: a time that leaves it out would be too short.
    """
    if any(n and rule not in seconds for rule, n in counts.items()):
        return None
    return sum(n * seconds[rule] for rule, n in counts.items() if n)


def lasting(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"{round(seconds, -1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"

"""The results of a corpus' runs: the content of its table, of which others make CSV and pages.

The reference figures are those of Table 1 of Cao et al., "HCMUS at MediaEval 2021: Fine-tuning
CLIP for Automatic News-Images Re-Matching" (CEUR-WS Vol. 3181, paper 48), kept as printed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from rematch.config import AXES
from rematch.errors import UserError
from rematch.evaluate import DIRECTIONS
from rematch.report import losses as lost

ALL_WORDS = "all"
"""How a run without a limit on words is shown."""

NONE = "–"


@dataclass(frozen=True)
class Run:
    """A run as the tables and plots need it; every field is text for a person."""

    name: str
    label: str
    axes: dict[str, str]
    """Value of each of `AXES`; an ensemble lacks those that differ between its members."""
    ensemble: str | None = None
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """A row of the paper's table; `values` are the figures as printed."""

    run: str
    words: str
    ensemble: str
    values: dict[str, str]


@dataclass(frozen=True)
class Cell:
    """A metric's mean over `n` queries and its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Results:
    """All that the tables show of a corpus."""

    corpus: str
    runs: list[Run]
    directions: list[str]
    metrics: list[str]
    cells: dict[tuple[str, str, str], Cell]
    reference: list[Reference]
    losses: list[lost.Loss] = field(default_factory=list)

    def cell(self, run: Run, direction: str, metric: str) -> Cell | None:
        return self.cells.get((run.name, direction, metric))

    def empty(self, run: Run) -> int:
        """Articles of which the run has an empty query; of an ensemble, the most of a member."""
        members = [other for other in self.runs if other.name in run.weights] or [run]
        variants = [(m.axes.get("translation", ""), m.axes.get("cleaning", "")) for m in members]
        return lost.empty_queries(self.losses, variants)

    def paper(self, run: Run) -> Reference | None:
        """The paper's row for as many words, or for the ensemble of the same name."""
        for row in self.reference:
            if run.ensemble is not None:
                if row.ensemble == run.ensemble:
                    return row
            elif row.words and row.words == run.axes.get("words"):
                return row
        return None


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
            )
        )
    return sorted(out, key=lambda run: run.ensemble is not None)


def read_reference(path: str | Path | None) -> list[Reference]:
    """The reference CSV: columns run, words, ensemble, then a column a metric, all as printed.

    Without a path there is no reference: an empty list.

    Raises:
        UserError: a column is missing, a figure is no number, or a row names neither words nor
            an ensemble.
    """
    if not path:
        return []
    with Path(path).open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    out = []
    for line, row in enumerate(rows, start=2):
        for column in ("run", "words", "ensemble"):
            if row.get(column) is None:
                raise UserError(f"{path}: line {line}: column {column!r} is missing; add it")
        if not row["words"] and not row["ensemble"]:
            raise UserError(
                f"{path}: line {line}: neither 'words' nor 'ensemble' is given; fill in one"
            )
        values = {k: v or "" for k, v in row.items() if k not in ("run", "words", "ensemble", None)}
        for column, figure in values.items():
            try:
                float(figure or 0)
            except ValueError:
                raise UserError(
                    f"{path}: line {line}, column {column!r}: {figure!r} is no number"
                ) from None
        out.append(Reference(row["run"], row["words"], row["ensemble"], values))
    return out


def build(
    metrics: pa.Table | Iterable[pa.Table],
    runs: Iterable[Mapping[str, object]],
    reference: Sequence[Reference] = (),
    corpus: str = "",
    losses: Iterable[lost.Loss] = (),
) -> Results:
    """Bring the metrics of all runs of a corpus together with their descriptions.

    Args:
        metrics: `forms.METRICS`, one table or one a run; empty for a corpus with no truth.
        runs: see `read_runs`. A run without metrics keeps its row, with empty cells.
        reference: the paper's rows, or none.
        corpus: its name, for the title.
        losses: what it lost, as far as that is known.

    Raises:
        UserError: metrics of a run that is not described, or the same metric given twice.
    """
    described = read_runs(runs)
    names = {run.name for run in described}
    cells: dict[tuple[str, str, str], Cell] = {}
    directions: dict[str, None] = {}
    columns: dict[str, None] = {}
    for table in [metrics] if isinstance(metrics, pa.Table) else metrics:
        for row in table.to_pylist():
            key = (row["run"], row["direction"], row["metric"])
            if row["run"] not in names:
                raise UserError(
                    f"results: metrics of run {row['run']!r}, which the configuration does not "
                    "name; delete its folder under results/ or add the run"
                )
            if key in cells:
                raise UserError(f"results: {' '.join(key)} is given twice; pass each table once")
            cells[key] = Cell(row["value"], row["low"], row["high"], row["n"])
            directions[row["direction"]] = None
            columns[row["metric"]] = None
    known = [direction for direction in DIRECTIONS if direction in directions]
    return Results(
        corpus=corpus,
        runs=described,
        directions=known + sorted(set(directions) - set(DIRECTIONS)),
        metrics=sorted(columns, key=metric_order),
        cells=cells,
        reference=list(reference),
        losses=list(losses),
    )


def metric_order(metric: str) -> tuple[str, int, str]:
    name, _, k = metric.partition("@")
    return name, int(k) if k.isdecimal() else 0, metric


def varying(runs: Sequence[Run]) -> list[str]:
    """The axes on which the points of the sweep differ, in the order of `AXES`."""
    points = [run for run in runs if run.ensemble is None]
    return [axis for axis in AXES if len({run.axes.get(axis) for run in points}) > 1]


def point(run: Run, axes: Sequence[str]) -> str:
    """A run's name among the others: its values on the axes that vary, or its label."""
    if run.ensemble is not None:
        return f"ensemble {run.ensemble}"
    values = [
        f"{run.axes[axis]} words" if axis == "words" else run.axes[axis]
        for axis in axes
        if axis in run.axes
    ]
    return " · ".join(values) or run.label

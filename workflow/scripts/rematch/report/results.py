"""The results of a corpus' runs: the content of its table, of which others make CSV and pages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields as dataclass_fields
from functools import cached_property
from typing import Any

import pyarrow as pa

from rematch.config import axis_value, short_names
from rematch.errors import UserError
from rematch.evaluate import DIRECTIONS
from rematch.report import losses as lost
from rematch.report.reference import Reference
from rematch.report.runs import Run, read_runs

NONE = "–"


@dataclass(frozen=True)
class Cell:
    """A metric's mean over `n` queries and its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Difference:
    """A run minus another by one metric; see `forms.COMPARISONS`."""

    run: str
    family: str
    metric: str
    difference: float
    low: float
    high: float
    p_holm: float
    effect: float


@dataclass(frozen=True)
class Results:
    """All that the tables show of a corpus.

    The fields from `differences` on are what `evaluate.conclude` came to; empty where nothing was
    compared.
    """

    corpus: str
    runs: list[Run]
    directions: list[str]
    metrics: list[str]
    cells: dict[tuple[str, str, str], Cell]
    reference: list[Reference]
    losses: list[lost.Loss] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    hypotheses: list[dict[str, Any]] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)
    noun: str = "articles"
    strata: list[dict[str, Any]] = field(default_factory=list)
    diagnosis: list[dict[str, Any]] = field(default_factory=list)
    chosen: list[dict[str, Any]] = field(default_factory=list)

    @property
    def letters(self) -> Mapping[str, str]:
        return dict(self.facts.get("letters", {}))

    @property
    def best(self) -> list[dict[str, Any]]:
        return list(self.facts.get("best", []))

    @property
    def chance(self) -> Mapping[str, Mapping[str, float]]:
        return dict(self.facts.get("chance", {}))

    @property
    def at_chance(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        return dict(self.facts.get("at_chance", {}))

    @property
    def same(self) -> list[list[str]]:
        return list(self.facts.get("same", []))

    @property
    def detectable(self) -> float | None:
        found = self.facts.get("detectable")
        return None if found is None else float(found)

    @property
    def counts(self) -> Mapping[str, int]:
        return {key: value for key, value in self.facts.items() if isinstance(value, int)}

    @property
    def baseline(self) -> str:
        return str(self.facts.get("baseline", ""))

    @property
    def ablation(self) -> Mapping[str, Any]:
        return dict(self.facts.get("ablation") or {})

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Short names of the runs, no two alike."""
        return short_names(
            [
                {"run": run.name, "label": run.label, "ensemble": run.ensemble, **run.axes}
                for run in self.runs
            ]
        )

    def name_of(self, run: str) -> str:
        return self.names.get(run, run)

    @property
    def shown_once(self) -> set[str]:
        """Runs that are identical with one before them."""
        order = [run.name for run in self.runs]
        return {run for runs in self.same for run in sorted(runs, key=order.index)[1:]}

    def value_of(self, run: str, axis: str) -> str:
        """A run's value on an axis."""
        found = next((each.axes.get(axis, NONE) for each in self.runs if each.name == run), NONE)
        return axis_value(axis, found)

    def against(self, family: str) -> list[Difference]:
        """The differences of a family by the first metric."""
        return [
            each
            for each in self.differences
            if each.family == family and each.metric == self.metrics[0]
        ]

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


def build(
    metrics: pa.Table | Iterable[pa.Table],
    runs: Iterable[Mapping[str, object]],
    reference: Sequence[Reference] = (),
    corpus: str = "",
    losses: Iterable[lost.Loss] = (),
    comparisons: pa.Table | None = None,
    hypotheses: pa.Table | None = None,
    facts: Mapping[str, Any] | None = None,
    sort: str = "axes",
    noun: str = "articles",
    strata: pa.Table | None = None,
    diagnosis: pa.Table | None = None,
    chosen: Iterable[dict[str, Any]] = (),
) -> Results:
    """Bring the metrics of all runs of a corpus together with their descriptions.

    Args:
        metrics: `forms.METRICS`, one table or one a run; empty for a corpus with no truth.
        runs: see `read_runs`. A run without metrics keeps its row, with empty cells.
        reference: the paper's rows, or none.
        corpus: its name, for the title.
        losses: what it lost, as far as that is known.
        comparisons, hypotheses, facts, strata: what `evaluate.conclude` came to, if it did.
        diagnosis: what `evaluate.diagnose` came to.
        chosen: of each tuned run what was chosen for it, and on which corpus.
        noun: what the queries are; anything but articles is ranked in one direction only.
        sort: "axes", as the runs are given, or "metric", the best first.

    Raises:
        UserError: metrics of a run that is not described, or the same metric given twice.
    """
    described = read_runs(runs)
    cells = _cells([metrics] if isinstance(metrics, pa.Table) else metrics, described)
    directions = dict.fromkeys(direction for _, direction, _ in cells)
    columns = dict.fromkeys(metric for _, _, metric in cells)
    known = [direction for direction in DIRECTIONS if direction in directions]
    ordered = sorted(columns, key=metric_order)
    if sort == "metric" and ordered:
        described.sort(key=lambda run: _height(cells.get((run.name, known[0], ordered[0]))))
    fields = [each.name for each in dataclass_fields(Difference)]
    return Results(
        chosen=list(chosen),
        corpus=corpus,
        runs=described,
        directions=known + sorted(set(directions) - set(DIRECTIONS)),
        metrics=ordered,
        cells=cells,
        reference=list(reference),
        losses=list(losses),
        differences=[
            Difference(**{name: row[name] for name in fields})
            for row in (comparisons.to_pylist() if comparisons is not None else [])
        ],
        hypotheses=hypotheses.to_pylist() if hypotheses is not None else [],
        facts=facts or {},
        noun=noun,
        strata=strata.to_pylist() if strata is not None else [],
        diagnosis=diagnosis.to_pylist() if diagnosis is not None else [],
    )


def _cells(tables: Iterable[pa.Table], runs: Sequence[Run]) -> dict[tuple[str, str, str], Cell]:
    """By run, direction and metric."""
    names = {run.name for run in runs}
    cells: dict[tuple[str, str, str], Cell] = {}
    for table in tables:
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
    return cells


def _height(cell: Cell | None) -> float:
    return math.inf if cell is None else -cell.value


def metric_order(metric: str) -> tuple[str, int, str]:
    name, _, k = metric.partition("@")
    return name, int(k) if k.isdecimal() else 0, metric

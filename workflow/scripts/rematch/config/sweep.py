"""The sweep: which runs a validated configuration asks for, corpus by corpus.

Imported by the Snakefile at every start, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

AXES = ("translation", "cleaning", "words", "model", "scorer")
"""The axes of a run within a corpus, in the order of its name."""

Config = dict[str, Any]


@dataclass(frozen=True)
class Point:
    """One point of the sweep within a corpus."""

    translation: str
    cleaning: str
    words: str
    model: str
    scorer: str

    @property
    def run(self) -> str:
        """The run's name; it says its point."""
        return f"{self.translation}.{self.cleaning}.w{self.words}.{self.model}.{self.scorer}"

    def axis(self, name: str) -> str:
        """The value on one axis."""
        return str(getattr(self, name))


@dataclass(frozen=True)
class Ensemble:
    """A weighted mean of points.

    Attributes:
        name: the config's key.
        run: its name among the runs: the key and the axes its members leave open.
        members, weights: one weight a point.
        open: value of each axis that no member names.
    """

    name: str
    run: str
    members: tuple[Point, ...]
    weights: tuple[float, ...]
    open: Mapping[str, str]


def axes_of(config: Mapping[str, Any], corpus: str) -> dict[str, list[Any]]:
    """A corpus' values on each axis: those it names itself, else the sweep's."""
    own = config.get("corpora", {}).get(corpus, {}).get("sweep", {})
    return {axis: own.get(axis, config["sweep"].get(axis, [])) for axis in AXES}


def used(config: Mapping[str, Any], axis: str) -> list[Any]:
    """The values on an axis that some corpus of the sweep has, each once."""
    corpora = config["sweep"]["corpus"]
    return list(dict.fromkeys(v for corpus in corpora for v in axes_of(config, corpus)[axis]))


def points(config: Mapping[str, Any], corpus: str) -> list[Point]:
    """Every point of the sweep within a corpus, in the config's order."""
    axes = axes_of(config, corpus)
    return [Point(*map(str, values)) for values in product(*(axes[axis] for axis in AXES))]


def members_without_run(
    members: Sequence[Mapping[str, Any]], axes: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[int, str]]:
    """Of an ensemble's members: index and axis wherever one names a value that is not there."""
    for index, member in enumerate(members):
        for axis in AXES:
            if axis in member and member[axis] not in axes[axis]:
                yield index, axis


def ensembles(config: Mapping[str, Any], corpus: str) -> list[Ensemble]:
    """The ensembles of a corpus, once for each combination of the axes that members leave open.

    One with a member that the corpus has no run for is not made for it.
    """
    axes = axes_of(config, corpus)
    found = []
    for name, members in config["ensembles"].items():
        if any(members_without_run(members, axes)):
            continue
        named = [axis for axis in AXES if axis in members[0]]
        free = [axis for axis in AXES if axis not in named]
        for values in product(*(axes[axis] for axis in free)):
            rest = dict(zip(free, map(str, values), strict=True))
            said = (f"w{value}" if axis == "words" else value for axis, value in rest.items())
            found.append(
                Ensemble(
                    name=name,
                    run=".".join([name, *said]),
                    members=tuple(
                        Point(**{a: str(member[a]) for a in named}, **rest) for member in members
                    ),
                    weights=tuple(float(member.get("weight", 1)) for member in members),
                    open=rest,
                )
            )
    return found


def describe_runs(config: Mapping[str, Any], corpus: str) -> list[dict[str, Any]]:
    """What a table or plot says of each run of a corpus: id, label, axes, ensemble and weights.

    An axis on which an ensemble's members differ reads as the list of their values.
    """
    rows: list[dict[str, Any]] = [
        {"run": point.run, "label": f"w{point.words}", "ensemble": None, "weights": None}
        | {axis: point.axis(axis) for axis in AXES}
        for point in points(config, corpus)
    ]
    for ensemble in ensembles(config, corpus):
        blended = {
            axis: "+".join(dict.fromkeys(point.axis(axis) for point in ensemble.members))
            for axis in AXES
        }
        weights = {
            point.run: weight
            for point, weight in zip(ensemble.members, ensemble.weights, strict=True)
        }
        rows.append(
            {"run": ensemble.run, "label": ensemble.name, "ensemble": ensemble.name}
            | {"weights": weights}
            | blended
        )
    return rows

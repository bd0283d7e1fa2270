"""The sweep: which runs a validated configuration asks for, corpus by corpus.

Imported by the Snakefile at every start, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from rematch.methods import LOOKS_AT, methods

AXES = ("translation", "cleaning", "words", "model", "scorer")
"""The axes of a run within a corpus, in the order of its name."""

Config = dict[str, Any]


def view_name(words: Any) -> str:
    """Words as they stand in the names of runs and files: 30, all, or 20s10 for windows 20/10."""
    return str(words).replace("/", "s")


def _names(axis: str, value: Any) -> str:
    return view_name(value) if axis == "words" else str(value)


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
        blend: one of `blends`, None for the weighted mean.
    """

    name: str
    run: str
    members: tuple[Point, ...]
    weights: tuple[float, ...]
    open: Mapping[str, str]
    blend: str | None = None


def axes_of(config: Mapping[str, Any], corpus: str) -> dict[str, list[Any]]:
    """A corpus' values on each axis: those it names itself, else the sweep's."""
    own = config.get("corpora", {}).get(corpus, {}).get("sweep", {})
    return {axis: own.get(axis, config["sweep"].get(axis, [])) for axis in AXES}


def used(config: Mapping[str, Any], axis: str) -> list[Any]:
    """The values on an axis that some corpus of the sweep has, each once."""
    corpora = config["sweep"]["corpus"]
    return list(dict.fromkeys(v for corpus in corpora for v in axes_of(config, corpus)[axis]))


def points(config: Mapping[str, Any], corpus: str) -> list[Point]:
    """Every point of the sweep within a corpus, in the config's order.

    With `ablation` these are the base, and all that differ from it on one axis.
    """
    axes = axes_of(config, corpus)
    named = ([_names(axis, value) for value in axes[axis]] for axis in AXES)
    whole = [Point(*values) for values in product(*named)]
    base = base_of(config, corpus)
    if base is None:
        return whole
    return [point for point in whole if len(switched(point, base)) <= 1]


def base_of(config: Mapping[str, Any], corpus: str) -> Point | None:
    """The run that an ablation starts from; the first value on each axis that it leaves open."""
    said = config.get("ablation")
    if said is None:
        return None
    axes = axes_of(config, corpus)
    values = {axis: said[axis] if said.get(axis) in axes[axis] else axes[axis][0] for axis in AXES}
    return Point(*(_names(axis, value) for axis, value in values.items()))


def switched(point: Point, base: Point) -> list[str]:
    """The axes on which two points differ."""
    return [axis for axis in AXES if point.axis(axis) != base.axis(axis)]


def baseline_of(config: Mapping[str, Any], corpus: str) -> str:
    """The run that others are compared with: the configuration's, by a run's or an ensemble's name.

    By default the paper's run 5, a mean of 10, 20, 30 and 40 words with equal weights; else an
    ablation's base; else the first run.
    """
    runs, blends = points(config, corpus), ensembles(config, corpus)
    said = config["evaluation"].get("baseline")
    for name in [*(run.run for run in runs), *(blend.run for blend in blends)]:
        if name == said:
            return name
    of_name = [blend.run for blend in blends if blend.name == said]
    base = base_of(config, corpus)
    paper = [blend.run for blend in blends if _as_in_paper(blend)]
    return [*of_name, *paper, *([base.run] if base else []), runs[0].run][0]


def _as_in_paper(blend: Ensemble) -> bool:
    words = {point.words for point in blend.members}
    return (
        blend.blend is None and words == {"10", "20", "30", "40"} and len(set(blend.weights)) == 1
    )


def members_of(entry: Any) -> list[dict[str, Any]]:
    """The members of an ensemble as the configuration writes it: a list, or beside their blend."""
    found: list[dict[str, Any]] = entry["members"] if isinstance(entry, dict) else entry
    return found


def blend_of(entry: Any) -> str | None:
    """Which of `blends` an ensemble names; None for the weighted mean."""
    return str(entry["blend"]) if isinstance(entry, dict) else None


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
    made = set(points(config, corpus))
    found = []
    for name, entry in config["ensembles"].items():
        members = members_of(entry)
        if any(members_without_run(members, axes)):
            continue
        named = [axis for axis in AXES if axis in members[0]]
        free = [axis for axis in AXES if axis not in named]
        for values in product(*(axes[axis] for axis in free)):
            rest = {a: _names(a, value) for a, value in zip(free, values, strict=True)}
            said = (f"w{value}" if axis == "words" else value for axis, value in rest.items())
            blended = [
                Point(**{a: _names(a, member[a]) for a in named}, **rest) for member in members
            ]
            if not made.issuperset(blended):
                continue
            found.append(
                Ensemble(
                    name=name,
                    run=".".join([name, *said]),
                    members=tuple(blended),
                    weights=tuple(float(member.get("weight", 1)) for member in members),
                    open=rest,
                    blend=blend_of(entry),
                )
            )
    return found


def describe_runs(config: Mapping[str, Any], corpus: str) -> list[dict[str, Any]]:
    """What a table or plot says of each run of a corpus: id, label, axes, ensemble and weights,
    and what it looks at.

    An axis on which an ensemble's members differ reads as the list of their values; it looks at
    what any of them does.
    """
    rows: list[dict[str, Any]] = [
        {"run": point.run, "label": f"w{point.words}", "ensemble": None, "weights": None}
        | {axis: point.axis(axis) for axis in AXES}
        | {"looks_at": looks_at(config, [point])}
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
            | {"weights": weights, "looks_at": looks_at(config, ensemble.members, ensemble.blend)}
            | blended
        )
    return rows


def untranslated(config: Mapping[str, Any], corpus: str) -> list[str]:
    """A corpus' translations that leave texts as they are."""
    names = axes_of(config, corpus)["translation"]
    return [name for name in names if config["translations"][name]["backend"] == "none"]


def looks_at(config: Mapping[str, Any], members: Sequence[Point], blend: str | None = None) -> str:
    """What a run may look at besides one query: the most that a scorer of its members, or what
    blends them, does.
    """
    known = methods("scorers")
    found = []
    if blend is not None:
        found.append(methods("blends")[config["blends"][blend]["kind"]].method.looks_at)
    for entry in (config["scorers"][point.scorer] for point in members):
        label = known[entry["kind"]].method.looks_at
        found.append("gallery" if entry.get("bank") == GALLERY else label)
    return max(found, key=LOOKS_AT.index)


GALLERY = "gallery"
"""As a bank: the photos themselves."""


def banks(config: Mapping[str, Any], corpus: str) -> dict[str, str]:
    """Of a corpus' scorers that look at texts of another corpus, which it is."""
    named = {
        name: config["scorers"][name].get("bank") for name in axes_of(config, corpus)["scorer"]
    }
    return {name: bank for name, bank in named.items() if bank not in (None, GALLERY)}

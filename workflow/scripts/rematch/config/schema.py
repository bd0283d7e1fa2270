"""The configuration: validated before any job, and what of it no run will use.

Imported by the Snakefile at every start, so it imports nothing heavy.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from rematch.config.compared import bank_faults, comparison_faults
from rematch.config.entries import place_faults, section_faults
from rematch.config.faults import REGISTRY, near, not_defined, path, schema_faults, short
from rematch.config.layers import Merged, merge
from rematch.config.places import bring_along, file_faults
from rematch.config.sweep import (
    AXES,
    Config,
    axes_of,
    blend_of,
    members_of,
    members_without_run,
    points,
    used,
)
from rematch.config.tuned import enter_tuned, tuned_faults
from rematch.config.values import Schema, adapted, options, unusable
from rematch.errors import UserError
from rematch.methods import FAMILIES, methods, with_methods

LONGEST = 240
"""Letters of a file's name that is made of corpus and run."""


class ConfigError(UserError):
    """Everything wrong with a configuration, a line each: the key's path, what, the remedy."""


@dataclass(frozen=True)
class Resolved:
    """What the files of configuration come to.

    Attributes:
        config: validated, defaults filled in.
        notes: what of the files counts for nothing, or costs something, a line each.
    """

    config: Config
    notes: list[str]


def load_schema(path: Path) -> dict[str, Any]:
    """The JSON Schema of the configuration: the file's, and what methods declare of themselves."""
    return with_methods(yaml.safe_load(path.read_text("utf-8")))


def validated(config: Mapping[str, Any], schema: Schema, made: Sequence[str] = ()) -> Config:
    """`resolved` of a single layer."""
    return resolved([config], schema, made).config


def resolved(
    layers: Sequence[Mapping[str, Any]],
    schema: Schema,
    made: Sequence[str] = (),
    items: Mapping[str, Any] | None = None,
    doubt: Callable[[Sequence[str]], str] = lambda steps: "",
    project: Path | None = None,
    name: str = "config",
) -> Resolved:
    """The configuration that layers come to, the lowest first.

    An ensemble that a layer wrote, and whose runs a layer above it takes away, is left out.

    Args:
        layers: as read from YAML.
        schema: JSON Schema.
        made: paths that a rule makes, so that they need not exist yet.
        items: the layer above all, of the command line, where every value is text.
        doubt: says what is wrong with the order of a cleaning's steps, or "".
        project: its folder, where what it brings along is found from any other.
        name: the experiment's, where no layer gives one.

    Raises:
        ConfigError: with every fault found, a line each.
    """
    for layer in (*layers, items or {}):
        _refuse(f"{path(place)}: {said}" for place, said in unusable(layer))
    layers = [adapted(layer, schema, schema) for layer in layers]
    if items:
        layers.append(adapted(items, schema, schema, typed=False))
    merged = merge(layers)
    _refuse(schema_faults(merged.values, schema, merged.removed))
    config = copy.deepcopy(merged.values)
    config.setdefault("experiment", name)
    _fill(config, schema, schema)
    _fill_methods(config)
    _refuse(enter_tuned(config))
    if project is not None:
        bring_along(config, project)
    _refuse([*place_faults(config), *_sweep_faults(config), *section_faults(config)])
    notes = _leave_out(config, merged)
    faults = [
        *_ensemble_faults(config),
        *bank_faults(config),
        *tuned_faults(config),
        *comparison_faults(config),
        *_length_faults(config),
    ]
    _refuse([*faults, *file_faults(config, made)])
    notes += [*_not_everywhere(config), *_unused(config, merged), *_misordered(config, doubt)]
    _share(config)
    return Resolved(config, notes)


def _share(config: dict[str, Any]) -> None:
    """Make weights the shares of their sum, in place: 1 × 4 is 0.25 × 4, and computes nothing anew.

    As fractions of what is written, so that equal proportions come to the same digits.
    """
    for members in map(members_of, config["ensembles"].values()):
        weights = [Fraction(str(member.get("weight", 1))) for member in members]
        for member, weight in zip(members, weights, strict=True):
            member["weight"] = float(weight / sum(weights))


def _refuse(faults: Iterator[str] | Sequence[str]) -> None:
    lines = list(dict.fromkeys(faults))
    if lines:
        raise ConfigError(*(f"config: {line}" for line in lines))


def _fill(value: Any, part: Schema, root: Schema) -> None:
    """Fill in the schema's defaults, in place."""
    for option in options(part, root):
        if isinstance(value, list) and isinstance(option.get("items"), dict):
            for item in value:
                _fill(item, option["items"], root)
        if not isinstance(value, dict):
            continue
        properties = option.get("properties", {})
        for key, each in properties.items():
            if "default" in each:
                value.setdefault(key, copy.deepcopy(each["default"]))
        rest = option.get("additionalProperties")
        for key, item in value.items():
            if key in properties:
                _fill(item, properties[key], root)
            elif isinstance(rest, dict):
                _fill(item, rest, root)


def _fill_methods(config: Config) -> None:
    """Fill in the defaults of each entry's own method, in place."""
    for section, family in FAMILIES.items():
        known = methods(section)
        for entry in config[section].values():
            named = entry.get(family.key)
            if isinstance(named, str):
                for name, default in known[named].values({}).items():
                    if default is not None:
                        entry.setdefault(name, default)


def _sweep_faults(config: Config) -> Iterator[str]:
    sweeps: list[tuple[str, Mapping[str, Any]]] = [("sweep", config["sweep"])]
    for name, corpus in config["corpora"].items():
        sweeps.append((f"corpora.{name}.sweep", corpus.get("sweep", {})))
    for where, sweep in sweeps:
        for axis, section in REGISTRY.items():
            for index, name in enumerate(sweep.get(axis, [])):
                if name not in config[section]:
                    yield f"{where}.{axis}[{index}]: {not_defined(axis, name, config)}"


def _ensemble_faults(config: Config) -> Iterator[str]:
    for name, entry in config["ensembles"].items():
        members = members_of(entry)
        if (blend := blend_of(entry)) is not None and blend not in config["blends"]:
            known = list(config["blends"])
            yield f"ensembles.{name}.blend: {blend!r} is not one of blends{near(blend, known)}"
        named = {axis for axis in AXES if axis in members[0]}
        seen: set[tuple[str, ...]] = set()
        for index, member in enumerate(members):
            where = f"ensembles.{name}[{index}]"
            axes = {axis for axis in AXES if axis in member}
            if axes != named:
                odd = sorted(axes ^ named)[0]
                yield f"{where}: all members must name the same axes; {odd} is named by some only"
                continue
            point = tuple(str(member[axis]) for axis in AXES if axis in axes)
            if point in seen:
                yield f"{where}: the same run is a member already; add up the weights"
            seen.add(point)
        yield from _misfits(config, name)


def _misfits(config: Config, name: str) -> list[str]:
    """Why no corpus has all members of an ensemble, a line each; none if one has."""
    members, corpora = members_of(config["ensembles"][name]), config["sweep"]["corpus"]
    if any(not any(members_without_run(members, axes_of(config, c))) for c in corpora):
        return []
    everywhere = {axis: used(config, axis) for axis in AXES}
    lines = []
    for index, axis in members_without_run(members, everywhere):
        value, values = members[index][axis], everywhere[axis]
        known = near(value, values) if isinstance(value, str) and value != "all" else ""
        lines.append(
            f"ensembles.{name}[{index}].{axis}: no run has {value!r}, sweep.{axis} is "
            f"{short(values)}{known if 'did you' in known else ''}; "
            "add it there or remove the member"
        )
    return lines or [f"ensembles.{name}: no corpus of the sweep has runs for all members"]


def _leave_out(config: Config, merged: Merged) -> list[str]:
    """Take out ensembles that a higher layer left without runs; a line for each."""
    lines = []
    for name, members in [(n, members_of(e)) for n, e in config["ensembles"].items()]:
        misfits = _misfits(config, name)
        axes = {axis for member in members for axis in AXES if axis in member}
        above = merged.layers[merged.writer("ensembles", name) + 1 :]
        if misfits and any(_sweeps(layer, {*axes, "corpus"}) for layer in above):
            del config["ensembles"][name]
            first = misfits[0].partition(": ")[2].partition(";")[0]
            lines.append(
                f"ensembles.{name}: left out, since {first}; "
                f"`ensembles: {{{name}: null}}` does without it and this line"
            )
    return lines


def _sweeps(layer: Mapping[str, Any], axes: set[str]) -> bool:
    """Whether a layer says what the values on one of these axes are."""
    sweeps = [layer.get("sweep"), *(c.get("sweep") for c in _entries(layer, "corpora").values())]
    return any(isinstance(sweep, Mapping) and axes & sweep.keys() for sweep in sweeps)


def _not_everywhere(config: Config) -> Iterator[str]:
    for corpus in config["sweep"]["corpus"]:
        for name, entry in config["ensembles"].items():
            members = members_of(entry)
            missing = list(members_without_run(members, axes_of(config, corpus)))
            if missing:
                index, axis = missing[0]
                yield (
                    f"ensembles.{name}: not made for corpus {corpus}, which has no run with "
                    f"{axis} {members[index][axis]}"
                )


def _unused(config: Config, merged: Merged) -> Iterator[str]:
    """Entries that a file over the first one wrote, or corpora of the only one, and no run has."""
    for axis, section in REGISTRY.items():
        needed = set(config["sweep"]["corpus"] if axis == "corpus" else used(config, axis))
        layers = merged.layers[1:]
        if axis == "corpus" and not layers:
            layers = merged.layers
        written = dict.fromkeys(key for layer in layers for key in _entries(layer, section))
        for name in written:
            if name in config[section] and name not in needed:
                yield (
                    f"{section}.{name}: not used, since sweep.{axis} does not name it; add it "
                    "there to use it"
                )


def _misordered(config: Config, doubt: Callable[[Sequence[str]], str]) -> Iterator[str]:
    """Cleanings of the sweep whose steps come in an order that costs something."""
    for name in dict.fromkeys(used(config, "cleaning")):
        if said := doubt(config["cleanings"][name]["steps"]):
            yield f"cleanings.{name}.steps: {said}"


def _entries(layer: Mapping[str, Any], section: str) -> dict[str, Mapping[str, Any]]:
    found = layer.get(section)
    found = found if isinstance(found, Mapping) else {}
    return {key: entry for key, entry in found.items() if isinstance(entry, Mapping)}


def _length_faults(config: Config) -> Iterator[str]:
    for corpus in config["sweep"]["corpus"]:
        for point in points(config, corpus):
            if len(f"{corpus}.{point.run}") > LONGEST:
                yield (
                    f"sweep: the names of {corpus}.{point.run} are too long for a file's name; "
                    "give shorter ones"
                )
                break

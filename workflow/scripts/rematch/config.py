"""The configuration: validated before any job, and expanded into the runs of the sweep.

Imported by the Snakefile at every start, so it imports nothing heavy.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from rematch.errors import UserError

AXES = ("translation", "cleaning", "words", "model", "scorer")
"""The axes of a run within a corpus, in the order of its name."""

REGISTRY = {
    "corpus": "corpora",
    "translation": "translations",
    "cleaning": "cleanings",
    "model": "models",
    "scorer": "scorers",
}
"""The section that defines an axis' names."""

GENERIC_ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
"""Of the files of a corpus whose columns the config names."""

RESERVED = ("logs", "benchmarks")
"""Folders of results/ that are no corpus."""

Config = dict[str, Any]


class ConfigError(UserError):
    """Everything wrong with a configuration, a line each: the key's path, what, the remedy."""


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


def load_schema(path: Path) -> dict[str, Any]:
    """The JSON Schema of the configuration, from YAML."""
    schema: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return schema


def validated(config: Config, schema: Mapping[str, Any], made: Sequence[str] = ()) -> Config:
    """The configuration with defaults filled in.

    Args:
        config: as read from YAML.
        schema: JSON Schema.
        made: paths that a rule makes, so that they need not exist yet.

    Raises:
        ConfigError: with every fault found, a line each.
    """
    config = copy.deepcopy(config)
    faults = list(_schema_faults(config, schema))
    if not faults:
        _fill(config, schema, schema)
        faults = [*_sweep_faults(config), *_section_faults(config)]
    if not faults:
        faults = [*_ensemble_faults(config), *_file_faults(config, made)]
    if faults:
        raise ConfigError("\n".join(f"config: {fault}" for fault in faults))
    return config


def points(config: Config) -> list[Point]:
    """Every point of the sweep, in the config's order."""
    sweep = config["sweep"]
    return [
        Point(*(str(value) for value in values))
        for values in product(*(sweep[axis] for axis in AXES))
    ]


def ensembles(config: Config) -> list[Ensemble]:
    """Every ensemble, once for each combination of the axes that its members leave open."""
    found = []
    for name, members in config["ensembles"].items():
        named = [axis for axis in AXES if axis in members[0]]
        free = [axis for axis in AXES if axis not in named]
        for values in product(*(config["sweep"][axis] for axis in free)):
            rest = dict(zip(free, map(str, values), strict=True))
            found.append(
                Ensemble(
                    name=name,
                    run=".".join(
                        [name, *(f"w{v}" if a == "words" else v for a, v in rest.items())]
                    ),
                    members=tuple(
                        Point(**{a: str(member[a]) for a in named}, **rest) for member in members
                    ),
                    weights=tuple(float(member["weight"]) for member in members),
                    open=rest,
                )
            )
    return found


def describe_runs(config: Config) -> list[dict[str, Any]]:
    """What a table or plot says of each run: its id, label, axes, ensemble and weights.

    An axis on which an ensemble's members differ reads as the list of their values.
    """
    rows: list[dict[str, Any]] = [
        {"run": point.run, "label": f"w{point.words}", "ensemble": None, "weights": None}
        | {axis: point.axis(axis) for axis in AXES}
        for point in points(config)
    ]
    for ensemble in ensembles(config):
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


def _schema_faults(config: Config, schema: Mapping[str, Any]) -> Iterator[str]:
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda e: [str(p) for p in e.path]):
        yield _say(error)


def _say(error: jsonschema.ValidationError) -> str:
    where = _path(error.absolute_path)
    value = error.instance
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = [key for key in value if key not in known]
        return "; ".join(
            f"{_path([*error.absolute_path, key])}: unknown key{_near(str(key), known)}"
            for key in unknown
        )
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in value]
        return f"{_path([*error.absolute_path, missing[0]])}: missing; add it"
    if error.validator == "enum":
        allowed = [str(item) for item in error.validator_value]
        return f"{where}: {value!r} is not one of {', '.join(allowed)}"
    if error.validator == "type":
        return f"{where}: {_short(value)} is no {_TYPE.get(str(error.validator_value))}; correct it"
    if error.validator == "pattern":
        remedy = (
            "use letters, digits, - and _"
            if "A-Za-z0-9_-" in error.validator_value
            else (f"it must match {error.validator_value}")
        )
        return f"{where}: {_short(value)} is not allowed here; {remedy}"
    if error.validator == "uniqueItems":
        twice = next(item for item in value if value.count(item) > 1)
        return f"{where}: {twice!r} is listed twice; remove one"
    if error.validator in ("minItems", "minLength"):
        return f"{where}: is empty; give at least one value"
    if error.validator == "anyOf" and "words" in where:
        return f"{where}: {_short(value)} is no word count; give a whole number from 1, or all"
    return f"{where}: {error.message}"


_TYPE = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


def _fill(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> None:
    """Fill in the schema's defaults, in place."""
    if not isinstance(value, dict):
        return
    properties = schema.get("properties", {})
    for key, part in properties.items():
        if "default" in part:
            value.setdefault(key, copy.deepcopy(part["default"]))
        if key in value:
            _fill(value[key], part, root)
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        for key, item in value.items():
            if key not in properties:
                _fill(item, rest, root)


def _sweep_faults(config: Config) -> Iterator[str]:
    for axis, section in REGISTRY.items():
        for index, name in enumerate(config["sweep"][axis]):
            if name not in config[section]:
                yield (
                    f"sweep.{axis}[{index}]: {name!r} is not defined under {section}"
                    f"{_near(name, list(config[section]))}"
                )


def _section_faults(config: Config) -> Iterator[str]:
    for name, corpus in config["corpora"].items():
        if name in RESERVED:
            yield f"corpora.{name}: results/{name}/ is taken; give the corpus another name"
        apart = [key for key in ("articles", "images") if key in corpus]
        if "pairs" in corpus and (apart or "truth" in corpus):
            extra = [*apart, "truth"][0]
            yield (
                f"corpora.{name}.{extra}: stands beside pairs; "
                "give pairs alone, or articles and images"
            )
        elif "pairs" not in corpus and len(apart) < 2:
            yield f"corpora.{name}: give pairs (articles with their photos), or articles and images"
        if "download" in corpus and "photos" not in corpus:
            yield f"corpora.{name}.photos: missing; download needs a folder to fetch into"
        yield from _layout_faults(name, corpus)
    for name, model in config["models"].items():
        yield from _model_faults(f"models.{name}", model)
    for name, translation in config["translations"].items():
        if translation["backend"] == "marian" and "model" not in translation:
            yield f"translations.{name}.model: missing; marian needs a model's folder or name"
        if translation["backend"] != "marian" and "model" in translation:
            yield f"translations.{name}.model: only marian takes one; remove it"
    top = config["evaluation"]["top"]
    for index, k in enumerate(config["evaluation"]["recall_at"]):
        if k > top:
            yield (
                f"evaluation.recall_at[{index}]: {k} is beyond the {top} photos that are ranked; "
                "raise evaluation.top"
            )
    for name in config["ensembles"]:
        if name in config["translations"]:
            yield f"ensembles.{name}: a translation has this name too; rename one of them"


def _model_faults(where: str, model: Mapping[str, Any]) -> Iterator[str]:
    if ("checkpoint" in model) == ("name" in model):
        yield f"{where}: give either checkpoint (a path) or name (a pretrained model)"
    elif model["backend"] == "open_clip" and not all(model.get("name", "a/b").partition("/")):
        yield (
            f"{where}.name: {_short(model['name'])} is not <architecture>/<weights>; write it like "
            "ViT-B-32/laion2b_s34b_b79k"
        )
    if "architecture" in model and (model["backend"] != "open_clip" or "name" in model):
        yield f"{where}.architecture: is for a checkpoint of open_clip; remove it"
    if model["prompt"].count("{}") != 1:
        yield (
            f"{where}.prompt: {_short(model['prompt'])} must hold {{}} once, where the text goes; "
            "correct it"
        )


def _layout_faults(name: str, corpus: Mapping[str, Any]) -> Iterator[str]:
    where = f"corpora.{name}"
    if "submission_ids" in corpus and corpus.get("layout", "newsimages2021") != "newsimages2021":
        yield f"{where}.submission_ids: is for layout newsimages2021 alone; remove it"
    if corpus.get("layout") != "generic":
        for key in ("columns", "quoting"):
            if key in corpus:
                yield f"{where}.{key}: is for layout generic; add that layout or remove {key}"
        return
    named = corpus.get("columns", {})
    for needed in (("article_id",), ("image_id",), ("title", "text")):
        if not any(field in named for field in needed):
            yield f"{where}.columns: layout generic needs {' or '.join(needed)}; name its column"
    for key in ("pairs", "articles", "images", "truth"):
        for path in as_list(corpus.get(key, [])):
            if Path(path).suffix.lower() not in GENERIC_ENDINGS:
                yield (
                    f"{where}.{key}: layout generic tells files by their ending, and {path} has "
                    f"none of {', '.join(GENERIC_ENDINGS)}; rename it"
                )


def _ensemble_faults(config: Config) -> Iterator[str]:
    for name, members in config["ensembles"].items():
        named = {axis for axis in AXES if axis in members[0]}
        seen: set[tuple[str, ...]] = set()
        for index, member in enumerate(members):
            where = f"ensembles.{name}[{index}]"
            axes = {axis for axis in AXES if axis in member}
            if axes != named:
                odd = sorted(axes ^ named)[0]
                yield f"{where}: all members must name the same axes; {odd} is named by some only"
                continue
            for axis in sorted(axes):
                values = config["sweep"][axis]
                if member[axis] not in values:
                    yield (
                        f"{where}.{axis}: no run has {member[axis]!r}, sweep.{axis} is "
                        f"{_short(values)}; add it there or remove the member"
                    )
            point = tuple(str(member[axis]) for axis in AXES if axis in axes)
            if point in seen:
                yield f"{where}: the same run is a member already; add up the weights"
            seen.add(point)


def _file_faults(config: Config, made: Sequence[str]) -> Iterator[str]:
    """Only what the sweep uses: a config may define corpora that are not on this machine."""
    made_paths = {Path(path) for path in made}

    def missing(path: str, where: str, is_there: Callable[[Path], bool]) -> Iterator[str]:
        file = Path(path).expanduser()
        if {"{", "}"} & set(path):
            yield f"{where}: {path} has braces, which Snakemake takes for wildcards; rename it"
            return
        if Path(path) in made_paths or is_there(file):
            return
        if file.exists():
            yield f"{where}: {path} is no {'file' if file.is_dir() else 'folder'}; correct the path"
        else:
            yield f"{where}: {path} does not exist; correct the path or put the file there"

    for name in config["sweep"]["corpus"]:
        corpus = config["corpora"][name]
        for key in ("pairs", "articles", "images", "truth"):
            for path in as_list(corpus.get(key, [])):
                yield from missing(path, f"corpora.{name}.{key}", Path.is_file)
        if "photos" in corpus and "download" not in corpus:
            yield from missing(corpus["photos"], f"corpora.{name}.photos", Path.is_dir)
            if corpus["photos"] not in made and _is_empty(Path(corpus["photos"]).expanduser()):
                yield f"corpora.{name}.photos: {corpus['photos']} is empty; put the photos there"
    for name in config["sweep"]["translation"]:
        translation = config["translations"][name]
        if translation["backend"] == "memory":
            where = f"translations.{name}.memory"
            yield from missing(translation["memory"], where, Path.exists)
    for name in config["sweep"]["model"]:
        model = config["models"][name]
        if "checkpoint" in model:
            is_there = {"hf": Path.is_dir, "open_clip": Path.exists}.get(
                model["backend"], Path.is_file
            )
            yield from missing(model["checkpoint"], f"models.{name}.checkpoint", is_there)
        if model.get("architecture", "").endswith(".json"):
            yield from missing(model["architecture"], f"models.{name}.architecture", Path.is_file)
        if (
            model["backend"] == "open_clip"
            and Path(model.get("checkpoint", "")).is_file()
            and "architecture" not in model
        ):
            yield (
                f"models.{name}.architecture: missing; open_clip needs to know what the "
                "checkpoint holds, such as ViT-B-32"
            )
    if config["word_statistics"] not in ("wordfreq", "ekphrasis"):
        yield from missing(config["word_statistics"], "word_statistics", Path.exists)
    if "reference" in config["evaluation"]:
        yield from missing(config["evaluation"]["reference"], "evaluation.reference", Path.is_file)


def _is_empty(folder: Path) -> bool:
    try:
        return folder.is_dir() and not any(folder.iterdir())
    except OSError:  # who reads it will say so
        return False


def as_list(value: str | list[str]) -> list[str]:
    """A key that takes one path or several, as a list."""
    return [value] if isinstance(value, str) else list(value)


def _path(parts: Any) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the configuration"


def _near(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(known) or 'none'}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""What is wrong with the entries of a configuration's sections, beyond what the schema can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rematch.config.faults import schema_faults, short
from rematch.config.sweep import Config
from rematch.methods import FAMILIES, methods, schema_of

GENERIC_ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
"""Of the files of a corpus whose columns the config names."""

RESERVED = ("logs", "benchmarks")
"""Folders of results/ that are no corpus."""


TAKEN = ("corpus", "text", "embeddings", "runs", "logs", "benchmarks")
"""Folders of results/ and results/<corpus>/, beside which an experiment has one a corpus."""


def place_faults(config: Config) -> Iterator[str]:
    """Corpora of the sweep whose names stand for other folders, a line each."""
    for name in config["sweep"]["corpus"]:
        if name in TAKEN:
            yield f"sweep.corpus: no corpus can be called {name}, as a folder of results/ is"


def section_faults(config: Config) -> Iterator[str]:
    """The faults of a configuration that is valid by its schema, a line each."""
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
    for section in FAMILIES:
        for name, entry in config[section].items():
            yield from _method_faults(section, name, entry)
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


def _method_faults(section: str, name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """What an entry says of its method's parameters, and what it lacks of them."""
    known = methods(section)
    named = entry.get(FAMILIES[section].key)
    if not isinstance(named, str):
        return
    own = {param.name: param for param in known[named].method.params}
    takers: dict[str, list[str]] = {}
    for other in known.values():
        for param in other.method.params:
            takers.setdefault(param.name, []).append(other.method.name)
    for key in entry:
        if key in takers and key not in own:
            yield f"{section}.{name}.{key}: only {' and '.join(takers[key])} takes one; remove it"
    for param in own.values():
        if param.required and param.name not in entry:
            yield f"{section}.{name}.{param.name}: missing; {named} needs {param.does}"
    if not own:
        return
    # The schema lets a key have what any method means by it; here it is held to this one's.
    given = {key: value for key, value in entry.items() if key in own}
    wanted = {"properties": {key: schema_of(param) for key, param in own.items()}}
    inside: Any = {"properties": {section: {"properties": {name: wanted}}}}
    inside["$defs"] = {"path": {}, "cache": {}}  # which the whole schema has held them to
    yield from schema_faults({section: {name: given}}, inside)


def _model_faults(where: str, model: Mapping[str, Any]) -> Iterator[str]:
    if ("checkpoint" in model) == ("name" in model):
        yield f"{where}: give either checkpoint (a path) or name (a pretrained model)"
    elif model["backend"] == "open_clip" and not all(model.get("name", "a/b").partition("/")):
        yield (
            f"{where}.name: {short(model['name'])} is not <architecture>/<weights>; write it like "
            "ViT-B-32/laion2b_s34b_b79k"
        )
    elif "architecture" in model and "name" in model:
        yield f"{where}.architecture: is for a checkpoint of open_clip; remove it"
    if model["prompt"].count("{}") != 1:
        yield (
            f"{where}.prompt: {short(model['prompt'])} must hold {{}} once, where the text goes; "
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
        for file in as_list(corpus.get(key, [])):
            if Path(file).suffix.lower() not in GENERIC_ENDINGS:
                yield (
                    f"{where}.{key}: layout generic tells files by their ending, and {file} has "
                    f"none of {', '.join(GENERIC_ENDINGS)}; rename it"
                )


def as_list(value: str | list[str]) -> list[str]:
    """A key that takes one path or several, as a list."""
    return [value] if isinstance(value, str) else list(value)

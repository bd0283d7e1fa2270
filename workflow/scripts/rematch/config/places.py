"""The files and folders that a configuration names: are they there?"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rematch.config.sweep import used


def file_faults(config: Mapping[str, Any], made: Sequence[str]) -> Iterator[str]:
    """What is wrong with the paths that the sweep uses: a config may name others' corpora too.

    Args:
        config: valid by its schema, defaults filled in.
        made: paths that a rule makes, so that they need not exist yet.
    """
    for where, path, is_there in _named(config):
        if Path(path) not in map(Path, made):
            yield from _missing(where, path, is_there)
            if is_there is _folder_of_photos and _is_empty(path):
                yield f"{where}: {path} is empty; put the photos there"
    for where, path in _caches(config):
        if os.path.expanduser(path).startswith("~"):
            yield f"{where}: {path} is in a home that is not known here; write the path out"
    for name in used(config, "model"):
        model = config["models"][name]
        if (
            model["backend"] == "open_clip"
            and "architecture" not in model
            and os.path.isfile(model.get("checkpoint", ""))
        ):
            yield (
                f"models.{name}.architecture: missing; open_clip needs to know what the "
                "checkpoint holds, such as ViT-B-32"
            )


def bring_along(config: dict[str, Any], project: Path) -> None:
    """Find what the project brings along under resources/ there, where it is not here, in place.

    For a run in another folder, as a module of another workflow is; what is here goes first.
    """
    places = [(model, "checkpoint") for model in config["models"].values()]
    for entry, key in [*places, (config["evaluation"], "reference")]:
        path = entry.get(key)
        if path and not Path(path).is_absolute() and Path(path).parts[:1] == ("resources",):
            there = project / path
            if not Path(path).exists() and there.exists():
                entry[key] = str(there)


def _named(config: Mapping[str, Any]) -> Iterator[tuple[str, str, Callable[[Path], bool]]]:
    """Key, path, and what tells that it is there."""
    for name in config["sweep"]["corpus"]:
        corpus = config["corpora"][name]
        for key in ("pairs", "articles", "images", "truth"):
            paths = corpus.get(key, [])
            for path in [paths] if isinstance(paths, str) else paths:
                yield f"corpora.{name}.{key}", path, Path.is_file
        if "photos" in corpus:
            found = _any if "download" in corpus else _folder_of_photos
            yield f"corpora.{name}.photos", corpus["photos"], found
    for name in used(config, "translation"):
        translation = config["translations"][name]
        if translation["backend"] == "memory":
            yield f"translations.{name}.memory", translation["memory"], Path.exists
        elif translation["backend"] != "none":
            yield f"translations.{name}.memory", translation["memory"], _any
    for name in used(config, "model"):
        model = config["models"][name]
        if "checkpoint" in model:
            kinds = {"hf": Path.is_dir, "open_clip": Path.exists}
            there = kinds.get(model["backend"], Path.is_file)
            yield f"models.{name}.checkpoint", model["checkpoint"], there
        if model.get("architecture", "").endswith(".json"):
            yield f"models.{name}.architecture", model["architecture"], Path.is_file
    if config["word_statistics"] not in ("wordfreq", "ekphrasis"):
        yield "word_statistics", config["word_statistics"], Path.exists
    if "reference" in config["evaluation"]:
        yield "evaluation.reference", config["evaluation"]["reference"], Path.is_file


def _folder_of_photos(path: Path) -> bool:
    return path.is_dir()


def _is_empty(folder: str) -> bool:
    try:
        return os.path.isdir(folder) and not os.listdir(folder)
    except OSError:  # who reads it will say so
        return False


def _any(path: Path) -> bool:
    """Of a folder that a job makes where it is not there."""
    return True


def _missing(where: str, path: str, is_there: Callable[[Path], bool]) -> Iterator[str]:
    if {"{", "}"} & set(path):
        yield f"{where}: {path} has braces, which Snakemake takes for wildcards; rename it"
        return
    if any(unicodedata.category(character) == "Cc" for character in path):
        yield f"{where}: {path!r} has a control character; rename it"
        return
    if path.startswith("~"):
        yield f"{where}: {path} names a home that is not known here; write the path out"
        return
    try:
        if is_there(Path(path)):
            return
        there = Path(path).exists()
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        yield f"{where}: {path} cannot be looked at ({said}); correct the path"
        return
    if there:
        kind = "file" if Path(path).is_dir() else "folder"
        yield f"{where}: {path} is no {kind}; correct the path"
    else:
        yield f"{where}: {path} does not exist; correct the path or put the file there"


def _caches(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where downloads are kept; the home in such a path is found by the job that needs it."""
    if any("name" in config["models"][name] for name in used(config, "model")):
        yield "encoding.cache", config["encoding"]["cache"]
    for name in used(config, "translation"):
        translation = config["translations"][name]
        if translation["backend"] == "marian":
            yield f"translations.{name}.cache", translation["cache"]

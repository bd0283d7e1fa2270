"""Which files outside of `results/` a configuration names, and what of them counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rematch import forms
from rematch.config import axes_of, used
from rematch.engine.provenance.forms import Entry
from rematch.engine.provenance.measuring import digest_of
from rematch.storage import tables
from rematch.text import TranslationOptions


def photo_folders(
    config: Mapping[str, Any], results: str = "results"
) -> dict[str, list[Path] | None]:
    """The photos that the corpora of the sweep use, by their folder.

    What else lies there, such as the photos of other corpora, does not count. None where the
    list of a corpus' photos is gone, so that they cannot be told.
    """
    folders: dict[str, list[Path] | None] = {}
    for corpus in config["sweep"]["corpus"]:
        folder = config["corpora"][corpus].get("photos")
        listed = Path(f"{results}/{corpus}/corpus/images.parquet")
        if folder is not None:
            known = folders.get(folder, [])
            if known is not None and listed.is_file():
                files = tables.read(listed, forms.IMAGES)["file"].to_pylist()
                folders[folder] = sorted({*known, *map(Path, files)})
            else:
                folders[folder] = None
    return folders


def translator_models(config: Mapping[str, Any]) -> list[str]:
    asked = [config["translations"][name] for name in used(config, "translation")]
    return [each["model"] for each in asked if "model" in each and Path(each["model"]).is_dir()]


def memories_of(
    config: Mapping[str, Any], results: str = "results"
) -> dict[str, tuple[TranslationOptions, list[Path]]]:
    """Of each translation memory that is a folder: how it is asked, and who asked.

    It grows with every corpus, so that it is no input as a whole; the entries that were used are.
    """
    found = {}
    for name in used(config, "translation"):
        options = TranslationOptions.from_config(config["translations"][name])
        if options.backend != "none" and options.memory is not None and options.memory.is_dir():
            asked = [
                Path(f"{results}/{corpus}/text/{name}/translated.parquet")
                for corpus in config["sweep"]["corpus"]
                if name in axes_of(config, corpus)["translation"]
            ]
            found[name] = options, [path for path in asked if path.is_file()]
    return found


def entries_used(options: TranslationOptions, translated: Sequence[Path]) -> Entry:
    pairs = _pairs(translated)
    return {
        "path": str(options.memory),
        "backend": options.backend,
        "entries": len(pairs),
        "sha256": digest_of(sorted(pairs)),
    }


def _pairs(translated: Iterable[Path]) -> set[tuple[str, str]]:
    """(text, translation) of all titles and texts that hold a letter and have one."""
    pairs: set[tuple[str, str]] = set()
    for path in translated:
        table = tables.read(path, forms.TEXTS)
        for column in ("title", "text"):
            texts, answers = table[f"source_{column}"].to_pylist(), table[column].to_pylist()
            failed = _failed(path.with_name("untranslated.parquet"), column)
            for item, *pair in zip(table["article_id"].to_pylist(), texts, answers, strict=True):
                if item not in failed and any(map(str.isalpha, pair[0])):
                    pairs.add((pair[0], pair[1]))
    return pairs


def _failed(untranslated: Path, column: str) -> set[str]:
    """The articles whose title or text is there without a translation."""
    if not untranslated.is_file():
        return set()
    rows = tables.read(untranslated, forms.UNTRANSLATED).to_pylist()
    return {
        row["article_id"]
        for row in rows
        if row["field"] == column and row["reason"].startswith("failed")
    }


def said_inside(path: str) -> dict[str, Any]:
    """What an embedding file says of the model that made it."""
    if not path.endswith(".arrow") or not Path(path).is_file():
        return {}
    with pa.memory_map(path) as source:
        metadata = pa.ipc.open_file(source).schema.metadata or {}
    said = {key.decode(): value.decode() for key, value in metadata.items() if key != b"gallery"}
    return {"metadata": said} if said else {}

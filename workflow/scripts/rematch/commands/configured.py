"""The configuration that a command's files name, as the workflow would read it."""

from __future__ import annotations

from collections.abc import Sequence

from rematch.config import Resolved, layers, load_schema, resolved
from rematch.engine import ROOT
from rematch.text import misplaced

DRAWN = tuple(f"resources/demo/corpus/{name}" for name in ("articles.tsv", "translations.tsv"))
DRAWN += ("resources/demo/corpus/images",)
"""What the first run draws, so that it need not be there."""


def place_of(files: Sequence[str]) -> str:
    """The folder of the experiment that these files describe, whether or not they are valid."""
    said = layers.merge(layers.files(files)).values.get("experiment")
    return f"results/{said or layers.named(files or [layers.BASE])}"


def configured(files: Sequence[str], made: Sequence[str] = DRAWN) -> Resolved:
    """The configuration of these files over `config/config.yaml`, and notes on it.

    Raises:
        UserError: see `layers.files` and `resolved`.
    """
    schema = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    name = layers.named(files or [layers.BASE])
    return resolved(layers.files(files), schema, made, doubt=misplaced, name=name)

"""Files of configuration, laid one over the other.

Snakemake merges them too, and tells nobody then which file said what. So that a file can remove
what lies below it, and so that an entry's writer is known, they are read again here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rematch.config.plain import read

BASE = "config/config.yaml"
"""What every other file lies over."""

WHOLE = "__whole__"
"""A key that gives the whole configuration, in place of all files: for a plan of a finished run."""

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Merged:
    """Layers as one.

    Attributes:
        values: without null.
        removed: where a null stood.
        layers: what each holds, the lowest first.
    """

    values: dict[str, Any]
    removed: frozenset[Place]
    layers: tuple[Mapping[str, Any], ...]

    def writer(self, *place: str) -> int:
        """The index of the highest layer that has this place; -1 if none has it."""
        return max((n for n, layer in enumerate(self.layers) if _has(layer, place)), default=-1)


def files(
    overlays: Iterable[str | os.PathLike[str]], base: str | os.PathLike[str] = BASE
) -> list[dict[str, Any]]:
    """The layers of these files over `base`, which need not be there if others are.

    Raises:
        UserError: see `plain.read`.
    """
    paths = [Path(path) for path in overlays]
    if not paths or Path(base).exists():
        paths.insert(0, Path(base))
    return [read(path) for path in paths]


def named(paths: Iterable[str | os.PathLike[str]]) -> str:
    """The name of the experiment that these files describe, if none of them says it: their own.

    What no folder should be called is left out of it, and several are joined.
    """
    stems = [re.sub(r"[^A-Za-z0-9_-]+", "-", Path(path).stem).strip("-_") for path in paths]
    return "-".join(filter(None, dict.fromkeys(stems))) or "config"


def merge(layers: Sequence[Mapping[str, Any]]) -> Merged:
    """Lay each over those before it.

    Mappings are merged key by key; anything else replaces what lies below it. `null` removes it,
    and an empty mapping all entries of it.
    """
    values: Any = {}
    for layer in layers:
        values = _over(values, layer) if layer else values
    removed = frozenset(_nulls(values, ()))
    whole = _without_nulls(values)
    return Merged(whole if isinstance(whole, dict) else {}, removed, tuple(layers))


def _over(low: Any, high: Any) -> Any:
    if not isinstance(high, Mapping):
        return high
    if not high or not isinstance(low, Mapping):
        return {key: _over(None, value) for key, value in high.items()}
    both = dict(low)
    for key, value in high.items():
        both[key] = _over(low.get(key), value)
    return both


def _nulls(value: Any, place: Place) -> Iterator[Place]:
    """Places of null in mappings; in a list it stands for nothing that could be removed."""
    parts: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        yield from ((*place, key) for key, inside in value.items() if inside is None)
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, inside in parts:
        yield from _nulls(inside, (*place, key))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value


def _has(layer: Any, place: Sequence[str]) -> bool:
    for key in place:
        if not isinstance(layer, Mapping) or layer.get(key) is None:
            return False
        layer = layer[key]
    return True

"""Values of a configuration as its schema means them: numerals as numbers, homes written out."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rematch.config.plain import MISREAD

Schema = Mapping[str, Any]

NUMERAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")

LARGEST = 2**53
"""Whole numbers beyond are no setting of anything, and no longer exact in JSON."""


def options(part: Schema, root: Schema) -> Iterator[Schema]:
    """The alternatives that a part of the schema allows, references followed."""
    if "$ref" in part:
        target: Any = root
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        yield from options({**target, **{k: v for k, v in part.items() if k != "$ref"}}, root)
    elif "anyOf" in part or "oneOf" in part:
        for each in part.get("anyOf") or part["oneOf"]:
            yield from options(each, root)
    else:
        yield part


def inside(part: Schema, key: str) -> Schema:
    """What a mapping's schema says of one of its keys; nothing of a key that it does not know."""
    rest = part.get("additionalProperties")
    found: Schema = part.get("properties", {}).get(key, rest if isinstance(rest, Mapping) else {})
    return found


def adapted(value: Any, part: Schema, root: Schema, typed: bool = True) -> Any:
    """A copy of `value` with every number as the kind of number that the schema wants.

    10.0 and "10" are 10 where a whole number is meant; text stays where text is allowed. Paths
    are written out.

    Args:
        value: from a configuration.
        part: of the schema, for this value.
        root: the whole schema.
        typed: False for values of the command line, which are all text: `true`, `false` and `null`
            are read there as YAML does.
    """
    allowed = list(options(part, root))
    if isinstance(value, Mapping):
        shape = next((option for option in allowed if option.get("type") == "object"), {})
        return {key: adapted(each, inside(shape, key), root, typed) for key, each in value.items()}
    if isinstance(value, list | tuple):
        shape = next((option for option in allowed if option.get("type") == "array"), {})
        return [adapted(each, shape.get("items", {}), root, typed) for each in value]
    kinds = {option.get("type") for option in allowed}
    if isinstance(value, str):
        if not typed and value in ("null", "~", "None"):  # the last as Snakemake hands it to jobs
            return None
        if any(option.get("format") == "path" for option in allowed):
            return written_out(value)
        # Of a text that has to look like something, what does not may be a numeral.
        texts = (option for option in allowed if option.get("type") == "string")
        fits = any(re.search(option.get("pattern", ""), value) for option in texts)
        return value if fits else _read(value, kinds, typed)
    return _number(value, kinds)


def written_out(path: str) -> str:
    """A path as Snakemake compares it: with its home, where there is one, and without ./ and //."""
    if path.startswith("~"):
        path = os.path.expanduser(path)
    plain = str(Path(path)) if path else ""
    return path if plain.startswith("~") else plain


def _read(text: str, kinds: set[Any], typed: bool) -> Any:
    if kinds & {"integer", "number"} and NUMERAL.fullmatch(text) and len(text) < 30:
        return _number(float(text) if set(text) & set(".eE") else int(text), kinds)
    if not typed and "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _number(value: Any, kinds: set[Any]) -> Any:
    if isinstance(value, float) and "integer" in kinds and value.is_integer():
        return int(value)
    return value


def unusable(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, str]]:
    """Places of values that no key can have, and what is wrong: before the schema is asked.

    Numbers that are none or far too large, keys that are no text, and what YAML makes of dates.
    """
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str):
                yield place, f"the key {key!r} is no text; {MISREAD}: put it in quotes"
            else:
                yield from unusable(each, (*place, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from unusable(each, (*place, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, f"{value} is no number to compute with; give one"
    elif isinstance(value, int) and abs(value) > LARGEST:
        yield place, "is far too large a number; give a smaller one"
    elif isinstance(value, str) and not _is_text(value):
        yield place, "holds half of a character (a lone surrogate); write it anew"


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

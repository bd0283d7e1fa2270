"""What the schema has against a configuration, a line each, in words that say what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import jsonschema

from rematch.config.plain import MISREAD
from rematch.config.sweep import AXES
from rematch.config.values import Schema, inside, options

REGISTRY = {
    "corpus": "corpora",
    "translation": "translations",
    "cleaning": "cleanings",
    "model": "models",
    "scorer": "scorers",
}
"""The section that defines an axis' names."""

KINDS = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}

Error: TypeAlias = jsonschema.ValidationError


def schema_faults(
    config: Mapping[str, Any], schema: Schema, removed: Iterable[Sequence[Any]] = ()
) -> list[str]:
    """A line for each fault that the schema finds.

    Args:
        config: whose keys are text.
        schema: JSON Schema.
        removed: places where a null stood.
    """
    found = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(config),
        key=lambda error: [str(part) for part in error.absolute_path],
    )
    of_another_type = {tuple(e.absolute_path) for e in found if e.validator == "type"}
    words = _Words(config, schema, {tuple(place) for place in removed})
    lines: dict[str, None] = {}
    for error in found:
        # What else is wrong with a value of the wrong type says nothing more.
        if error.validator == "type" or tuple(error.absolute_path) not in of_another_type:
            lines |= dict.fromkeys(words.of(error))
    return list(lines)


class _Words:
    """The lines for the errors of one configuration."""

    def __init__(self, config: Mapping[str, Any], schema: Schema, removed: set[Any]) -> None:
        self.config = config
        self.schema = schema
        self.removed = removed

    def of(self, error: Error) -> Iterator[str]:
        """The lines for an error; the rule of the schema that it breaks has a method here."""
        where = path(error.absolute_path)
        said = getattr(self, f"_{error.validator}", None)
        if said is None:
            yield f"{where}: {error.message}; correct it"
        elif error.validator in ("additionalProperties", "required", "anyOf", "oneOf"):
            yield from said(error)
        else:
            yield f"{where}: {said(error)}"

    # What an error has one line for.

    def _type(self, error: Error) -> str:
        value, wanted = error.instance, str(error.validator_value)
        if wanted == "string" and not isinstance(value, Mapping | list):
            return f"{short(value)} is no text; {MISREAD}: put it in quotes if it is meant as text"
        remedy = "correct it"
        if wanted == "array" and not isinstance(value, Mapping):
            remedy = f"write [{value}]"
        return f"{short(value)} is no {KINDS[wanted]}; {short(remedy, False)}"

    def _enum(self, error: Error) -> str:
        allowed = [str(item) for item in error.validator_value]
        close = difflib.get_close_matches(str(error.instance), allowed, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        hint = hint or ("" if isinstance(error.instance, str) else f"; {MISREAD}")
        return f"{short(error.instance)} is not one of {', '.join(allowed)}{hint}"

    def _const(self, error: Error) -> str:
        return f"{short(error.instance)} is not {error.validator_value}; correct it"

    def _pattern(self, error: Error) -> str:
        axis = _axis(error.absolute_path)
        if axis in REGISTRY:
            return not_defined(axis, error.instance, self.config)
        return f"{short(error.instance)} is not allowed here; {_remedy(error)}"

    def _uniqueItems(self, error: Error) -> str:
        value = error.instance
        twice = next(item for item in value if value.count(item) > 1)
        return f"{short(twice)} is listed twice; remove one"

    def _minItems(self, error: Error) -> str:
        return "is empty; give at least one value"

    def _minLength(self, error: Error) -> str:
        return "is empty; give at least one value"

    def _minimum(self, error: Error) -> str:
        return f"{short(error.instance)} is too small; give at least {error.validator_value}"

    def _exclusiveMinimum(self, error: Error) -> str:
        return f"{short(error.instance)} is too small; give more than {error.validator_value}"

    def _maximum(self, error: Error) -> str:
        return f"{short(error.instance)} is too large; give at most {error.validator_value}"

    # What may have several.

    def _additionalProperties(self, error: Error) -> Iterator[str]:
        known = list(error.schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                homes = sorted(set(_homes(self.schema, key)))
                place = path([*error.absolute_path, key])
                close = difflib.get_close_matches(key, known, 1)
                if homes and not close and not error.absolute_path:
                    yield f"{place}: unknown key here; it belongs to {' or '.join(homes)}"
                else:
                    yield f"{place}: unknown key{near(key, known)}"

    def _required(self, error: Error) -> Iterator[str]:
        for key in error.validator_value:
            place = (*error.absolute_path, key)
            if key not in error.instance:
                why = "is removed by null, and needed" if place in self.removed else "missing"
                yield f"{path(place)}: {why}; add it"

    def _anyOf(self, error: Error) -> Iterator[str]:
        """Of the alternative that a value was meant for, if its kind tells; else all of them."""
        allowed = list(options(error.schema, self.schema))
        meant = {
            index
            for index, option in enumerate(allowed)
            if (option.get("type"), type(error.instance)) in (("array", list), ("object", dict))
        }
        branch = [part for part in error.context if part.relative_schema_path[0] in meant]
        branch = branch or [part for part in error.context if part.validator == "maximum"]
        if branch:
            for part in branch:
                yield from self.of(part)
            return
        where = path(error.absolute_path)
        noun = "word count" if _axis(error.absolute_path) == "words" else "value for this key"
        wanted = ", or ".join(_described(option) for option in allowed)
        yield f"{where}: {short(error.instance)} is no {noun}; give {wanted}"

    _oneOf = _anyOf


def _axis(place: Iterable[Any]) -> str:
    """The axis whose values stand at a place: in a sweep, or in an ensemble's member."""
    parts = [part for part in place if isinstance(part, str)]
    swept = parts[0] in ("sweep", "ensembles") or parts[2:3] == ["sweep"] if parts else False
    return parts[-1] if swept and parts[-1] in (*AXES, "corpus") else ""


def _remedy(error: Error) -> str:
    """A schema's own words on its pattern."""
    return str(error.schema.get("say", f"it must match {error.validator_value}"))


def _described(option: Schema) -> str:
    if "const" in option:
        return str(option["const"])
    kind = str(option.get("type"))
    if "say" in option:
        return str(option["say"])
    if option.get("format") == "path":
        return "a path"
    if kind == "array":
        return "a list of them"
    least = f" from {option['minimum']}" if "minimum" in option else ""
    return f"a {KINDS[kind]}{least}"


def _homes(schema: Schema, key: str) -> Iterator[str]:
    """The sections that know a key which stands at the top."""
    for name, part in schema.get("properties", {}).items():
        if key in part.get("properties", {}):
            yield name
        elif key in inside(part, "").get("properties", {}):
            yield f"an entry of {name}"


def not_defined(axis: str, name: str, config: Mapping[str, Any]) -> str:
    """What to do about a name on an axis that its section does not define."""
    section = REGISTRY[axis]
    entries = config.get(section)
    entries = entries if isinstance(entries, Mapping) else {}
    if name in entries:  # under a name that is not allowed, which has a line of its own
        return f"{short(name)} cannot be used: rename it under {section}, and here"
    said = f"{short(name)} is not defined under {section}"
    if axis == "model":
        called = [
            key
            for key, entry in entries.items()
            if isinstance(entry, Mapping) and entry.get("name") == name
        ]
        if called:
            return f"{said}; give {called[0]!r}, the entry whose name it is"
    if close := difflib.get_close_matches(name, list(entries), 1):
        return f"{said}; did you mean {close[0]!r}?"
    if axis == "model":
        key = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")
        entry = f"models: {{{key or 'mine'}: {{name: {name}}}}}"
        return f"{said}; if it is a pretrained model's name, add `{entry}` and give {key or 'mine'}"
    return f"{said}{near(name, list(entries))}"


def path(parts: Iterable[Any]) -> str:
    """A place as people write it: `sweep.words[0]`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the configuration"


def near(word: str, known: Sequence[str]) -> str:
    """The known word that is nearest, or all of them."""
    close = difflib.get_close_matches(word, known, 1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(known) or 'none'}"


def short(value: Any, quoted: bool = True) -> str:
    """A value as it would stand in the file, in at most 60 characters."""
    text = {True: "true", False: "false", None: "null"}.get(value) if _is_word(value) else None
    if isinstance(value, date):  # and what has a time, too
        text = value.isoformat()
    text = text or (repr(value) if quoted else str(value))
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, bool)

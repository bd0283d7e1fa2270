"""Configs that are data and nothing else, and say what they seem to say.

Snakemake hands every config to YTE, which runs the Python in it if the file says `__use_yte__`. It
does so before the Snakefile is read, so a config from somebody else is looked at before Snakemake
is started: `make run CONFIG=...` does that. The Snakefile refuses such a config too.

    python -m rematch.config.plain a.yaml b.yaml
"""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from rematch.errors import UserError, say

TEMPLATE = "__use_yte__"

MAX_BYTES = 1_000_000
"""Largest config; an ordinary one has a few thousand bytes."""

MAX_CHARACTERS = 1_000_000
"""Of a config once its aliases (`*name`) are written out."""

MISREAD = "YAML reads no, yes, on, off, null, numbers and dates as something else than text"

OCTAL = re.compile(r"[+-]?0[0-9_]+|[+-]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
"""What YAML 1.1 takes for octal or for base 60: 010 is 8, 1:30 is 90."""


def demand_plain(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Raise UserError if a config cannot be read by `read`."""
    for path in paths:
        read(path)


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A config from YAML or JSON; nothing in it is run.

    Raises:
        UserError: it is not there, no plain YAML, no mapping, a template, larger than any config,
            refers to itself, has a key twice or one that is no text, a number that YAML reads
            otherwise than people do, or a control character, which would reach the terminal.
    """
    try:
        size = Path(path).stat().st_size
        if not Path(path).is_file():
            raise UserError(f"{path}: is no file; give the config's path")
        if size > MAX_BYTES:
            raise UserError(f"{path}: has {size:,} bytes, more than any config; check the path")
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{path}: line {line}: is not UTF-8; save the file as UTF-8") from error
    try:
        values = _parsed(text.removeprefix("\ufeff"))
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply; correct it") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path}: is not plain YAML ({said}); correct it") from error
    except _Fault as fault:
        raise UserError(f"{path}: {fault}") from None
    if values is None:
        raise UserError(f"{path}: holds nothing; write at least one key, or leave the file out")
    if not isinstance(values, dict):
        kind = "a list" if isinstance(values, list) else "a single value"
        raise UserError(f"{path}: is {kind}; a config is a mapping, such as `sweep: {{...}}`")
    if TEMPLATE in values:
        raise UserError(
            f"{path}: {TEMPLATE}: this config runs code of its own; write the values it stands "
            "for, and remove the key"
        )
    for key, inside in _texts(values, ""):
        for mark in inside:
            if unicodedata.category(mark) in ("Cc", "Cs") and mark not in "\n\t":
                where = key.encode("unicode_escape").decode()[:60]
                raise UserError(f"{path}: {where}: holds the control character {mark!r}; remove it")
    return values


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """All texts of a config, each with the key that it stands under."""
    if isinstance(value, dict):
        for name, inside in value.items():
            place = f"{key}.{name}" if key else str(name)
            yield place, str(name)
            yield from _texts(inside, place)
    elif isinstance(value, list | tuple | set):
        for inside in value:
            yield from _texts(inside, key)
    elif isinstance(value, str):
        yield key, value


class _Fault(Exception):
    """What a config says otherwise than it seems to."""


def _parsed(text: str) -> Any:
    try:  # as Snakemake does; what is JSON is never a template
        return json.loads(text, object_pairs_hook=_once)
    except ValueError:
        pass
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        for fault in _faults(node, {}, ()):
            raise _Fault(fault)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Fault(f"the key {key[:60]!r} stands twice in one mapping; remove one")
        found[key] = value
    return found


def _faults(node: yaml.Node, sizes: dict[int, int], above: tuple[int, ...]) -> Iterator[str]:
    """What is wrong in a tree of nodes; `sizes` gets how much text each stands for."""
    line = node.start_mark.line + 1
    if id(node) in above:
        yield f"line {line}: is part of itself; write it out"
        return
    if id(node) in sizes:
        return
    inside: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        yield from _key_faults(node)
        inside = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        inside = list(node.value)
    elif node.tag.endswith((":int", ":float")) and OCTAL.fullmatch(node.value):
        yield (
            f"line {line}: {node.value[:60]} is another number to YAML (base 8 or 60); write it "
            "without the zero or the colon, or in quotes if it is text"
        )
    for part in inside:
        yield from _faults(part, sizes, (*above, id(node)))
    own = len(node.value) if isinstance(node, yaml.ScalarNode) else 0
    sizes[id(node)] = 1 + own + sum(sizes[id(part)] for part in inside)
    if sizes[id(node)] > MAX_CHARACTERS:
        yield f"line {line}: its aliases (*name) stand for more than any config holds; write less"


def _key_faults(node: yaml.MappingNode) -> Iterator[str]:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            yield f"line {line}: a key is a word, and here stands a list or mapping; correct it"
        elif key.tag == "tag:yaml.org,2002:merge":
            continue
        elif key.tag != "tag:yaml.org,2002:str":
            yield f"line {line}: the key {key.value[:60]}: {MISREAD}; write it in quotes"
        elif key.value in seen:
            yield (
                f"line {line}: the key {key.value[:60]!r} stands on line {seen[key.value]} "
                "already, and only the last would count; remove one"
            )
        else:
            seen[key.value] = line


if __name__ == "__main__":
    try:
        demand_plain(sys.argv[1:])
    except UserError as error:
        say(f"config: {error}", sys.stderr)
        sys.exit(1)

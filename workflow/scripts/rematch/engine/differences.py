"""How a value of the configuration changed, for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

HASH = re.compile(r"[0-9a-f]{16,64}")
"""A value that stands for something longer, such as code: one says that it changed, not how."""


def changes(name: str, before: Any, now: Any) -> Iterator[str]:
    """What differs between two values: of mappings key by key, of lists what came and went."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            inside = f"{name}.{key}" if name else str(key)
            yield from changes(inside, before.get(key), now.get(key))
    elif before != now:
        lists = isinstance(before, list) and isinstance(now, list)
        moved = [f"without {short(value)}" for value in before if value not in now] if lists else []
        moved += [f"with {short(value)}" for value in now if value not in before] if lists else []
        if any(map(is_hash, [*_items(before), *_items(now)])):
            yield f"{name} changed"
        elif moved:
            yield f"{name}: {', '.join(moved)}"
        else:
            yield f"{name}: {short(before)} -> {short(now)}"


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_hash(value: Any) -> bool:
    """Whether a value is a digest in hexadecimal."""
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def short(value: Any) -> str:
    """A value in at most 60 characters."""
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""The package's import graph, from its syntax trees: who imports from which room."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow/scripts"
HALL = SCRIPTS / "rematch"

ROOMS = (
    "storage",
    "outside",
    "config",
    "corpus",
    "text",
    "embed",
    "match",
    "evaluate",
    "report",
    "engine",
    "commands",
)
"""From the ground up: a room imports from those before it, and from the hall."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; a room by its `__init__.py`."""
    found = {}
    for path in sorted(HALL.rglob("*.py")):
        parts = path.relative_to(SCRIPTS).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """What a file imports of the package: (module, name); of `import a.b` (a.b, "")."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((a.name, "") for a in node.names if a.name.split(".")[0] == "rematch")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rematch":
            yield from ((str(node.module), a.name) for a in node.names)


def room(module: str) -> str:
    """The room that a module is in, or "" for the hall."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else ""


def target(module: str, name: str) -> str:
    """The module that an import means: `from rematch import forms` means `rematch.forms`."""
    known = modules()
    return f"{module}.{name}" if f"{module}.{name}" in known else module


@cache
def arrows() -> Counter[tuple[str, str]]:
    """How many modules of a room import from another, by (from, to); the hall's count for none."""
    found: Counter[tuple[str, str]] = Counter()
    for module, path in modules().items():
        reached = {room(target(*each)) for each in imports(path)}
        found.update((room(module), other) for other in reached if room(module) and other)
    return Counter({pair: n for pair, n in found.items() if pair[0] != pair[1]})


def picture() -> str:
    """The rooms and their imports as a Mermaid graph."""
    lines = ["flowchart TD"]
    for upper, lower in sorted(arrows(), key=lambda p: (-ROOMS.index(p[0]), -ROOMS.index(p[1]))):
        lines.append(f"  {upper} -->|{arrows()[upper, lower]}| {lower}")
    return "\n".join(lines)

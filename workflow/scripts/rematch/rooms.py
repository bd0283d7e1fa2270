"""How a room hands on what lives in its modules: by name, and loaded when it is asked for.

A room's `__init__.py` imports what it hands on under `if TYPE_CHECKING:` and sets `__getattr__` to
what `handing_on` gives. So the list of what a room hands on is written once, in the form that
type checkers and `engine.codehash` read; and whoever takes one function of a room waits for that
function's module alone, not for torch because it lives next door.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard


def handed_on(source: bytes) -> dict[str, tuple[str, str]]:
    """What the `__init__.py` of a room hands on: (module, name there) by name.

    Args:
        source: the file's content.
    """
    found: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if is_for_handing_on(node):
            for item in node.body:
                if isinstance(item, ast.ImportFrom) and item.module:
                    found |= {a.asname or a.name: (item.module, a.name) for a in item.names}
    return found


def is_for_handing_on(node: ast.stmt) -> TypeGuard[ast.If]:
    """Whether this is the statement of an `__init__.py` that names what it hands on."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def handing_on(room: str) -> Callable[[str], Any]:
    """The `__getattr__` of a room: it imports what is asked for, once.

    Args:
        room: the room's `__name__`.
    """
    module = sys.modules[room]
    names = handed_on(Path(str(module.__file__)).read_bytes())

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {room!r} hands on nothing called {name!r}")
        source, there = names[name]
        if source == room:
            found = importlib.import_module(f"{room}.{there}")
        else:
            found = getattr(importlib.import_module(source), there)
        setattr(module, name, found)
        return found

    return get

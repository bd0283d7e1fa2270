"""A hash of a script's code and of the project modules it imports, for exact invalidation.

Snakemake's own code trigger goes by a script's time stamp: a fresh checkout or a comment reruns it,
a changed imported module does not. This hash is over the parsed code without docstrings, so
comments, formatting and documentation do not change it, and it follows imports transitively.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rematch.methods import methods
from rematch.rooms import handed_on, is_for_handing_on

Import = tuple[str, str | None]
"""A module's dotted name, with the dots of a relative one, and what is taken of it, if it is one
name."""


Remember = Callable[[str, Sequence[str | os.PathLike[str]], Callable[[], str]], str]
"""`storage.Contents.result`: what a function returns, called again when files have changed."""


class _Parsed(NamedTuple):
    """A module's digest, what it imports, and what it hands on as a room (`rooms.handed_on`)."""

    digest: str
    imports: tuple[Import, ...]
    hands_on: Mapping[str, tuple[str, str]]


class _Known(NamedTuple):
    """A hash, and when the files that it comes from were written."""

    digest: str
    stamps: Mapping[Path, int]


_known: dict[tuple[Path, tuple[Path, ...]], _Known] = {}


def code_hash(script: Path, roots: tuple[Path, ...], remember: Remember | None = None) -> str:
    """Hash `script` and every module under `roots` that it imports, directly or not.

    Of a room, the modules count from which it hands on what is asked for, and no others, nor what
    else it hands on.

    Args:
        script: a Python file.
        roots: folders whose modules count as the project's (as on `sys.path`).
        remember: keeps what was read in files from one start to the next; all take a second.

    Returns:
        16 hexadecimal digits.
    """
    known = _known.get((script, roots))
    if known is not None and all(p.stat().st_mtime_ns == at for p, at in known.stamps.items()):
        return known.digest
    seen: dict[Path, str] = {}
    stamps: dict[Path, int] = {}
    asked: set[Import] = set()
    waiting = [script.resolve()]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        stamps[path] = path.stat().st_mtime_ns
        parsed = _parsed(path, stamps[path], remember)
        seen[path] = parsed.digest
        for name, of in parsed.imports:
            found = (_absolute(path, name, roots), of)
            if found not in asked:
                asked.add(found)
                waiting.extend(_reached(*found, roots, remember))
    parts = "\n".join(sorted(seen.values()))
    digest = hashlib.sha256(parts.encode()).hexdigest()[:16]
    _known[script, roots] = _Known(digest, stamps)
    return digest


def method_code(
    section: str,
    named: str | Sequence[str] | None,
    roots: tuple[Path, ...],
    remember: Remember | None = None,
) -> dict[str, str]:
    """The hash of each method that an entry of the configuration names, by its name.

    Args:
        section: a key of `methods.FAMILIES`.
        named: one name or several; None: all, where data choose among them.
        roots, remember: as for `code_hash`.
    """
    known = methods(section)
    names = list(known) if named is None else [named] if isinstance(named, str) else named
    return {name: code_hash(known[name].file, roots, remember) for name in names}


def _reached(
    module: str, name: str | None, roots: tuple[Path, ...], remember: Remember | None
) -> Iterator[Path]:
    """The project's files that importing `name` from `module`, or all of it, runs."""
    files = _files(module, roots)
    yield from files
    inner = _files(f"{module}.{name}", roots) if name else ()
    hands_on = _read(files[-1], remember).hands_on if files else {}
    if len(inner) > len(files):  # a module, or a room as a whole
        yield from _reached(f"{module}.{name}", None, roots, remember)
    elif name and name in hands_on:
        yield from _reached(*hands_on[name], roots, remember)
    elif name is None or name == "*":
        for source, there in hands_on.values():
            yield from _reached(source, there, roots, remember)


def _read(path: Path, remember: Remember | None) -> _Parsed:
    return _parsed(path, path.stat().st_mtime_ns, remember)


@cache
def _parsed(path: Path, _mtime_ns: int, remember: Remember | None) -> _Parsed:
    if remember is None:
        return _parse(path)
    kept = remember(
        f"code of {os.path.relpath(path)}", [path, __file__], lambda: json.dumps(_parse(path))
    )
    digest, imports, hands_on = json.loads(kept)
    return _Parsed(
        digest,
        tuple((module, name) for module, name in imports),
        {name: (module, there) for name, (module, there) in hands_on.items()},
    )


def _parse(path: Path) -> _Parsed:
    content = path.read_bytes()
    hands_on = handed_on(content) if path.name == "__init__.py" else {}
    tree = ast.parse(content, filename=str(path))
    if hands_on:  # not a line of it counts for those who do not ask for it
        tree.body = [item for item in tree.body if not is_for_handing_on(item)]
    imports: dict[Import, None] = {}
    for node in ast.walk(tree):
        imports |= dict.fromkeys(_imports(node))
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [item for item in body if not _is_docstring(item)]  # type: ignore[attr-defined]
    text = f"{path.name}\n{_dump(tree)}"
    return _Parsed(hashlib.sha256(text.encode()).hexdigest(), tuple(imports), hands_on)


def _dump(node: Any) -> str:
    """A syntax tree as text that is the same for every Python that can parse it.

    `ast.dump` is not: 3.12 knows new fields, 3.13 leaves out those that are empty, and some give an
    f-string parts without a letter.
    """
    if isinstance(node, list):
        return f"[{','.join(map(_dump, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.JoinedStr):
        node.values = [part for part in node.values if getattr(part, "value", None) != ""]
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in ([], None))
    return f"{type(node).__name__}({','.join(f'{name}={_dump(value)}' for name, value in fields)})"


def _is_docstring(node: ast.stmt) -> bool:
    """A string that stands alone as a statement: documentation wherever it stands."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _imports(node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, None) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield from ((module, alias.name) for alias in node.names)


def _absolute(path: Path, name: str, roots: tuple[Path, ...]) -> str:
    """The dotted name that `name` stands for in the module `path`, whose dots it may begin with."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    folder = path.parents[level - 1]
    for root in (root.resolve() for root in roots):
        if folder.is_relative_to(root):
            return ".".join([*folder.relative_to(root).parts, *filter(None, [name[level:]])])
    return ""


@cache
def _files(name: str, roots: tuple[Path, ...]) -> tuple[Path, ...]:
    """The project's files that importing `name` runs: the module and its packages' __init__."""
    parts = name.split(".")
    bases = (root.joinpath(*parts[:depth]) for root in roots for depth in range(1, len(parts) + 1))
    files = (file for base in bases for file in (base / "__init__.py", base.with_suffix(".py")))
    return tuple(file.resolve() for file in files if file.is_file())

"""Methods that say themselves what they are: translators, cleaning steps, layouts, models, scorers,
blends.

A method is a file in its room's folder (`FAMILIES`), or one of a family's entries in a file. It
declares itself by `METHOD = Method(...)`, or `METHODS = (Method(...), ...)`: its name, what it
does, its parameters, its source, and what it may look at. The configuration's schema, the tables in
config/README.md and messages are made from that, so a new file is all that a new method takes.

Declarations are read without running the file, so that a start of Snakemake waits for no library of
theirs; they are written in constants therefore. `code` of a method is the hash of its file alone
with what this imports: who uses one method does not depend on its neighbours.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rematch.errors import UserError

HOUSE = Path(__file__).parent

LOOKS_AT = ("inductive", "gallery", "bank", "transductive", "one-to-one")
"""What a scorer may look at, besides one query and one photo: nothing, the other photos, texts of
another corpus, the other queries, and that each photo has one article."""


@dataclass(frozen=True)
class Param:
    """A parameter of a method, as the configuration gives it.

    Attributes:
        name: the key.
        type: "integer", "number", "boolean", "text", "path", or "cache": a path that is kept as it
            is written.
        does: what it is for, in a line.
        default: None if there is none.
        required: whether the configuration has to give it.
        low, high, above: least and greatest value, and what it has to be greater than.
        choices: of a text, the values that it can have.
        changes: whether another value gives other results; else a change makes nothing again.
    """

    name: str
    type: str
    does: str
    default: Any = None
    required: bool = False
    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    changes: bool = True


@dataclass(frozen=True)
class Method:
    """What a method says of itself.

    Attributes:
        name: by which the configuration calls it.
        does: what it does, in a line.
        source: the paper, equation or library that it comes from.
        params: its parameters, beside those that all of its family take.
        run: the name of its function or class in its file.
        looks_at: of a scorer or a blend, one of `LOOKS_AT`.
        packages: whose versions its results depend on, as requirements.txt names them.
        traits: what its family has to know of it; of cleaning steps see `text.cleaning`.
    """

    name: str
    does: str
    source: str
    run: str
    params: tuple[Param, ...] = ()
    looks_at: str = ""
    packages: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


class Family(NamedTuple):
    """Methods of a kind: the folder of their files, and the key by which an entry names one."""

    noun: str
    folder: str
    key: str


FAMILIES = {
    "corpora": Family("layout", "corpus/layouts", "layout"),
    "translations": Family("backend", "text/translators", "backend"),
    "cleanings": Family("step", "text/cleaning", "steps"),
    "models": Family("backend", "embed/models", "backend"),
    "scorers": Family("scorer", "match/scorers", "kind"),
    "blends": Family("blend", "match/blends", "kind"),
}
"""By the section of the configuration whose entries name them."""


class Declared(NamedTuple):
    """A method and the file that declares it."""

    method: Method
    file: Path

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Its parameters' values: those given, and for the others its defaults."""
        own = {param.name: param.default for param in self.method.params}
        return own | {name: value for name, value in given.items() if name in own}

    def load(self) -> Callable[..., Any]:
        """Its function or class. Imports the file."""
        parts = self.file.relative_to(HOUSE.parent).with_suffix("").parts
        found: Callable[..., Any] = getattr(
            importlib.import_module(".".join(parts)), self.method.run
        )
        return found


def methods(section: str) -> Mapping[str, Declared]:
    """The methods of a family by name, in the order of their names.

    Args:
        section: a key of `FAMILIES`.

    Raises:
        ValueError: a declaration is no constant, or two have one name.
    """
    found: dict[str, Declared] = {}
    for file in sorted((HOUSE / FAMILIES[section].folder).glob("*.py")):
        for method in declared(file, file.stat().st_mtime_ns):
            if method.name in found:
                raise ValueError(f"{file}: {found[method.name].file} declares {method.name!r} too")
            found[method.name] = Declared(method, file)
    return dict(sorted(found.items()))


def chosen(section: str, name: str) -> Declared:
    """A method of a family by its name.

    Raises:
        UserError: there is none of this name; it names those that there are.
    """
    known = methods(section)
    if name not in known:
        noun = FAMILIES[section].noun
        raise UserError(f"{noun} {name!r} is not one of {', '.join(known)}")
    return known[name]


@cache
def declared(file: Path, _mtime_ns: int = 0) -> tuple[Method, ...]:
    """What a file declares, in its order.

    Raises:
        ValueError: a declaration is not written in constants.
    """
    for node in ast.parse(file.read_bytes(), filename=str(file)).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id in ("METHOD", "METHODS"):
            try:
                value = _constant(node.value)  # type: ignore[attr-defined]
            except (TypeError, ValueError) as error:
                raise ValueError(f"{file}, line {node.lineno}: {error}") from error
            return (value,) if isinstance(value, Method) else tuple(value)
    return ()


def _constant(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        kinds = {"Method": Method, "Param": Param}
        if node.func.id in kinds and not node.args:
            named = {str(key.arg): _constant(key.value) for key in node.keywords}
            return kinds[node.func.id](**named)
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_constant(item) for item in node.elts)
    return ast.literal_eval(node)


def schema_of(param: Param) -> dict[str, Any]:
    """The JSON Schema of a parameter's values."""
    does = {"description": param.does}
    if param.type in ("path", "cache"):
        return does | {"$ref": f"#/$defs/{param.type}"}
    found: dict[str, Any] = {"type": "string" if param.type == "text" else param.type}
    limits = {"minimum": param.low, "maximum": param.high, "exclusiveMinimum": param.above}
    found |= {key: value for key, value in limits.items() if value is not None}
    if param.choices:
        found = {"enum": list(param.choices)}
    return does | found


def with_methods(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration's schema in which each section knows the methods of its family.

    The key that names a method takes their names; a parameter that a method adds is a key of the
    section's entries. Which method takes which is `config.entries`' matter.
    """
    found = dict(schema, properties=dict(schema["properties"]))
    for section, family in FAMILIES.items():
        known = methods(section)
        part = dict(found["properties"][section])
        entry = dict(part["additionalProperties"])
        properties = dict(entry["properties"])
        named = dict(properties[family.key])
        if named.get("type") == "array":
            named["items"] = {"enum": list(known)}
        else:
            named["enum"] = list(known)
        properties[family.key] = named
        for each in known.values():
            for param in each.method.params:
                wanted = schema_of(param)
                allowed = properties.get(param.name, wanted)
                if allowed != wanted:  # two methods mean different things by one key
                    several = [*allowed.get("anyOf", [allowed]), wanted]
                    said = dict.fromkeys(one["description"] for one in several)
                    allowed = {"description": "; or ".join(said), "anyOf": several}
                properties[param.name] = allowed
        entry["properties"] = properties
        part["additionalProperties"] = entry
        found["properties"][section] = part
    return found


def table(section: str) -> str:
    """A family's methods in Markdown: one row a method, and one a parameter."""
    lines = ["| name | what it does | looks at | source |", "|---|---|---|---|"]
    if section not in ("scorers", "blends"):
        lines = ["| name | what it does | source |", "|---|---|---|"]
    extra = []
    for name, each in methods(section).items():
        method = each.method
        cells = [f"`{name}`", method.does, method.looks_at, method.source]
        lines.append(f"| {' | '.join(c for i, c in enumerate(cells) if c or i != 2)} |")
        extra += [f"| {' | '.join(_row(name, param))} |" for param in method.params]
    if extra:
        lines += ["", "| key | of | default | values | meaning |", "|---|---|---|---|---|", *extra]
    return "\n".join(lines) + "\n"


def _row(method: str, param: Param) -> list[str]:
    default = "required" if param.required else ""
    if param.default is not None:
        default = f"`{str(param.default).lower() if param.type == 'boolean' else param.default}`"
    values = " or ".join(f"`{choice}`" for choice in param.choices) or param.type
    if param.low is not None and param.high is not None:
        values += f" from {param.low:g} to {param.high:g}"
    elif param.low is not None:
        values += f" from {param.low:g}"
    elif param.above is not None:
        values += f" above {param.above:g}"
    return [f"`{param.name}`", f"`{method}`", default, values, param.does]

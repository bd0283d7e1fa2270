"""The layouts that there are, by what their files declare: to be named, or known by a header.

Their modules are imported here by what they declare, and nowhere by name. So the jobs of a corpus
that names its layout do not run again for another one's file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rematch.corpus.layouts.base import Layout
from rematch.errors import UserError
from rematch.methods import methods


def known() -> dict[str, type[Layout]]:
    """All layouts by name: those that a header shows, the oldest first, and then the others."""
    found: dict[str, type[Layout]] = {
        name: declared.load()  # type: ignore[misc]
        for name, declared in methods("corpora").items()
    }
    order = sorted(found.items(), key=lambda item: (not item[1].header, item[1].year, item[0]))
    return dict(order)


def keys() -> set[str]:
    """The keys of a corpus' entry that some layout takes."""
    return {key for layout in known().values() for key in inspect.signature(layout).parameters}


def taking(key: str) -> str:
    """The names of the layouts that take a key, for messages."""
    return " or ".join(
        name for name, layout in known().items() if key in inspect.signature(layout).parameters
    )


def chosen(name: str | None, options: Mapping[str, Any] | None = None) -> Layout | None:
    """The layout that an entry of the configuration names; None if it names none.

    Args:
        name: as it is declared.
        options: what the entry gives of `keys`.

    Raises:
        UserError: there is no such layout, it needs a key that is not given, or does not take one
            that is.
    """
    layouts = known()
    if name is None:
        if options:
            raise _together(next(iter(options)))
        return None
    if name not in layouts:
        *most, last = layouts
        raise UserError(f"corpus: layout {name!r} is unknown; use {', '.join(most)} or {last}")
    make: Callable[..., Layout] = layouts[name]
    takes = inspect.signature(make).parameters
    given = options or {}
    wrong = [key for key in given if key not in takes]
    wrong += [key for key in _needs(make) if key not in given]
    if wrong:
        raise _together(wrong[0])
    return make(**given)


def _needs(make: Callable[..., Layout]) -> list[str]:
    parameters = inspect.signature(make).parameters.values()
    return [one.name for one in parameters if one.default is inspect.Parameter.empty]


def _together(key: str) -> UserError:
    """What to say of a key without its layout, or of a layout without its key."""
    name = taking(key)
    needed = _needs(known()[name]) if name in known() else []
    said = " and ".join(f"`{one}`" for one in needed or [key])
    return UserError(f"corpus: {said} and `layout: {name}` go together; give both")


def recognised(path: Path, header: Sequence[str]) -> Layout:
    """The layout that a file's header shows.

    Raises:
        UserError: it shows none.
    """
    shown = {name: layout for name, layout in known().items() if layout.header}
    for layout in shown.values():
        one = layout()
        if one.fits(header):
            return one
    said = "; ".join(f"{name}: {layout.header}" for name, layout in shown.items())
    raise UserError(
        f"{path}, line 1: the header {in_short(header)!r} is of no known layout ({said}); "
        f"name its columns with `layout: {taking('columns')}`"
    )


def in_short(header: Sequence[str]) -> str:
    """A header for a message."""
    text = ", ".join(header)
    return text if len(text) <= 120 else f"{text[:117]}..."

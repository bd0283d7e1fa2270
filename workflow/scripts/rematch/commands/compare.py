"""Two experiments' tables beside each other.

    python -m rematch.commands.compare A B

A and B are names of experiments that have run: folders of results/. For each corpus that both have,
every run of either is listed with its figures in both and their difference.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rematch.errors import UserError, say

RESULTS = Path("results")

COLUMN = "text-to-image_"

NOT_THERE = "–"

Rows = dict[str, dict[str, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 after an error said on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m rematch.commands.compare", description="Compare two experiments."
    )
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    options = parser.parse_args(arguments)
    try:
        for line in compared(options.a, options.b, shutil.get_terminal_size((100, 24)).columns):
            say(line)
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    return 0


def compared(a: str, b: str, width: int) -> Iterator[str]:
    """The lines for two experiments.

    Raises:
        UserError: one of them has no table, or they have no corpus in common.
    """
    tables = [_tables(name) for name in (a, b)]
    both = [corpus for corpus in tables[0] if corpus in tables[1]]
    if not both:
        raise UserError(
            f"{a} has {', '.join(tables[0])} and {b} {', '.join(tables[1])}: no corpus of both"
        )
    for corpus in both:
        yield f"{corpus}: A is {a}, B is {b}"
        yield from _beside(tables[0][corpus], tables[1][corpus], width)


def _tables(name: str) -> dict[str, Rows]:
    """By corpus and run: the row of its table."""
    found = {}
    for path in sorted((RESULTS / name).glob("*/table.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.parent.name] = {row["run"]: row for row in csv.DictReader(file)}
    if not found:
        known = sorted({path.parents[1].name for path in RESULTS.glob("*/*/table.csv")})
        has = f"there are {', '.join(known)}" if known else "there is none yet: make run"
        raise UserError(f"{name}: no experiment of this name has a table; {has}")
    return found


def _beside(
    a: dict[str, dict[str, str]], b: dict[str, dict[str, str]], width: int
) -> Iterator[str]:
    columns = [*next(iter(a.values())), *next(iter(b.values()))]
    metrics = [
        name.removeprefix(COLUMN)
        for name in dict.fromkeys(columns)
        if name.startswith(COLUMN) and not name.endswith(("_low", "_high", f"{COLUMN}n"))
    ]
    while len(metrics) > 1 and width - 27 * len(metrics) < 20:
        metrics = metrics[:-1]
    runs = list(dict.fromkeys([*a, *b]))
    long = min(max(map(len, [*runs, "run"])), max(12, width - 27 * len(metrics)))
    yield f"{'run':{long}}" + "".join(f"  {m + ' A':>9}{'B':>8}{'B-A':>8}" for m in metrics)
    for run in runs:
        name = run if len(run) <= long else f"{run[: long - 1]}…"
        line = f"{name:{long}}"
        for metric in metrics:
            of = [float(t[run][COLUMN + metric]) if run in t else None for t in (a, b)]
            told = [NOT_THERE if figure is None else f"{figure:.4f}" for figure in of]
            change = NOT_THERE if None in of else f"{of[1] - of[0]:+.4f}"  # type: ignore[operator]
            line += f"  {told[0]:>9}{told[1]:>8}{change:>8}"
        yield line


if __name__ == "__main__":
    sys.exit(main())

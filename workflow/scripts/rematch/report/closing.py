"""What a run ends with: every corpus' table on the screen, and the numbers that captions quote."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rematch.errors import UserError, say
from rematch.report import losses


def caption_numbers(place: str, corpora: Iterable[str]) -> dict[str, Any]:
    """Of each corpus: the numbers that its captions quote, once they are computed."""
    found = {}
    for corpus in corpora:
        with suppress(OSError, ValueError):  # not there yet, or damaged: the table makes it again
            found[corpus] = json.loads(Path(place, corpus, "numbers.json").read_text("utf-8"))
    return found


def show_tables(
    place: str, corpora: Iterable[str], has_truth: Callable[[str], bool], log: str = ""
) -> None:
    """Say what was lost by more than a tenth, and print `ending`.

    Args:
        place: the experiment's folder.
        corpora: of the sweep.
        has_truth: whether a corpus has a table at all.
        log: Snakemake's own.
    """
    corpora = list(corpora)
    say_warnings(place, corpora)
    for line in ending(place, corpora, has_truth, log):
        say(line)
    sys.stdout.flush()


def say_warnings(place: str, corpora: Iterable[str]) -> None:
    """Say of each corpus, on standard error, what more than a tenth was lost of."""
    for corpus in corpora:
        warning = ""
        with suppress(OSError, UserError):
            page = f"{place}/{corpus}/losses.html"
            found = losses.from_csv(Path(place, corpus, "losses.csv"))
            warning = losses.warning(found, corpus, page)
        if warning:
            say(f"\nwarning: {warning}", sys.stderr)


SHOWN = 12
"""Runs whose figures are on the screen; the tables hold them all."""


def ending(
    place: str, corpora: Iterable[str], has_truth: Callable[[str], bool], log: str = ""
) -> list[str]:
    """What `make run` ends with: each corpus' figures and losses, where all is, what to type next,
    and last of all what is best.

    No line is wider than the terminal. `log` is Snakemake's own.
    """
    width = shutil.get_terminal_size().columns
    lines: list[str] = []
    last: list[str] = []
    corpora = list(corpora)
    for corpus in corpora:
        folder = Path(place, corpus)
        lines.append("")
        with suppress(OSError, UserError):
            lines.append(f"{corpus}: {losses.line(losses.from_csv(folder / 'losses.csv'))}")
        if has_truth(corpus):
            with suppress(OSError, ValueError, KeyError, IndexError):
                numbers = json.loads((folder / "numbers.json").read_text("utf-8"))
                lines += [*_figures(folder, numbers["metrics"], width), *numbers["doubts"]]
                name = f"{corpus}: " if len(corpora) > 1 else ""
                last += [f"{name}{line}" for line in numbers["concluded"]]
            lines.append(f"tables: {folder}/table.md, .html, .csv, .tex; plots: {folder}/plots/")
        lines.append(
            f"each run's ranking and submission: {Path(place).parent}/{corpus}/runs/<run>/"
        )
    lines += [f"Snakemake's own log: {log}"] if log else []
    lines += ["", "next: make report (all in one file), make why, make new NAME=mine DATA=…"]
    return [part for line in [*lines, *last] for part in _cut(line, width)]


def _cut(line: str, width: int) -> list[str]:
    return (
        textwrap.wrap(line, width, break_on_hyphens=False) or [""] if len(line) > width else [line]
    )


def _figures(folder: Path, metrics: list[str], width: int) -> list[str]:
    """The runs of a table, best first."""
    first, way = metrics[0], "text-to-image_"
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: -float(row[f"{way}{first}"]))
    figures = [[f"{float(row[way + metric]):.4f}" for metric in metrics] for row in rows]
    spans = [
        f"{float(r[f'{way}{first}_low']):.3f}–{float(r[f'{way}{first}_high']):.3f}" for r in rows
    ]
    labels = [row["name"] for row in rows]
    same = max([4, *(len(row["letters"]) for row in rows[:SHOWN])])
    fixed = 28 + same  # the first metric, its interval, the letters and the gaps
    least = min(32, max(map(len, [*labels, "run"])))
    while len(metrics) > 1 and width - fixed - 8 * (len(metrics) - 1) < least:
        metrics = metrics[:-1]
    room = width - fixed - 8 * (len(metrics) - 1)
    long = min(room, max(map(len, [*labels, "run"])))
    head = f"{'run':{long}}  {first:>7}  95 % interval  {'same':{same}}"
    lines = [head + "".join(f"{metric:>8}" for metric in metrics[1:])]
    for label, row, span, whole in list(zip(labels, figures, spans, rows, strict=True))[:SHOWN]:
        name = label if len(label) <= long else f"{label[: long - 1]}…"
        chance = "°" if first in whole["at_chance"].split() else " "
        lines.append(
            f"{name:{long}}  {row[0]:>7}{chance} {span:>13}  {whole['letters']:{same}}"
            + "".join(f"{figure:>8}" for figure in row[1 : len(metrics)])
        )
    if len(rows) > SHOWN:
        lines.append(f"… the best {SHOWN} of {len(rows):,} runs by {first}")
    if len(rows) > 1:
        lines.append("same: runs that share a letter cannot be told apart (table.md says how)")
    return lines

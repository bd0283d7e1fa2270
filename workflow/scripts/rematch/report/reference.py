"""Published figures that stand beside one's own.

Those of resources/reference are Table 1 of Cao et al., "HCMUS at MediaEval 2021: Fine-tuning CLIP
for Automatic News-Images Re-Matching" (CEUR-WS Vol. 3181, paper 48), kept as printed.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from rematch.errors import UserError


@dataclass(frozen=True)
class Reference:
    """A row of the paper's table; `values` are the figures as printed."""

    run: str
    words: str
    ensemble: str
    values: dict[str, str]


def read_reference(path: str | Path | None) -> list[Reference]:
    """The reference CSV: columns run, words, ensemble, then a column a metric, all as printed.

    Without a path there is no reference: an empty list.

    Raises:
        UserError: a column is missing, a figure is no number, or a row names neither words nor
            an ensemble.
    """
    if not path:
        return []
    with Path(path).open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    out = []
    for line, row in enumerate(rows, start=2):
        for column in ("run", "words", "ensemble"):
            if row.get(column) is None:
                raise UserError(f"{path}: line {line}: column {column!r} is missing; add it")
        if not row["words"] and not row["ensemble"]:
            raise UserError(
                f"{path}: line {line}: neither 'words' nor 'ensemble' is given; fill in one"
            )
        values = {k: v or "" for k, v in row.items() if k not in ("run", "words", "ensemble", None)}
        for column, figure in values.items():
            try:
                float(figure or 0)
            except ValueError:
                raise UserError(
                    f"{path}: line {line}, column {column!r}: {figure!r} is no number"
                ) from None
        out.append(Reference(row["run"], row["words"], row["ensemble"], values))
    return out

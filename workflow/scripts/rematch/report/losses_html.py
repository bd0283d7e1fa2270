"""The report's page on a corpus: what it holds, and what was lost of it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from rematch.report.html import escape, page, table
from rematch.report.losses import Loss, line
from rematch.report.tally import Noted

SHOWN = 50
"""Rows of a list that a page shows; the rest stand in the file that it names."""


def losses_page(corpus: str, found: Sequence[Loss], noted: Noted, results: str = "results") -> str:
    """What a corpus holds, what was lost of it and why, and the first of what is concerned.

    Args:
        corpus: its name.
        found: `tally.losses` of `noted`.
        noted: the rows behind the counts.
        results: the folder of results.
    """
    folder = f"{results}/{corpus}"
    kept = {"articles": "articles", "images": "photos"}
    kept |= {"pairs": "known pairs"} if noted.unpaired is not None else {}
    parts = [
        f"<p class='none'>{escape(line(found))}</p>",
        table(["kept", "rows"], [(name, noted.counts[key]) for key, name in kept.items()]),
    ]
    lost = [loss for loss in found if loss.lost]
    if lost:
        rows = [(loss.what, loss.variant, loss.reason, loss.lost, loss.of) for loss in lost]
        parts.append("<h2>Lost, by reason</h2>")
        parts.append(table(["what", "variant", "reason", "lost", "of"], rows))
    parts += _listed("Refused rows", noted.rejects, f"{folder}/corpus/rejects.parquet")
    if noted.unpaired is not None:
        file = f"{folder}/corpus/unpaired.parquet"
        parts += _listed("Articles that are not scored", noted.unpaired, file)
    for name, rows in noted.untranslated.items():
        file = f"{folder}/text/{name}/untranslated.parquet"
        parts += _listed(f"Texts left in their language: {name}", rows, file)
    for name, rows in noted.empty.items():
        parts += _listed(f"Empty queries: {name}", rows, "")
    return page(f"Corpus {corpus}", "\n".join(parts))


def _listed(title: str, rows: pa.Table, file: str) -> list[str]:
    """The first rows of a table under a title; nothing if there are none."""
    if not rows.num_rows:
        return []
    first = rows.slice(0, SHOWN).to_pylist()
    more = f"<p class='note'>All: {escape(file)}</p>" if file and rows.num_rows > SHOWN else ""
    return [
        f"<h2>{escape(title)} ({len(first)} of {rows.num_rows:,})</h2>{more}",
        table(list(rows.schema.names), [list(row.values()) for row in first]),
    ]

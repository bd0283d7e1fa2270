"""The report's small pages: what a corpus holds and what was refused, configuration, versions."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pyarrow as pa
import yaml

from rematch.corpus import reject_counts
from rematch.html import page, table

SHOWN = 50
"""Refused rows listed on the page; the rest stand in rejects.parquet."""


def rejects(corpus: str, kept: Mapping[str, int], refused: pa.Table) -> str:
    """What a corpus holds, and what was refused and why.

    Args:
        corpus: its name.
        kept: rows by table ("articles", "images", "qrels").
        refused: `tables.REJECTS`.
    """
    names = {"articles": "articles", "images": "photos", "qrels": "known pairs"}
    parts = [table(["kept", "rows"], [(names[key], n) for key, n in kept.items()])]
    if refused.num_rows:
        counts = reject_counts(refused).to_pylist()
        parts.append("<h2>Refused, by reason</h2>")
        parts.append(
            table(["kind", "reason", "rows"], [(r["kind"], r["reason"], r["rows"]) for r in counts])
        )
        first = refused.slice(0, SHOWN).to_pylist()
        parts.append(f"<h2>Refused rows ({len(first)} of {refused.num_rows:,})</h2>")
        parts.append(table(list(refused.schema.names), [list(row.values()) for row in first]))
    else:
        parts.append("<p>Nothing was refused.</p>")
    return page(f"Corpus {corpus}", "\n".join(parts))


def setup(config: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The configuration, defaults filled in, and the versions of what computed the results."""
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    body = (
        f"<h2>Configuration</h2><pre>{escape(text)}</pre>\n<h2>Versions</h2>"
        f"{table(['package', 'version'], sorted(versions.items()))}"
    )
    return page("Configuration and versions", body)

"""The report's small pages: what cleaning changed, configuration, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import yaml

from rematch.report.html import escape, page, table
from rematch.text import misplaced


def cleaning(corpus: str, variants: Mapping[str, pa.Table]) -> str:
    """What each variant of cleaning changed: `forms.CHANGES` by the variant's name."""
    parts = []
    for name, changes in variants.items():
        rows: list[tuple[str, int, int, str, str]] = []
        listed: dict[tuple[str, str], list[str]] = {}
        counts: dict[str, int] = {}
        for row in changes.to_pylist():
            if row["kind"] in ("caseless", "left"):
                counts[row["kind"]] = row["count"]
            if row["kind"] in ("common", "worst", "spared"):
                times = f" ({row['count']:,})" if row["count"] > 1 else ""
                said = f"{row['before'] or '∅'} → {row['after'] or '∅'}{times}"
                listed.setdefault((row["step"], row["kind"]), []).append(said)
        for row in changes.to_pylist():
            if row["kind"] in ("step", "skipped"):
                step = row["step"]
                skipped = "left alone: another language" if row["kind"] == "skipped" else ""
                common = skipped or ", ".join(listed.get((step, "common"), []))
                doubtful = ", ".join(listed.get((step, "worst"), []))
                rows.append((step, row["texts"], row["tokens"], common, doubtful))
        head = ["step", "texts changed", "words changed", "commonest", "most doubtful"]
        parts.append(f"<h2>{escape(name)}</h2>{table(head, rows)}")
        if doubt := misplaced([row[0] for row in rows]):
            parts.append(f"<p>{escape(doubt)}.</p>")
        if counts:
            spared = ", ".join(listed.get(("spell", "spared"), []))
            after = f" (with capitals: {escape(spared)})." if spared else "."
            parts.append(
                f"<p>{counts['caseless']:,} titles and texts have no capitals that tell names from "
                f"words. In them <code>spell</code> made only corrections that hardly harm a name; "
                f"{counts['left']:,} words stayed as they are{after}</p>"
            )
    return page(f"What cleaning changed in {corpus}", "\n".join(parts))


def setup(config: Mapping[str, Any], versions: Mapping[str, str], notes: Sequence[str] = ()) -> str:
    """The configuration, defaults filled in, and the versions of what computed the results.

    `notes` say what of the configuration's files counts for nothing, or costs something.
    """
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    body = (f"<h2>Notes on the configuration</h2><ul>{items}</ul>\n" if notes else "") + (
        f"<h2>Configuration</h2><pre>{escape(text)}</pre>\n<h2>Versions</h2>"
        f"{table(['package', 'version'], sorted(versions.items()))}"
    )
    return page("Configuration and versions", body)

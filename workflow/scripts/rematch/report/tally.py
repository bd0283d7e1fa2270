"""Counting what a corpus lost, from what its reading, translating and cleaning noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from rematch import forms
from rematch.corpus import FIELDS, MISSING, reason_class, reject_counts
from rematch.report.losses import ARTICLES, PAIRS, PHOTOS, QUERIES, ROWS, TEXTS, Loss
from rematch.text import query_table

NOT_FETCHED = "not fetched"
"""Class of reason of photos that are missing because their download failed."""

EMPTY = pa.schema([("article_id", pa.string()), ("reason", pa.string())])
"""Articles with an empty query."""


@dataclass(frozen=True)
class Noted:
    """What is known of a corpus' losses.

    `unpaired` is None if it has no truth, `downloads` (`forms.DOWNLOADS`) if nothing was fetched.
    `untranslated`: by translation; `languages`: from which these translate, as codes. `empty`:
    `EMPTY` by translation and cleaning, joined by a dot.
    """

    counts: Mapping[str, int]
    rejects: pa.Table
    unpaired: pa.Table | None
    downloads: pa.Table | None
    articles: pa.Table
    untranslated: Mapping[str, pa.Table]
    languages: Mapping[str, str]
    empty: Mapping[str, pa.Table]


def counts(table: pa.Table) -> dict[str, int]:
    """`forms.COUNTS` by name."""
    return dict(zip(table["name"].to_pylist(), table["rows"].to_pylist(), strict=True))


def losses(noted: Noted) -> list[Loss]:
    """Everything that was lost, by reason; what lost nothing has one row that says so."""
    found = [
        *_rows(ROWS, _refused(noted, "article"), _read(noted, "article")),
        *_rows(PHOTOS, _refused(noted, "image"), _read(noted, "image")),
    ]
    if noted.unpaired is not None:
        found += _rows(PAIRS, _refused_pairs(noted), _read(noted, "pair"))
        lost = Counter(noted.unpaired["reason"].to_pylist())
        found += _rows(ARTICLES, lost, noted.articles.num_rows)
    columns = (noted.articles[name].to_pylist() for name in ("title", "text"))
    texts = sum(bool(text and text.strip()) for column in columns for text in column)
    for name, table in noted.untranslated.items():
        reasons = Counter(table["reason"].to_pylist())
        found += _rows(TEXTS, reasons, texts, name, noted.languages[name])
    for name, table in noted.empty.items():
        reasons = Counter(table["reason"].to_pylist())
        found += _rows(QUERIES, reasons, noted.articles.num_rows, name)
    return found


def empty_queries(cleaned: pa.Table, articles: pa.Table, fields: str) -> pa.Table:
    """Articles of which a cleaning leaves no word, whatever the number of words is.

    Args:
        cleaned: `forms.TEXTS`.
        articles: `forms.ARTICLES`, whose title or text may be blank from the start.
        fields: of the cleaning, as in `words.queries`.

    Returns:
        `EMPTY`, sorted by id; the reason is "no title" or "no text" where a query is made of that
        alone and the corpus has none, else "no word left".
    """
    queries = query_table(cleaned, fields, "1")
    empty = {row["article_id"] for row in queries.to_pylist() if not row["query"]}
    blank: set[str] = set()
    if fields != "both":
        ids, texts = articles["article_id"].to_pylist(), articles[fields].to_pylist()
        blank = {item for item, text in zip(ids, texts, strict=True) if not (text or "").strip()}
    why = {item: f"no {fields}" if item in blank else "no word left" for item in sorted(empty)}
    rows: list[dict[str, object]] = [
        {"article_id": item, "reason": reason} for item, reason in why.items()
    ]
    return forms.from_rows(rows, EMPTY)


def _rows(
    what: str, reasons: Mapping[str, int], of: int, variant: str = "", language: str = ""
) -> list[Loss]:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return [
        Loss(what, variant, reason, lost, of, language) for reason, lost in ordered or [("", 0)]
    ]


def _read(noted: Noted, kind: str) -> int:
    """How many rows, photos or pairs were read; what repeats an earlier one left out."""
    return noted.counts[f"{kind}s"] + noted.counts[f"{kind}s_refused"]


def _refused(noted: Noted, kind: str) -> Counter[str]:
    counted = {
        row["reason"]: row["rows"]
        for row in reject_counts(noted.rejects).to_pylist()
        if row["kind"] == kind
    }
    if kind == "image" and noted.downloads is not None and MISSING in counted:
        failed = noted.downloads.filter(pc.not_equal(noted.downloads["reason"], ""))
        asked = set(failed["image_id"].to_pylist())
        gone = sum(
            row["kind"] == kind and row["id"] in asked and reason_class(row["reason"]) == MISSING
            for row in noted.rejects.to_pylist()
        )
        counted |= {MISSING: counted[MISSING] - gone, NOT_FETCHED: gone}
    return Counter({reason: rows for reason, rows in counted.items() if rows})


def _refused_pairs(noted: Noted) -> Counter[str]:
    """The rejects' pairs, and those whose line was refused for its article or its photo."""
    counted = _refused(noted, "pair")
    beside = noted.counts["pairs_refused"] - sum(counted.values())
    articles = _refused(noted, "article")
    with_article = min(beside, sum(articles.values()) - articles[FIELDS])
    counted["article refused"] += with_article
    counted["image refused"] += beside - with_article
    return +counted

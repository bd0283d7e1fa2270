"""What a file's header shows, of files that nobody has described yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rematch.corpus.layouts.declared import known
from rematch.corpus.layouts.published import published_rows
from rematch.corpus.rows import parquet_rows

ENDINGS = (".tsv", ".csv", ".txt", ".parquet")
"""Of the names of files that may be tables."""

LIKELY = {
    "article_id": ("article_id", "articleid", "article", "aid", "news_id", "guid", "id"),
    "image_id": (
        *("image_id", "imageid", "iid", "img_id", "photo_id", "photoid"),
        *("image", "photo", "picture", "image_file", "photo_file", "imgfile", "filename", "file"),
        *("image_name", "photo_name"),
    ),
    "title": ("title", "headline", "article_title", "heading", "titel", "überschrift"),
    "text": (
        *("text", "body", "content", "article_text", "description", "lead", "teaser", "abstract"),
        *("snippet", "summary", "caption", "tags"),
    ),
    "photo": ("photo", "image_file", "photo_file", "imgfile", "filename", "file", "image_name"),
    "url": ("image_url", "img_url", "photo_url", "imageurl", "img", "picture_url"),
}
"""What columns are often called, in small letters, the likeliest name of each first."""


def header_of(path: Path) -> list[str]:
    """The names of a file's columns.

    Raises:
        UserError: it cannot be read, or is no table.
    """
    if path.suffix.lower() == ".parquet":
        return parquet_rows(path, set())[0]
    return published_rows(path)[0]


def shown(path: Path, header: Sequence[str]) -> str | None:
    """The name of the layout that a file's header shows; None if it shows none."""
    if path.suffix.lower() == ".parquet":
        return None
    fitting = (name for name, one in known().items() if one.header and one().fits(header))
    return next(fitting, None)


def likely_columns(header: Sequence[str]) -> dict[str, str]:
    """By field of a row, the column that goes by its name; each column stands for one field."""
    folded = {name.casefold().strip().replace(" ", "_").replace("-", "_"): name for name in header}
    found: dict[str, str] = {}
    for column, names in LIKELY.items():
        free = (folded[n] for n in names if n in folded and folded[n] not in found.values())
        name = next(free, None)
        if name:
            found[column] = name
    return found

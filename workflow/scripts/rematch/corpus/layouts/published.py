"""Layouts that somebody published, with a header by which their files are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rematch.corpus.layouts.base import Layout
from rematch.corpus.layouts.declared import taking
from rematch.corpus.rows import Rows, csv_rows, headed, plain_rows, read_text
from rematch.errors import UserError


class Published(Layout):
    """A layout whose files are text; a new one gives `name`, `year`, `header`, `names`, `fits`."""

    def rows(self, path: Path, more: Sequence[str] = ()) -> tuple[list[str], Rows]:
        """As `published_rows`."""
        return published_rows(path)


def published_rows(path: Path) -> tuple[list[str], Rows]:
    """A file's header and rows, before its layout is known.

    Where the header has a tab, fields are separated by tabs and quotes are characters; else by
    commas, and quotes are CSV's (RFC 4180).

    Raises:
        UserError: the file cannot be read or decoded, is empty, or is CSV and breaks its rules.
    """
    if path.suffix.lower() == ".parquet":
        raise UserError(
            f"{path}: a Parquet file has no published layout; "
            f"name its columns with `layout: {taking('columns')}`"
        )
    text = read_text(path)
    tabs = "\t" in text.partition("\n")[0]
    return headed(path, plain_rows(text, "\t") if tabs else csv_rows(text, ",", path))

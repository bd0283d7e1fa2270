"""The two ids of an article of NewsImages 2021, and which of them a submission has.

The benchmark has two schemes of ids for the same articles: ten digits beginning with 1 in the test
set, which alone its evaluator accepts, and nine digits in the training files and the truth,
`plain = s[6:10] + s[1:6]`. So in that layout both forms are one article. Ids of any other form
stand for themselves.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from rematch import forms
from rematch.storage import tables

TWO_SCHEMES = "newsimages2021"
"""The layout whose articles have two ids; a table of such articles says so in its metadata."""

_LONG = re.compile(r"1[0-9]{9}")
_PLAIN = re.compile(r"[0-9]{9}")


def benchmark_id(article_id: str) -> str:
    """The ten-digit id of an article of NewsImages 2021; an id of no scheme as it is."""
    if _PLAIN.fullmatch(article_id):
        return f"1{article_id[4:]}{article_id[:4]}"
    return article_id


def other_form(article_id: str) -> str:
    """The other id of an article of NewsImages 2021; "" where the id is of no scheme."""
    if _LONG.fullmatch(article_id):
        return article_id[6:] + article_id[1:6]
    long = benchmark_id(article_id)
    return long if long != article_id else ""


def submission_ids(
    articles: str | os.PathLike[str], ids: Literal["benchmark", "as_read"]
) -> tuple[Callable[[str], str], str]:
    """By which ids a submission names its articles.

    Args:
        articles: the table that `read_articles` gave, written by `tables.write`.
        ids: "benchmark" for the ids that the benchmark's evaluator knows, "as_read" for the
            table's own.

    Returns:
        From the table's id to the submission's; and a line that says what was changed, or "".
    """
    table = tables.read(articles, pa.schema([forms.ARTICLES.field("article_id")]))
    two_schemes = (pq.read_schema(articles).metadata or {}).get(b"ids") == TWO_SCHEMES.encode()
    changed = sum(benchmark_id(item) != item for item in table["article_id"].to_pylist())
    if not two_schemes or not changed:
        return str, ""
    all_ = f"{changed:,} of {table.num_rows:,} articles have nine-digit ids"
    if ids == "as_read":
        return str, f"{all_}, written as they are: the benchmark's evaluator knows the ten digits"
    return benchmark_id, (
        f"{all_}, written as the ten digits that the benchmark's evaluator knows; "
        "submission_ids: as_read in the corpus' configuration keeps ids of your own"
    )

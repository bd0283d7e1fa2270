"""The articles of a corpus, read apart from its photos.

Another photo is then no reason to translate and clean again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from rematch import forms
from rematch.corpus.benchmark_ids import TWO_SCHEMES
from rematch.corpus.door import Door
from rematch.corpus.entering import entered
from rematch.corpus.rejects import said_of
from rematch.corpus.spec import CorpusSpec
from rematch.corpus.tables import table_of
from rematch.corpus.ties import article_digest, tie_key
from rematch.errors import UserError


def read_articles(spec: CorpusSpec) -> pa.Table:
    """The articles of `read_corpus` alone; no photo is opened, nor its folder looked at.

    Returns:
        `forms.ARTICLES`; its metadata say the layout where that has two schemes of ids.

    Raises:
        UserError: a file cannot be read, is of no known layout or encoding, lacks a column or is
            broken CSV; no row is an article; no pair of the truth names an article and an image.
    """
    door = entered(spec)
    if not door.articles:
        raise no_article(spec, door.rejects)
    return articles_table(door)


def articles_table(door: Door) -> pa.Table:
    rows = [
        (item.article_id, item.title, item.text, article_digest(item.title, item.text))
        for item in door.articles.values()
    ]
    rows.sort(key=lambda row: tie_key("article", row[3], row[0]))
    found = table_of(rows, forms.ARTICLES)
    return found.replace_schema_metadata({"ids": TWO_SCHEMES}) if door.two_schemes else found


def no_article(spec: CorpusSpec, rejects: Sequence[Sequence[Any]]) -> UserError:
    files = ", ".join(str(path) for path in spec.pairs or [spec.articles])
    return UserError(f"{files}: no row is an article; {said_of(rejects, 'article')}")

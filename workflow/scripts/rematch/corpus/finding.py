"""Which files make a corpus, where nobody has said it: a file is known by its header and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from rematch.corpus.entering import entered
from rematch.corpus.layouts import (
    ENDINGS,
    Source,
    header_of,
    likely_columns,
    read_source,
    shown,
)
from rematch.corpus.pairing import Pairing
from rematch.corpus.spec import CorpusSpec
from rematch.errors import UserError

MEMORY = ["source", "target"]
"""The header of a file of translations."""


@dataclass(frozen=True)
class Found:
    """Files that make a corpus.

    Attributes:
        entry: what an entry of the configuration's `corpora` says of them.
        translations: a file of translations beside them, if there is one.
    """

    entry: Mapping[str, Any]
    translations: Path | None = None


@dataclass(frozen=True)
class _Table:
    """`role`: "pairs", "articles", "images", "truth", "translations", or "" of what is none."""

    path: Path
    header: list[str]
    role: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Of a file in no known layout, by field of a row."""


def find_tables(paths: Sequence[Path]) -> Found:
    """The files that make a corpus: those given, or those in the folder that is given.

    Beside a file of articles that of its photos is looked for, and one that pairs them.

    Raises:
        UserError: a file cannot be read or is none of a corpus, or several could be the one.
    """
    given = [path for path in paths if not path.is_dir()]
    tables = [_looked_at(path) for path in given]
    for folder in (path for path in paths if path.is_dir()):
        tables += _inside(folder)
    for table in tables if given else []:
        if not table.role and table.path in given:
            raise _no_table(table)
    if not any(table.role in ("pairs", "articles") for table in tables):
        raise _no_articles(paths, tables)
    beside = _inside(given[0].parent) if given else tables
    memory = [table.path for table in beside if table.role == "translations"]
    entry = _entry(tables, beside, named=bool(given))
    return Found(entry, memory[0] if len(memory) == 1 else None)


def _inside(folder: Path) -> list[_Table]:
    """The tables in a folder; if there are none, those in the folders in it."""
    for pattern in ("*", "*/*"):
        found = []
        for path in sorted(folder.glob(pattern)):
            plain = not path.name.startswith(".") and path.suffix.lower() in ENDINGS
            if plain and path.is_file():
                try:
                    found.append(_looked_at(path))
                except UserError:
                    continue  # there may be anything in a folder
        found = [table for table in found if table.role]
        if found:
            return found
    return []


def _looked_at(path: Path) -> _Table:
    header = header_of(path)
    if header == MEMORY:
        return _Table(path, header, "translations")
    if shown(path, header):
        role = _role(read_source(path))
        if role:
            return _Table(path, header, role)
    columns = likely_columns(header)
    whole = {"article_id", "image_id"} <= columns.keys() and {"title", "text"} & columns.keys()
    return _Table(path, header, "pairs" if whole else "", columns)


def _role(source: Source) -> str:
    """What a file in a known layout is, by what its rows hold."""
    articles = images = both = texts = 0
    for row in source.records:
        article, image = bool(row.article_id.strip()), bool(row.image_id.strip())
        text = bool(row.title.strip() or row.text.strip())
        articles += article and text
        images += image
        both += article and image
        texts += text
    if both:
        # Without both columns it is no file of pairs, whatever it holds.
        whole = {"title", "text"} <= source.columns
        return "pairs" if texts and whole else "" if texts else "truth"
    if articles and {"title", "text"} <= source.columns:
        return "articles"
    return "images" if images else ""


def _entry(tables: Sequence[_Table], beside: Sequence[_Table], named: bool) -> dict[str, Any]:
    pairs = [table for table in tables if table.role == "pairs"]
    articles = [table.path for table in tables if table.role == "articles"]
    if not articles:
        if len(pairs) > 1 and not named:
            raise _several("hold articles with their photos", [table.path for table in pairs])
        return _paired(pairs)
    if len(articles) > 1:
        raise _several("hold articles", articles)
    images = _images_of(articles[0], tables, beside)
    entry = {"articles": str(articles[0]), "images": str(images)}
    candidates = [*pairs, *(table for table in tables if table.role == "truth")]
    if named and not candidates:
        candidates = [table for table in beside if table.role in ("pairs", "truth")]
    truths = [table.path for table in candidates if _pairs_these(entry, table.path)]
    strangers = [table.path for table in pairs if table.path not in truths]
    if strangers:
        raise _several("hold articles", [articles[0], *strangers])
    if len(truths) > 1:
        raise _several(f"pair the articles of {articles[0]}", truths)
    return entry | ({"truth": str(truths[0])} if truths else {})


def _paired(pairs: Sequence[_Table]) -> dict[str, Any]:
    described = [table for table in pairs if table.columns]
    if described and any(table.columns != pairs[0].columns for table in pairs):
        raise UserError(
            f"{' and '.join(str(table.path) for table in pairs)} have other columns; name one file"
        )
    paths = [str(table.path) for table in pairs]
    entry: dict[str, Any] = {"pairs": paths[0] if len(paths) == 1 else paths}
    if described:
        entry |= {"layout": "generic", "columns": dict(pairs[0].columns)}
    return entry


def _images_of(articles: Path, tables: Sequence[_Table], beside: Sequence[_Table]) -> Path:
    """The file of the photos that belong to a file of articles: of several, that of its name."""
    found = [table.path for table in tables if table.role == "images"]
    found = found or [table.path for table in beside if table.role == "images"]
    if not found:
        raise UserError(
            f"{articles}: it names no photos, and no file beside it does; name that file too, "
            f'as in DATA="{articles} images.tsv"'
        )
    alike = {path: _alike(path.name, articles.name) for path in found}
    best = [path for path in found if alike[path] == max(alike.values())]
    if len(best) > 1:
        raise _several(f"could hold the photos of {articles}", best, articles)
    return best[0]


def _alike(name: str, other: str) -> int:
    """How many characters two names begin with alike."""
    same = (a == b for a, b in zip(name, other, strict=False))
    return sum(1 for _ in takewhile(bool, same))


def _pairs_these(entry: Mapping[str, str], truth: Path) -> bool:
    """Whether a file pairs articles and photos, for the most part."""
    try:
        door = entered(CorpusSpec.from_config({**entry, "truth": str(truth)}))
    except UserError:
        return False
    return 2 * Pairing(door).strangers()[1] >= len(door.pairs) > 0


def _several(what: str, paths: Sequence[Path], *others: Path) -> UserError:
    some = ", ".join(map(str, paths[:4])) + (" …" if len(paths) > 4 else "")
    named = " ".join(map(str, [*others, paths[0]]))
    return UserError(f'{some} {what}; name the files that are meant, as in DATA="{named}"')


def _no_table(table: _Table) -> UserError:
    lacking = [name for name in ("article_id", "image_id") if name not in table.columns]
    if not {"title", "text"} & table.columns.keys():
        lacking.append("title or text")
    columns = ", ".join(table.header[:12]) + (", …" if len(table.header) > 12 else "")
    return UserError(
        f"{table.path}, line 1: columns are needed for article_id, image_id, and title or text; "
        f"none of {columns} is called like {' or '.join(lacking)}; rename it, or name it under "
        "`columns` with `layout: generic`, as config/README.md says"
    )


def _no_articles(paths: Sequence[Path], tables: Sequence[_Table]) -> UserError:
    said = "; ".join(f"{table.path.name} has {table.role}" for table in tables[:4])
    return UserError(
        f"{', '.join(map(str, paths))}: no table of articles is there"
        f"{f' ({said})' if said else ''}; name the file of articles, "
        f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
    )

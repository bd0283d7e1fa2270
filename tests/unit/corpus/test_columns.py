"""Columns that articles are parted by."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rematch.corpus import CorpusSpec, read_columns
from rematch.errors import UserError

COLUMNS = {"article_id": "id", "title": "t", "image_id": "photo"}


def spec(*paths: Path) -> CorpusSpec:
    return CorpusSpec(pairs=paths, layout="generic", options={"columns": COLUMNS})


def test_values_are_those_of_the_articles_that_came_in(tmp_path: Path) -> None:
    one, other = tmp_path / "a.tsv", tmp_path / "b.tsv"
    one.write_text(
        "id\tt\tphoto\tsection\tpublisher\n1\tx\tp\t Sport \tA\n"
        "2\t\tq\tgone\tA\n1\tx\tr\tlater\tB\n"
    )
    other.write_text("t\tid\tphoto\tpublisher\ny\t3\ts\tC\n")
    found = read_columns(spec(one, other), ["section", "publisher"]).to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("1", "publisher", "A"),
        ("1", "section", "Sport"),
        ("3", "publisher", "C"),
        ("3", "section", ""),
    ]


def test_parquet_has_them_too(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = {"id": ["1"], "t": ["x"], "photo": ["p"], "year": [2021], "odd": [1.5]}
    pq.write_table(pa.table(table), path)
    assert read_columns(spec(path), ["year"])["value"].to_pylist() == ["2021"]


def test_a_column_that_no_file_has_is_refused_with_those_there(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("id\tt\tphoto\tsection\n1\tx\tp\ts\n")
    with pytest.raises(UserError) as refused:
        read_columns(spec(path), ["Section"])
    assert "no column 'Section' (strata); it has id, t, photo, section" in str(refused.value)

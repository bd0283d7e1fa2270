"""Parquet artifacts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rematch.errors import UserError
from rematch.storage import tables


def test_a_table_whose_words_are_no_utf8_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"article_id": ["a"]}), path)
    path.write_bytes(path.read_bytes().replace(b"article_id", b"articl\xff_id"))
    with pytest.raises(UserError, match=r"t\.parquet: cannot be read"):
        tables.read(path, pa.schema([("article_id", pa.string())]))

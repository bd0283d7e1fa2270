"""Similarity matrices in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rematch.errors import UserError
from rematch.storage.similarities import Similarity, write_similarity


def test_scores_against_no_photo_are_refused(tmp_path: Path) -> None:
    blocks = iter([(["a", "b"], np.empty((2, 0), np.float32))])
    with pytest.raises(UserError, match="no photo to compare with"):
        write_similarity(tmp_path / "s.arrow", [], blocks)
    schema = pa.schema([("article_id", pa.string()), ("scores", pa.list_(pa.float32(), 0))])
    with pa.ipc.new_file(str(tmp_path / "s.arrow"), schema.with_metadata({"gallery": "[]"})):
        pass
    with pytest.raises(UserError, match=r"s\.arrow: "):
        Similarity(tmp_path / "s.arrow")

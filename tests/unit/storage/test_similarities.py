"""Similarity matrices in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rematch.errors import UserError
from rematch.storage.blocks import write_blocks
from rematch.storage.similarities import Similarity, write_similarity
from tests.unit.match.matrices import similarity


def test_scores_against_no_photo_are_refused(tmp_path: Path) -> None:
    blocks = iter([(["a", "b"], np.empty((2, 0), np.float32))])
    with pytest.raises(UserError, match="no photo to compare with"):
        write_similarity(tmp_path / "s.arrow", [], blocks)
    schema = pa.schema([("article_id", pa.string()), ("scores", pa.list_(pa.float32(), 0))])
    with pa.ipc.new_file(str(tmp_path / "s.arrow"), schema.with_metadata({"gallery": "[]"})):
        pass
    with pytest.raises(UserError, match=r"s\.arrow: "):
        Similarity(tmp_path / "s.arrow")


@pytest.mark.parametrize("said", [None, "no list", "[1, 2", '["p0"]', "7"])
def test_a_list_of_photos_that_is_damaged_is_one_line(tmp_path: Path, said: str | None) -> None:
    path = tmp_path / "s.arrow"
    metadata = {} if said is None else {"gallery": said}
    write_blocks(path, ("article_id", "scores"), 2, metadata, [(["a"], np.ones((1, 2), "f4"))])
    with pytest.raises(UserError, match=r"s\.arrow: the list of its photos is damaged; run again"):
        Similarity(path)


def test_scores_are_taken_by_id_in_any_order(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random((8, 5), dtype=np.float32)
    matrix = similarity(tmp_path / "s.arrow", scores)  # blocks of 3
    articles, gallery = matrix.article_ids, matrix.gallery
    for rows in ([0, 1, 2], [3, 4, 5], [6, 7], [1, 2, 3], [5, 4], [0, 1], [7, 0, 3, 3], []):
        for columns in ([0, 1, 2, 3, 4], [4, 0], [2, 2]):
            taken = matrix.take([articles[r] for r in rows], [gallery[c] for c in columns])
            assert taken.tobytes() == scores[rows][:, columns].tobytes()
    with pytest.raises(UserError, match="no score for 'a9'"):
        matrix.take(["a9"], gallery)
    with pytest.raises(UserError, match="no score for 'p9'"):
        matrix.take(articles[:3], ["p9"])

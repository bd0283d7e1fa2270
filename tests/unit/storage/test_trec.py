"""TREC's files, as people and other tools write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rematch.errors import UserError
from rematch.storage import read_trec_qrels, read_trec_run


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_documents_are_ranked_by_score_then_by_the_files_ranks(tmp_path: Path) -> None:
    text = "q2 Q0 d1 1 0.5 x\nq1\tQ0\tz\t2\t3\tx\r\nq1  Q0  a  1  3  x\n"
    text += "q1 Q0 NA 9 1e2 x\n007 Q0 1.0 1 -1 x\n"
    found = read_trec_run(written(tmp_path, text)).to_pylist()
    assert [(row["article_id"], row["rank"], row["image_id"]) for row in found] == [
        ("q2", 1, "d1"),
        ("q1", 1, "NA"),
        ("q1", 2, "a"),
        ("q1", 3, "z"),
        ("007", 1, "1.0"),
    ]


def test_what_is_relevant_is_kept(tmp_path: Path) -> None:
    text = 'q 0 d"1 1\nq 0 d2 0\nq 0 d3 -1\nr 0 d4 2\n'
    found = read_trec_qrels(written(tmp_path, text)).to_pylist()
    assert found == [
        {"article_id": "q", "image_id": 'd"1'},
        {"article_id": "r", "image_id": "d4"},
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; each line is: query q0 document rank score tag"),
        ("q Q0 d 1 0.5 x\nq Q0 e 2 nan x\n", "line 2: score 'nan' is no finite number"),
        ("q Q0 d 1 0.5 x\nq Q0 e two 0.4 x\n", "line 2: rank 'two' is no finite number"),
        ("q Q0 d 1 0.5 x\nq Q0 d 2 0.4 x\n", "line 2: query 'q' has document 'd' twice"),
        ("q 0 d 1\n", "line 1: has more fields or fewer; each"),
        ("q Q0 d 1 0.5 x y z\n", "line 1: has more fields or fewer"),
        ("q Q0 d 1 0.5 x\nq Q0 e 2 0.4 x y\n", "line 2: has more"),
        (b"q Q0 \xff 1 0.5 x\n", "is no UTF-8 text"),
    ],
)
def test_what_is_no_run_is_refused_in_a_line(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read_trec_run(written(tmp_path, text))
    assert says in str(refused.value) and "file.txt" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_qrels_without_a_relevant_document_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no line has a relevance of 1"):
        read_trec_qrels(written(tmp_path, "q 0 d 0\n"))
    with pytest.raises(UserError, match="cannot be read"):
        read_trec_qrels(tmp_path / "none.txt")

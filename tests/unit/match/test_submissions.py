"""The benchmark's run file."""

from __future__ import annotations

import pyarrow as pa

from rematch import forms
from rematch.match.ranking import rank_both
from rematch.match.submissions import submission
from tests.unit.match.matrices import identity_ties, similarity


def test_submission_has_a_column_a_rank_even_for_a_small_gallery(tmp_path):
    matrix = similarity(tmp_path / "s", [[0.1, 0.9], [0.8, 0.2]], articles=["b", "a"])
    ties = identity_ties([*matrix.article_ids, *matrix.gallery])
    ranking, _ = rank_both(matrix, ties, ties, 100)
    lines = submission(ranking).split("\n")
    assert lines[0].split("\t") == ["articleID", *(f"iid{i}" for i in range(1, 101))]
    assert [line.split("\t")[:3] for line in lines[1:3]] == [["a", "p0", "p1"], ["b", "p1", "p0"]]
    assert {len(line.split("\t")) for line in lines[:-1]} == {101}
    assert lines[-1] == ""


def ranking(*rows: tuple[str, int, str]) -> pa.Table:
    return forms.from_rows(
        [{"article_id": a, "rank": rank, "image_id": p, "score": 0.5} for a, rank, p in rows],
        forms.RANKING,
    )


def test_order_of_rows_and_what_is_missing_or_beyond_change_no_place() -> None:
    table = ranking(("b", 3, "p"), ("a", 2, "q"), ("b", 1, "r"), ("a", 4, "s"))
    lines = submission(table, columns=3).split("\n")
    assert lines == ["articleID\tiid1\tiid2\tiid3", "a\t\tq\t", "b\tr\t\tp", ""]


def test_articles_stand_by_the_ids_that_are_written_and_in_their_order() -> None:
    table = ranking(("a", 1, "p"), ("b", 1, "q"), ("c", 2, "r"))
    written = {"a": "9", "b": "10", "c": "10"}.__getitem__
    assert submission(table, 2, written).split("\n")[1:] == ["10\tq\tr", "9\tp\t", ""]


def test_no_ranking_is_a_header() -> None:
    assert submission(ranking(), columns=2) == "articleID\tiid1\tiid2\n"


def test_chunks_of_a_table_are_one_ranking() -> None:
    parts = [ranking(("a", 1, "p")), ranking(("b", 1, "q"), ("a", 2, "q"))]
    assert submission(pa.concat_tables(parts), 2).split("\n")[1:3] == ["a\tp\tq", "b\tq\t"]

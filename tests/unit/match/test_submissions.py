"""The benchmark's run file."""

from __future__ import annotations

from rematch.match.ranking import rank
from rematch.match.submissions import submission
from tests.unit.match.matrices import identity_ties, similarity


def test_submission_has_a_column_a_rank_even_for_a_small_gallery(tmp_path):
    matrix = similarity(tmp_path / "s", [[0.1, 0.9], [0.8, 0.2]], articles=["b", "a"])
    ties = identity_ties([*matrix.article_ids, *matrix.gallery])
    ranking, _ = rank(matrix, ties, ties, 100)
    lines = submission(ranking).split("\n")
    assert lines[0].split("\t") == ["articleID", *(f"iid{i}" for i in range(1, 101))]
    assert [line.split("\t")[:3] for line in lines[1:3]] == [["a", "p0", "p1"], ["b", "p1", "p0"]]
    assert {len(line.split("\t")) for line in lines[:-1]} == {101}
    assert lines[-1] == ""

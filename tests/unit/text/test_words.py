from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from rematch import forms
from rematch.errors import UserError
from rematch.storage import tables
from rematch.text.words import first_words, queries, sweep_queries


def test_first_words_counts_what_white_space_separates() -> None:
    assert first_words("  Köln: \tein\xa0Mann, 38,\nstarb. ", 4) == "Köln: ein Mann, 38,"
    assert first_words("a b", 0) == ""
    assert first_words("a b", 9) == "a b"
    assert first_words("", None) == ""


@given(st.text(), st.none() | st.integers(0, 30))
def test_first_words_is_a_prefix_of_the_words(text: str, n: int | None) -> None:
    made = first_words(text, n)
    words = text.split()
    assert made.split() == words[: len(words) if n is None else n]
    assert first_words(made, n) == made


def test_a_negative_count_is_the_users_error() -> None:
    with pytest.raises(UserError, match="-1"):
        first_words("a b", -1)


@pytest.mark.parametrize(
    ("fields", "n", "expected"),
    [
        ("both", None, ["T one x two", "only text", "only title", ""]),
        ("both", 3, ["T one x", "only text", "only title", ""]),
        ("title", None, ["T one", "", "only title", ""]),
        ("text", 1, ["x", "only", "", ""]),
    ],
)
def test_queries(fields: str, n: int | None, expected: list[str]) -> None:
    titles = ["T one", "", "only title", ""]
    texts = ["x two", "only text", " ", ""]
    assert queries(titles, texts, fields, n) == expected


def test_queries_refuse_other_fields_and_unequal_lengths() -> None:
    with pytest.raises(UserError, match=r"'body'.*both, title, text"):
        queries(["a"], ["b"], "body", None)
    with pytest.raises(ValueError, match="shorter"):
        queries(["a", "b"], ["c"], "both", None)


def test_a_sweeps_queries_are_of_all_counts_and_the_cleanings_that_are_there(tmp_path) -> None:
    row = {"article_id": "a", "title": "one two", "text": "three four"}
    made = forms.from_rows([row], forms.TEXTS)
    (tmp_path / "plain").mkdir()
    tables.write(made, tmp_path / "plain" / "cleaned.parquet")
    runs = [("plain", "1"), ("plain", "3"), ("plain", "3"), ("later", "1"), ("plain", "all")]
    cleanings = {"plain": {"fields": "both"}, "later": {"fields": "title"}}
    found = [table["query"].to_pylist() for table in sweep_queries(tmp_path, runs, cleanings)]
    assert found == [["one"], ["one two three"], ["one two three four"]]

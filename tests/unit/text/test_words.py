from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from rematch import forms
from rematch.errors import UserError
from rematch.storage import tables
from rematch.text.words import first_words, queries, query_table, sweep_queries, view, windows


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


def test_windows_cover_all_words_and_begin_where_they_add_one() -> None:
    text = " ".join(map(str, range(45)))
    found = [part.split() for part in windows(text, 20, 10)]
    assert [(part[0], len(part)) for part in found] == [
        ("0", 20),
        ("10", 20),
        ("20", 20),
        ("30", 15),
    ]
    assert windows("a b c", 5, 2) == ["a b c"] and windows("", 5, 2) == [""]
    assert windows("a b c d", 2, 2) == ["a b", "c d"]
    assert windows("a b c d e", 2, 3) == ["a b", "d e"]  # what lies between is left out
    with pytest.raises(UserError, match="20/0 is no window"):
        windows("a", 20, 0)


@given(st.integers(0, 60), st.integers(1, 25), st.integers(1, 25))
def test_every_window_but_the_first_adds_a_word(n: int, size: int, step: int) -> None:
    words = [str(i) for i in range(n)]
    parts = [part.split() for part in windows(" ".join(words), size, step)]
    seen: set[str] = set()
    for at, part in enumerate(parts):
        assert at == 0 or set(part) - seen
        assert part == words[at * step : at * step + size]
        seen |= set(part)
    assert step > size or seen == set(words)


def test_an_article_has_a_row_a_window() -> None:
    row = {"title": "one two", "text": "three four five"}
    made = forms.from_rows([{"article_id": "a", **row}, {"article_id": "b"} | row], forms.TEXTS)
    found = query_table(made, "both", "3s2").to_pylist()
    assert [(r["article_id"], r["query"]) for r in found] == [
        (item, part) for item in "ab" for part in ("one two three", "three four five")
    ]
    assert view("one two three", "2") == ["one two"] and view("one  two", "all") == ["one two"]

"""What a corpus lost, counted from its files and said in one line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from rematch import forms
from rematch.corpus import CorpusSpec, count_table, read_corpus, tie_keys
from rematch.corpus.reading import Corpus
from rematch.errors import UserError
from rematch.evaluate import metrics
from rematch.match.ranking import rank_both
from rematch.report import as_csv, as_html, as_markdown, results, tally
from rematch.report.losses import Loss, empty_queries, from_csv, kept, line, to_csv, warning
from rematch.report.losses_html import SHOWN, losses_page
from tests.unit.corpus.test_reading import Pair, folder, pair_line, write_pairs
from tests.unit.match.matrices import similarity
from tests.unit.report.test_results import Page, description, scores, tables_in

NOTHING = "nothing was refused"


def noted(corpus: Corpus, **more: Any) -> tally.Noted:
    given: dict[str, Any] = {
        "counts": tally.counts(count_table(corpus)),
        "rejects": corpus.rejects,
        "unpaired": corpus.unpaired if corpus.has_truth else None,
        "downloads": None,
        "articles": corpus.articles,
        "untranslated": {"none": forms.UNTRANSLATED.empty_table()},
        "languages": {"none": "de"},
        "empty": {"none.raw": tally.EMPTY.empty_table()},
    }
    return tally.Noted(**given | more)


def rows(n: int) -> list[Pair]:
    return [(f"a{i}", f"Titel {i}", "Text", f"{i}", f"{i}.jpg") for i in range(n)]


def read(tmp_path: Path, pairs: list[Pair], *photos: str) -> Corpus:
    path = write_pairs(tmp_path / "pairs.tsv", pairs)
    return read_corpus(CorpusSpec(pairs=(path,), photos=folder(tmp_path, *photos)), threads=1)


def apart(tmp_path: Path, articles: list[str], images: list[str], truth: list[str]) -> Corpus:
    """A corpus of three files; photos "0.jpg" to "9.jpg" are there."""
    heads = ("articleID\taid\turl\t\t\thashvalue\ttitle\ttext", "img\tiid\timgFile")
    spec = {}
    for role, head, lines in (
        ("articles", heads[0], articles),
        ("images", heads[1], images),
        ("truth", "article\tiid", truth),
    ):
        spec[role] = tmp_path / f"{role}.tsv"
        spec[role].write_text("\n".join([head, *lines]) + "\n", "utf-8")
    photos = folder(tmp_path, *(f"{i}.jpg" for i in range(10)))
    return read_corpus(CorpusSpec(**spec, photos=photos), threads=1)


def article(name: str, title: str = "Titel") -> str:
    return f"{name}\t\t\t\t\t\t{title}\t"


def test_missing_photos_are_said_beside_every_table(tmp_path: Path) -> None:
    corpus = read(tmp_path, rows(58), *(f"{i}.jpg" for i in range(51)))
    found = tally.losses(noted(corpus))
    said = (
        "51 of 58 articles; 7 have no photo. "
        "Refused: 7 of 58 photos (missing), 7 of 58 pairs (photo refused)."
    )
    assert line(found) == said
    runs = [description(10), description(20)]
    metrics = [
        table.set_column(6, "n", pa.array([51] * table.num_rows, pa.int64()))
        for table in scores(runs)
    ]
    table = results.build(metrics, runs, corpus="mine", losses=found)
    # The first thing above each table, raw and as HTML, and what captions quote.
    text = as_markdown.table_md(table)
    for lines in tables_in(text):
        above = text.split("\n".join(lines))[0].rstrip().rsplit("\n\n", 1)[1]
        assert "Refused: 7 of 58 photos (missing)" in above
    assert said in text and f"<p>{said}</p>" in as_html.table_html(table)
    assert "51 of 51 photos. Refused: 7 of 58 photos (missing)" in text
    assert as_csv.numbers(table)["lost"] == said
    page = losses_page("mine", found, noted(corpus))
    assert said in Page(page).words and "Articles that are not scored (7 of 7)" in page
    for name, n in (("articles", 58), ("photos", 51), ("known pairs", 51)):
        assert f"<td class='text'>{name}</td><td>{n}</td>" in page
    assert warning(found, "mine", "results/x/mine/losses.html") == (
        "corpus mine has lost more than a tenth: 7 of 58 photos are refused, 7 of 58 pairs are "
        "refused, 7 of 58 articles are not scored; see results/x/mine/losses.html"
    )


def test_the_readme_shows_such_a_line() -> None:
    found = [
        Loss("photos", "", "photo missing", 5, 58),
        Loss("photos", "", "photo unreadable", 2, 58),
        Loss("pairs", "", "image refused", 7, 58),
        Loss("articles", "", "photo missing", 5, 58),
        Loss("articles", "", "photo unreadable", 2, 58),
    ]
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    assert f"\n{line(found)}\n" in readme


def test_a_corpus_that_lost_nothing_says_little(tmp_path: Path) -> None:
    found = tally.losses(noted(read(tmp_path, rows(3), "0.jpg", "1.jpg", "2.jpg")))
    assert line(found) == f"3 of 3 articles; {NOTHING}."
    assert line(found, photos=3) == "3 of 3 photos; none was refused."
    assert warning(found, "mine", "results/x/mine/losses.html") == ""
    assert {loss.reason for loss in found} == {""}


def test_up_to_a_tenth_is_no_warning(tmp_path: Path) -> None:
    names = [f"{i}.jpg" for i in range(9)]
    assert warning(tally.losses(noted(read(tmp_path, rows(10), *names))), "c", "x.html") == ""
    (tmp_path / "photos/8.jpg").unlink()
    assert "2 of 10 photos" in warning(tally.losses(noted(read(tmp_path, rows(10)))), "c", "x.html")


def test_every_cause_has_its_words(tmp_path: Path) -> None:
    corpus = apart(
        tmp_path,
        [*(article(f"a{i}") for i in range(9)), article("blank", ""), "a9\ttoo\tfew"],
        ["\t0\t0.jpg", "\t1\t1.jpg", "\t12\tgone.jpg", "\t3\t3.jpg", "\t4\t4.jpg", "\t5\t5.jpg"],
        ["a0\t0", "a1\t1", "a1\tnone", "a2\t12", "a3\tnone", "a4\tnone", "lost\t3", "blank\t3"],
    )
    found = tally.losses(noted(corpus))
    assert line(found) == (
        "2 of 9 articles; 4 have no known pair, 2 are paired with unknown photos, 1 has no photo. "
        "Refused: 1 of 6 photos (missing), "
        "6 of 8 pairs (3 unknown photo, 1 article refused, 2 other), "
        "2 of 11 rows (1 no title and no text, 1 wrong number of fields)."
    )
    assert line(found, photos=2).startswith(
        "2 of 5 photos; 3 are in no known pair. Refused: 1 of 6 photos"
    )
    why = {row["article_id"]: row["reason"] for row in corpus.unpaired.to_pylist()}
    assert why["a2"] == "photo missing" and why["a3"] == "unknown image"
    assert why["a8"] == "no known pair" and "a1" not in why and "blank" not in why


def test_an_article_refused_takes_its_pair_and_a_second_chance_counts(tmp_path: Path) -> None:
    pairs = rows(4)
    pairs[0] = ("a0", "", " ", "0", "0.jpg")
    pairs.append(("a1", "Titel 1", "Text", "2", "2.jpg"))  # a1's own photo is missing
    found = tally.losses(noted(read(tmp_path, pairs, "0.jpg", "2.jpg", "3.jpg")))
    assert line(found) == (
        "3 of 3 articles. Refused: 1 of 3 photos (missing), "
        "2 of 5 pairs (1 article refused, 1 photo refused), 1 of 4 rows (no title and no text)."
    )


def test_photos_that_could_not_be_fetched_are_told_from_missing_ones(tmp_path: Path) -> None:
    corpus = read(tmp_path, rows(4), "0.jpg")
    downloads = forms.from_rows(
        [
            {"image_id": "0", "file": "0.jpg", "reason": ""},
            {"image_id": "1", "file": "", "reason": "dead link: HTTP 404"},
            {"image_id": "2", "file": "", "reason": "no answer: timed out"},
        ],
        forms.DOWNLOADS,
    )
    found = tally.losses(noted(corpus, downloads=downloads))
    assert "3 of 4 photos (2 not fetched, 1 missing)" in line(found)


def test_a_corpus_without_truth_has_no_queries(tmp_path: Path) -> None:
    corpus = apart(tmp_path, [article("a"), article("b")], ["\t0\t0.jpg"], ["a\t0"])
    blind = noted(corpus, unpaired=None)
    assert line(tally.losses(blind)) == f"2 articles, no truth; {NOTHING}."
    assert "known pairs" not in losses_page("blind", tally.losses(blind), blind)


def untranslated(*reasons: str) -> pa.Table:
    return forms.from_rows(
        [
            {"article_id": f"a{i}", "field": ("title", "text")[i % 2], "reason": reason}
            for i, reason in enumerate(reasons)
        ],
        forms.UNTRANSLATED,
    )


def test_texts_that_kept_their_language_are_said(tmp_path: Path) -> None:
    corpus = read(tmp_path, rows(60), *(f"{i}.jpg" for i in range(60)))
    twelve = untranslated(*["failed: HTTP 400"] * 2, "failed: too long", *["unchanged"] * 9)
    one = noted(corpus, untranslated={"google": twelve}, languages={"google": "de"})
    said = "12 texts kept in German: 3 failed, 9 came back unchanged."
    assert line(tally.losses(one)) == f"60 of 60 articles; {NOTHING}. {said}"
    assert warning(tally.losses(one), "c", "x.html") == ""  # 12 of 120 texts are a tenth
    page = losses_page("c", tally.losses(one), one)
    assert "failed: too long" in page and "Texts left in their language: google" in page
    two = noted(
        corpus,
        untranslated={"google": twelve, "deepl": untranslated(), "x": untranslated("unchanged")},
        languages={"google": "de", "deepl": "de", "x": "tlh"},
    )
    assert line(tally.losses(two)) == (
        f"60 of 60 articles; {NOTHING}. google: {said} "
        "x: 1 text kept in the source language (tlh): 1 came back unchanged."
    )
    many = noted(corpus, untranslated={"g": untranslated(*["failed: x"] * 13)}, languages={"g": ""})
    assert "13 of 120 texts are left in the source language (g)" in warning(
        tally.losses(many), "c", "x.html"
    )


def cleaned(corpus: Corpus, titles: dict[str, str]) -> pa.Table:
    """`forms.TEXTS` of a corpus with these titles after cleaning."""
    ids = corpus.articles["article_id"].to_pylist()
    texts = dict(zip(ids, corpus.articles["text"].to_pylist(), strict=True))
    return forms.from_rows(
        [
            {"article_id": item, "title": titles.get(item, "title"), "text": texts[item]}
            | {"source_title": "", "source_text": ""}
            for item in ids
        ],
        forms.TEXTS,
    )


def test_empty_queries_are_counted_by_what_a_query_is_made_of(tmp_path: Path) -> None:
    pairs = rows(5)
    pairs[1] = ("a1", " ", "Text", "1", "1.jpg")
    pairs[2] = ("a2", "…", "", "2", "2.jpg")
    corpus = read(tmp_path, pairs, *(f"{i}.jpg" for i in range(5)))
    made = cleaned(corpus, {"a1": "", "a2": " \u00a0", "a3": ""})
    why = {
        fields: {
            row["article_id"]: row["reason"]
            for row in tally.empty_queries(made, corpus.articles, fields).to_pylist()
        }
        for fields in ("both", "title", "text")
    }
    assert why == {
        "both": {"a2": "no word left"},
        "title": {"a1": "no title", "a2": "no word left", "a3": "no word left"},
        "text": {"a2": "no text"},
    }
    empty = {
        f"de.{fields}": tally.empty_queries(made, corpus.articles, fields)
        for fields in ("both", "title")
    }
    found = tally.losses(noted(corpus, empty=empty))
    said = (
        "1 to 3 of 5 articles have an empty query (no word left or no title) and share one ranking."
    )
    assert line(found) == f"5 of 5 articles; {NOTHING}. {said}"
    assert "3 of 5 articles have an empty query (de.title)" in warning(found, "c", "x.html")
    assert "Empty queries: de.title (3 of 3)" in losses_page("c", found, noted(corpus, empty=empty))
    assert empty_queries(found, [("de", "title")]) == 3
    assert empty_queries(found, [("de", "both"), ("de", "title")]) == 3
    assert empty_queries(found, [("de", "both")]) == 1 and empty_queries([], [("x", "y")]) == 0

    # Each run says its own number where they differ, an ensemble that of its worst member.
    runs = [
        description(10, run="a", translation="de", cleaning="both"),
        description(10, run="b", translation="de", cleaning="title"),
        {"run": "e", "ensemble": "mix", "translation": "de", "cleaning": "both+title"}
        | {"weights": {"a": 1.0, "b": 1.0}},
    ]
    table = results.build(scores(runs), runs, losses=found)
    read_back = list(csv.DictReader(as_csv.table_csv(table).splitlines()))
    assert [row["empty_queries"] for row in read_back] == ["1", "3", "3"]
    head, _, *body = [
        [cell.strip() for cell in row.split("|")]
        for row in tables_in(as_markdown.table_md(table))[0]
    ]
    place = head.index("empty")
    assert [row[place] for row in body] == ["1", "3", "3"]
    same = results.build(scores(runs[:1]), runs[:1], losses=found)
    assert " empty " not in tables_in(as_markdown.table_md(same))[0][0]


def test_empty_queries_are_worth_what_chance_is(tmp_path: Path) -> None:
    """They share a ranking, so over all articles a photo stands once at each rank: in both ways."""
    n = 40
    rng = np.random.default_rng(3)
    shared = np.tile(rng.normal(size=n), (n, 1))
    ranked = similarity(tmp_path / "s.arrow", shared)
    articles, photos = (
        pa.table({name: [f"{letter}{i}" for i in range(n)], "digest": [f"{i}" for i in range(n)]})
        for name, letter in (("article_id", "a"), ("image_id", "p"))
    )
    rankings = rank_both(ranked, tie_keys("article", articles), tie_keys("photo", photos), n)
    qrels = pa.table({"article_id": articles["article_id"], "image_id": photos["image_id"]})
    for ranking, query, document in zip(
        rankings, ("article_id", "image_id"), ("image_id", "article_id"), strict=True
    ):
        found = metrics(ranking, qrels, (1, 5), n, resamples=10, query=query, document=document)
        figures = dict(zip(found["metric"].to_pylist(), found["value"].to_pylist(), strict=True))
        chance = sum(1 / r for r in range(1, n + 1)) / n
        assert figures[f"MRR@{n}"] == pytest.approx(chance, abs=1e-12)
        assert figures["R@1"] == pytest.approx(1 / n, abs=1e-12)
        assert figures["R@5"] == pytest.approx(5 / n, abs=1e-12)


@given(
    st.lists(
        st.builds(
            Loss,
            st.sampled_from(("rows", "photos", "pairs", "articles", "texts", "queries")),
            st.text("abc._-", max_size=4),
            st.text(),
            st.integers(0, 10**9),
            st.integers(0, 10**9),
            st.text("abc", max_size=3),
        )
    )
)
def test_the_file_holds_what_was_counted(tmp_path_factory: Any, found: list[Loss]) -> None:
    path = tmp_path_factory.mktemp("losses") / "losses.csv"
    path.write_bytes(to_csv(found).encode())
    assert from_csv(path) == found


@pytest.mark.parametrize("text", ["what,lost\nrows,1\n", to_csv([]) + "rows,,,many,3,\n"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "losses.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"losses\.csv: is no table of losses; delete"):
        from_csv(path)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=12))
def test_nothing_is_lost_twice_or_in_silence(
    tmp_path_factory: Any, drawn: list[tuple[int, int, bool]]
) -> None:
    """Of any pairs: what is scored is what the truth names, and all else has its reason."""
    place = tmp_path_factory.mktemp("c")
    pairs: list[Pair] = [
        (f"a{a}", "" if blank else f"T{a}", "", str(p), f"{p}.jpg") for a, p, blank in drawn
    ]
    corpus = read(place, pairs, "0.jpg", "1.jpg", "2.jpg", "4.jpg")
    found = tally.losses(noted(corpus))
    assert kept(found, "articles") == len(set(corpus.qrels["article_id"].to_pylist()))
    for what, table in (("rows", corpus.articles), ("photos", corpus.images)):
        assert kept(found, what) == table.num_rows
    assert kept(found, "pairs") == corpus.qrels.num_rows
    of = Counter(loss.what for loss in found)
    assert set(of) >= {"rows", "photos", "pairs", "articles"}
    assert all(loss.lost <= loss.of for loss in found)
    assert (NOTHING in line(found)) is (not corpus.rejects.num_rows)


def test_hostile_names_are_text_on_the_page_and_in_captions(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>"
    path = tmp_path / "pairs.tsv"
    lines = [pair_line(f"{evil}{i}", "T", "x", f"{i}", "x.jpg") for i in range(SHOWN + 9)]
    write_pairs(path, [])
    path.write_text(path.read_text() + "\n".join(lines), "utf-8")
    corpus = read_corpus(CorpusSpec(pairs=(path,)), threads=1)
    found = tally.losses(noted(corpus))
    html = losses_page(evil, found, noted(corpus))
    assert "<script" not in html and f"({SHOWN} of {SHOWN + 9})" in html
    odd = [
        Loss("articles", "", "", 0, 9),
        Loss("photos", "", "", 0, 9),
        Loss("texts", "a_b_", "unchanged", 1, 9, "de"),
        Loss("texts", "b", "", 0, 9, "de"),
    ]
    runs = [description(10)]
    quoted = as_csv.numbers(results.build(scores(runs), runs, losses=odd))["lost"]
    assert "a\\_b\\_: 1 text kept in German" in json.loads(json.dumps(quoted))


def test_the_page_shows_what_a_terminal_would_obey_as_escapes(tmp_path: Path) -> None:
    corpus = read(tmp_path, rows(2), "0.jpg", "1.jpg")
    found = [*tally.losses(noted(corpus)), Loss("texts", "x", "failed", 1, 4, "q\x1b[31m")]
    shown = losses_page("c", found, noted(corpus))
    assert "\x1b" not in shown and "the source language (q\\x1b[31m)" in shown

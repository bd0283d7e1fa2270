"""Layouts: each published one as a file, files whose columns are named, and hostile files."""

from __future__ import annotations

import csv
import io
import logging
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from rematch import forms
from rematch.corpus.layouts import chosen, known, read_source
from rematch.corpus.layouts.generic import Generic
from rematch.corpus.reading import Corpus, read_corpus
from rematch.corpus.spec import CorpusSpec
from rematch.corpus.wanted import IMAGE_URLS, image_urls
from rematch.errors import UserError
from rematch.storage import tables
from tests.unit.corpus.test_reading import (
    balanced,
    folder,
    pair_line,
    rejects,
    texts,
    truth,
    write_pairs,
)

H2023 = "# article\taid\turl\timg\tiid\thashvalue\ttitle\ttext\timgFile\tDate"
H2025 = "article_id,article_url,article_title,article_tags,image_id,image_url"
COLUMNS = {"article_id": "nr", "title": "kopf", "text": "rumpf", "image_id": "bild"}


def generic(path: Path, quoting: Any = None, photos: Path | None = None, **more: str) -> CorpusSpec:
    return CorpusSpec(
        pairs=(path,),
        photos=photos,
        layout="generic",
        options={"columns": COLUMNS | more, "quoting": quoting},
    )


def read(spec: CorpusSpec) -> Corpus:
    corpus = read_corpus(spec, threads=1)
    balanced(corpus)
    return corpus


def written(rows: list[list[str]], **how: Any) -> str:
    out = io.StringIO()
    csv.writer(out, **how).writerows(rows)
    return out.getvalue()


# Published layouts


def files_2023(tmp_path: Path, header: str = H2023) -> tuple[Path, Path]:
    # Two articles share a time stamp, as in the published file; their `aid` tells them apart.
    articles, images = tmp_path / "GDELT-P1-Test-Text.txt", tmp_path / "GDELT-P1-Test-Img.txt"
    articles.write_text(
        f"{header}\n"
        "20230720\t2023-1\thttp://a\t\t\t2023-1\tA 'title', \"quoted\"\tsmith;jones|bank\t\t4512\n"
        "20230720\t2023-2\thttp://b\t\t\t2023-2\tB\t\t\t4513\n"
    )
    images.write_text(
        f"{header}\n\t\t\thttp://p/1\t00FF\t\t\t\t00FF.jpg\t\n\t\t\t\tAB12\t\t\t\tAB12.jpg\t\n"
    )
    return articles, images


@pytest.mark.parametrize("header", [H2023, H2023.replace("\t", ",\t"), H2023.replace("\t", " \t ")])
@pytest.mark.parametrize("layout", [None, "newsimages2023"])
def test_2023(tmp_path: Path, header: str, layout: str | None) -> None:
    articles, images = files_2023(tmp_path, header)
    photos = folder(tmp_path, "00FF.jpg", "AB12.jpg")
    spec = CorpusSpec(articles=articles, images=images, photos=photos, layout=layout)
    corpus = read(spec)
    assert texts(corpus) == {
        "2023-1": ("A 'title', \"quoted\"", "smith;jones|bank"),
        "2023-2": ("B", ""),
    }
    assert sorted(corpus.images["image_id"].to_pylist()) == ["00FF", "AB12"]
    assert corpus.rejects.num_rows == 0 and not corpus.has_truth
    assert image_urls(spec).select(["image_id", "url", "line"]).to_pylist() == [
        {"image_id": "00FF", "url": "http://p/1", "line": 2}
    ]


def test_2023_with_commas_between_the_names(tmp_path: Path) -> None:
    path = tmp_path / "GDELT-P2-Training.txt"
    names = H2023.replace("\t", ", ")
    path.write_text(f'{names}\n1,2023-1,u,i,AB,h,"one, two",tags,AB.jpg,9\n')
    corpus = read(CorpusSpec(pairs=(path,), photos=folder(tmp_path, "AB.jpg")))
    assert texts(corpus) == {"2023-1": ("one, two", "tags")}
    assert truth(corpus) == [("2023-1", "AB")]


def test_2025(tmp_path: Path) -> None:
    rows = [
        ["1", "http://a", 'She said "no", twice', "smith|un;nato", "AA", "http://p/a"],
        ["2", "http://b", "two\nlines", "", "BB", "http://p/b,1"],
        ["3", "http://c", "grey", "x", "CC", "http://p/c"],
        ["4", "http://d", "lost", "x", "DD", "http://p/d"],
    ]
    photos = folder(tmp_path, "AA.jpg")
    Image.new("CMYK", (5, 4), (10, 20, 30, 40)).save(photos / "BB.jpg", "JPEG")
    Image.new("L", (5, 4), 99).save(photos / "CC.jpg", "JPEG")
    path = tmp_path / "newsarticles.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{H2025}\r\n{written(rows)}".encode())
    for layout in (None, "newsimages2025"):
        spec = CorpusSpec(pairs=(path,), photos=photos, layout=layout)
        corpus = read(spec)
        assert texts(corpus) == {row[0]: (row[2], row[3]) for row in rows}
        assert truth(corpus) == [("1", "AA"), ("2", "BB"), ("3", "CC")]
        # The row of article 4 begins on line 6: article 2's title has a line end.
        assert rejects(corpus) == [(6, "image", "DD", "photo missing")]
        assert image_urls(spec)["url"].to_pylist() == [row[5] for row in rows]


def test_each_layout_is_known_by_its_own_header_alone() -> None:
    published = {name: layout() for name, layout in known().items() if layout.header}
    assert len(published) >= 3
    for name, layout in published.items():
        header = layout.header.split(", ")
        assert [other for other in published if published[other].fits(header)] == [name]


def test_a_wrong_or_unknown_header_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_text(f"{H2025}\n1,u,T,x,A,u\n")
    with pytest.raises(UserError) as caught:
        read_source(path, chosen("newsimages2021"))
    said = str(caught.value)
    assert said.startswith(f"{path}, line 1: the header is 'article_id, article_url")
    assert "newsimages2021 has 'article, aid, url" in said and "\n" not in said

    path.write_text("nr,kopf,rumpf,bild\n1,T,x,A\n")
    with pytest.raises(UserError) as caught:
        read_source(path)
    said = str(caught.value)
    assert f"{path}, line 1: the header 'nr, kopf, rumpf, bild' is of no known layout" in said
    assert all(layout.header in said for layout in known().values()) and "layout: generic" in said
    assert "\n" not in said

    path.write_text("x" * 100_000)
    with pytest.raises(UserError) as caught:
        read_source(path)
    assert len(str(caught.value)) < 1000

    with pytest.raises(UserError, match=r"Parquet file has no published layout.*generic"):
        read_source(tmp_path / "news.parquet")


# Columns that the config names

ROWS = [
    ["nr", "kopf", "rumpf", "bild", "mehr"],
    ["1", "ein, zwei", 'sagt "ja"', "p", ""],
    ["2", "drei\nvier", "", "q.png", "x"],
    ["3", " ", "fünf", "p", ""],
]
EXPECTED = {"1": ("ein, zwei", 'sagt "ja"'), "2": ("drei\nvier", ""), "3": (" ", "fünf")}


def test_generic_csv_tsv_and_parquet_read_alike(tmp_path: Path) -> None:
    photos = folder(tmp_path, "p.jpg", "q.png")
    (tmp_path / "a.csv").write_bytes(written(ROWS).encode())
    (tmp_path / "a.TSV").write_text(written(ROWS, delimiter="\t"), newline="")
    columns: dict[str, Any] = {
        name: [row[place] for row in ROWS[1:]] for place, name in enumerate(ROWS[0])
    }
    columns |= {"nr": pa.array([1, 2, 3], pa.int32()), "mehr": [1.5, 2.5, None]}
    columns["bild"] = pa.array(columns["bild"]).dictionary_encode()
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    results = [
        read(generic(tmp_path / name, quoting, photos))
        for name, quoting in (("a.csv", None), ("a.TSV", "csv"), ("a.parquet", None))
    ]
    for corpus in results:
        assert texts(corpus) == EXPECTED
        assert truth(corpus) == [("1", "p"), ("2", "q"), ("3", "p")]
        assert corpus == results[0]


def test_generic_quotes_are_characters_in_a_tsv(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('nr\tkopf\trumpf\tbild\n1\t"Die ""Zeit"""\t"offen\tp\n2\tx\ty\tp\n')
    assert texts(read(generic(path))) == {"1": ('"Die ""Zeit"""', '"offen'), "2": ("x", "y")}
    path = tmp_path / "a.csv"
    path.write_text('nr,kopf,rumpf,bild\n1,"x,y",p\n')
    assert texts(read(generic(path, "literal"))) == {"1": ('"x', 'y"')}


def test_generic_in_separate_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("kopf,nr\nT,1\nU,2\n")
    pq.write_table(
        pa.table({"bild": ["p", "q"], "ort": ["http://p", None]}), tmp_path / "i.parquet"
    )
    (tmp_path / "t.tsv").write_text("bild\tnr\nq\t1\np\t1\np\t2\n")
    spec = CorpusSpec.from_config(
        {
            "articles": str(tmp_path / "a.csv"),
            "images": str(tmp_path / "i.parquet"),
            "truth": str(tmp_path / "t.tsv"),
            "photos": str(folder(tmp_path, "p.jpg", "q.jpg")),
            "layout": "generic",
            "columns": {"article_id": "nr", "title": "kopf", "image_id": "bild", "url": "ort"},
        }
    )
    corpus = read(spec)
    assert texts(corpus) == {"1": ("T", ""), "2": ("U", "")}
    assert truth(corpus) == [("1", "p"), ("1", "q"), ("2", "p")]
    assert image_urls(spec)["image_id"].to_pylist() == ["p"]


def test_a_column_that_is_named_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr,kopf,bild\n1,T,p\n")
    with pytest.raises(UserError, match=r"no column for the text of a file of pairs: 'rumpf' is "):
        read(generic(path))
    path.write_text("nr,kopf,rumpf,bild\n1,T,,p\n")
    with pytest.raises(UserError, match="no column for the photo of a file of pairs: 'datei'"):
        read(generic(path, photo="datei"))
    path.write_text("nr;kopf;rumpf;bild\n1;T;x;p\n")
    with pytest.raises(UserError, match="'nr' is not in the header 'nr;kopf;rumpf;bild'"):
        read(generic(path))
    path.write_text("nr,nr,kopf,rumpf,bild\n")
    with pytest.raises(UserError, match="'nr' and 'nr' both name the article_id"):
        read(generic(path))
    path = path.rename(tmp_path / "a.xlsx")
    with pytest.raises(UserError, match=r"a\.xlsx: layout generic tells files by the ending"):
        read(generic(path))


def test_parquet_that_cannot_be_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        read(generic(path))
    path.write_text("nr,kopf\n")
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        read(generic(path))
    # pandas turns integers with gaps into floats: id 1 would become "1.0".
    pq.write_table(pa.table({"nr": [1.0, None], "kopf": ["a", "b"]}), path)
    with pytest.raises(UserError, match="column 'nr' holds double and not text"):
        read(generic(path))


def test_a_spec_of_generic_needs_its_columns() -> None:
    def spec(**more: Any) -> CorpusSpec:
        return CorpusSpec.from_config({"pairs": "f.csv"} | more)

    assert spec(layout="generic", columns=COLUMNS).reader() == Generic(COLUMNS)
    for wrong in (
        {"layout": "generic"},
        {"columns": COLUMNS},
        {"quoting": "csv"},
        {"layout": "newsimages2021", "columns": COLUMNS},
        {"layout": "generic", "columns": {"article_id": "nr", "image_id": "bild"}},
        {"layout": "generic", "columns": {"article_id": "nr", "title": "kopf"}},
    ):
        with pytest.raises(UserError, match="columns"):
            spec(**wrong)


# One to many


def test_several_photos_an_article_and_several_articles_a_photo(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "nr,kopf,rumpf,bild\na,A,x,p\na,A,x,q\nb,B,y,p\na,A,x,p\na,other,x,r\nb,B,y,\n,B,y,p\n"
    )
    corpus = read(generic(path, photos=folder(tmp_path, "p.jpg", "q.jpg", "r.jpg")))
    assert truth(corpus) == [("a", "p"), ("a", "q"), ("b", "p")]
    assert texts(corpus) == {"a": ("A", "x"), "b": ("B", "y")}
    assert sorted(corpus.images["image_id"].to_pylist()) == ["p", "q"]
    assert rejects(corpus) == [
        (6, "article", "a", "article id taken"),
        (7, "image", "", "no image id"),
        (8, "article", "", "no article id"),
    ]
    counts = {name: n for name, n in corpus.counts.items() if name.endswith("_repeated")}
    assert counts == {"articles_repeated": 3, "images_repeated": 2, "pairs_repeated": 1}
    assert corpus.counts["article_rows"] == 7


def test_a_truth_of_many_to_many(tmp_path: Path) -> None:
    articles, images = files_2023(tmp_path)
    images.write_text(images.read_text() + images.read_text().split("\n", 1)[1])  # each row twice
    answers = tmp_path / "truth.tsv"
    answers.write_text("article\tiid\n2023-1\t00FF\n2023-1\tAB12\n2023-2\tAB12\n2023-1\t00FF.jpg\n")
    photos = folder(tmp_path, "00FF.jpg", "AB12.jpg")
    corpus = read(CorpusSpec(articles=articles, images=images, truth=answers, photos=photos))
    assert truth(corpus) == [("2023-1", "00FF"), ("2023-1", "AB12"), ("2023-2", "AB12")]
    assert corpus.counts["images_repeated"] == 2 and corpus.counts["pairs_repeated"] == 1


# URLs


def test_urls_are_once_a_photo_and_the_first_wins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.csv"
    rows = [
        ["1", "A", "x", "p", ""],
        ["2", "B", "x", "q", " http://q "],
        ["3", "C", "x", "p", "http://p"],
        ["4", "D", "x", "p", "http://p"],
        ["5", "E", "x", "p", "http://other"],
        ["6", "", "", "r", "http://refused-with-its-article"],
        ["7", "F", "x", "s", ""],
        ["8", "G", "x", "../../etc/x", "http://unsafe"],
        ["9", "H", "x", "..", "http://unsafe"],
        ["10", "I", "x", "", "http://no-id"],
    ]
    path.write_text(written([["nr", "kopf", "rumpf", "bild", "ort"], *rows]))
    spec = generic(path, photos=tmp_path / "not there yet", url="ort")
    with caplog.at_level(logging.INFO):
        table = image_urls(spec)
    assert table.schema == IMAGE_URLS
    assert table.to_pylist() == [
        {"image_id": "p", "url": "http://p", "file": str(path), "line": 2, "others": 1},
        {"image_id": "q", "url": "http://q", "file": str(path), "line": 3, "others": 0},
    ]
    assert caplog.messages == [
        "2 of 3 photos have a URL",
        "1 rows give a known photo another URL; the first is used",
    ]


def test_an_id_with_a_safe_file_name_but_unsafe_itself_has_no_url(tmp_path: Path) -> None:
    line = pair_line("a1", "T", "x", "../../up", "in.png")
    path = write_pairs(tmp_path / "pairs.tsv", [])
    path.write_text(path.read_text() + line + "\n")
    spec = CorpusSpec(pairs=(path,), photos=folder(tmp_path, "in.png"))
    assert read(spec).images["image_id"].to_pylist() == ["../../up"]
    assert image_urls(spec).num_rows == 0


def test_urls_are_in_no_other_table(tmp_path: Path) -> None:
    rows = [
        [str(n), f"http://marker/a{n}", f"T{n}", "x", f"i{n % 3}", f"http://marker/{n % 4}"]
        for n in range(12)
    ]
    rows += [["0", "http://marker/a", "other", "x", "i0", "http://marker/b"], ["", *rows[0][1:]]]
    path = tmp_path / "newsarticles.csv"
    path.write_text(f"{H2025}\n{written(rows)}")
    spec = CorpusSpec(pairs=(path,), photos=folder(tmp_path, "i0.jpg", "i1.jpg"))
    corpus = read(spec)
    assert corpus.images.num_rows == 2 and corpus.rejects.num_rows > 2
    assert "marker" in str(image_urls(spec).to_pylist())
    for table in (corpus.articles, corpus.images, corpus.qrels, corpus.rejects):
        assert "marker" not in str(table.to_pylist())


def test_2021_urls(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "p.tsv", [("a", "T", "x", "11", "h.jpg")])
    row = {"image_id": "11", "url": "http://b", "file": str(pairs), "line": 2, "others": 0}
    assert image_urls(CorpusSpec(pairs=(pairs,))).to_pylist() == [row]


# Hostile files


def test_ids_of_any_kind_survive_csv(tmp_path: Path) -> None:
    ids = ["../../etc/passwd", "/a", "..", " a b ", "🦉 ü", 'q"uo,te', "a\u2028b", "NA", "null"]
    rows = [[name, "T", str(n), f"{n}.png"] for n, name in enumerate(ids)]
    rows += [["a\nb", "T", "x", "0.png"], ["a\0b", "T", "x", "0.png"]]
    path = tmp_path / "a.csv"
    path.write_bytes(written([["nr", "kopf", "rumpf", "bild"], *rows]).encode())
    corpus = read(generic(path, photos=folder(tmp_path, *(f"{n}.png" for n in range(len(ids))))))
    assert truth(corpus) == sorted((name, str(n)) for n, name in enumerate(ids))
    assert rejects(corpus) == [
        (11, "article", "a\nb", "control character in id"),
        (13, "article", "a\0b", "control character in id"),
    ]


def test_fields_of_any_length_and_content_survive_csv(tmp_path: Path) -> None:
    titles = ["x" * 10_000_000, "NUL \0 here", 'in\n"quoted"\r\nlines\r,', '"', "\u2028a\x0b\x1c"]
    rows = [[str(n), title, "", "p"] for n, title in enumerate(titles)]
    path = tmp_path / "a.csv"
    path.write_bytes(written([["nr", "kopf", "rumpf", "bild"], *rows]).encode())
    corpus = read(generic(path))
    assert texts(corpus) == {str(n): (title, "") for n, title in enumerate(titles)}
    tables.write(corpus.articles, tmp_path / "articles.parquet")
    assert tables.read(tmp_path / "articles.parquet", forms.ARTICLES) == corpus.articles


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        ('1,"a\nb",x,p\n2,"open,x,p\n3,T,x,p\n', 4, "a quote is opened and never closed"),
        ('1,T,x,p\n2,T,x,"', 3, "a quote is opened and never closed"),
        ('1,T,x,p\n2,"open,x,p\n3,"T",x,p\n', 3, "text follows a closing quote"),
        ("1,T,x,p\n2,a\rb,x,p\n", 3, "a carriage return stands outside quotes"),
    ],
)
def test_broken_csv_is_refused_with_its_line(
    tmp_path: Path, rows: str, line: int, said: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"nr,kopf,rumpf,bild\n{rows}".encode())
    with pytest.raises(UserError, match=said) as caught:
        read(generic(path))
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_those_on_which_rows_begin(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.csv"
    lines = [
        "nr,kopf,rumpf,bild",
        '1,"two',
        'lines",x,p',
        "",  # 4
        ",T,x,p",  # 5
        '2,"three',
        "",
        'lines"',  # 6: two fields
        " , ,\u00a0,",  # 9
        '3,"",  ,p',  # 10
    ]
    path.write_bytes(end.join(lines).encode())
    corpus = read(generic(path))
    assert [row[:3] for row in rejects(corpus) if row[1] == "article"] == [
        (5, "article", ""),
        (6, "article", ""),
        (10, "article", "3"),
    ]
    assert corpus.counts["article_rows"] == 4 and corpus.counts["article_blank"] == 2
    assert texts(corpus) == {"1": (f"two{end}lines", "x")}


cells = st.text(st.characters(codec="utf-8"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(contents=st.lists(st.tuples(cells, cells), max_size=6), end=st.sampled_from(["\n", "\r\n"]))
def test_any_text_comes_back_from_csv(contents: list[tuple[str, str]], end: str) -> None:
    rows = [[str(n), title, text, "p"] for n, (title, text) in enumerate(contents)]
    table = written(
        [["nr", "kopf", "rumpf", "bild"], *rows], lineterminator=end, quoting=csv.QUOTE_ALL
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.csv"
        path.write_bytes(table.encode())
        corpus = read(generic(path))
    kept = {str(n): pair for n, pair in enumerate(contents) if any(part.strip() for part in pair)}
    assert texts(corpus) == kept
    assert corpus.counts["article_rows"] == len(contents)

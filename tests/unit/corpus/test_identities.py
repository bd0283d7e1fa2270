"""Which article and which image a row means, and which file is whose photo."""

from __future__ import annotations

import itertools
import logging
import tempfile
import unicodedata
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given, settings, strategies as st

from rematch import forms
from rematch.corpus import names
from rematch.corpus.articles import read_articles
from rematch.corpus.benchmark_ids import benchmark_id, other_form, submission_ids
from rematch.corpus.damage import Looks
from rematch.corpus.identities import file_named, image_ids
from rematch.corpus.reading import Corpus, demand_usable, read_corpus
from rematch.corpus.spec import CorpusSpec
from rematch.corpus.wanted import photo_names
from rematch.errors import UserError
from rematch.match.submissions import submission
from rematch.storage import tables
from tests.unit.corpus.test_reading import balanced, folder, real, rejects, truth, write_pairs

COLUMNS = {"article_id": "nr", "title": "kopf", "image_id": "bild", "photo": "datei"}


def files(corpus: Corpus) -> dict[str, str]:
    return {row["image_id"]: Path(row["file"]).name for row in corpus.images.to_pylist()}


def generic(
    tmp_path: Path, images: list[str], answers: list[str], photos: Path, named: bool = False
) -> Corpus:
    """A corpus of files apart: articles a0, a1, ..., rows of images and of the truth."""
    columns = COLUMNS if named else {key: COLUMNS[key] for key in COLUMNS if key != "photo"}
    articles = [f"a{n},Titel {n}" for n in range(12)]
    for name, header, rows in (
        ("articles", "nr,kopf", articles),
        ("images", "bild,datei" if named else "bild", images),
        ("truth", "nr,bild", answers),
    ):
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows, ""]), "utf-8")
    corpus = read_corpus(
        CorpusSpec(
            articles=tmp_path / "articles.csv",
            images=tmp_path / "images.csv",
            truth=tmp_path / "truth.csv",
            photos=photos,
            layout="generic",
            options={"columns": columns},
        ),
        threads=1,
    )
    balanced(corpus)
    return corpus


# The two schemes of 2021


def test_the_two_forms_of_an_article_of_2021() -> None:
    assert benchmark_id("523949072") == "1490725239"
    assert other_form("1490725239") == "523949072" and other_form("523949072") == "1490725239"
    for odd in ("9001", "2490725239", "12345678901", "52394907２", "", "a23949072"):
        assert (benchmark_id(odd), other_form(odd)) == (odd, "")


@given(st.from_regex(r"\A[0-9]{9}\Z"))
def test_every_plain_id_has_one_long_form(plain: str) -> None:
    long = benchmark_id(plain)
    assert len(long) == 10 and long[0] == "1"
    assert long[6:10] + long[1:6] == plain == other_form(long)


def write_2021(tmp_path: Path, articles: list[str], answers: list[str]) -> CorpusSpec:
    (tmp_path / "articles.tsv").write_text(
        "articleID\taid\turl\t\t\thashvalue\ttitle\ttext\n"
        + "".join(f"{name}\t\tu\t\t\t\tTitel {n}\tx\n" for n, name in enumerate(articles))
    )
    (tmp_path / "images.tsv").write_text(
        "img\tiid\timgFile\n" + "".join(f"u\t{n}\th{n}.jpg\n" for n in range(len(articles)))
    )
    (tmp_path / "truth.tsv").write_text("article\tiid\n" + "".join(f"{a}\n" for a in answers))
    return CorpusSpec(
        articles=tmp_path / "articles.tsv",
        images=tmp_path / "images.tsv",
        truth=tmp_path / "truth.tsv",
        photos=folder(tmp_path, *(f"{n}.jpg" for n in range(len(articles)))),
    )


def test_a_truth_with_the_other_form_of_the_ids_is_kept(tmp_path: Path) -> None:
    long = ["1490725239", "1001935289", "9001"]
    plain = [other_form(long[0]), other_form(long[1]), "9001"]
    for articles, answers in ((long, plain), (plain, long)):
        spec = write_2021(tmp_path, articles, [f"{name}\t{n}" for n, name in enumerate(answers)])
        corpus = read_corpus(spec, 1)
        assert truth(corpus) == sorted((name, str(n)) for n, name in enumerate(articles))
        assert corpus.rejects.num_rows == 0
        balanced(corpus)
    # Both forms of one pair are one pair.
    spec = write_2021(tmp_path, long, [f"{plain[0]}\t0", f"{long[0]}\t0"])
    assert read_corpus(spec, 1).counts["pairs_repeated"] == 1


def test_damage_is_seen_in_either_form_of_an_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    long = ["1490725239", "1234500123", "1777770045"]
    plain = [other_form(name) for name in long]
    assert plain[1:] == ["012323450", "004577777"]
    rows = [f"{name.lstrip('0')}\t{n}" for n, name in enumerate(plain)]
    with caplog.at_level(logging.WARNING):
        corpus = read_corpus(write_2021(tmp_path, long, rows), 1)
    assert truth(corpus) == [(long[0], "0")]
    (said,) = caplog.messages
    assert "2 of 3 pairs name no article; ids such as 12323450 have lost their leading" in said
    assert said.endswith("the corpus has ids such as 1234500123")
    caplog.clear()
    read_corpus(write_2021(tmp_path, ["a0", long[0]], ["a0\t0", "zz\t1"]), 1)
    assert "ids such as zz are not in the corpus" in caplog.messages[0]


def test_both_forms_of_an_article_are_one_article(tmp_path: Path) -> None:
    same = [("523949072", "T", "x", "1", ""), ("1490725239", "T", "x", "2", "")]
    for rows in (same, same[::-1]):
        path = write_pairs(tmp_path / "pairs.tsv", rows)
        corpus = read_corpus(
            CorpusSpec(pairs=(path,), photos=folder(tmp_path, "1.png", "2.png")), 1
        )
        assert truth(corpus) == [("1490725239", "1"), ("1490725239", "2")]
        assert corpus.counts["articles_repeated"] == 1
    other = [same[0], ("1490725239", "Another", "x", "2", "")]
    path = write_pairs(tmp_path / "pairs.tsv", other)
    corpus = read_corpus(CorpusSpec(pairs=(path,), photos=folder(tmp_path, "1.png")), 1)
    assert rejects(corpus) == [(3, "article", "1490725239", "article id taken")]
    assert "as '523949072'" in corpus.rejects["reason"].to_pylist()[0]


def test_other_layouts_have_one_scheme(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nr,kopf,bild\n523949072,T,p\n1490725239,U,p\n")
    columns = {key: COLUMNS[key] for key in ("article_id", "title", "image_id")}
    spec = CorpusSpec(
        pairs=(tmp_path / "a.csv",),
        photos=folder(tmp_path, "p.jpg"),
        layout="generic",
        options={"columns": columns},
    )
    corpus = read_corpus(spec, 1)
    assert truth(corpus) == [("1490725239", "p"), ("523949072", "p")]
    assert (read_articles(spec).schema.metadata or {}) == {}


def test_the_real_test_set_with_a_truth_in_the_plain_scheme(tmp_path: Path) -> None:
    articles = real("newsimages2021/MediaEvalNewsImagesBatch04articles.tsv")
    images = real("newsimages2021/MediaEvalNewsImagesBatch04images.tsv")
    ids = [line.split(b"\t")[0].decode() for line in articles.read_bytes().split(b"\r\n")[1:-1]]
    iids = [line.split(b"\t")[1].decode() for line in images.read_bytes().split(b"\r\n")[1:-2]]
    rows = [(other_form(a), "T", "x", i, "") for a, i in zip(ids, iids, strict=True)]
    answers = write_pairs(tmp_path / "content2019-04-gt.tsv", rows)
    photos = folder(tmp_path, *(f"{i}.jpg" for i in iids))
    spec = CorpusSpec(articles=articles, images=images, truth=answers, photos=photos)
    corpus = read_corpus(spec, threads=2)
    assert truth(corpus) == sorted(zip(ids, iids, strict=True))
    assert corpus.counts["pairs"] == 1915 and corpus.rejects.num_rows == 0


def test_a_submission_has_the_ids_that_the_benchmark_knows(tmp_path: Path) -> None:
    plain = ["523949072", "528900193", "9001"]
    spec = write_2021(tmp_path, plain, [f"{name}\t{n}" for n, name in enumerate(plain)])
    tables.write(read_articles(spec), tmp_path / "articles.parquet")
    written, said = submission_ids(tmp_path / "articles.parquet", "benchmark")
    assert [written(item) for item in plain] == ["1490725239", "1001935289", "9001"]
    assert said.startswith("2 of 3 articles have nine-digit ids, written as the ten digits")
    ranking = forms.from_rows(
        [{"article_id": a, "rank": 1, "image_id": "p", "score": 0.5} for a in plain], forms.RANKING
    )
    lines = submission(ranking, 1, written).splitlines()
    assert lines == ["articleID\tiid1", "1001935289\tp", "1490725239\tp", "9001\tp"]
    written, said = submission_ids(tmp_path / "articles.parquet", "as_read")
    assert [written(item) for item in plain] == plain and "as they are" in said
    # The table of the test set, and of a corpus in another layout.
    for ids, layout in ((["1490725239"], True), (plain, False)):
        spec = write_2021(tmp_path, ids, [f"{ids[0]}\t0"])
        table = read_articles(spec)
        tables.write(
            table if layout else table.replace_schema_metadata(), tmp_path / "articles.parquet"
        )
        written, said = submission_ids(tmp_path / "articles.parquet", "benchmark")
        assert [written(item) for item in ids] == ids and said == ""


# Images by id and by file


def test_two_files_whose_names_differ_in_the_extension_are_two_images(tmp_path: Path) -> None:
    photos = folder(tmp_path, "teaser.jpg", "teaser.png", "plain.gif")
    images, answers = ["teaser.jpg", "teaser.png", "plain.gif"], ["a0,teaser.jpg", "a1,teaser.png"]
    for rows in itertools.permutations(images):
        corpus = generic(tmp_path, list(rows), [*answers, "a2,plain", "a3,plain.gif"], photos)
        assert files(corpus) == {
            "teaser.jpg": "teaser.jpg",
            "teaser.png": "teaser.png",
            "plain": "plain.gif",
        }
        assert truth(corpus) == [
            ("a0", "teaser.jpg"),
            ("a1", "teaser.png"),
            ("a2", "plain"),
            ("a3", "plain"),
        ]
        assert corpus.rejects.num_rows == 0
    # Which of the two "teaser" is, nobody knows; a third is not there.
    corpus = generic(tmp_path, images, ["a0,teaser", "a1,plain.jpg", "a2,plain"], photos)
    assert truth(corpus) == [("a2", "plain")]
    assert [row[2:] for row in rejects(corpus)] == [
        ("a0 teaser", "unknown image"),
        ("a1 plain.jpg", "unknown image"),
    ]


def test_in_a_file_of_pairs_too(tmp_path: Path) -> None:
    rows = [("a0", "T", "x", "teaser.jpg", ""), ("a1", "U", "y", "teaser.png", "")]
    for given_rows in (rows, rows[::-1]):
        path = write_pairs(tmp_path / "pairs.tsv", given_rows)
        photos = folder(tmp_path, "teaser.jpg", "teaser.png")
        corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), 1)
        assert truth(corpus) == [("a0", "teaser.jpg"), ("a1", "teaser.png")]
        assert corpus.images["digest"].to_pylist()[0] != corpus.images["digest"].to_pylist()[1]


def test_a_refused_name_ties_its_pair_to_no_other_picture(tmp_path: Path) -> None:
    photos = folder(tmp_path, "p.jpg", "1.jpg")
    for images in (["1,p.jpg", "1.jpg,"], ["1.jpg,", "1,p.jpg"]):
        corpus = generic(tmp_path, images, ["a0,1", "a1,1.jpg"], photos, named=True)
        assert files(corpus) == {"1": "p.jpg"}
        assert truth(corpus) == [("a0", "1")]
        assert [row[1:] for row in rejects(corpus)] == [
            ("image", "1", "image id taken"),
            ("pair", "a1 1.jpg", "image refused"),
        ]


@pytest.mark.parametrize(
    ("refused", "answer"),
    [("1.jpg", "1.JPG"), ("\u00e9.jpg", "e\u0301.jpg"), ("e\u0301.JPG", "\u00e9.jpg")],
)
def test_nor_where_the_truth_writes_a_refused_name_otherwise(
    tmp_path: Path, refused: str, answer: str
) -> None:
    photos = folder(tmp_path, "p.jpg", refused)
    images = [f"{refused[:-4]},p.jpg", f"{refused},"]
    corpus = generic(tmp_path, images, [f"a0,{refused[:-4]}", f"a1,{answer}"], photos, named=True)
    assert truth(corpus) == [("a0", refused[:-4])]


def test_a_file_that_a_row_names_is_no_other_images(tmp_path: Path) -> None:
    photos = folder(tmp_path, "0.jpg")
    for rows in (["0,3.jpg", "7,0.jpg"], ["7,0.jpg", "0,3.jpg"]):
        corpus = generic(tmp_path, rows, ["a0,0", "a1,7", "a2,0.jpg"], photos, named=True)
        assert files(corpus) == {"7": "0.jpg"}
        assert truth(corpus) == [("a1", "7"), ("a2", "7")]  # 0.jpg is the name of 7's file
    reasons = corpus.rejects["reason"].to_pylist()
    assert "photo missing: no file '3.jpg'; '0.jpg' is another image's" in reasons
    # Not even where the row that names it is refused itself.
    pairs = [("a0", "T", "x", "0", "3.jpg"), ("a1", "", "", "7", "0.jpg")]
    path = write_pairs(tmp_path / "pairs.tsv", pairs)
    spec = CorpusSpec(pairs=(path,), photos=photos)
    assert files(read_corpus(spec, 1)) == {}
    assert photo_names(spec) == [("0", "3.jpg"), ("", "0.jpg")]
    assert names.photo_files(photo_names(spec), {"0.jpg", "Thumbs.db"}) == set()
    assert names.photo_files(photo_names(spec), {"0.jpg", "0.png", ".x.jpg"}) == {"0.png"}


def test_rows_may_name_one_file_for_two_images(tmp_path: Path) -> None:
    corpus = generic(tmp_path, ["1,p.jpg", "2,p.jpg"], ["a0,1", "a1,2", "a2,p.jpg"],
                     folder(tmp_path, "p.jpg"), named=True)  # fmt: skip
    assert files(corpus) == {"1": "p.jpg", "2": "p.jpg"}
    assert truth(corpus) == [("a0", "1"), ("a1", "2")]  # whose "p.jpg" is, nobody knows


@pytest.mark.parametrize("table", ["NFC", "NFD"])
@pytest.mark.parametrize("disk", ["NFC", "NFD"])
@pytest.mark.parametrize("answer", ["NFC", "NFD"])
def test_composed_and_decomposed_names_are_one(
    tmp_path: Path, table: str, disk: str, answer: str
) -> None:
    names = ["Köln", "Zoë.jpg", "São"]

    def form(kind: str, name: str) -> str:
        return unicodedata.normalize(kind, name)  # type: ignore[arg-type]

    photos = folder(tmp_path, *(form(disk, n.removesuffix(".jpg") + ".jpg") for n in names))
    images = [form(table, f"{name},") for name in names[:2]] + [form(table, "7,São.jpg")]
    answers = [form(answer, f"a{n},{name}") for n, name in enumerate(["Köln", "Zoë", "São.jpg"])]
    corpus = generic(tmp_path, images, answers, photos, named=True)
    assert corpus.images.num_rows == 3
    assert truth(corpus) == [("a0", form(table, "Köln")), ("a1", form(table, "Zoë")), ("a2", "7")]


@pytest.mark.parametrize("ending", ["", ".jpg"])
def test_rows_that_store_one_name_in_two_ways_mean_one_image(tmp_path: Path, ending: str) -> None:
    composed, apart = "\u00e9", "e\u0301"
    rows = [("a0", "T", "x", composed + ending, ""), ("a1", "U", "x", apart + ending, "")]
    for number, (given_rows, disk) in enumerate(
        itertools.product((rows, rows[::-1]), ([composed], [apart], [composed, apart], []))
    ):
        place = tmp_path / str(number)
        place.mkdir()
        path = write_pairs(place / "pairs.tsv", given_rows)
        photos = folder(place, *(f"{name}.jpg" for name in disk))
        corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), 1)
        balanced(corpus)
        if len(disk) == 2:  # two pictures then
            assert truth(corpus) == [("a0", composed), ("a1", apart)]
            assert files(corpus) == {name: f"{name}.jpg" for name in disk}
        elif disk:
            assert truth(corpus) == [("a0", composed), ("a1", composed)]
            assert files(corpus) == {composed: f"{disk[0]}.jpg"}
            assert corpus.rejects.num_rows == 0 and corpus.counts["images_repeated"] == 1
        else:
            assert corpus.counts["images_refused"] == 2


def test_rows_that_name_two_files_mean_two_images(tmp_path: Path) -> None:
    photos = folder(tmp_path, "y.jpg")
    images = ["\u00e9,x.jpg", "e\u0301,y.jpg"]
    corpus = generic(tmp_path, images, ["a0,\u00e9", "a1,e\u0301"], photos, named=True)
    assert truth(corpus) == [("a1", "e\u0301")]
    assert files(corpus) == {"e\u0301": "y.jpg"}


def test_where_both_forms_are_on_disk_each_is_found_by_its_own_name() -> None:
    nfc, nfd = "\u00e9.jpg", "e\u0301.jpg"
    both = [nfd, nfc]
    assert names.find({"1": nfd, "2": nfc}, both, both) == {"1": nfd, "2": nfc}
    assert names.find({"e\u0301": "", "\u00e9": ""}, [], both) == {"e\u0301": nfd, "\u00e9": nfc}
    assert names.find({"\u00e9": ""}, [], [nfd]) == {"\u00e9": nfd}
    # One file and two ids that look alike: the one that is written like it.
    assert names.find({"e\u0301": "", "\u00e9": ""}, [], [nfd]) == {"e\u0301": nfd}
    # Neither is (the third form is the sign for Angstrom): nobody's.
    angstrom = {"\u00c5": "", "A\u030a": ""}
    assert names.find(angstrom, [], ["\u212b.jpg"]) == {}


@pytest.mark.parametrize("name", ["b0.jfif", "b0.jpe", "b0", "b0.JPG", "b0.jpg.png"])
def test_an_id_that_is_a_files_very_name(tmp_path: Path, name: str) -> None:
    photos = folder(tmp_path, name)
    (photos / "b1").mkdir()
    corpus = generic(tmp_path, [name, "b1"], [f"a0,{name}"], photos)
    assert list(files(corpus).values()) == [name]
    assert len(truth(corpus)) == 1
    assert [row[1:] for row in rejects(corpus)] == [("image", "b1", "photo missing")]


def test_an_id_is_looked_for_with_jpegs_other_extensions(tmp_path: Path) -> None:
    photos = folder(tmp_path, "b0.jfif", "b1.jpe", "b2.JPG", "b2.jfif")
    corpus = generic(tmp_path, ["b0", "b1", "b2"], ["a0,b0"], photos)
    assert files(corpus) == {"b0": "b0.jfif", "b1": "b1.jpe", "b2": "b2.JPG"}


def test_names_within_names() -> None:
    rows = [("a.jpg", ""), ("a.jpg.png", ""), ("b.jpg", ""), ("b.gif", ""), ("b.gif.png", "")]
    assert image_ids(rows) == {
        "a.jpg": "a",
        "a.jpg.png": "a.jpg.png",
        "b.jpg": "b.jpg",
        "b.gif": "b.gif",
        "b.gif.png": "b.gif.png",
    }


cell = st.text(alphabet="ab\u00e9.jpg", max_size=2).flatmap(
    lambda stem: st.sampled_from(["", ".jpg", ".png", ".JPG", ".jpg.png"]).map(stem.__add__)
)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(cell.filter(bool), cell), max_size=6),
    present=st.lists(cell.filter(bool), max_size=6, unique=True),
    seed=st.randoms(use_true_random=False),
)
def test_ids_and_files_do_not_depend_on_any_order(
    rows: list[tuple[str, str]], present: list[str], seed: object
) -> None:
    ids = image_ids(rows)
    shuffled = sorted(rows, key=lambda _: seed.random())  # type: ignore[attr-defined]
    assert image_ids(shuffled) == ids
    images: dict[str, str] = {}
    for name, photo in rows:
        images.setdefault(ids[name], photo)
    named = [photo for _, photo in rows if photo]
    found = names.find(images, named, present)
    backwards = dict(reversed(images.items()))
    assert names.find(backwards, named[::-1], present[::-1]) == found
    owners: dict[str, list[str]] = {}
    for item, file in found.items():
        assert file in present
        owners.setdefault(file, []).append(item)
    for file, items in owners.items():  # several only where rows name it for each
        canonical = unicodedata.normalize("NFC", file)
        if len(items) > 1:
            assert all(unicodedata.normalize("NFC", images[i]) == canonical for i in items)


# Ids that something on their way has changed

DAMAGED = [
    (["101", "102"], ["101.0", "102.0"], "look like numbers that a spreadsheet rewrote"),
    (["509005634"], ["5.09E+08"], "look like numbers that a spreadsheet rewrote"),
    (["1001"], ["1,001"], "look like numbers with separators between thousands"),
    (["007"], ["7"], "have lost their leading zeros"),
    (["7"], ["007"], "have leading zeros that the corpus' ids have not"),
    (["a1"], [" a1"], "ids such as ' a1' have white space or quotes around them"),
    (["a1"], ['"a1"'], "have white space or quotes around them"),
    (["a1"], ["A1"], "are written in other letters"),
    (["a1.b"], ["img/a1.b"], "are paths or addresses"),
    (["a1"], ["img/a1.jpg"], "are paths or addresses"),
    (["101.0", "102."], ["101", "102"], "are in the corpus as numbers that a spreadsheet rewrote"),
    (["1490725239"], ["523949072"], "are the other form of ids of NewsImages 2021"),
    ([" a1"], ["a1"], "have white space or quotes around them in the corpus"),
    (["a.jpg"], ["a"], "are the names of files without what follows the dot"),
    (["a1"], ["zz"], "ids such as zz are not in the corpus, the corpus has ids such as a1"),
    (["a.jpg", "a.png"], ["a"], "ids such as a begin the names of several files"),
    (["a"], ["a.gif"], "ids such as a.gif are files that no image's row names"),
    ([], ["x" * 500], "xxx..."),
]


@pytest.mark.parametrize(("known", "unknown", "said"), DAMAGED)
def test_damaged_ids_are_described(known: list[str], unknown: list[str], said: str) -> None:
    assert said in Looks(known).described(unknown)
    assert len(Looks(known).described(unknown)) < 200


def damaged(tmp_path: Path, answers: list[str]) -> CorpusSpec:
    (tmp_path / "a.csv").write_text("nr,kopf\n" + "".join(f"{n},T{n}\n" for n in range(101, 109)))
    (tmp_path / "i.csv").write_text("bild\n" + "".join(f"{n:03}\n" for n in range(8)))
    (tmp_path / "t.csv").write_text("nr,bild\n" + "".join(f"{row}\n" for row in answers))
    columns = {key: COLUMNS[key] for key in ("article_id", "title", "image_id")}
    return CorpusSpec(
        articles=tmp_path / "a.csv",
        images=tmp_path / "i.csv",
        truth=tmp_path / "t.csv",
        photos=folder(tmp_path, *(f"{n:03}.jpg" for n in range(8))),
        layout="generic",
        options={"columns": columns},
    )


def test_pairs_that_name_nothing_are_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = ["101,000", "102,001"]
    spec = damaged(tmp_path, [*good, *(f"{n}.0,{n - 101:03}" for n in range(103, 109))])
    with caplog.at_level(logging.WARNING):
        corpus = read_corpus(spec, 1)
    assert truth(corpus) == [("101", "000"), ("102", "001")]
    reasons = set(corpus.rejects["reason"].to_pylist())
    rewritten = "such ids look like numbers that a spreadsheet rewrote"
    assert reasons == {f"unknown article: '{n}.0'; {rewritten}" for n in range(103, 109)}
    (said,) = caplog.messages
    assert said.startswith(f"{spec.truth}: 6 of 8 pairs name no article; ids such as 103.0 look ")
    assert "look like numbers that a spreadsheet rewrote" in said
    caplog.clear()
    spec = damaged(tmp_path, [*good, "103,2", "1.04E+02,3"])
    with caplog.at_level(logging.WARNING):
        corpus = read_corpus(spec, 1)
    (said,) = caplog.messages
    assert "1 of 4 pairs name no article; ids such as 1.04E+02 look like numbers" in said
    assert "2 of 4 pairs name no image; ids such as 2 have lost their leading zeros" in said


def test_a_truth_of_which_nothing_is_left_stops_at_the_door(tmp_path: Path) -> None:
    spec = damaged(tmp_path, [f"{n}.0,{n - 101:03}" for n in range(101, 109)])
    for read in (read_articles, lambda spec: read_corpus(spec, 1)):
        with pytest.raises(UserError, match=r"8 of 8 pairs .*; ids such as 101\.0 ") as e:
            read(spec)
        assert str(e.value).startswith(f"{spec.truth}: no pair names an article and an image")
    with pytest.raises(UserError, match=r"wrong number of fields: 1, first in .*line 2"):
        read_articles(damaged(tmp_path, ["101"]))
    with pytest.raises(UserError, match=r"t\.csv: no pair names .* there are none"):
        read_articles(damaged(tmp_path, []))


def test_a_corpus_of_which_nothing_is_left_stops_at_the_door(tmp_path: Path) -> None:
    path = write_pairs(
        tmp_path / "p.tsv", [("a", "T", "x", "1", "p.jpg"), ("b", "U", "x", "2", "")]
    )
    photos = folder(tmp_path)
    spec = CorpusSpec(pairs=(path,), photos=photos)
    with pytest.raises(
        UserError, match=r"none of 2 rows has a photo there; photo missing: 2, first"
    ):
        demand_usable(read_corpus(spec, 1), spec)
    folder(tmp_path, "p.jpg")
    demand_usable(read_corpus(spec, 1), spec)
    without = CorpusSpec(pairs=(path,))
    demand_usable(read_corpus(without, 1), without)
    apart = damaged(tmp_path, ["101,000"])
    (photos / "000.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"none of 1 pairs is left.*image refused: 1.*'000'"):
        demand_usable(read_corpus(apart, 1), apart)
    empty = write_pairs(tmp_path / "p.tsv", [("a", "", " ", "1", "p.jpg")])
    spec = CorpusSpec(pairs=(empty,), photos=photos)
    said = "no row is an article; no title and no text: 1, first in"
    with pytest.raises(UserError, match=said):
        read_articles(spec)
    with pytest.raises(UserError, match=said):  # whichever job comes first
        demand_usable(read_corpus(spec, 1), spec)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(cell.filter(bool), cell), min_size=1, max_size=5),
    answers=st.lists(st.tuples(st.sampled_from(["a0", "a1", "a2"]), cell.filter(bool)), min_size=1),
    present=st.lists(
        cell.filter(lambda name: name not in ("", ".", "..")), max_size=5, unique=True
    ),
    random=st.randoms(use_true_random=False),
)
def test_a_corpus_does_not_depend_on_the_order_of_rows(
    rows: list[tuple[str, str]],
    answers: list[tuple[str, str]],
    present: list[str],
    random: Random,
) -> None:
    ids = image_ids(rows)
    files_given = {
        (ids[name], unicodedata.normalize("NFC", file_named(name, p))) for name, p in rows
    }
    # Of two rows that give one id two files, the first is kept.
    assume(
        len({item for item, file in files_given if file})
        == sum(file != "" for _, file in files_given)
    )

    def read(place: Path) -> Corpus | str:
        images = [f"{name},{photo}" for name, photo in rows]
        truths = [f"{article},{name}" for article, name in answers]
        try:
            return generic(place, images, truths, place / "photos", named=True)
        except UserError as error:
            return str(error)

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder(place, *present)
        first = read(place)
        random.shuffle(rows)
        random.shuffle(answers)
        second = read(place)
    if isinstance(first, str) or isinstance(second, str):
        assert type(first) is type(second)  # the lines that they name are others
        return
    assert "image id taken" not in {reason[3] for reason in rejects(first)}
    assert (first.articles, first.images, first.qrels) == (
        second.articles,
        second.images,
        second.qrels,
    )
    assert first.counts == second.counts
    pictures = {row["image_id"]: Path(row["file"]).name for row in first.images.to_pylist()}
    for article, image_id in truth(first):
        # A truth names the image's id or its file, as rows do, or with an extension put to it.
        forms = {image_id, pictures[image_id], *names.by_id(image_id), *itertools.chain(*rows)}
        said = {unicodedata.normalize("NFC", form) for form in forms}
        assert {unicodedata.normalize("NFC", c) for a, c in answers if a == article} & said


def test_a_photo_that_is_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    photos = folder(tmp_path, "1.jpg")
    (photos / "0.jpg").symlink_to("0.jpg")
    corpus = generic(tmp_path, ["0", "1"], ["a0,0", "a1,1"], photos)
    assert truth(corpus) == [("a1", "1")]
    assert ("image", "0") in {row[1:3] for row in rejects(corpus)}

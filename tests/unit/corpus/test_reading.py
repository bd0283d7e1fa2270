from __future__ import annotations

import hashlib
import logging
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from rematch import forms
from rematch.corpus import gallery
from rematch.corpus.articles import read_articles
from rematch.corpus.kept_photos import known_photos, write_photos
from rematch.corpus.photos import Examined
from rematch.corpus.reading import Corpus, read_corpus
from rematch.corpus.rejects import reason_class, reject_counts
from rematch.corpus.rows import decode
from rematch.corpus.spec import CorpusSpec
from rematch.corpus.summary import summary_lines
from rematch.corpus.ties import article_digest, tie_key
from rematch.errors import UserError
from rematch.storage import tables
from rematch.storage.files import sha256_of

DATA = Path(__file__).parents[4] / "shared/data"
HEADER = "article\taid\turl\timg\tiid\thashvalue\ttitle\ttext\timgFile"
Pair = tuple[str, str, str, str, str]


def pair_line(article: str, title: str, text: str, iid: str, file: str) -> str:
    return "\t".join((article, "1", "http://a", "http://b", iid, "h", title, text, file))


def write_pairs(path: Path, rows: list[Pair], end: str = "\r\n") -> Path:
    text = "".join(line + end for line in [HEADER, *(pair_line(*row) for row in rows)])
    path.write_bytes(text.encode())
    return path


def paint(path: Path, number: int) -> None:
    Image.new("RGB", (3 + number % 5, 4), (number % 256, number // 256, 7)).save(path, "PNG")


def folder(parent: Path, *names: str) -> Path:
    place = parent / "photos"
    place.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        paint(place / name, number)
    return place


def read_pairs(tmp_path: Path, rows: list[Pair], *photo_names: str) -> Corpus:
    path = write_pairs(tmp_path / "pairs.tsv", rows)
    return read_corpus(CorpusSpec(pairs=(path,), photos=folder(tmp_path, *photo_names)), threads=2)


def rejects(corpus: Corpus) -> list[tuple[int, str, str, str]]:
    return [
        (row["line"], row["kind"], row["id"], reason_class(row["reason"]))
        for row in corpus.rejects.to_pylist()
    ]


def texts(corpus: Corpus) -> dict[str, tuple[str, str]]:
    return {row["article_id"]: (row["title"], row["text"]) for row in corpus.articles.to_pylist()}


def truth(corpus: Corpus) -> list[tuple[str, str]]:
    return [(row["article_id"], row["image_id"]) for row in corpus.qrels.to_pylist()]


def balanced(corpus: Corpus) -> None:
    count = corpus.counts
    for kind in ("article", "image", "pair"):
        kept = count[f"{kind}s"] + count[f"{kind}s_repeated"] + count[f"{kind}s_refused"]
        assert count[f"{kind}_rows"] == kept, kind
    kinds = corpus.rejects["kind"].to_pylist()
    assert count["articles_refused"] == kinds.count("article")
    assert count["images_refused"] == kinds.count("image")
    assert count["pairs_refused"] >= kinds.count("pair")
    assert count["articles"] == corpus.articles.num_rows
    assert count["images"] == corpus.images.num_rows
    assert count["pairs"] == corpus.qrels.num_rows
    unpaired = corpus.unpaired["article_id"].to_pylist()
    paired = set(corpus.qrels["article_id"].to_pylist())
    assert corpus.unpaired.schema == forms.UNPAIRED
    if corpus.has_truth:
        assert sorted([*unpaired, *paired]) == sorted(corpus.articles["article_id"].to_pylist())
    else:
        assert unpaired == []


# Reading files


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_pairs_layout(tmp_path: Path, end: str, last: bool) -> None:
    rows = [("a1", "Titel", "Text eins", "11", "x.jpg"), ("a2", "Zwei", "", "12.PNG", "")]
    path = write_pairs(tmp_path / "pairs.tsv", rows, end)
    if not last:
        path.write_bytes(path.read_bytes().removesuffix(end.encode()))
    place = folder(tmp_path, "x.jpg", "12.PNG")
    corpus = read_corpus(CorpusSpec(pairs=(path,), photos=place), threads=1)
    assert texts(corpus) == {"a1": ("Titel", "Text eins"), "a2": ("Zwei", "")}
    assert truth(corpus) == [("a1", "11"), ("a2", "12")]
    assert {row["image_id"]: row["file"] for row in corpus.images.to_pylist()} == {
        "11": str(place / "x.jpg"),
        "12": str(place / "12.PNG"),
    }
    assert corpus.has_truth
    assert corpus.articles.schema == forms.ARTICLES
    assert corpus.images.schema == forms.IMAGES
    assert corpus.qrels.schema == forms.QRELS
    assert corpus.rejects.schema == forms.REJECTS and corpus.rejects.num_rows == 0
    balanced(corpus)


def test_a_photo_is_looked_for_by_its_id_when_no_file_has_the_given_name(tmp_path: Path) -> None:
    rows = [
        ("a1", "t", "", "11", ""),
        ("a2", "u", "", "12", "hash.jpg"),
        ("a3", "v", "", "13.webp", ""),
    ]
    corpus = read_pairs(tmp_path, rows, "11.jpeg", "12.JPG", "13.jpg", "13.webp")
    files = {row["image_id"]: Path(row["file"]).name for row in corpus.images.to_pylist()}
    assert files == {"11": "11.jpeg", "12": "12.JPG", "13": "13.webp"}


def test_decoupled_layout(tmp_path: Path) -> None:
    articles, images = tmp_path / "articles.tsv", tmp_path / "images.tsv"
    articles.write_bytes(
        "articleID\taid\turl\t\t\thashvalue\ttitle\ttext\r\n"
        "1\t\thttp://x\t\t\t\tStraße „so“ – teuer\tGrüße\r\n"
        "2\t\thttp://y\t\t\t\tZwei\tText\r\n".encode("cp1252")
    )
    images.write_bytes(b"img\tiid\timgFile\r\nhttp://z\t7\tz.jpg\r\nhttp://w\t8\tw.jpg\r\n\t\t\r\n")
    photos = folder(tmp_path, "z.jpg", "w.jpg")
    shut = CorpusSpec(articles=articles, images=images, photos=photos)
    corpus = read_corpus(shut, threads=2)
    assert texts(corpus) == {"1": ("Straße „so“ – teuer", "Grüße"), "2": ("Zwei", "Text")}
    assert sorted(corpus.images["image_id"].to_pylist()) == ["7", "8"]
    assert not corpus.has_truth and corpus.qrels.num_rows == 0
    assert corpus.qrels.schema == forms.QRELS
    assert corpus.counts["image_blank"] == 1 and corpus.counts["image_rows"] == 2
    assert "no truth" in "\n".join(summary_lines(corpus))
    balanced(corpus)

    answers = tmp_path / "truth.tsv"
    answers.write_text("iid\tarticleID\n8.jpg\t1\n7\t2\n9\t1\n7\t5\n7\n\n8\t\n")
    known = read_corpus(
        CorpusSpec(articles=articles, images=images, truth=answers, photos=photos), threads=2
    )
    assert truth(known) == [("1", "8"), ("2", "7")]
    assert known.has_truth
    assert rejects(known) == [
        (4, "pair", "1 9", "unknown image"),
        (5, "pair", "5 7", "unknown article"),
        (6, "pair", "", "wrong number of fields"),
        (8, "pair", " 8", "no article id"),
    ]
    assert known.counts["pair_blank"] == 1
    balanced(known)
    assert known.articles == corpus.articles and known.images == corpus.images


def test_a_truth_in_the_training_layout(tmp_path: Path) -> None:
    rows = [("a1", "t", "x", "11", "11.png"), ("a2", "u", "y", "12", "12.png")]
    pairs = write_pairs(tmp_path / "pairs.tsv", rows)
    photos = folder(tmp_path, "11.png", "12.png")
    together = read_corpus(CorpusSpec(pairs=(pairs,), photos=photos), threads=1)
    apart = read_corpus(
        CorpusSpec(articles=pairs, images=pairs, truth=pairs, photos=photos), threads=1
    )
    assert apart.articles == together.articles
    assert apart.images == together.images
    assert apart.qrels == together.qrels


def test_several_files_of_pairs_in_any_order(tmp_path: Path) -> None:
    photos = folder(tmp_path, "1.png", "2.png", "3.png")
    one = write_pairs(tmp_path / "01.tsv", [("a", "A", "x", "1", ""), ("b", "B", "y", "2", "")])
    two = write_pairs(tmp_path / "02.tsv", [("c", "C", "z", "3", ""), ("a", "A", "x", "3", "")])
    forth = read_corpus(CorpusSpec(pairs=(one, two), photos=photos), threads=1)
    back = read_corpus(CorpusSpec(pairs=(two, one), photos=photos), threads=2)
    assert truth(forth) == [("a", "1"), ("a", "3"), ("b", "2"), ("c", "3")]
    assert forth == back


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8", "Köln „grüßt“ 🦉"), ("utf-8-sig", "Köln „grüßt“ 🦉"), ("cp1252", "Köln „grüßt“ €")],
)
def test_encodings(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_bytes(f"{HEADER}\n{pair_line('ä1', text, text, '1', '')}\n".encode(encoding))
    assert texts(read_corpus(CorpusSpec(pairs=(path,)), threads=1)) == {"ä1": (text, text)}


def test_bytes_of_no_encoding_are_named_with_line_and_column() -> None:
    with pytest.raises(UserError, match=r"f\.tsv, line 3, column 4: byte 0x81 is neither"):
        decode(b"a\tb\n\xe4\t\xf6\nab\t\x81\xfc\n", "f.tsv")
    # One broken byte in a UTF-8 file: cp1252 could read it, and would spoil every umlaut.
    broken = "ä\tö\nü\t".encode() + b"\xe4!\n"
    with pytest.raises(UserError, match=r"line 2, column 4: byte 0xe4 is not UTF-8"):
        decode(broken, "f.tsv")
    with pytest.raises(UserError, match=r"line 1, column 2: byte 0xe4 is not UTF-8"):
        decode(b"\xef\xbb\xbfa\xe4", "f.tsv")
    with pytest.raises(UserError, match="UTF-16"):
        decode("article".encode("utf-16"), "f.tsv")


@given(st.text(alphabet=st.characters(codec="cp1252")))
def test_decode_gives_back_what_was_encoded(text: str) -> None:
    assert decode(text.encode("utf-8"), "f") == text.removeprefix("\ufeff")
    assert decode(b"\xef\xbb\xbf" + text.encode("utf-8"), "f") == text


def test_texts_are_kept_character_for_character(tmp_path: Path) -> None:
    odd = [
        '"quoted, not CSV',
        'two ""quotes"" and \'one\'',
        "  spaces at both ends\u00a0 ",
        "soft\u00adhyphen, BOM \ufeff, zero width \u200b",
        "\u2028line\u2029separators\x85and\x0bvertical\x0ctabs\x1c\x1e",
        "NUL \0 and \x01\x1b[31m controls \x7f",
        "a lone \r carriage return",
        "\\t \\n backslashes",
        "e\u0301 not composed; \U0001f468\u200d\U0001f469",
        "x" * 10_000_000,
    ]
    rows: list[Pair] = [(f"a{n}", text, text, f"{n}", "") for n, text in enumerate(odd)]
    corpus = read_pairs(tmp_path, rows)
    assert texts(corpus) == {f"a{n}": (text, text) for n, text in enumerate(odd)}
    tables.write(corpus.articles, tmp_path / "articles.parquet")
    assert tables.read(tmp_path / "articles.parquet", forms.ARTICLES) == corpus.articles


def test_rows_that_are_refused_have_their_line_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    lines = [
        HEADER,
        pair_line("a1", "T", "x", "1", "1.png"),  # 2
        "a2\tonly\tthree",  # 3
        pair_line("a3", "T", "x", "1", "1.png") + "\tmore",  # 4
        "",  # 5
        "\t \t\t\t\t\t\t\u00a0\t",  # 6
        pair_line("", "T", "x", "1", "1.png"),  # 7
        pair_line("a8", " ", "\u00a0", "2", "2.png"),  # 8: its photo goes with it
        pair_line("a9", "", "text alone", "1", "1.png"),  # 9
        pair_line("a10", "title alone", "", "1", "1.png"),  # 10
        pair_line("a1", "other", "x", "1", "1.png"),  # 11
        pair_line("a12", "T", "x", "", "1.png"),  # 12: the article stays
        pair_line("a1", "T", "x", "1", "1.png"),  # 13: repeats line 2
        pair_line("a14", "T", "x", "1", "3.png"),  # 14: photo 1 is another file
        pair_line("a\x0015", "T", "x", "1", "1.png"),  # 15
    ]
    path.write_text("\n".join(lines) + "\n", newline="")
    photos = folder(tmp_path, "1.png", "2.png", "3.png")
    corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), threads=1)
    assert rejects(corpus) == [
        (3, "article", "", "wrong number of fields"),
        (4, "article", "", "wrong number of fields"),
        (7, "article", "", "no article id"),
        (8, "article", "a8", "no title and no text"),
        (11, "article", "a1", "article id taken"),
        (12, "image", "", "no image id"),
        (14, "image", "1", "image id taken"),
        (15, "article", "a\x0015", "control character in id"),
    ]
    reasons = corpus.rejects["reason"].to_pylist()
    assert reasons[0] == "wrong number of fields: 3, and 9 in the header"
    assert reasons[4].endswith("pairs.tsv, line 2")
    assert set(corpus.rejects["file"].to_pylist()) == {str(path)}
    assert texts(corpus) == {
        "a1": ("T", "x"),
        "a9": ("", "text alone"),
        "a10": ("title alone", ""),
        "a12": ("T", "x"),
        "a14": ("T", "x"),
    }
    assert corpus.images["image_id"].to_pylist() == ["1"]
    assert truth(corpus) == [("a1", "1"), ("a10", "1"), ("a9", "1")]
    assert corpus.counts["article_rows"] + corpus.counts["article_blank"] == len(lines) - 1
    assert corpus.counts["article_blank"] == 2
    assert corpus.counts["articles_repeated"] == 1 and corpus.counts["pairs_repeated"] == 1
    balanced(corpus)


def test_headers_that_do_not_fit_name_file_and_column(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    for content, said in [
        (b"", "the file is empty"),
        (b"article\tiid\ttitle\r\n", "line 1: no column for the text of a file of pairs"),
        (b"article\tarticleID\n", "'article' and 'articleID' both name the article_id"),
        (b"iid\ttitle\ttitle\n", "'title' and 'title' both name the title"),
    ]:
        path.write_bytes(content)
        with pytest.raises(UserError, match=said) as caught:
            read_corpus(CorpusSpec(pairs=(path,)), threads=1)
        assert str(path) in str(caught.value)
    with pytest.raises(UserError, match="No such file"):
        read_corpus(CorpusSpec(pairs=(tmp_path / "none.tsv",)), threads=1)


def test_a_spec_is_pairs_or_articles_and_images() -> None:
    file = Path("f.tsv")
    for wrong in (
        {},
        {"articles": file},
        {"images": file, "truth": file},
        {"pairs": (file,), "articles": file, "images": file},
        {"pairs": (file,), "truth": file},
    ):
        with pytest.raises(UserError, match="pairs"):
            CorpusSpec(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="layout 'x' is unknown; use newsimages2021"):
        CorpusSpec(pairs=(file,), layout="x")


# Photos


def test_bad_photos_are_refused_and_their_articles_stay(tmp_path: Path) -> None:
    names = ["good.jpg", "zero.jpg", "cut.jpg", "page.jpg", "gone.jpg"]
    photos = folder(tmp_path, *names[:4])
    (photos / "zero.jpg").write_bytes(b"")
    (photos / "cut.jpg").write_bytes((photos / "cut.jpg").read_bytes()[:40])
    (photos / "page.jpg").write_text("<html>")
    rows: list[Pair] = [(f"a{n}", f"T{n}", "x", f"{n}", name) for n, name in enumerate(names)]
    rows.append(("a5", "T5", "x", "1", "zero.jpg"))  # names a refused photo again
    path = write_pairs(tmp_path / "pairs.tsv", rows)
    corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), threads=3)
    assert set(texts(corpus)) == {f"a{n}" for n in range(6)}
    assert truth(corpus) == [("a0", "0")]
    assert rejects(corpus) == [
        (3, "image", "1", "photo empty"),
        (4, "image", "2", "photo unreadable"),
        (5, "image", "3", "photo unreadable"),
        (6, "image", "4", "photo missing"),
        (7, "pair", "a5 1", "image refused"),
    ]
    assert reject_counts(corpus.rejects).to_pylist() == [
        {"kind": "image", "reason": "photo unreadable", "rows": 2},
        {"kind": "image", "reason": "photo empty", "rows": 1},
        {"kind": "image", "reason": "photo missing", "rows": 1},
        {"kind": "pair", "reason": "image refused", "rows": 1},
    ]
    assert corpus.counts["pairs_refused"] == 5 and corpus.counts["images_repeated"] == 1
    lines = summary_lines(corpus)
    assert lines[1].startswith("images: 6 rows = 1 kept + 1 repeated + 4 refused")
    assert lines[-1] == "refused: pair, image refused: 1"
    balanced(corpus)


def test_known_photos_are_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("p1.png", "p2.png", "p3.png", "bad.jpg")
    rows = [(f"a{n}", "title", f"text {n}", Path(n).stem, n) for n in names]
    photos = folder(tmp_path, *names)
    (photos / "bad.jpg").write_bytes(b"<html>")
    spec = CorpusSpec(pairs=(write_pairs(tmp_path / "pairs.tsv", rows),), photos=photos)
    opened: list[str] = []
    examine = gallery.examine

    def noting(paths: list[Path], threads: int) -> list[Examined]:
        opened.extend(path.name for path in paths)
        return examine(paths, threads)

    monkeypatch.setattr(gallery, "examine", noting)

    def read(known: dict[str, str]) -> tuple[Corpus, list[str]]:
        opened.clear()
        hashes = {path.name: sha256_of(path) for path in photos.iterdir()}
        return read_corpus(spec, 1, hashes, known), sorted(opened)

    kept = tmp_path / "kept/photos.parquet"
    assert known_photos(kept, "code 1") == {}
    first, seen = read({})
    assert seen == sorted(names)
    assert first.photos["digest"].to_pylist() and first.photos.num_rows == 3
    write_photos(first.photos, kept, "code 1")
    known = known_photos(kept, "code 1")
    assert known == {sha256_of(photos / n): digest_of(first, Path(n).stem) for n in names[:3]}
    assert known_photos(kept, "code 2") == {}
    # What was refused is looked at again; it may have been for want of memory.
    assert read(known) == (first, ["bad.jpg"])
    (photos / "p3.png").rename(photos / "p3.jpg")
    paint(photos / "p2.png", 77)
    again, seen = read(known)
    assert seen == ["bad.jpg", "p2.png"]
    assert again == read({})[0] != first
    kept.write_bytes(kept.read_bytes()[:-9])
    assert known_photos(kept, "code 1") == {}


def digest_of(corpus: Corpus, image_id: str) -> str:
    (row,) = (row for row in corpus.images.to_pylist() if row["image_id"] == image_id)
    return str(row["digest"])


def test_a_photo_written_over_while_it_is_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("a", "title", "text", "p1", "p1.png"), ("b", "title", "text", "p2", "p2.png")]
    photos = folder(tmp_path, "p1.png", "p2.png")
    spec = CorpusSpec(pairs=(write_pairs(tmp_path / "pairs.tsv", rows),), photos=photos)
    hashes = {path.name: sha256_of(path) for path in photos.iterdir()}
    paint(photos / "p2.png", 77)
    found = read_corpus(spec, 1, hashes)
    assert found.photos.to_pylist() == [
        {"sha256": hashes["p1.png"], "digest": digest_of(found, "p1")}
    ]


def test_articles_alone_are_those_of_the_corpus(tmp_path: Path) -> None:
    rows = [("a", "title", "text", "p1", "p1.png"), ("b", "", "", "p2", ""), ("a", "x", "", "", "")]
    spec = CorpusSpec(pairs=(write_pairs(tmp_path / "pairs.tsv", rows),), photos=tmp_path / "none")
    assert read_articles(spec).to_pylist() == read_pairs(tmp_path, rows).articles.to_pylist()


def test_one_photo_of_many_articles_is_one_image(tmp_path: Path) -> None:
    rows = [("a", "A", "", "1", "p.jpg"), ("b", "B", "", "1", "p.jpg"), ("c", "C", "", "1.jpg", "")]
    corpus = read_pairs(tmp_path, rows, "p.jpg")
    assert corpus.images.num_rows == 1
    assert truth(corpus) == [("a", "1"), ("b", "1")]  # "1.jpg" and "p.jpg" are two files
    assert rejects(corpus) == [(4, "image", "1", "image id taken")]


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    photos = folder(tmp_path, "in.png")
    paint(tmp_path / "out.png", 3)
    (photos / "sub").mkdir()
    paint(photos / "sub" / "deep.png", 4)
    names = [
        "../out.png",
        str(tmp_path / "out.png"),
        "sub/deep.png",
        "..\\out.png",
        "..",
        ".",
        "in.png\0",
        "./in.png",
    ]
    rows: list[Pair] = [(f"a{n}", "T", "x", f"{n}", name) for n, name in enumerate(names)]
    rows.append(("b", "T", "x", "../out", ""))
    rows.append(("c", "T", "x", "../photos/in.png", ""))
    path = write_pairs(tmp_path / "pairs.tsv", rows)
    corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), threads=1)
    assert corpus.images.num_rows == 0 and corpus.articles.num_rows == len(rows)
    assert {reason for *_, reason in rejects(corpus)} == {"unsafe photo name"}
    assert corpus.rejects.num_rows == len(rows)
    balanced(corpus)


def test_hostile_ids_are_only_ids(tmp_path: Path) -> None:
    ids = [
        "../../etc/passwd",
        "/a/b",
        "..",
        " leading and trailing ",
        "🦉 ü",
        "a..b",
        "'; --",
        "NA",
    ]
    rows: list[Pair] = [(name, "T", str(n), name, f"{n}.png") for n, name in enumerate(ids)]
    corpus = read_pairs(tmp_path, rows, *(f"{n}.png" for n in range(len(ids))))
    assert truth(corpus) == sorted((name, name) for name in ids)
    assert sorted(corpus.images["image_id"].to_pylist()) == sorted(ids)
    assert corpus.rejects.num_rows == 0


def test_photos_that_are_all_missing_are_one_line_and_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows: list[Pair] = [(f"a{n}", "T", f"{n}", f"{n}", f"h{n}.jpg") for n in range(1200)]
    path = write_pairs(tmp_path / "pairs.tsv", rows)
    for photos, said in ((folder(tmp_path), f" in {tmp_path / 'photos'}"), (None, ": no folder")):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), threads=2)
        assert len(caplog.messages) == 1
        assert caplog.messages[0].startswith(f"1,200 of 1,200 photos missing{said}")
        assert caplog.messages[0].endswith("first three: h0.jpg, h1.jpg, h2.jpg")
        assert corpus.rejects.num_rows == 1200 and corpus.articles.num_rows == 1200
        assert corpus.qrels.num_rows == 0 and corpus.has_truth
        balanced(corpus)
    with pytest.raises(UserError, match="cannot be read"):
        read_corpus(CorpusSpec(pairs=(path,), photos=tmp_path / "none"), threads=1)


# Orders that tell nothing


def test_digest_and_tie_key_are_what_they_say() -> None:
    digest = article_digest("Köln", "text")
    assert digest == hashlib.sha256("Köln\0text".encode()).hexdigest()
    key = tie_key("article", digest, "a1")
    content = hashlib.blake2b(digest.encode(), digest_size=16, key=b"article").digest()
    name = hashlib.blake2b(b"a1", digest_size=16, key=b"article").digest()
    assert key == content + name
    assert tie_key("photo", digest, "a1") != key
    assert tie_key("article", digest, "a2")[:16] == key[:16]
    assert tie_key("article", digest, "a2") != key


short = st.text(alphabet="abcäß \"'\u00a0", max_size=4)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_shuffled_rows_and_new_names_leave_the_order_of_contents(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 8))
    contents = data.draw(
        st.lists(st.tuples(short, short), min_size=size, max_size=size).map(
            lambda items: [(title + "t", text) for title, text in items]
        )
    )
    colours = data.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    ids = st.text(alphabet="abcxyz019 🦉", min_size=1, max_size=5).filter(lambda name: name.strip())
    results = []
    for _ in range(2):
        order = data.draw(st.permutations(range(size)))
        matching = data.draw(st.permutations(range(size)))  # who is paired with whom
        article_ids = data.draw(st.lists(ids, min_size=size, max_size=size, unique=True))
        image_ids = data.draw(st.lists(ids, min_size=size, max_size=size, unique=True))
        with tempfile.TemporaryDirectory() as place:
            photos = folder(Path(place))
            rows: list[Pair] = []
            for n in order:
                m = matching[n]
                paint(photos / f"{image_ids[m]}.png", colours[m])
                rows.append((article_ids[n], *contents[n], image_ids[m], ""))
            path = write_pairs(Path(place) / "pairs.tsv", rows)
            corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), threads=2)
        assert truth(corpus) == sorted((row[0], row[3]) for row in rows)
        results.append(
            (
                [(row["title"], row["text"]) for row in corpus.articles.to_pylist()],
                corpus.images["digest"].to_pylist(),
            )
        )
        keys = [
            tie_key("article", row["digest"], row["article_id"])
            for row in corpus.articles.to_pylist()
        ]
        assert keys == sorted(keys)
    assert results[0] == results[1]
    assert sorted(results[0][0]) == sorted(contents)


def test_the_tables_orders_do_not_follow_the_files(tmp_path: Path) -> None:
    rows: list[Pair] = [(f"{n:03}", f"T{n}", "x", f"{n:03}", "") for n in range(200)]
    corpus = read_pairs(tmp_path, rows, *(f"{n:03}.png" for n in range(200)))
    place = {name: n for n, name in enumerate(corpus.images["image_id"].to_pylist())}
    near = [
        abs(n - place[name]) for n, name in enumerate(corpus.articles["article_id"].to_pylist())
    ]
    # Chance is 200 / 3 = 67, with a standard error of 3.3.
    assert 50 < sum(near) / len(near) < 84


# Real files


def plain_rows(path: Path, encoding: str, key: str) -> dict[str, tuple[str, str]]:
    """Title and text by id, read by nothing but splitting bytes."""
    lines = path.read_bytes().split(b"\r\n")
    assert lines.pop() == b""
    names = lines[0].split(b"\t")
    columns = [names.index(name.encode()) for name in (key, "title", "text")]
    found = [[line.split(b"\t")[c].decode(encoding) for c in columns] for line in lines[1:]]
    return {name: (title, text) for name, title, text in found}


def real(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the real data are not at {path}; put them there")
    return path


def test_real_training_file(tmp_path: Path) -> None:
    path = real("newsimages2021/content2019-01.tsv")
    corpus = read_corpus(CorpusSpec(pairs=(path,), photos=folder(tmp_path)), threads=2)
    assert corpus.articles.num_rows == 2539
    assert texts(corpus) == plain_rows(path, "utf-8", "article")
    assert reject_counts(corpus.rejects).to_pylist() == [
        {"kind": "image", "reason": "photo missing", "rows": 2539}
    ]
    balanced(corpus)


def test_real_decoupled_files() -> None:
    articles = real("newsimages2021/MediaEvalNewsImagesBatch04articles.tsv")
    images = real("newsimages2021/MediaEvalNewsImagesBatch04images.tsv")
    corpus = read_corpus(CorpusSpec(articles=articles, images=images), threads=2)
    assert corpus.articles.num_rows == 1915
    assert texts(corpus) == plain_rows(articles, "cp1252", "articleID")
    assert corpus.counts["image_rows"] == 1915 and corpus.counts["image_blank"] == 1
    balanced(corpus)


def test_real_photos() -> None:
    path, photos = real("photos-de/articles.tsv"), real("photos-de/images")
    corpus = read_corpus(CorpusSpec(pairs=(path,), photos=photos), threads=2)
    assert texts(corpus) == plain_rows(path, "utf-8", "article")
    assert corpus.images.num_rows == corpus.qrels.num_rows == 716
    assert corpus.rejects.num_rows == 0
    assert corpus == read_corpus(CorpusSpec(pairs=(path,), photos=photos), threads=1)

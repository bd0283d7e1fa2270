"""Files that are damaged, glued, packed or of other types: a correct result, or one line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rematch import forms
from rematch.corpus import CorpusSpec, read_articles, read_corpus
from rematch.corpus.layouts import read_source
from rematch.corpus.layouts.generic import Generic
from rematch.corpus.rows import decode
from rematch.errors import UserError
from rematch.storage import tables
from tests.unit.corpus.test_reading import HEADER, pair_line, texts, truth, write_pairs

COLUMNS = {"article_id": "nr", "title": "kopf", "image_id": "bild"}


def lines(count: int, start: int = 0) -> str:
    return "".join(
        pair_line(f"a{n}", f"Köln grüßt Nr. {n}", "Über Öl", f"{n}", "") + "\n"
        for n in range(start, start + count)
    )


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_articles(CorpusSpec(pairs=(path,)))
    said = str(caught.value)
    assert said.startswith(str(path)) and "\n" not in said
    return said


# Two encodings


def test_a_part_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    head, utf8, cp1252 = f"{HEADER}\n".encode(), lines(40).encode(), lines(60, 40).encode("cp1252")
    path.write_bytes(head + utf8 + cp1252)
    assert ", line 42, column " in refused(path) and "byte 0xf6 is not UTF-8, though" in refused(
        path
    )
    path.write_bytes(head + cp1252 + utf8)
    assert ", line 2, column " in refused(path)
    # One row of UTF-8 among a thousand is mojibake too.
    path.write_bytes(head + lines(1).encode() + lines(99, 1).encode("cp1252"))
    assert ", line 3, column " in refused(path)
    for encoding in ("utf-8", "cp1252"):
        path.write_bytes(head + lines(100).encode(encoding))
        assert texts(read_corpus(CorpusSpec(pairs=(path,)), 1))["a7"][0] == "Köln grüßt Nr. 7"


def test_a_small_part_in_utf8_of_a_large_file_in_cp1252_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    head, utf8 = f"{HEADER}\n".encode(), lines(10, 7000).encode()
    for parts in ((lines(7000).encode("cp1252"), utf8), (utf8, lines(7000).encode("cp1252"))):
        path.write_bytes(head + b"".join(parts))
        assert "is not UTF-8, though other parts of the file are (50 characters are" in refused(
            path
        )


@pytest.mark.parametrize(
    "text",
    [
        "Das „MENÜ“ für Köln",
        "PÅ” är så",
        "Ä… Ö– ü",
        "É» é",
        "«\u00a0Liberté\u00a0» et beauté\u00a0– là\u00a0…",
        "Café…” déjà\u00a0»",
        "Ü´s GRÖSSE² ß¹",
        "avó\u00a0…” não",
    ],
)
def test_accents_before_marks_are_cp1252(text: str) -> None:
    """Though some of them are letters of rarer scripts in UTF-8, and some lines hold no others."""
    assert decode(text.encode("cp1252"), "f") == text
    many = "\n".join([text, *text.split()] * 50)
    assert decode(many.encode("cp1252"), "f") == many


# What is no table in text


def zipped(text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("p.tsv", text)
    return out.getvalue()


PACKED: list[tuple[Callable[[bytes], bytes], str]] = [
    (gzip.compress, "is packed by gzip; unpack it"),
    (bz2.compress, "is packed by bzip2"),
    (lzma.compress, "is packed by xz"),
    (zipped, "is a zip archive, or a spreadsheet"),
    (lambda text: b"PAR1" + text, "is Parquet; name it .parquet"),
    (lambda text: text.decode().encode("utf-16"), "the file is UTF-16"),
    (lambda text: text.decode().encode("utf-16-le"), "UTF-16 or UTF-32"),
    (lambda text: text.decode().encode("utf-32"), "UTF-16"),
    (lambda text: text.replace(b"\n", b"\r"), "line 1: lines end with a carriage return alone"),
    (lambda text: text.replace(b"\n", b"\r", 1), "line 1: lines end with a carriage return alone"),
    (lambda text: text + lines(9).encode("utf-16"), "line 5: a part of the file is UTF-16"),
    (
        lambda text: b"a\n" + text.decode().encode("utf-16-be"),
        "line 2: a part of the file is UTF-16",
    ),
    (
        lambda text: text + "\ufeff".encode() + lines(9, 3).encode(),
        "line 5: a byte order mark stands",
    ),
    (
        lambda text: text[:-1] + "\ufeff".encode() + lines(9, 3).encode(),
        "line 4: a byte order mark",
    ),
    (lambda text: b"<!DOCTYPE html>\n" + text, "is of no known layout"),
    (lambda text: b"", "the file is empty"),
    (lambda text: b"\xef\xbb\xbf", "the file is empty"),
]


@pytest.mark.parametrize(("pack", "said"), PACKED)
def test_what_is_no_table_is_said(
    tmp_path: Path, pack: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "p.tsv"
    path.write_bytes(pack(f"{HEADER}\n{lines(3)}".encode()))
    assert said in refused(path)


def test_lines_that_end_with_carriage_returns_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text(
        f"{HEADER}\n{lines(3)}{lines(4, 3).removesuffix(chr(10)).replace(chr(10), chr(13))}\n",
        newline="",
    )
    assert "line 5: 4 lines end here with a carriage return alone" in refused(path)


@pytest.mark.parametrize(
    "again",
    [
        HEADER + "\n",
        "\ufeff" + HEADER + "\n",
        "\t".join(sorted(HEADER.split("\t"))) + "\n",
        "articleID\taid\turl\timg\tiid\thashvalue\ttitle\ttext\timgFile\n",
        "# article\taid\turl\timg\tiid\thashvalue\ttitle\ttext\timgFile\tDate\n",
        "articleID\taid\turl\t\t\thashvalue\ttitle\ttext\n",
        HEADER.upper() + "\n",
        HEADER + "\tDate\n",
    ],
)
def test_a_header_in_the_middle_is_said_with_its_line(tmp_path: Path, again: str) -> None:
    path = tmp_path / "p.tsv"
    path.write_text(f"{HEADER}\n{lines(3)}{again}{lines(2, 3)}")
    assert "line 5: a header stands here again" in refused(path)


def test_a_header_glued_to_the_last_row(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text(f"{HEADER}\n{lines(3).removesuffix(chr(10))}{HEADER}\n{lines(2, 3)}")
    assert "line 4: a header stands here again" in refused(path)
    (tmp_path / "a.csv").write_text("nr,kopf,bild\n1,T,p\nnr,kopf,bild\n2,U,p\n")
    with pytest.raises(UserError, match="line 3: a header stands here again"):
        read_source(tmp_path / "a.csv", Generic(COLUMNS))
    (tmp_path / "a.csv").write_text("nr,kopf,bild\n1,T,p\nNr,Kopf,url,Bild\n2,U,u,p\n")
    with pytest.raises(UserError, match="line 3: a header stands here again"):
        read_source(tmp_path / "a.csv", Generic(COLUMNS))


def test_an_archive_is_said_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"nr,kopf,bild\n1,T,p\n"))
    with pytest.raises(UserError, match=r"a\.csv\.gz: is packed by gzip; unpack it"):
        read_source(tmp_path / "a.csv.gz", Generic(COLUMNS))


def test_a_byte_order_mark_that_is_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_bytes(("\ufeff" * 2 + f"{HEADER}\n{lines(3)}").encode())
    assert set(texts(read_corpus(CorpusSpec(pairs=(path,)), 1))) == {"a0", "a1", "a2"}


def test_a_row_that_speaks_of_columns_is_a_row(tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "p.tsv", [("1", "title", "text", "7", "")])
    assert texts(read_corpus(CorpusSpec(pairs=(path,)), 1)) == {"1": ("title", "text")}


# Parquet


def parquet(path: Path, **columns: object) -> CorpusSpec:
    whole: dict[str, object] = {"nr": ["1", "2"], "kopf": ["T", "U"], "bild": ["p", "q"]}
    pq.write_table(pa.table(whole | columns), path)
    return CorpusSpec(pairs=(path,), layout="generic", options={"columns": COLUMNS})


def raw(values: list[bytes]) -> pa.Array:
    """Bytes that call themselves text."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())


TEXTS = ["Köln", "x" * 40]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(TEXTS, pa.large_string()),
        pa.array(TEXTS, pa.string_view()),
        pa.array([text.encode() for text in TEXTS], pa.binary()),
        pa.array([text.encode() for text in TEXTS], pa.large_binary()),
        pa.array([text.encode() for text in TEXTS], pa.binary_view()),
        pa.array(TEXTS).dictionary_encode(),
        pa.array(TEXTS, pa.large_string()).dictionary_encode(),
        pa.chunked_array([["Köln"], ["x" * 40]]),
    ],
    ids=str,
)
def test_every_type_of_text_in_parquet(tmp_path: Path, column: pa.Array) -> None:
    spec = parquet(tmp_path / "a.parquet", kopf=column)
    assert texts(read_corpus(spec, 1)) == {"1": ("Köln", ""), "2": ("x" * 40, "")}


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (raw([b"fine", b"K\xf6ln"]), r"row 2: column 'kopf' is not UTF-8 from byte 2 .*0xf6"),
        (pa.array([b"fine", b"K\xf6ln"], pa.binary()), "row 2: column 'kopf' is not UTF-8"),
        (pa.array([b"fine", b"K\xf6ln"], pa.binary_view()), "row 2: column 'kopf' is not UTF-8"),
        (pa.array([True, False]), "column 'kopf' holds bool and not text"),
        (pa.array([["a"], ["b"]]), "column 'kopf' holds list"),
        (pa.array([{"a": 1}, {"a": 2}]), "column 'kopf' holds struct"),
        (pa.array([1, 2], pa.timestamp("s")), "column 'kopf' holds timestamp"),
        (pa.array([1.5, 2.5]), "column 'kopf' holds double"),
    ],
)
def test_parquet_that_is_no_text(tmp_path: Path, column: pa.Array, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read_articles(parquet(tmp_path / "a.parquet", kopf=column))
    assert str(caught.value).startswith(f"{tmp_path / 'a.parquet'}")
    # What nobody asks for may be of any type.
    spec = parquet(tmp_path / "b.parquet", other=column)
    assert len(texts(read_corpus(spec, 1))) == 2


# Any damage


def wounded(data: bytes, chance: random.Random) -> bytes:
    """Cut, flipped, doubled, zeroed or with a piece of itself elsewhere."""
    some = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 40))):
        start = chance.randrange(len(some) + 1)
        length = chance.choice((1, 1, 2, 7, 60))
        kind = chance.randrange(6)
        if kind == 0:
            some[start : start + 1] = bytes(
                b ^ (1 << chance.randrange(8)) for b in some[start:][:1]
            )
        elif kind == 1:
            del some[start : start + length]
        elif kind == 2:
            some[start:start] = some[start : start + length]
        elif kind == 3:
            some[start : start + length] = chance.randbytes(length)
        elif kind == 4:
            some[start:start] = data[(other := chance.randrange(len(data))) : other + length]
        else:
            some[start : start + 1] = chance.choice(
                (b"\0", b"\r", b'"', b"\n", b"\t", b"\xef\xbb\xbf")
            )
    return bytes(some[: chance.randrange(len(some) + 1)] if chance.random() < 0.1 else some)


def examples(tmp_path: Path) -> dict[str, bytes]:
    """One small whole file of each kind, by its name."""
    rows = [("1", "T", "p"), ("2", "Köln „grüßt“", "q.png"), ("3", "x" * 300, "r")]
    columns = {name: [row[n] for row in rows] for n, name in enumerate(("nr", "kopf", "bild"))}
    found = {
        "a.csv": 'nr,kopf,bild\n1,T,p\n2,"Köln, „grüßt“\n",q.png\n3,x,r\n'.encode(),
        "a.tsv": "".join("\t".join(row) + "\n" for row in [("nr", "kopf", "bild"), *rows]).encode(),
        "pairs.tsv": f"{HEADER}\r\n{lines(3)}".encode("cp1252"),
    }
    for name, how in (("plain", {}), ("packed", {"compression": "zstd", "use_dictionary": False})):
        pq.write_table(pa.table(columns), tmp_path / "whole.parquet", **how)
        found[f"{name}.parquet"] = (tmp_path / "whole.parquet").read_bytes()
    columns["kopf"] = pa.array(columns["kopf"]).dictionary_encode()  # type: ignore[assignment]
    pq.write_table(pa.table(columns), tmp_path / "whole.parquet", write_page_checksum=True)
    found["dictionary.parquet"] = (tmp_path / "whole.parquet").read_bytes()
    return found


def read_damaged(tmp_path: Path, name: str, data: bytes) -> str:
    """Read a corpus of one file; what was said of it, or "" if its tables can be kept."""
    path = tmp_path / name
    path.write_bytes(data)
    generic = {} if name == "pairs.tsv" else {"columns": COLUMNS}
    spec = CorpusSpec(pairs=(path,), layout="generic" if generic else None, options=generic)
    try:
        articles = read_articles(spec)
        corpus = read_corpus(spec, 1)
    except UserError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)
        return str(error)
    assert truth(corpus) == []
    for table, schema in ((articles, forms.ARTICLES), (corpus.rejects, forms.REJECTS)):
        tables.write(table, tmp_path / "table")
        assert tables.read(tmp_path / "table", schema) == table
    return ""


def test_damaged_files_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    chance = random.Random(20)
    said = []
    for name, data in examples(tmp_path).items():
        assert read_damaged(tmp_path, name, data) == ""
        said += [read_damaged(tmp_path, name, wounded(data, chance)) for _ in range(40)]
    assert 20 < sum(map(bool, said)) < len(said) - 20

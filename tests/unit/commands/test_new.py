"""A first configuration for files that nobody has described: what is recognised and written."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml
from PIL import Image

from rematch.commands import new, proposing
from rematch.config import layers, resolved
from tests.unit.demo_config import SCHEMA, in_root

__all__ = ["in_root"]

PAIRS = ("article", "aid", "url", "img", "iid", "hashvalue", "title", "text", "imgFile")
GERMAN = "In Köln ist der Zug nach Berlin mit einer Verspätung auf dem Gleis und die Leute warten "
ENGLISH = "The train to Berlin is late and the people are waiting for it on the platform with bags "


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(proposing, "MEMORY", str(tmp_path / "no memory"))
    monkeypatch.setattr(proposing, "_marian", lambda language: None)
    monkeypatch.setattr(proposing, "_cores", lambda: 3)
    monkeypatch.setenv("COLUMNS", "100")


def table(path: Path, header, rows, delimiter="\t"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerows([header, *rows])
    return path


def photos(folder: Path, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (8, 8)).save(folder / name)
    return folder


def pairs_2021(path: Path, n=4, text=GERMAN * 2, first=509000000):
    rows = [
        (first + i, i, "", f"https://a.example/{i}.jpg", 100 + i, "h", f"Titel {i}", text, "")
        for i in range(n)
    ]
    return table(path, PAIRS, rows)


def run(capsys, out, *arguments, name="mine"):
    """Exit status, lines on standard output, and on standard error."""
    status = new.main([name, *map(str, arguments), "--out", str(out)])
    said = capsys.readouterr()
    return status, said.out.splitlines(), said.err.splitlines()


def written(capsys, out, *arguments):
    """The written file as a run takes it, and what was said."""
    status, lines, errors = run(capsys, out, *arguments)
    assert (status, errors) == (0, [])
    assert all(len(line) <= 100 or str(out.parent) in line for line in lines)
    text = out.read_text("utf-8")
    found = resolved([*layers.files([]), yaml.safe_load(text)], SCHEMA)
    assert found.notes == []
    assert found.config["sweep"]["corpus"] == ["mine"]
    return found.config, lines


def test_pairs_of_2021_with_their_photos_beside_them(capsys, tmp_path):
    pairs = pairs_2021(tmp_path / "articles.tsv")
    photos(tmp_path / "images", "100.jpg", "101.jpg", "102.jpg")
    config, lines = written(capsys, tmp_path / "mine.yaml", "--articles", pairs)
    corpus = config["corpora"]["mine"]
    assert (corpus["pairs"], corpus["photos"]) == (str(pairs), str(tmp_path / "images"))
    assert "download" not in corpus and "layout" not in corpus
    assert config["sweep"]["translation"] == ["google"]
    assert config["sweep"]["words"] == [10, 20, 30, "all"]
    assert config["ensembles"] == {} and config["encoding"]["threads"] == 3
    assert "reference" not in config["evaluation"]
    said = "\n".join(lines)
    assert "4 articles of 4 rows; 3 pairs with a photo; no row is refused" in said
    assert f"3 of 4 are in {tmp_path / 'images'}" in re.sub(r"\s+", " ", said)
    assert "5 texts to translate" in said
    assert "16 texts and 3 photos to encode" in said
    assert lines[-1].strip() == f"make run CONFIG={tmp_path / 'mine.yaml'}"
    assert f"make check CONFIG={tmp_path / 'mine.yaml'}" in lines[-2]


def test_every_line_is_explained(capsys, tmp_path):
    pairs_2021(tmp_path / "articles.tsv")
    out = tmp_path / "mine.yaml"
    written(capsys, out, "--articles", tmp_path)
    lines = out.read_text("utf-8").splitlines()
    for n, line in enumerate(lines):
        if re.match(r"\s+(corpus|translation|words|model|pairs|photos): ", line):
            assert lines[n - 1].lstrip().startswith("# "), line


def test_the_test_set_of_2021_in_a_folder(capsys, tmp_path):
    articles = table(
        tmp_path / "articles.tsv",
        ("articleID", "aid", "url", "", "", "hashvalue", "title", "text"),
        [(1000000000 + i, "", "", "", "", "", f"Titel {i}", GERMAN * 4) for i in range(3)],
    )
    images = table(
        tmp_path / "images.tsv",
        ("img", "iid", "imgFile"),
        [(f"https://a.example/{i}.jpg", 100 + i, f"{i}a.jpg") for i in range(3)],
    )
    config, lines = written(capsys, tmp_path / "mine.yaml", "--articles", tmp_path)
    corpus = config["corpora"]["mine"]
    assert (corpus["articles"], corpus["images"]) == (str(articles), str(images))
    assert "truth" not in corpus and corpus["photos"] == str(tmp_path / "images")
    assert "download" in corpus
    assert config["sweep"]["words"] == [10, 20, 30, 40, "all"] and "run05" in config["ensembles"]
    assert any("none here; 3 of 3 can be fetched by URL" in line for line in lines)

    truth = pairs_2021(tmp_path / "gt.tsv", 3, first=1000000000)
    for given in (tmp_path, articles):
        (tmp_path / "mine.yaml").unlink()
        config, _ = written(capsys, tmp_path / "mine.yaml", "--articles", given)
        assert config["corpora"]["mine"]["truth"] == str(truth)
        assert "reference" in config["evaluation"]  # the paper's corpus


def test_2023_tells_texts_from_images_by_what_is_in_them(capsys, tmp_path):
    header = ("# article", *PAIRS[1:], "Date")
    for part in ("P1", "P2"):
        texts = [("1", f"{part}{i}", "", "", "", "", ENGLISH, "tags", "", "") for i in range(3)]
        images = [("", "", "", "", f"i{part}{i}", "", "", "", f"{i}.jpg", "") for i in range(3)]
        table(tmp_path / f"GDELT-{part}-Text.txt", header, texts)
        table(tmp_path / f"GDELT-{part}-Img.txt", header, images)
    photos(tmp_path / "pics", "0.jpg", "1.jpg", "2.jpg")
    text = tmp_path / "GDELT-P2-Text.txt"
    config, lines = written(capsys, tmp_path / "mine.yaml", "--articles", text)
    corpus = config["corpora"]["mine"]
    assert corpus["images"] == str(tmp_path / "GDELT-P2-Img.txt")
    assert corpus["photos"] == str(tmp_path / "pics")
    assert config["sweep"]["translation"] == ["none"]
    assert config["translations"]["none"]["source"] == "en"
    assert any("0 texts to translate" in line for line in lines)

    status, _, errors = run(capsys, tmp_path / "other.yaml", "--articles", tmp_path)
    assert (status, len(errors)) == (1, 1)
    assert "GDELT-P1-Text.txt" in errors[0] and "GDELT-P2-Text.txt" in errors[0]
    assert "name the files that are meant" in errors[0]
    assert not (tmp_path / "other.yaml").exists()


def test_a_table_of_no_known_layout_goes_by_its_columns(capsys, tmp_path):
    rows = [(f"a{i}", f"Head {i}", ENGLISH, f"p{i}.jpg", "x") for i in range(3)]
    header = ("ID", "Headline", "Body", "Image File", "extra")
    plain = table(tmp_path / "news.csv", header, rows, ",")
    photos(tmp_path, "p0.jpg", "p1.jpg", "p2.jpg")
    config, lines = written(capsys, tmp_path / "mine.yaml", "--articles", plain)
    corpus = config["corpora"]["mine"]
    assert corpus["layout"] == "generic" and corpus["photos"] == str(tmp_path)
    columns = {"article_id": "ID", "image_id": "Image File", "title": "Headline", "text": "Body"}
    assert corpus["columns"] == columns
    assert any("3 articles of 3 rows; 3 pairs" in line for line in lines)


def test_a_table_whose_columns_cannot_be_told_is_one_line(capsys, tmp_path):
    plain = table(tmp_path / "news.csv", ("key", "headline", "when"), [("a", "b", "c")], ",")
    status, _, errors = run(capsys, tmp_path / "mine.yaml", "--articles", plain)
    assert (status, len(errors)) == (1, 1)
    assert "none of key, headline, when is called like article_id or image_id" in errors[0]
    assert "layout: generic" in errors[0]


def test_translations_beside_it_that_hold_all_are_used(capsys, tmp_path):
    pairs = pairs_2021(tmp_path / "articles.tsv", 2)
    texts = ["Titel 0", "Titel 1", GERMAN * 2]
    memory = table(tmp_path / "en.tsv", ("source", "target"), [(t, "English") for t in texts])
    config, _ = written(capsys, tmp_path / "mine.yaml", "--articles", pairs)
    assert config["sweep"]["translation"] == ["memory"]
    assert config["translations"]["memory"]["memory"] == str(memory)
    (tmp_path / "mine.yaml").unlink()
    table(memory, ("source", "target"), [(t, "English") for t in texts[:2]])
    config, _ = written(capsys, tmp_path / "mine.yaml", "--articles", pairs)
    assert config["sweep"]["translation"] == ["google"]


def test_a_model_on_this_machine_translates(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(
        proposing, "_marian", lambda language: f"Helsinki-NLP/opus-mt-{language}-en"
    )
    pairs = pairs_2021(tmp_path / "articles.tsv", 2)
    config, _ = written(capsys, tmp_path / "mine.yaml", "--articles", pairs)
    assert config["translations"]["marian"]["model"] == "Helsinki-NLP/opus-mt-de-en"


def test_nothing_is_overwritten(capsys, tmp_path):
    out = tmp_path / "mine.yaml"
    out.write_text("mine\n", "utf-8")
    status, lines, errors = run(capsys, out, "--articles", pairs_2021(tmp_path / "articles.tsv"))
    assert (status, lines, len(errors)) == (1, [], 1)
    assert "is there already" in errors[0] and out.read_text("utf-8") == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--articles", "nowhere.tsv"), "nowhere.tsv: does not exist"),
        (("--articles", "README.md"), "README.md, line 1: columns are needed"),
        (("--articles", "profiles"), "no table of articles is there"),
        (("--articles", "config", "--photos", "README.md"), "is no folder"),
    ],
)
def test_what_is_wrong_is_one_line(capsys, tmp_path, arguments, said):
    status, lines, errors = run(capsys, tmp_path / "mine.yaml", *arguments)
    assert (status, lines, len(errors)) == (1, [], 1)
    assert said in errors[0]


@pytest.mark.parametrize("name", ["demo", "a b", "../a"])
def test_a_name_that_cannot_be_is_one_line(capsys, tmp_path, name):
    pairs = pairs_2021(tmp_path / "articles.tsv")
    status, _, errors = run(capsys, tmp_path / "a.yaml", "--articles", pairs, name=name)
    assert (status, len(errors)) == (1, 1) and not (tmp_path / "a.yaml").exists()


def test_two_folders_that_hold_the_photos(capsys, tmp_path):
    pairs = pairs_2021(tmp_path / "articles.tsv")
    for folder in ("a", "b"):
        photos(tmp_path / folder, "100.jpg")
    status, _, errors = run(capsys, tmp_path / "mine.yaml", "--articles", pairs)
    assert (status, len(errors)) == (1, 1) and "hold 1 of the photos each" in errors[0]
    config, _ = written(
        capsys, tmp_path / "mine.yaml", "--articles", pairs, "--photos", tmp_path / "b"
    )
    assert config["corpora"]["mine"]["photos"] == str(tmp_path / "b")


def test_names_that_yaml_reads_otherwise_stay_names(capsys, tmp_path):
    folder = tmp_path / "a: b, #c"
    pairs = pairs_2021(folder / "no.tsv")
    photos(folder / "images", "100.jpg")
    config, _ = written(capsys, tmp_path / "mine.yaml", "--articles", pairs)
    assert config["corpora"]["mine"]["pairs"] == str(pairs)
    assert config["corpora"]["mine"]["photos"] == str(folder / "images")

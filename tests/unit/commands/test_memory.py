"""The memory's command, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from rematch import forms
from rematch.storage import tables
from rematch.text.memory.remembered import Memory, recall

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "workflow/scripts"


def command(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "rematch.commands.memory", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def said(*arguments, folder):
    done = command(*arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def cells(lines, backend):
    """The words of the lines on `backend`, one list a line."""
    return [line.split() for line in lines if line.startswith(backend + " ")]


@pytest.fixture
def memory(tmp_path):
    folder = tmp_path / "resources/translation_memory"
    store = Memory(folder)
    store.append([("Hund", "dog"), ("Katze", "cat"), ("Hund", "hound")], "google", "de", "en")
    store.append([("Hund", "dog")], "marian:0123456789ab:beam4", "de", "en")
    store.append([("Hund", "chien"), ("Maus", "souris")], "google", "de", "fr")
    store.close()
    return folder


def test_status_counts_what_is_there(memory, tmp_path):
    (memory / "own.tsv").write_text("source\ttarget\nIgel\thedgehog\nHund\tdog\n", "utf-8")
    lines = said("status", folder=tmp_path)
    size = sum(file.stat().st_size for file in memory.iterdir())
    assert lines[0] == f"translation memory resources/translation_memory: 2 files, {size:,} bytes"
    assert cells(lines, "google") == [
        ["google", "de", "en", "2", "9", "1"],
        ["google", "de", "fr", "2", "8", "0"],
    ]
    assert cells(lines, "marian:0123456789ab:beam4")[0][1:] == ["de", "en", "1", "4", "0"]
    assert cells(lines, "tsv") == [["tsv", "any", "any", "2", "8", "0"]]
    assert "distinct texts: 4" in lines
    assert not any("passed over" in line for line in lines)


def test_status_counts_torn_lines(memory, tmp_path):
    (file,) = memory.glob("*.jsonl")
    content = file.read_bytes()
    (memory / "torn.jsonl").write_bytes(b"nonsense\n" + content[: content.index(b"\n") - 5])
    done = command("status", "--memory", memory, folder=tmp_path)
    assert done.returncode == 0
    assert (
        "lines passed over, torn by a kill or not of the memory's form: 2"
        in done.stdout.splitlines()
    )
    assert "torn.jsonl, line 1: not a record" in done.stderr


def write_articles(path, *pairs):
    rows = [
        {"article_id": str(i), "title": title, "text": text, "digest": ""}
        for i, (title, text) in enumerate(pairs)
    ]
    tables.write(pa.Table.from_pylist(rows, schema=forms.ARTICLES), path)


def test_status_says_how_much_of_a_corpus_is_held(memory, tmp_path):
    (memory / "own.tsv").write_text("source\ttarget\nIgel\thedgehog\n", "utf-8")
    articles = tmp_path / "articles.parquet"
    write_articles(articles, ("Hund", "Katze"), ("Hund", "2019"), ("", "Igel"), ("Maus", "Maus"))
    lines = said("status", "--articles", articles, folder=tmp_path)
    (about,) = [i for i, line in enumerate(lines) if line.startswith(str(articles))]
    assert "4 articles, 4 distinct titles and texts" in lines[about]
    rest = lines[about:]
    assert cells(rest, "google") == [["google", "de", "en", "2", "50.0", "%", "2", "8"]]
    assert cells(rest, "marian:0123456789ab:beam4")[0][3:] == ["1", "25.0", "%", "3", "13"]
    assert cells(rest, "memory") == [["memory", "de", "en", "3", "75.0", "%", "1", "4"]]
    french = said("status", "--articles", articles, "--target", "fr", folder=tmp_path)
    assert ["google", "de", "fr", "2", "50.0", "%", "2", "9"] in cells(french, "google")


def test_a_single_tsv_is_a_memory_too(tmp_path):
    tsv, articles = tmp_path / "t.tsv", tmp_path / "articles.parquet"
    tsv.write_text("source\ttarget\nHund\tdog\n", "utf-8")
    write_articles(articles, ("Hund", "Katze"))
    lines = said("status", "--memory", tsv, "--articles", articles, folder=tmp_path)
    assert cells(lines, "memory") == [["memory", "de", "en", "1", "50.0", "%", "1", "5"]]


def test_a_memory_that_is_not_there_yet_is_no_error(tmp_path):
    lines = said("status", folder=tmp_path)
    assert lines == [
        "translation memory resources/translation_memory: "
        "not there yet; the first translation makes it"
    ]


def test_import_adds_once_and_says_what_it_did(memory, tmp_path):
    tsv = tmp_path / "t.tsv"
    tsv.write_text("source\ttarget\nHund\thound\nKatze\ttomcat\nIgel\t?\nIgel\thedgehog\n", "utf-8")
    first = said("import", tsv, "--backend", "google", folder=tmp_path)
    assert first[0].endswith("as google, de to en: 1 new, 1 replaced, 1 there already")
    assert first[1].endswith("the last taken: 1")
    assert recall(memory, "de", "en", "google").translations == {
        "Hund": "hound",
        "Katze": "tomcat",
        "Igel": "hedgehog",
    }
    again = said("import", tsv, "--backend", "google", folder=tmp_path)
    assert "0 new, 0 replaced, 3 there already" in again[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "t.tsv", "--backend", "gogle"), "--backend gogle: not one of deepl, google"),
        (("import", "t.tsv", "--backend", "memory"), "--backend memory: not one of"),
        (("import", "t.tsv", "--backend", "marian"), "which model?"),
        (("import", "none.tsv", "--backend", "google"), "none.tsv: cannot be read"),
        (("import", "t.tsv", "--backend", "google"), "t.tsv, line 2, column 'target': missing"),
        (("status", "--articles", "none.parquet"), "none.parquet: "),
        (("status", "--articles", "t.tsv"), "t.tsv: "),
    ],
)
def test_errors_are_one_line(memory, tmp_path, arguments, message):
    (tmp_path / "t.tsv").write_text("source\ttarget\nHund\n", "utf-8")
    done = command(*arguments, folder=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert recall(memory, "de", "en", "google").translations == {"Hund": "hound", "Katze": "cat"}

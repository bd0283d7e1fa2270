"""A translation memory that was damaged, and one whose clocks went wrong."""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.forms import ARTICLES
from rematch.text.memory import lines as memory_lines
from rematch.text.memory.remembered import (
    Memory,
    damages,
    import_tsv,
    read_records,
    read_tsv,
    recall,
)
from rematch.text.memory.store import Store
from rematch.text.translation.translating import translate, translate_articles
from tests.loopback_google import english
from tests.unit.services import kept

ROOT = Path(__file__).parents[3]
PAIRS = {
    f"Der {name} Nummer {i} läuft über Öfen, „so\u2028{i}“.": f"The {name} no. {i} runs “so” {i}."
    for i, name in enumerate(["Hund", "Igel", "Fuchs", "Wolf", "Bär"] * 2)
}


def written(folder, pairs=PAIRS, **more):
    memory = Memory(folder)
    memory.append(list(pairs.items()), "google", "de", "en", **more)
    memory.close()
    (file,) = folder.glob("*.jsonl")
    return file


def old_line(text, translation, time=1.0, **more):
    """A line from before there were sums."""
    fields = {"time": time, "backend": "google", "source": "de", "target": "en", "text": text}
    return json.dumps(fields | {"translation": translation} | more) + "\n"


def held(folder):
    return dict(recall(folder, "de", "en", "google").translations)


def test_a_flipped_bit_costs_its_line_and_is_named(tmp_path, caplog):
    file = written(tmp_path)
    whole, rng = file.read_bytes(), random.Random(1)
    for _ in range(300):
        place, bit = rng.randrange(len(whole) - 1), 1 << rng.randrange(8)
        flipped = bytearray(whole)
        flipped[place] ^= bit
        file.write_bytes(flipped)
        found = held(tmp_path)
        assert found.items() <= PAIRS.items()
        lost = len(PAIRS) - len(found)
        # A flip in the line's form alone (a space, an escape) changes nothing; one that makes
        # or unmakes a line's end touches two.
        assert lost <= 2 and (lost == 0) == (damages(tmp_path) == [])
        line = whole[:place].count(b"\n") + 1
        for said in damages(tmp_path):
            assert said.startswith((f"{file}, line {line}: ", f"{file}, line {line + 1}: "))
    assert "asked for again" in caplog.text


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60), st.integers(0, 2000), st.booleans())
def test_whatever_is_written_into_a_file_ends_in_no_traceback(tmp_path_factory, junk, at, cut):
    folder = tmp_path_factory.mktemp("memory")
    file = written(folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:at] + junk + (b"" if cut else whole[at:]))
    assert held(folder).items() <= PAIRS.items()
    Store(folder, "google", "de", "en").close()
    damages(folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (old_line("Hund \ud800", "dog"), "half a character (a lone surrogate) in it"),
        (old_line("Hund", "d\udfffog"), "half a character (a lone surrogate) in it"),
        ("[" * 2_900 + "\n", "not a record of the memory"),
        (old_line("Hund", "dog", float("nan")), "not a record of the memory"),
        (old_line("Hund", "dog", order="1"), "not a record of the memory"),
        (old_line("Hund", ["dog"]), "not a record of the memory"),
        (old_line("Hund", "dog", sum="0" * 16), "changed since it was written"),
        (old_line("Hund", "dog")[:-1] + "\0\n", "not a record of the memory"),
        ("\xff\n", "not UTF-8 (byte 1)"),
        ("a" * 4_000 + "\n" + old_line("Hase", "hare"), "longer than 3,000 bytes"),
    ],
)
def test_a_line_that_is_no_record_is_named_and_its_text_asked_for(
    google, options, monkeypatch, caplog, line, said
):
    monkeypatch.setattr(memory_lines, "LONGEST", 3_000)
    folder = options().memory
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(line.encode("latin-1") + old_line("Igel", "hedgehog").encode())
    (named,) = damages(folder)
    assert named.startswith(f"{folder / 'a.jsonl'}, line 1: {said}")
    server = google()
    rows = [{"article_id": "1", "title": "Hund", "text": "Igel", "digest": ""}]
    with caplog.at_level(logging.WARNING):
        table, *_ = translate_articles(pa.Table.from_pylist(rows, schema=ARTICLES), options())
    assert [table[name][0].as_py() for name in ("title", "text")] == [english("Hund"), "hedgehog"]
    assert server.texts == ["Hund"]
    assert caplog.messages == [f"{named}; passed over, its text is asked for again"]


def test_a_huge_line_is_not_held_in_memory(tmp_path):
    with (tmp_path / "a.jsonl").open("wb") as file:
        file.truncate(600_000_000)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + old_line("Igel", "hedgehog").encode())
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (500_000_000,) * 2)\n"
        "from rematch.text.memory.store import Store\n"
        "print(Store(sys.argv[1], 'google', 'de', 'en').get('Igel'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("hedgehog\n", "")


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing"])
def test_what_is_no_file_is_one_line(tmp_path, kind):
    path = tmp_path / "a.jsonl"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("gone")
    with pytest.raises(UserError, match="remove it"):
        read_records(tmp_path)
    assert len(damages(tmp_path)) == 1


def test_a_tsv_is_held_to_its_form_however_long(tmp_path, monkeypatch):
    monkeypatch.setattr("rematch.text.memory.tsv.LONGEST", 3_000)
    monkeypatch.setattr(memory_lines, "LONGEST", 3_000)
    path = tmp_path / "t.tsv"
    path.write_bytes(b"source\ttarget\n" + b"a" * 4_000)
    with pytest.raises(UserError, match="line 2: longer than 3,000 bytes"):
        read_tsv(path)
    path.write_bytes("source\ttarget\nHund\tdo\ud800g\n".encode("utf-8", "surrogatepass"))
    assert "line 2, column 'target': not UTF-8" in damages(path)[0]


# Clocks


def test_an_import_holds_whatever_the_clocks_say(tmp_path):
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / "z.jsonl").write_text(old_line("Hund", "from 2040", 2208988800.0))
    for said in ("dog", "hound", "dog"):
        tsv = tmp_path / "t.tsv"
        tsv.write_text(f"source\ttarget\nHund\t{said}\n", "utf-8")
        assert import_tsv(folder, tsv, "google", "de", "en").replaced == 1
        assert held(folder) == {"Hund": said}
        assert Store(folder, "google", "de", "en").get("Hund") == said
    for number, file in enumerate(sorted(folder.glob("*.jsonl"), reverse=True)):
        file.rename(folder / f"{number}-renamed.jsonl")
        os.utime(folder / f"{number}-renamed.jsonl", (number, number))
    assert held(folder) == {"Hund": "dog"} and recall(folder, "de", "en").translations == held(
        folder
    )


def test_a_clock_that_was_put_back_loses_no_import(tmp_path, monkeypatch):
    folder, tsv = tmp_path / "memory", tmp_path / "t.tsv"
    for now, said in ((3e9, "first"), (1e9, "second"), (2e9, "third")):
        monkeypatch.setattr("time.time", lambda now=now: now)
        tsv.write_text(f"source\ttarget\nHund\t{said}\n", "utf-8")
        import_tsv(folder, tsv, "google", "de", "en")
    monkeypatch.undo()
    assert held(folder) == {"Hund": "third"}


def test_what_was_withdrawn_is_asked_for_again_and_held_from_then_on(google, options):
    google()
    translate(["Hund", "Katze"], options())
    store = Store(options().memory, "google", "de", "en")
    store.withdraw(["Hund", "Maus"])
    store.close()
    assert kept(options()) == {"Katze": english("Katze")}
    assert [record.text for record in read_records(options().memory)] == ["Katze"]
    server = google()
    assert translate(["Hund", "Katze"], options()).summary.hits == 1
    assert server.texts == ["Hund"]
    assert kept(options()) == {text: english(text) for text in ("Hund", "Katze")}

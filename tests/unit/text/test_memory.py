"""The translation memory: keeps everything, survives torn files, reads and imports TSVs."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.text.memory.remembered import (
    Fill,
    Imported,
    Memory,
    fill,
    import_tsv,
    read_records,
    read_tsv,
    recall,
)

ROOT = Path(__file__).parents[3]
TSV = ROOT.parent / "shared/data/photos-de/translations.tsv"


def held(folder: Path, backend: str | None = "google") -> dict[str, str]:
    return dict(recall(folder, "de", "en", backend).translations)


def keep(folder: Path, *pairs: tuple[str, str], backend: str = "google") -> None:
    memory = Memory(folder)
    memory.append(pairs, backend, "de", "en")
    memory.close()


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
)
def test_any_text_comes_back_exactly(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("memory")
    keep(folder, *pairs.items())
    assert held(folder) == pairs


def test_the_key_is_backend_languages_and_exact_text(tmp_path):
    memory = Memory(tmp_path)
    memory.append([("Hallo", "google")], "google", "de", "en")
    memory.append([("Hallo", "deepl")], "deepl", "de", "en")
    memory.append([("Hallo", "french")], "google", "de", "fr")
    memory.append([("Hallo ", "space"), ("hallo", "case")], "google", "de", "en")
    assert held(tmp_path) == {"Hallo": "google", "Hallo ": "space", "hallo": "case"}
    assert held(tmp_path, "deepl") == {"Hallo": "deepl"}
    assert dict(recall(tmp_path, "de", "fr", "google").translations) == {"Hallo": "french"}


def test_the_latest_of_conflicting_translations_holds_and_is_counted(tmp_path):
    keep(tmp_path, ("a", "1"), ("b", "1"))
    keep(tmp_path, ("a", "1"), ("b", "2"))
    found = recall(tmp_path, "de", "en", "google")
    assert found.translations == {"a": "1", "b": "2"}
    assert found.conflicts == 1


def test_later_is_by_the_clock_and_not_by_file_name(tmp_path):
    line = (
        '{{"time": {}, "backend": "google", "source": "de", "target": "en", '
        '"text": "a", "translation": "{}"}}\n'
    )
    (tmp_path / "a.jsonl").write_text(line.format(20, "later"))
    (tmp_path / "b.jsonl").write_text(line.format(10, "earlier"))
    assert held(tmp_path) == {"a": "later"}


def test_pandas_reads_a_file(tmp_path):
    keep(tmp_path, ("123", "2019-01-01"), ("Zeile\u2028zwei\n", 'with "quotes"\t'))
    (file,) = tmp_path.glob("*.jsonl")
    frame = pd.read_json(file, lines=True, dtype=False)
    assert list(frame["text"]) == ["123", "Zeile\u2028zwei\n"]
    assert list(frame["translation"]) == ["2019-01-01", 'with "quotes"\t']
    assert set(frame["backend"]) == {"google"}


def test_a_line_torn_at_any_byte_costs_that_line_alone(tmp_path, caplog):
    keep(tmp_path, ("eins", "one"), ("zwei", "zwö"))
    (file,) = tmp_path.glob("*.jsonl")
    whole = file.read_bytes()
    last = whole.index(b"\n") + 1
    for cut in range(last, len(whole)):
        file.write_bytes(whole[:cut])
        complete = cut == len(whole) - 1  # only the line's end is missing
        assert held(tmp_path) == {"eins": "one"} | ({"zwei": "zwö"} if complete else {})
    file.write_bytes(whole[:-5])
    keep(tmp_path, ("drei", "three"))  # the next writer does not glue to the torn line
    assert held(tmp_path) == {"eins": "one", "drei": "three"}
    assert not caplog.records  # to be expected after a kill, so no warning


def test_a_broken_line_in_the_middle_is_named(tmp_path, caplog):
    keep(tmp_path, ("eins", "one"), ("zwei", "two"))
    (file,) = tmp_path.glob("*.jsonl")
    first, second = file.read_bytes().splitlines()
    file.write_bytes(first + b"\n\x00\x00\xff\n[1]\n" + second + b"\n")
    with caplog.at_level(logging.WARNING):
        assert held(tmp_path) == {"eins": "one", "zwei": "two"}
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        f"{file}, line 2",
        f"{file}, line 3",
    ]


WRITER = """
import sys
from rematch.text.memory.remembered import Memory
memory = Memory(sys.argv[1])
name, n = sys.argv[2], int(sys.argv[3])
for i in range(n):
    memory.append([(f"{name} {i}", "ü" * (i % 500))], "google", "de", "en")
"""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}


def test_processes_and_threads_that_write_at_once_lose_nothing(tmp_path):
    jobs = [
        subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, name, "100"], env=environment())
        for name in "ab"
    ]
    memory = Memory(tmp_path)

    def write(name: str) -> None:
        for i in range(50):
            memory.append([(f"{name} {i}", "ü" * i)], "google", "de", "en")

    threads = [threading.Thread(target=write, args=(name,)) for name in "cd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [job.wait(60) for job in jobs] == [0, 0]
    assert set(held(tmp_path)) == {
        f"{name} {i}" for name in "abcd" for i in range(100 if name in "ab" else 50)
    }
    assert len(read_records(tmp_path)) == 300
    assert len(list(tmp_path.glob("*.jsonl"))) == 3


def test_nothing_is_created_before_the_first_translation(tmp_path):
    memory = Memory(tmp_path / "memory")
    memory.append([], "google", "de", "en")
    assert not (tmp_path / "memory").exists()
    assert held(tmp_path / "memory") == {}


def test_a_memory_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "memory").write_text("a file")
    with pytest.raises(UserError, match=r"translation memory .*memory: cannot be written"):
        keep(tmp_path / "memory", ("a", "b"))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            *2
            * [
                st.text(
                    st.characters(codec="utf-8", exclude_characters="\t\n\r"), min_size=1
                ).filter(str.strip)
            ]
        )
    )
)
def test_a_tsv_is_read_as_pandas_reads_it(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tsv") / "t.tsv"
    frame = pd.DataFrame(rows, columns=["source", "target"], dtype=str)
    lines = ["\t".join(row) for row in [tuple(frame.columns), *rows]]
    for end in ("\n", "\r\n"):
        path.write_bytes((end.join(lines) + end).encode("utf-8"))
        assert read_tsv(path) == list(frame.itertuples(index=False, name=None))


def test_quotes_in_a_tsv_are_literal_and_a_mark_at_its_start_is_passed_over(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_bytes('\ufeffsource\ttarget\n"Er\tHe said "no\n\n'.encode())
    assert read_tsv(path) == [('"Er', 'He said "no')]


@pytest.mark.parametrize(
    ("content", "place", "remedy"),
    [
        (b"", "line 1", "it must be"),
        (b"source,target\n", "line 1", "it must be 'source', a tab, 'target'"),
        (b"source\ttarget\nGut\tGood\nHallo\n", "line 3, column 'target'", "write the source text"),
        (b"source\ttarget\na\tb\tc\n", "line 2, column 3", "replace the tabs"),
        (b"source\ttarget\n\tb\n", "line 2, column 'source'", "fill it or delete"),
        (b"source\ttarget\na\t \n", "line 2, column 'target'", "fill it or delete"),
        (b"source\ttarget\nGr\xfc\xdfe\tHi\n", "line 2, column 'source'", "save the file as UTF-8"),
        (b"source\ttarget\nHi\tGr\xfc\xdfe\n", "line 2, column 'target'", "save the file as UTF-8"),
    ],
)
def test_an_ill_formed_tsv_is_refused_by_place_and_remedy(tmp_path, content, place, remedy):
    path = tmp_path / "bad.tsv"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read_tsv(path)
    assert str(error.value).startswith(f"{path}, {place}")
    assert remedy in str(error.value)
    assert "\n" not in str(error.value)


def test_import_adds_what_is_new_and_replaces_what_differs(tmp_path):
    folder = tmp_path / "memory"
    keep(folder, ("alt", "old"), ("gleich", "same"))
    tsv = tmp_path / "t.tsv"
    tsv.write_text("source\ttarget\nalt\tancient\ngleich\tsame\nneu\tx\nneu\tnew\n", "utf-8")
    done = import_tsv(folder, tsv, "google", "de", "en")
    assert done == Imported(new=1, replaced=1, same=1, conflicts=1)
    assert held(folder) == {"alt": "ancient", "gleich": "same", "neu": "new"}
    assert import_tsv(folder, tsv, "google", "de", "en") == Imported(0, 0, 3, 1)


def test_an_ill_formed_tsv_imports_nothing(tmp_path):
    tsv = tmp_path / "t.tsv"
    tsv.write_text("source\ttarget\na\tb\nbroken\n", "utf-8")
    with pytest.raises(UserError, match="line 3"):
        import_tsv(tmp_path / "memory", tsv, "google", "de", "en")
    assert not (tmp_path / "memory").exists()


def test_without_a_backend_records_come_first_and_tsvs_by_name_after(tmp_path):
    keep(tmp_path, ("a", "record"), ("b", "record"), ("c", "record"))
    (tmp_path / "2.tsv").write_text("source\ttarget\nb\tsecond\n", "utf-8")
    (tmp_path / "1.tsv").write_text("source\ttarget\nb\tfirst\nc\tfirst\n", "utf-8")
    found = recall(tmp_path, "de", "en")
    assert found.translations == {"a": "record", "b": "second", "c": "first"}
    assert found.conflicts == 3
    assert recall(tmp_path / "1.tsv", "de", "en").translations == {"b": "first", "c": "first"}
    with pytest.raises(UserError, match="no such file or folder"):
        recall(tmp_path / "absent", "de", "en")


def test_fill_counts_by_backend_and_languages(tmp_path):
    keep(tmp_path, ("abc", "1"), ("de", "1"))
    keep(tmp_path, ("abc", "2"))
    keep(tmp_path, ("abc", "3"), backend="deepl")
    (tmp_path / "t.tsv").write_text("source\ttarget\nb\tc\n", "utf-8")
    assert fill(tmp_path) == [
        Fill("deepl", "de", "en", 1, 3, 0),
        Fill("google", "de", "en", 2, 5, 1),
        Fill("tsv", "", "", 1, 1, 0),
    ]
    assert fill(tmp_path / "t.tsv") == [Fill("tsv", "", "", 1, 1, 0)]
    assert fill(tmp_path / "absent") == []


@pytest.mark.skipif(not TSV.exists(), reason=f"the real data are not at {TSV}; put them there")
def test_the_real_translations_are_read_whole():
    rows = read_tsv(TSV)
    lines = TSV.read_text("utf-8").split("\n")
    assert len(rows) == sum(bool(line) for line in lines) - 1 == 1432
    frame = pd.read_csv(TSV, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    assert rows == list(frame.itertuples(index=False, name=None))

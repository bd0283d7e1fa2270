"""What of results/ is not what was written there, is named."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from rematch.engine.intact import damaged_stores, unlike_records
from rematch.engine.records import RECORDS, Recorder, place
from rematch.storage.contents import KEPT, Contents
from rematch.storage.embeddings import Vectors, write_vectors

PATHS = ["results/c/a", "results/c/b", "results/logs/r.log", "resources/made/x"]
STORE = "results/c/embeddings/m/.t.vectors.arrow"


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in PATHS:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"what {path} holds\n" * 3, "utf-8")
    recorder = Recorder("r", {"n": "1"}, [], PATHS[:2], PATHS[2:])
    recorder.finish()
    write_vectors(Vectors(4, {}, [(["a", "b"], np.ones((2, 4), np.float32))]), STORE)
    recorder.record(STORE)
    Contents(KEPT).of("results/c/a")


def named() -> list[str]:
    return [*unlike_records(["results/c/a"]), *damaged_stores()]


def test_nothing_is_named_where_nothing_is_wrong() -> None:
    assert named() == []
    # Others compare what the record of provenance lists; to remove a log is no damage.
    Path("results/c/a").write_text("")
    Path("results/logs/r.log").unlink()
    Path(KEPT).unlink()
    assert named() == []


@pytest.mark.parametrize("seed", range(60))
def test_every_flip_truncation_edit_and_swap_is_named(seed: int) -> None:
    chance = random.Random(seed)
    files = [*PATHS[1:], STORE, KEPT, *(str(place(path)) for path in PATHS)]
    path = files[seed % len(files)]
    content = bytearray(Path(path).read_bytes())
    match chance.choice(["flip", "truncate", "edit", "swap"]):
        case "flip":
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        case "truncate":
            del content[chance.randrange(len(content)) :]
        case "edit":
            at = chance.randrange(len(content))
            content[at:at] = b"7"
        case _:
            other = chance.choice([file for file in files if file != path])
            content = bytearray(Path(other).read_bytes())
    before = Path(path).stat()
    Path(path).write_bytes(bytes(content))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert any(path in line for line in named()), (path, named())


def test_records_of_what_outlives_the_results_are_looked_at_too() -> None:
    record = place("resources/made/x")
    assert record == Path("resources/made/.made/x.json") and record.is_file()
    record.write_bytes(b"{")
    assert named() == [f"record damaged: {record}"]


def test_missing_records_are_named() -> None:
    place("results/c/a").unlink()
    assert named() == ["record missing: results/.made/results/c/a.json, of results/c/a"]
    shutil.rmtree(RECORDS)
    assert named() == ["records missing: results/.made; without them the next run makes all again"]

"""What a job records of its results, and when a record is none."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rematch.engine import records
from rematch.engine.records import Made, Recorder, lineage, place, read, write
from rematch.storage.digests import digest_of

ROOT = Path(__file__).parents[3]
MADE = Made("results/c/a", "rank", {"top": "100"}, {"in": "0" * 64}, "1" * 64, "2" * 64, 1.5, 2.5)


@pytest.fixture(autouse=True)
def place_of_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_record_is_read_as_it_was_written() -> None:
    assert read("results/c/a") is None
    write(MADE)
    assert read("results/c/a") == MADE
    write(replace(MADE, sha256="3" * 64))
    assert read("results/c/a") == replace(MADE, sha256="3" * 64)


@pytest.mark.parametrize(
    "path", ["/abs/file", "../up", "results/a/b", "results/a/b.json", "results/a", "a/b", "a"]
)
def test_every_result_has_a_place_of_its_own_among_the_records(path: str) -> None:
    assert ".." not in place(path).parts
    if path.startswith("a"):  # made outside results/, it outlives these, and so does its record
        assert place(path) == Path(path).parent / ".made" / f"{Path(path).name}.json"
    else:
        assert records.RECORDS in place(path).parents
    write(replace(MADE, path=path))
    assert read(path) == replace(MADE, path=path)


def test_a_record_under_another_name_is_none() -> None:
    write(MADE)
    place("results/c/b").write_bytes(place("results/c/a").read_bytes())
    assert read("results/c/b") is None


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_a_record_with_any_byte_changed_or_missing_is_none_or_says_the_same(
    data: st.DataObject,
) -> None:
    write(MADE)
    content = bytearray(place(MADE.path).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[at] ^= data.draw(st.integers(1, 255))
    else:
        del content[at:]
    place(MADE.path).write_bytes(bytes(content))
    assert read(MADE.path) in (None, MADE)  # white space between values may go


def test_a_job_records_what_it_made_and_what_its_inputs_held_when_it_began() -> None:
    Path("results/c").mkdir(parents=True)
    for name in ("in", "out"):
        Path(f"results/c/{name}").write_text(name)
    first = Recorder("first", {}, ["outside"], ["results/c/in"])
    first.finish()
    second = Recorder("second", {"n": "1"}, ["results/c/in", "outside"], ["results/c/out", "gone"])
    again = Recorder("first", {"other": "1"}, [], ["results/c/in"])
    assert read("results/c/in") is None
    again.finish()
    second.finish()
    made = read("results/c/out")
    assert made is not None and made.sha256 == hashlib.sha256(b"out").hexdigest()
    assert made.inputs == {"results/c/in": hashlib.sha256(b"in").hexdigest()}
    assert made.made_by == lineage("second", {"n": "1"}, ["results/c/out", "gone"], [first.made_by])
    assert made.started <= made.ended and read("gone") is None


def test_what_is_no_record_but_lies_where_one_belongs_makes_way() -> None:
    Path("results").mkdir()
    Path("results/out").write_text("out")
    place("results/out").mkdir(parents=True)
    assert read("results/out") is None
    Recorder("rule", {}, [], ["results/out"]).finish()
    assert read("results/out") is not None


def test_a_lineage_is_of_rule_parameters_results_and_what_they_come_from() -> None:
    whole = lineage("r", {"a": "1", "b": "2"}, ["o"], ["x", "y"])
    assert whole == lineage("r", {"b": "2", "a": "1"}, ["o"], ["y", "x"])
    others = [
        lineage("s", {"a": "1", "b": "2"}, ["o"], ["x", "y"]),
        lineage("r", {"a": "2", "b": "1"}, ["o"], ["x", "y"]),
        lineage("r", {"a": "1", "b": "2"}, ["p"], ["x", "y"]),
        lineage("r", {"a": "1", "b": "2"}, ["o"], ["x", "z"]),
    ]
    assert len({whole, *others}) == 5


SCRIPT = """
import sys
from types import SimpleNamespace
from rematch.engine import jobs
job = SimpleNamespace(
    log=["log"], params={"n": 1}, input=[], output=["results/a", "results/f"], rule="table"
)
jobs.start(job)
from rematch.storage.files import write_text
from rematch.errors import UserError
write_text("results/a", "done")
if "fails" in sys.argv:
    raise UserError("no")
if "full" in sys.argv:
    import os
    os.mkdir("results/.made")
    os.mkdir("results/.made/results")
    open("results/.made/results/a.json.d", "w").close()
    os.mkdir("results/.made/results/a.json")
"""


@pytest.mark.parametrize("how", ["ends", "fails", "full"])
def test_a_job_that_fails_leaves_no_record_and_one_without_record_fails(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        env={"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
    )
    made = read("results/a")
    assert done.returncode == (how != "ends"), done.stderr
    assert (made is not None) is (how == "ends")
    if made is not None:
        assert (made.sha256, made.params) == (digest_of("results/a"), {"n": "1"})
        assert json.loads(place("results/a").read_bytes())["rule"] == "table"
    else:
        assert "ERROR" in Path("log").read_text("utf-8")

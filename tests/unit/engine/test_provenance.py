"""What the record says, against files made here and tools of the system."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from rocrate.rocrate import ROCrate

from rematch import forms
from rematch.engine import crate, provenance
from rematch.engine.codehash import code_hash
from rematch.engine.dag import ROOT, Job
from rematch.engine.differences import changes
from rematch.engine.provenance import differences, elsewhere, measure
from rematch.engine.provenance.forms import CODE_ROOTS
from rematch.engine.provenance.sources import photo_folders
from rematch.engine.records import Recorder
from rematch.errors import UserError
from rematch.storage import tables
from rematch.text.memory.remembered import Memory

CONFIG = {"sweep": {"corpus": [], "translation": []}}
HERE = {"packages": {"numpy": "2.4.6"}, "processor": "one", "cores": 2, "commit": "a"}
THERE = {**HERE, "packages": {"numpy": "2.5.0"}, "processor": "other", "commit": "b"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def job(rule, inputs, outputs, **more):
    facts = {
        "script": "workflow/scripts/judge.py",
        "code": code_hash(ROOT / "workflow/scripts/judge.py", CODE_ROOTS),
        "notes": (f"results/logs/{rule}.log",),
        "grows": (),
        "started": 1.0,
        "ended": 2.0,
        "outdated": False,
    }
    return Job(rule=rule, inputs=tuple(inputs), outputs=tuple(outputs), **{**facts, **more})


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with an input, a step, a result and a file that keeps earlier work."""
    monkeypatch.chdir(tmp_path)
    for name in ("data/in.tsv", "results/c/step", "results/c/end", "results/c/kept"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"{name}\n", "utf-8")
    recorded("results/c/step", "results/c/end", "results/c/kept")
    return tmp_path


def recorded(*paths):
    Recorder("r", {}, [], paths).finish()


PLAN = [
    job("first", ["data/in.tsv"], ["results/c/step"]),
    job("last", ["results/c/step"], ["results/c/end", "results/c/kept"], grows=("results/c/kept",)),
]


def test_files_and_folders_are_what_sha256sum_says(tmp_path):
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    big = bytes(range(256)) * 4096 * 3 + b"end"
    for name, content in (("b.bin", big), ("a ä.txt", b""), ("sub/c", b"c"), (".d", b"d")):
        (folder / name).write_bytes(content)
    (folder / ".snakemake_timestamp").touch()
    found = measure([str(folder), str(folder / "b.bin"), str(tmp_path / "none")])
    assert found[str(folder / "b.bin")] == {"sha256": sha256(big), "bytes": len(big)}
    said = subprocess.run(
        "find . -type f ! -name .snakemake_timestamp -printf '%P\\n' | LC_ALL=C sort"
        " | xargs -d '\\n' sha256sum | sha256sum",
        **{"shell": True, "cwd": folder, "capture_output": True, "check": True},
    )
    assert found[str(folder)] == {
        "sha256": said.stdout.split()[0].decode(),
        "bytes": len(big) + 2,
        "files": 4,
    }
    assert str(tmp_path / "none") not in found


def test_in_a_folder_of_photos_only_the_listed_ones_count(place):
    (place / "photos").mkdir()
    for name in "abc":
        (place / f"photos/{name}.png").write_bytes(name.encode())
    rows = [{"image_id": name, "file": f"photos/{name}.png", "digest": ""} for name in "ab"]
    tables.write(forms.from_rows(rows, forms.IMAGES), place / "results/c/corpus/images.parquet")
    config = {"sweep": {"corpus": ["c"], "translation": []}, "corpora": {"c": {"photos": "photos"}}}
    before = measure(["photos"], photo_folders(config))
    assert before["photos"]["files"] == 2
    (place / "photos/c.png").unlink()
    assert measure(["photos"], photo_folders(config)) == before
    (place / "photos/a.png").write_bytes(b"other")
    assert measure(["photos"], photo_folders(config)) != before


def test_all_but_made_is_the_same_on_another_machine_at_another_time(place):
    one = provenance.record(PLAN, CONFIG, HERE)
    (place / "results/c/kept").write_bytes(b"and the work of earlier runs")
    later = [Job(**{**vars(job), "started": 5.0, "ended": 6.0}) for job in PLAN]
    two = provenance.record(later, CONFIG, THERE)
    made, made_there = one.pop("made"), two.pop("made")
    assert one == two
    assert made != made_there
    assert one["inputs"] == {
        "data/in.tsv": {"sha256": sha256(b"data/in.tsv\n"), "bytes": 12},
    }


def test_what_is_not_made_again_keeps_the_machine_it_was_made_on(place):
    first = provenance.record(PLAN, CONFIG, HERE)
    (place / "results/c/end").write_bytes(b"made again")
    plan = [PLAN[0], Job(**{**vars(PLAN[1]), "ended": 9.0})]
    second = provenance.record(plan, CONFIG, THERE, before=first)
    made = second["made"]
    on = {path: made["environments"][each["environment"]] for path, each in made["outputs"].items()}
    assert on == {"results/c/step": HERE, "results/c/end": THERE, "results/c/kept": THERE}
    assert list(elsewhere(second, THERE)) == [
        "numpy: 2.4.6 for 1 outputs, here 2.5.0",
        "processor: one for 1 outputs, here other",
    ]
    third = provenance.record(plan, CONFIG, THERE, before=provenance.record(plan, CONFIG, THERE))
    assert list(third["made"]["environments"].values()) == [THERE]


def test_differences_are_named_one_by_one(place):
    record = provenance.record(PLAN, CONFIG, HERE)
    assert list(differences(record, CONFIG)) == []
    Path("data/in.tsv").write_text("data/in.tsv\nmore\n", "utf-8")
    Path("results/c/end").write_text("RESULTS/c/end\n", "utf-8")
    Path("results/c/kept").write_bytes(b"")
    Path("results/c/step").unlink()
    record["rules"]["first"]["code"] = "0" * 16
    record["rules"]["gone"] = {"script": "workflow/scripts/gone.py", "code": "1"}
    record["outdated"] = ["results/c/end"]
    now = {"sweep": {"corpus": ["new"], "translation": []}, "key": 1}
    assert list(differences(record, now)) == [
        "input changed: data/in.tsv (12 bytes, now 17)",
        "config changed: sweep.corpus: with new",
        "config changed: key: none -> 1",
        "code changed: rule first (workflow/scripts/judge.py or a module that it imports)",
        "code missing: rule gone (workflow/scripts/gone.py)",
        "output missing: results/c/step",
        "output changed: results/c/end",
        "output changed: results/c/kept (15 bytes, now 0)",
        "output outdated: results/c/end was made with other parameters or code than recorded",
    ]


def test_of_a_translation_memory_the_entries_used_count(place):
    options = {"backend": "google", "source": "de", "target": "en", "memory": "memory"}
    config = {
        "sweep": {"corpus": ["c"], "translation": ["web"]},
        "corpora": {"c": {}},
        "translations": {"web": options},
    }
    memory = Memory("memory")
    memory.append([("Hund", "dog"), ("Katze", "cat"), ("Maus", "mouse")], "google", "de", "en")
    row = {"article_id": "1", "title": "dog", "text": "cat 7", "source_title": "Hund"}
    rows = [row | {"source_text": "Katze"}, row | {"text": "12", "source_text": "12"}]
    rows[0]["text"] = "cat"
    file = "results/c/text/web/translated.parquet"
    tables.write(pa.Table.from_pylist(rows, schema=forms.TEXTS), file)
    recorded(file)
    plan = [job("translate", ["data/in.tsv"], [file])]
    record = provenance.record(plan, {**config, "sweep": {**config["sweep"], "corpus": []}}, HERE)
    record |= {"config": config}
    assert list(differences(record, config)) == []
    # What could not be translated is in no memory, and no difference.
    kept = {"article_id": "3", "title": "Wal", "text": "Aal", "source_title": "Wal"}
    rows.append(kept | {"source_text": "Aal"})
    tables.write(pa.Table.from_pylist(rows, schema=forms.TEXTS), file)
    failed = [{"article_id": "3", "field": "title", "reason": "failed: HTTP 500"}]
    beside = Path(file).with_name("untranslated.parquet")
    tables.write(pa.Table.from_pylist(failed, schema=forms.UNTRANSLATED), beside)
    assert "of 3 translations by google, 1 are gone" in "".join(differences(record, config))
    failed += [failed[0] | {"field": "text"}]
    tables.write(pa.Table.from_pylist(failed, schema=forms.UNTRANSLATED), beside)
    assert "translations by google" not in "".join(differences(record, config))
    beside.unlink()
    tables.write(pa.Table.from_pylist(rows[:2], schema=forms.TEXTS), file)
    memory.append([("Maus", "rat"), ("Igel", "hedgehog")], "google", "de", "en")
    memory.append([("Hund", "chien")], "google", "de", "fr")
    assert list(differences(record, config)) == []
    memory.append([("Hund", "hound")], "google", "de", "en")
    memory.close()
    assert list(differences(record, config)) == [
        "input changed: translation memory memory: of 2 translations by google, "
        "0 are gone and 1 are different"
    ]
    (lines,) = (place / "memory").glob("*.jsonl")
    flipped = bytearray(lines.read_bytes())
    flipped[flipped.index(b"hedgehog")] ^= 1
    lines.write_bytes(flipped)
    damaged, _ = differences(record, config)
    assert damaged.startswith(f"translation memory damaged: memory/{lines.name}, line ")
    (place / "memory").rename(place / "elsewhere")
    (place / "memory").mkdir()
    (said,) = differences(record, config)
    assert "2 are gone and 0 are different" in said


def test_a_record_that_cannot_be_read_is_one_line(tmp_path):
    file = tmp_path / "provenance.json"
    for content in (None, b"{", json.dumps({"format": 99}).encode()):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(UserError, match=r"provenance.json: .*run") as error:
            provenance.read(file)
        assert "\n" not in str(error.value)
        assert provenance.earlier(file) is None


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["x.a.c: 2 -> 3"]),
        ({"a": 1}, {"b": None}, ["x.a: 1 -> none"]),
        ([1, 2, 3], [2, 4], ["x: without 1, without 3, with 4"]),
        ([1, 2], [2, 1], ["x: [1, 2] -> [2, 1]"]),
        ([{"w": 1}], [{"w": 2}], ["x: without {'w': 1}, with {'w': 2}"]),
        ("0123456789abcdef", "fedcba9876543210", ["x changed"]),
        ([None], ["0123456789abcdef" * 4], ["x changed"]),
        ("a" * 99, "b", [f"x: {'a' * 57}... -> b"]),
        ({"a": [1]}, {"a": [1]}, []),
    ],
)
def test_changes_in_words(before, now, said):
    assert list(changes("x", before, now)) == said


def test_the_crate_is_read_back_with_every_file_and_job(place):
    Path("results/c/a name.svg").write_bytes(b"<svg/>")
    plan = [*PLAN, job("plot", ["results/c/end", "data/in.tsv"], ["results/c/a name.svg"])]
    config = {**CONFIG, "experiment": "c"}
    record = provenance.record(plan, config, {**HERE, "packages": {"snakemake": "9"}})
    before = copy.deepcopy(record)
    text = json.dumps(crate.metadata(record))
    assert record == before
    Path("results/c/ro-crate-metadata.json").write_text(text, "utf-8")
    found = ROCrate("results/c")
    files = {entity.id: entity for entity in found.data_entities if entity.type == "File"}
    assert set(files) == {"step", "end", "kept", "a%20name.svg"}
    assert files["end"]["sha256"] == sha256(b"results/c/end\n")
    jobs = {e["instrument"]["name"]: e for e in found.get_entities() if e.type == "CreateAction"}
    assert set(jobs) == {"rule first", "rule last", "rule plot"}
    assert [entity["name"] for entity in jobs["rule plot"]["object"]] == [
        "data/in.tsv",
        "results/c/end",
    ]
    assert {entity.id for entity in jobs["rule last"]["result"]} == {"end", "kept"}
    assert jobs["rule last"]["endTime"] == "1970-01-01T00:00:02+00:00"
    assert found.get(crate.SNAKEMAKE)["softwareVersion"] == "9"
    (profile,) = [found.root_dataset["conformsTo"]]
    assert profile.id == crate.PROFILE

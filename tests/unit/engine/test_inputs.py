"""What rules read and what of it counts: contents, code, packages, and never a time."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from rematch.config import Asked
from rematch.config.schema import load_schema, validated
from rematch.engine.inputs import Inputs
from rematch.storage import Contents
from tests.tiny import make_corpus
from tests.unit.config.test_asked import Wildcards
from tests.unit.house import ROOT

SCHEMA = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
DEMO = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
VERSIONS = {name: "1" for name in ("torch", "torchvision", "numpy", "pillow", "clip-anytorch")}
VERSIONS |= {"wordfreq": "1", "ekphrasis": "1", "transformers": "1", "open_clip_torch": "1"}
VERSIONS |= {"timm": "1", "ctranslate2": "1", "sentencepiece": "1"}
CORPUS = Wildcards(corpus="mine")


class Old(str):
    """A path that Snakemake's `ancient` has marked."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_corpus(tmp_path / "data", 5)
    (tmp_path / "model.pt").write_bytes(b"weights")
    return tmp_path


def inputs(**changes: Any) -> Inputs:
    """Of the folder as it is, without anything kept."""
    config = copy.deepcopy(DEMO)
    config["evaluation"].pop("reference", None)
    config["corpora"] = {"mine": {"pairs": "data/articles.tsv", "photos": "data/images"}}
    config["sweep"] |= {"corpus": ["mine"], "model": ["mine"], "translation": ["kept"]}
    config["models"] = {"mine": {"checkpoint": "model.pt"}}
    config["translations"]["kept"] = {"backend": "memory", "memory": "data/translations.tsv"}
    for section, entries in changes.items():
        config[section] = {**config[section], **entries}
    found = validated(config, SCHEMA, ["resources/demo/corpus/articles.tsv"])
    contents = Contents(Path("kept.json"))
    return Inputs(
        Asked(found),
        contents,
        ROOT,
        ["made.tsv"],
        VERSIONS,
        ["counts.txt"],
        (Old, lambda path: path),
    )


def test_files_from_outside_are_old_and_those_that_a_rule_makes_are_not(folder: Path) -> None:
    found = inputs()
    files = found.corpus_inputs(CORPUS)
    assert files == {"pairs": ["data/articles.tsv"], "photos": "data/images"}
    assert all(isinstance(path, Old) for path in (*files["pairs"], files["photos"]))
    assert not isinstance(found.by_content("made.tsv"), Old)
    assert found.reference() == [] and found.reference_contents(CORPUS) is None
    assert found.downloads(CORPUS) == []


def test_a_table_counts_by_what_it_holds(folder: Path) -> None:
    before = inputs().table_contents(CORPUS)
    os.utime("data/articles.tsv", (1, 1))
    assert inputs().table_contents(CORPUS) == before
    text = Path("data/articles.tsv").read_bytes()
    Path("data/articles.tsv").write_bytes(text.replace(b"Nr. 0", b"Nr. 9"))
    assert inputs().table_contents(CORPUS) != before


def test_photos_count_that_the_tables_name(folder: Path) -> None:
    before = inputs().photo_contents(CORPUS)
    Path("data/images/nobody.png").write_bytes(b"x")
    assert inputs().photo_contents(CORPUS) == before
    photo = Path("data/images/photo1.png")
    photo.write_bytes(photo.read_bytes() + b"x")
    assert inputs().photo_contents(CORPUS) != before


def test_of_a_kept_memory_counts_what_the_texts_need(folder: Path) -> None:
    from rematch.corpus import CorpusSpec, read_articles
    from rematch.storage import tables

    found = CorpusSpec.from_config({"pairs": "data/articles.tsv"})
    tables.write(read_articles(found), "results/mine/corpus/articles.parquet")
    here = Wildcards(corpus="mine", translation="kept")
    before = inputs().needed_translations(here)
    memory = Path("data/translations.tsv")
    memory.write_text(memory.read_text("utf-8") + "Niemand\tNobody\n", "utf-8")
    assert inputs().needed_translations(here) == before
    memory.write_text(memory.read_text("utf-8").replace("No. 0", "No. 9"), "utf-8")
    assert inputs().needed_translations(here) != before
    assert inputs().translation_memory(here) == "data/translations.tsv"
    other = Wildcards(corpus="mine", translation="google")
    assert inputs().translation_memory(other) == []
    assert inputs().needed_translations(other) is None


def test_a_model_counts_by_its_weights_its_backend_and_its_packages(folder: Path) -> None:
    here = Wildcards(model="mine")
    before = inputs()
    assert before.checkpoint(here) == ["model.pt"]
    packages = {name: "1" for name in ("torch", "torchvision", "numpy", "pillow", "clip-anytorch")}
    assert before.model_packages(here) == packages
    assert [*before.methods_of("models", "model")(here)] == ["openai"]
    Path("other.pt").write_bytes(b"weights")
    moved = inputs(models={"mine": {"checkpoint": "other.pt"}})
    assert moved.model_weights(here) == before.model_weights(here)
    Path("other.pt").write_bytes(b"heavier")
    moved = inputs(models={"mine": {"checkpoint": "other.pt"}})
    assert moved.model_weights(here) != before.model_weights(here)


def test_word_statistics_count_where_a_step_reads_them(folder: Path) -> None:
    found = inputs()
    for cleaning, needed in (("paper", ["counts.txt"]), ("raw", []), ("headline", [])):
        here = Wildcards(translation="kept", cleaning=cleaning)
        assert found.needs_statistics(here) == needed
        assert (found.statistics_used(here) is None) is not bool(needed)
    german = Wildcards(translation="none", cleaning="paper")
    assert found.needs_statistics(german) == []
    assert found.statistics_source() == ["wordfreq", None]
    Path("counts").mkdir()
    own = inputs()
    own._config["word_statistics"] = "counts"
    assert own.statistics_source()[0] == "counts" and own.statistics_source()[1] is not None


def test_code_counts_by_script_and_by_method(folder: Path) -> None:
    found = inputs()
    assert found.code("ranking.py") != found.code("judge.py")
    layouts = found.methods_of("corpora", "corpus")(CORPUS)
    assert len(layouts) > 3, "the header chooses, so all count"
    steps = found.methods_of("cleanings", "cleaning")(Wildcards(cleaning="raw"))
    assert [*steps] == ["unicode", "whitespace"]
    translator = found.methods_of("translations", "translation")(Wildcards(translation="none"))
    assert [*translator] == ["none"]
    assert found.translator_packages(Wildcards(translation="kept")) is None
    assert found.packages("numpy") == {"numpy": "1"}

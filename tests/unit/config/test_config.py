"""The configuration: what is refused, in which words, and what it expands to."""

from __future__ import annotations

import copy
from dataclasses import fields

import pytest
import yaml

from rematch.config.schema import ConfigError, validated
from rematch.config.sweep import describe_runs, ensembles, points
from rematch.methods import FAMILIES, methods
from tests.unit.demo_config import DEMO, MADE, ROOT, SCHEMA, in_root as in_root


def changed(path, value):
    config = copy.deepcopy(DEMO)
    *way, last = path
    part = config
    for key in way:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return config


def faults(config):
    with pytest.raises(ConfigError) as caught:
        validated(config, SCHEMA, MADE)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (["sweeps"], {}, "config: sweeps: unknown key; did you mean 'sweep'?"),
        (["sweep"], None, "config: sweep: missing; add it"),
        (["sweep", "words"], [10, "ten"], "config: sweep.words[1]: 'ten' is no word count"),
        (["sweep", "words"], [0], "config: sweep.words[0]: 0 is no word count"),
        (["sweep", "words"], [], "config: sweep.words: is empty"),
        (["sweep", "words"], [10, 10], "config: sweep.words: 10 is listed twice"),
        (["sweep", "words"], 10, "config: sweep.words: 10 is no list; write [10]"),
        (["sweep", "model"], ["dem"], "did you mean 'demo'?"),
        (["sweep", "model"], ["a b"], "config: sweep.model[0]: 'a b' is not defined under models"),
        (["cleanings", "paper", "steps"], ["lowr"], "'lowr' is not one of"),
        (["cleanings", "paper", "guard"], "yes", "'yes' is no true or false; correct it"),
        (["ensembles", "run05", 3, "words"], 50, "config: ensembles.run05[3].words: no run has 50"),
        (["ensembles", "run05", 3, "words"], 30, "config: ensembles.run05[3]: the same run"),
        (["ensembles", "run05", 3], {"weight": 1}, "config: ensembles.run05[3]: all members must"),
        (["ensembles", "run05", 3, "weight"], 0, "].weight: 0 is too small; give more than 0"),
        (
            ["ensembles", "run05", 3, "weight"],
            -1,
            "config: ensembles.run05[3].weight: -1 is too small; give more than 0",
        ),
        (["ensembles", "memory"], [{"words": 10, "weight": 1}], "a translation has this name"),
        (["models", "demo", "name"], "ViT-B/32", "config: models.demo: give either checkpoint"),
        (["models", "demo", "checkpoint"], "x.pt", "models.demo.checkpoint: x.pt does not exist"),
        (["models", "demo", "backend"], "timm", "'timm' is not one of hf, open_clip, openai"),
        (
            ["models", "demo", "backend"],
            "hf",
            "checkpoint: resources/demo/clip-demo.pt is no folder",
        ),
        (["models", "demo", "backend"], "open_clip", "config: models.demo.architecture: missing"),
        (
            ["models", "demo", "architecture"],
            "ViT-B-32",
            "models.demo.architecture: only open_clip takes one",
        ),
        (
            ["models", "demo", "prompt"],
            "a photo",
            "models.demo.prompt: 'a photo' must hold {} once",
        ),
        (["models", "demo", "prompt"], "{} or {}", "models.demo.prompt: '{} or {}' must hold {}"),
        (
            ["models", "other"],
            {"backend": "open_clip", "name": "ViT-B-32"},
            "config: models.other.name: 'ViT-B-32' is not <architecture>/<weights>",
        ),
        (
            ["models", "demo"],
            {"backend": "open_clip", "checkpoint": "config", "architecture": "x.json"},
            "config: models.demo.architecture: x.json does not exist",
        ),
        (["corpora", "demo", "pairs"], "x.tsv", "corpora.demo.pairs: x.tsv does not exist"),
        (["corpora", "demo", "photos"], "x", "config: corpora.demo.photos: x does not exist"),
        (["corpora", "demo", "photos"], "x{y}", "corpora.demo.photos: x{y} has braces, which"),
        (["corpora", "demo", "truth"], "x", "config: corpora.demo.truth: stands beside pairs"),
        (
            ["corpora", "mine"],
            {"pairs": "x", "layout": "newsimages2025", "submission_ids": "as_read"},
            "corpora.mine.submission_ids: is for layout newsimages2021",
        ),
        (["corpora", "logs"], {"pairs": "x"}, "corpora.logs: results/logs/ is taken"),
        (["corpora", "demo", "pairs"], None, "config: corpora.demo: give pairs"),
        (
            ["corpora", "demo", "layout"],
            "newsimages",
            "'newsimages' is not one of generic, newsimages2021",
        ),
        (["corpora", "demo", "quoting"], "csv", "corpora.demo.quoting: is for layout generic; add"),
        (["corpora", "demo", "columns"], {"title": "t"}, "corpora.demo.columns: is for layout gen"),
        (["corpora", "demo", "columns"], {"titel": "t"}, "columns.titel: unknown key; did you mea"),
        (["translations", "memory", "memory"], "x", "translations.memory.memory: x does not exist"),
        (["translations", "none"], {"backend": "marian"}, "translations.none.model: missing"),
        (["translations", "none", "model"], "x", "translations.none.model: only marian takes"),
        (["evaluation", "top"], 50, "config: evaluation.recall_at[4]: 100 is beyond the 50"),
        (["word_statistics"], "x.zip", "config: word_statistics: x.zip does not exist"),
        (
            ["evaluation", "reference"],
            "x.csv",
            "config: evaluation.reference: x.csv does not exist",
        ),
    ],
)
def test_a_fault_is_one_line_with_the_keys_path(path, value, expected):
    found = faults(changed(path, value))
    assert len(found) == 1 and expected in found[0], found


def test_an_empty_folder_of_photos_is_said_before_any_job(tmp_path):
    (found,) = faults(changed(["corpora", "demo", "photos"], str(tmp_path)))
    assert found == f"config: corpora.demo.photos: {tmp_path} is empty; put the photos there"
    (tmp_path / "p.jpg").touch()
    validated(changed(["corpora", "demo", "photos"], str(tmp_path)), SCHEMA, MADE)


def test_a_generic_corpus_names_its_columns():
    corpus = {"pairs": ["a.csv", "b.xlsx"], "layout": "generic", "columns": {"article_id": "nr"}}
    assert [fault.split(";")[0] for fault in faults(changed(["corpora", "mine"], corpus))] == [
        "config: corpora.mine.columns: layout generic needs image_id",
        "config: corpora.mine.columns: layout generic needs title or text",
        "config: corpora.mine.pairs: layout generic tells files by their ending, and b.xlsx has "
        "none of .csv, .tsv, .txt, .parquet",
    ]
    corpus["columns"] |= {"image_id": "bild", "text": "rumpf", "url": "ort"}
    corpus |= {"pairs": "a.parquet", "quoting": "literal"}
    assert (
        validated(changed(["corpora", "mine"], corpus), SCHEMA, MADE)["corpora"]["mine"] == corpus
    )


def test_every_fault_is_named_at_once():
    config = changed(["sweep", "words"], ["ten"])
    config["colour"] = "red"
    assert len(faults(config)) == 2


def test_what_the_sweep_does_not_use_need_not_exist():
    config = changed(["corpora", "other"], {"pairs": "none.tsv", "photos": "none"})
    validated(config, SCHEMA, MADE)


def test_the_default_config_and_the_schema_agree():
    config = validated(DEMO, SCHEMA, MADE)
    assert config["encoding"] == {
        "device": "auto",
        "threads": 2,
        "cache": "~/.cache/clip",
        "engine": "auto",
        "batch": "auto",
        "decode": "exact",
    }
    assert config["cleanings"]["paper"]["guard"] is True
    for file in (ROOT / "config").glob("*.yaml"):
        overlay = yaml.safe_load(file.read_text("utf-8"))
        assert set(overlay) <= set(SCHEMA["properties"]), file.name


def test_the_schema_names_what_the_package_has():
    from rematch.config.entries import GENERIC_ENDINGS
    from rematch.corpus.layouts import Record
    from rematch.corpus.layouts.generic import DELIMITERS

    properties = SCHEMA["properties"]["corpora"]["additionalProperties"]["properties"]
    columns = {field.name for field in fields(Record)} - {"line", "more"}
    assert set(properties["columns"]["properties"]) == columns
    assert set(GENERIC_ENDINGS) == {*DELIMITERS, ".parquet"}
    for section, family in FAMILIES.items():
        entry = SCHEMA["properties"][section]["additionalProperties"]["properties"]
        named = entry[family.key].get("items", entry[family.key])
        assert named["enum"] == [*methods(section)] and len(methods(section)) > 0
        for declared in methods(section).values():
            assert callable(declared.load())
            assert {param.name for param in declared.method.params} <= entry.keys()


def test_runs_are_every_combination_named_by_their_point():
    config = validated(DEMO, SCHEMA, MADE)
    assert [point.run for point in points(config, "demo")] == [
        f"memory.paper.w{n}.demo.cosine" for n in (10, 20, 30, 40)
    ]
    (ensemble,) = ensembles(config, "demo")
    assert ensemble.run == "run05.memory.paper.demo.cosine"
    assert [point.run for point in ensemble.members] == [
        point.run for point in points(config, "demo")
    ]
    assert ensemble.weights == (0.25,) * 4


def test_an_ensemble_is_expanded_over_the_axes_it_leaves_open():
    config = changed(["sweep", "translation"], ["memory", "none"])
    config["sweep"]["cleaning"] = ["paper", "raw"]
    found = ensembles(validated(config, SCHEMA, MADE), "demo")
    assert len(found) == 4
    runs = {point.run for point in points(config, "demo")}
    assert all(point.run in runs for ensemble in found for point in ensemble.members)
    assert len({ensemble.run for ensemble in found}) == 4


def test_an_ensemble_may_cross_models():
    config = changed(["sweep", "model"], ["demo", "vit-b-32"])
    config["ensembles"] = {
        "both": [{"model": "demo", "weight": 1}, {"model": "vit-b-32", "weight": 2}]
    }
    found = ensembles(validated(config, SCHEMA, MADE), "demo")
    assert [ensemble.open["words"] for ensemble in found] == ["10", "20", "30", "40"]
    assert found[0].run == "both.memory.paper.w10.cosine"


def test_runs_describe_themselves():
    config = validated(DEMO, SCHEMA, MADE)
    rows = describe_runs(config, "demo")
    assert [row["label"] for row in rows] == ["w10", "w20", "w30", "w40", "run05"]
    assert rows[-1]["words"] == "10+20+30+40"
    assert rows[-1]["weights"] == {row["run"]: 0.25 for row in rows[:-1]}


def test_the_given_config_is_not_changed():
    before = copy.deepcopy(DEMO)
    validated(DEMO, SCHEMA, MADE)
    assert before == DEMO


@pytest.mark.parametrize("weights", [[0.25] * 4, [1] * 4, [3] * 4, [0.1] * 4])
def test_weights_count_by_their_share(weights: list[float]) -> None:
    members = [
        {"words": words, "weight": weight}
        for words, weight in zip((10, 20, 30, 40), weights, strict=True)
    ]
    config = validated(changed(["ensembles", "run05"], members), SCHEMA, MADE)
    assert [member["weight"] for member in config["ensembles"]["run05"]] == [0.25] * 4


def test_every_key_of_the_schema_says_what_it_is() -> None:
    """The catalog of workflows shows the descriptions."""

    def silent(part, place):
        for key, value in part.get("properties", {}).items():
            if not value.get("description"):
                yield f"{place}{key}"
            yield from silent(value, f"{place}{key}.")
        for inside in ("additionalProperties", "items"):
            if isinstance(part.get(inside), dict):
                yield from silent(part[inside], place)

    assert list(silent(SCHEMA, "")) == []

"""What rules ask of a configuration: names of runs and files, and parameters."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from rematch.config.asked import Asked, fingerprint
from rematch.config.schema import validated
from tests.unit.demo_config import DEMO, MADE, SCHEMA, in_root as in_root


class Wildcards(SimpleNamespace):
    """As Snakemake's: by attribute and by key."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def asked(**changes: Any) -> Asked:
    config = copy.deepcopy(DEMO)
    for section, entries in changes.items():
        config[section] = {**config.get(section, {}), **entries}
    return Asked(validated(config, SCHEMA, MADE))


DEMO_RUNS = [f"memory.paper.w{n}.demo.cosine" for n in (10, 20, 30, 40)]
RUN05 = "run05.memory.paper.demo.cosine"


def test_runs_and_their_files() -> None:
    found = asked()
    assert found.runs("demo") == [*DEMO_RUNS, RUN05]
    files = found.of_runs("per_article.parquet")(Wildcards(corpus="demo"))
    assert files == [f"results/demo/runs/{run}/per_article.parquet" for run in (*DEMO_RUNS, RUN05)]
    assert found.members(Wildcards(corpus="demo", run=RUN05)) == [
        f"results/demo/runs/{run}/similarity.arrow" for run in DEMO_RUNS
    ]
    weights = found.member_weights(Wildcards(corpus="demo", run=RUN05))
    assert weights == [[run, 0.25] for run in DEMO_RUNS]


def test_targets_are_what_the_sweep_asks_for() -> None:
    found = asked().targets()
    assert {f"results/demo/runs/{run}/submission.tsv" for run in (*DEMO_RUNS, RUN05)} <= {*found}
    assert {
        "results/config/demo/table.md",
        "results/config/setup.html",
        "results/config/provenance.json",
    } <= {*found}
    apart = {"articles": "config/config.yaml", "images": "config/config.yaml", "photos": "config"}
    untrue = asked(corpora={"apart": apart}, sweep={**DEMO["sweep"], "corpus": ["apart"]})
    assert not untrue.has_truth("apart")
    assert not [name for name in untrue.products() if "table" in name or "plots" in name]


def test_variants_of_texts() -> None:
    axes = {"translation": ["memory", "none"], "cleaning": ["paper", "raw"]}
    found = asked(sweep={**DEMO["sweep"], **axes})
    here = Wildcards(corpus="demo")
    four = ["memory.paper", "memory.raw", "none.paper", "none.raw"]
    assert found.cleaned_variants(here, "{translation}.{cleaning}") == four
    assert found.of_cleanings("x")(here)[1] == "results/demo/text/memory/raw/x"
    assert found.untranslated_texts(here) == [
        f"results/demo/text/{name}/untranslated.parquet" for name in ("memory", "none")
    ]
    assert found.query_fields(here) == dict.fromkeys(four, "both")
    assert found.source_languages(here) == {"memory": "de", "none": "de"}
    assert found.language(Wildcards(translation="memory")) == "en"
    assert found.language(Wildcards(translation="none")) == "de"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"timeout_s": 3, "threads": 1, "retries": 0}, True),
        ({"source": "fr"}, False),
        ({"on_failure": "keep"}, False),
    ],
)
def test_of_a_translation_counts_what_can_change_an_answer(change, same) -> None:
    here = Wildcards(translation="google")
    before = asked().translation_entry(here)
    after = asked(translations={"google": {"backend": "google", **change}})
    assert (after.translation_entry(here) == before) is same


def test_of_a_methods_parameters_count_those_that_it_says_do() -> None:
    def entry(**given: Any) -> dict[str, Any]:
        mine = {"backend": "marian", "model": "somebody/opus-mt-de-en", **given}
        return asked(translations={"mine": mine}).translation_entry(Wildcards(translation="mine"))

    assert entry()["beam"] == 4 and "cache" not in entry()
    assert entry(cache="/elsewhere") == entry() != entry(beam=1)


def test_where_a_models_files_lie_says_nothing() -> None:
    found = asked().model_entry()(Wildcards(model="demo"))
    assert found["precision"] == "float64" and "checkpoint" not in found
    assert asked().model_entry("precision")(Wildcards(model="demo")) == {"precision": "float64"}


def test_other_parameters() -> None:
    found = asked()
    assert found.encoding("threads") == {"threads": 2}
    assert found.submission_ids(Wildcards(corpus="demo")) == "benchmark"
    entry = found.entry("scorers", "scorer")(Wildcards(scorer="cosine"))
    assert entry == {"kind": "cosine"}


def test_a_description_of_the_runs_changes_with_them_alone() -> None:
    here = Wildcards(corpus="demo")
    before = asked().described_runs(here)
    assert asked().described_runs(here) == before
    assert asked(encoding={"threads": 1}).described_runs(here) == before
    fewer = asked(sweep={**DEMO["sweep"], "words": [10, 20, 30, 40, 50]})
    assert fewer.described_runs(here) != before


def test_a_fingerprint_goes_by_values_and_not_by_order() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2}) and len(fingerprint(None)) == 16

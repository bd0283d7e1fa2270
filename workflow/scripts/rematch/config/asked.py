"""What rules ask of a configuration: names of runs and files, and the values that jobs depend on.

Only what can change a result is handed to a rule as a parameter, never a whole section.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from rematch.config.naming import comparison_plan
from rematch.config.sweep import (
    AXES,
    GALLERY,
    Config,
    Point,
    axes_of,
    describe_runs,
    ensembles,
    points,
)
from rematch.methods import methods

TABLE_KEYS = ("pairs", "articles", "images", "truth", "layout", "columns", "quoting")
"""What of a corpus' entry decides how its tables are read."""

TEXT_KEYS = ("device", "threads", "engine")
ENCODING_KEYS = (*TEXT_KEYS, "batch", "decode")
"""What of `encoding` is part of an embedding's arithmetic: all but the cache."""


def fingerprint(value: Any) -> str:
    """A short digest: a rule that depends on a long value need not repeat it in every message."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


class Asked:
    """What rules ask of one configuration. Wildcards are Snakemake's.

    Attributes:
        config: validated, defaults filled in.
        place: folder of what this experiment has for itself: tables, plots, pages, record.
        ensembles: all of the sweep's, by the names of their runs.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.place = f"results/{config['experiment']}"
        self.ensembles = {
            ensemble.run: ensemble
            for corpus in config["corpora"]
            for ensemble in ensembles(config, corpus)
        }
        # Asked for once a job, and there may be thousands.
        self._runs = cache(
            lambda corpus: [
                *(point.run for point in points(config, corpus)),
                *(ensemble.run for ensemble in ensembles(config, corpus)),
            ]
        )
        self._described = cache(lambda corpus: fingerprint(describe_runs(config, corpus)))

    def runs(self, corpus: str) -> list[str]:
        """Names of a corpus' runs."""
        return self._runs(corpus)

    def of_runs(self, name: str) -> Callable[[Any], list[str]]:
        """A file of each of a corpus' runs."""
        return lambda wildcards: [
            f"results/{wildcards.corpus}/runs/{run}/{name}" for run in self.runs(wildcards.corpus)
        ]

    def text_embeddings(self, wildcards: Any) -> list[str]:
        """The texts' embeddings of a corpus' points, in the order of the runs, each file once."""
        return list(dict.fromkeys(self.embedded(str(wildcards.corpus)).values()))

    def embedded(self, corpus: str) -> dict[str, str]:
        """Of a corpus' points, by run: the file of their texts' embeddings."""
        folder = f"results/{corpus}/embeddings"
        return {
            p.run: f"{folder}/{p.model}/{p.translation}.{p.cleaning}.w{p.words}.arrow"
            for p in points(self.config, corpus)
        }

    def columns(self, wildcards: Any) -> list[str]:
        """The further columns of a corpus' table, if the config names some."""
        wanted = self.config["corpora"][wildcards.corpus].get("strata")
        return [f"{self.place}/{wildcards.corpus}/columns.parquet"] if wanted else []

    def described_runs(self, wildcards: Any) -> str:
        """All that tables and plots say of a corpus' runs."""
        return self._described(str(wildcards.corpus))

    def compared(self, wildcards: Any) -> str:
        """All that decides what a corpus' runs are compared for."""
        return fingerprint(comparison_plan(self.config, str(wildcards.corpus)))

    def cleaned_variants(
        self, wildcards: Any, form: str = "{translation}, {cleaning}"
    ) -> list[str]:
        """A corpus' translations, each with each of its cleanings."""
        runs = points(self.config, wildcards.corpus)
        pairs = dict.fromkeys((run.translation, run.cleaning) for run in runs)
        return [form.format(translation=each[0], cleaning=each[1]) for each in pairs]

    def of_cleanings(self, name: str) -> Callable[[Any], list[str]]:
        """A file of each of a corpus' cleanings."""
        return lambda wildcards: self.cleaned_variants(
            wildcards, f"results/{wildcards.corpus}/text/{{translation}}/{{cleaning}}/{name}"
        )

    def untranslated_texts(self, wildcards: Any) -> list[str]:
        folder = f"results/{wildcards.corpus}/text"
        return [
            f"{folder}/{name}/untranslated.parquet" for name in self.source_languages(wildcards)
        ]

    def targets(self) -> list[str]:
        """Everything that the config asks for, and what it rests on."""
        record = [f"{self.place}/provenance.json", f"{self.place}/ro-crate-metadata.json"]
        return [*self.products(), *record]

    def products(self) -> list[str]:
        """Tables, plots, submissions and pages."""
        return [
            path
            for corpus in self.config["sweep"]["corpus"]
            for path in self.corpus_targets(corpus)
        ] + [f"{self.place}/setup.html"]

    def has_truth(self, corpus: str) -> bool:
        return (
            "pairs" in self.config["corpora"][corpus] or "truth" in self.config["corpora"][corpus]
        )

    def corpus_targets(self, corpus: str) -> list[str]:
        own = ["losses.csv", "losses.html", "cleaning.html"]
        if self.has_truth(corpus):
            own += ["table.csv", "table.md", "table.html", "table.tex", "metrics.csv"]
            own += ["plots/words.svg", "plots/recall.svg"]
        runs = [f"results/{corpus}/runs/{run}/submission.tsv" for run in self.runs(corpus)]
        return runs + [f"{self.place}/{corpus}/{name}" for name in own]

    def entry(self, section: str, wildcard: str, *keys: str) -> Callable[[Any], Any]:
        """An entry of a section, by wildcard; only these keys of it, if any are given."""

        def chosen(wildcards: Any) -> Any:
            found = self.config[section][wildcards[wildcard]]
            return {key: found[key] for key in (keys or found) if key in found}

        return chosen

    def model_entry(self, *keys: str) -> Callable[[Any], Any]:
        """`entry` of a model, without where its files lie: what they hold is another parameter."""

        def chosen(wildcards: Any) -> Any:
            found = self.entry("models", "model", *keys)(wildcards)
            found.pop("checkpoint", None)
            if found.get("architecture", "").endswith(".json"):
                del found["architecture"]
            return found

        return chosen

    def text_model(self, wildcards: Any) -> dict[str, Any]:
        """`model_entry` as texts need it, which no view of photos changes."""
        found: dict[str, Any] = self.model_entry()(wildcards)
        found.pop("view", None)
        return found

    def translation_entry(self, wildcards: Any) -> dict[str, Any]:
        """What of a translation decides its answers; a kept memory counts by what it holds."""
        own = methods("translations")[
            self.config["translations"][wildcards.translation]["backend"]
        ].method
        keys = ["backend", "source", "target", "memory", "on_failure"]
        keys += [param.name for param in own.params if param.changes]
        found: dict[str, Any] = self.entry("translations", "translation", *keys)(wildcards)
        if found["backend"] == "memory":
            del found["memory"]
        if os.path.isdir(found.get("model", "")):
            del found["model"]
        return found

    def download_limits(self, wildcards: Any) -> dict[str, Any]:
        """What of a download's options decides which photos come."""
        download = self.config["corpora"][wildcards.corpus]["download"]
        return {key: download[key] for key in ("max_mb", "min_side", "on_missing", "retry_dead")}

    def language(self, wildcards: Any) -> str:
        """Of the text after translation."""
        translation = self.config["translations"][wildcards.translation]
        return str(translation["source" if translation["backend"] == "none" else "target"])

    def source_languages(self, wildcards: Any) -> dict[str, str]:
        """From which language each of a corpus' translations translates."""
        names = axes_of(self.config, wildcards.corpus)["translation"]
        return {name: self.config["translations"][name]["source"] for name in names}

    def query_fields(self, wildcards: Any) -> dict[str, str]:
        """Of a corpus' translations, each with each of its cleanings: the fields of queries."""
        variants = self.cleaned_variants(wildcards, "{translation}.{cleaning}")
        return {
            name: self.config["cleanings"][name.partition(".")[2]]["fields"] for name in variants
        }

    def encoding(self, *keys: str) -> dict[str, Any]:
        """These keys of the section `encoding`."""
        return {key: self.config["encoding"][key] for key in keys}

    def bank(self, wildcards: Any) -> list[str]:
        """The embeddings of a scorer's bank, if it has one: texts of another corpus, or photos."""
        corpus, w = str(wildcards.corpus), wildcards
        bank = self.config["scorers"][w.scorer].get("bank")
        if bank is None:
            return []
        if bank == GALLERY:
            return [f"results/{corpus}/embeddings/{w.model}/images.arrow"]
        return [
            f"results/{bank}/embeddings/{w.model}/{w.translation}.{w.cleaning}.w{w.words}.arrow"
        ]

    def tuned_scorer(self, wildcards: Any) -> list[str]:
        """What was chosen for a run's scorer, if it is tuned."""
        point = Point(*(str(wildcards[axis]) for axis in AXES))
        return self._choices({point.run: point.scorer})

    def tuned_weights(self, wildcards: Any) -> list[str]:
        """What was chosen for an ensemble's weights, if they are tuned."""
        return self._choices({wildcards.run: self.ensembles[wildcards.run].name})

    def tuned_entry(self, wildcards: Any) -> dict[str, Any]:
        """What of an entry of `tuned` decides what is chosen."""
        name = wildcards.get("scorer") or self.ensembles[wildcards.run].name
        entry = self.config["tuned"][name]
        return {key: entry[key] for key in ("grid", "weights", "metric") if key in entry}

    def chosen(self, wildcards: Any) -> list[str]:
        """What was chosen for the runs of a corpus, a file each."""
        corpus = str(wildcards.corpus)
        named = {point.run: point.scorer for point in points(self.config, corpus)}
        return self._choices(
            named | {each.run: each.name for each in ensembles(self.config, corpus)}
        )

    def _choices(self, named: Mapping[str, str]) -> list[str]:
        """What was chosen for those of these runs whose scorer's or ensemble's name is tuned."""
        tuned = self.config["tuned"]
        return [
            f"results/{tuned[name]['dev']}/tuned/{run}/chosen.json"
            for run, name in named.items()
            if name in tuned
        ]

    def blend_entry(self, wildcards: Any) -> dict[str, Any]:
        """How an ensemble blends its members."""
        named = self.ensembles[wildcards.run].blend
        return dict(self.config["blends"][named]) if named else {"kind": "mean"}

    def members(self, wildcards: Any) -> list[str]:
        """The similarity matrices that an ensemble blends."""
        return [
            f"results/{wildcards.corpus}/runs/{point.run}/similarity.arrow"
            for point in self.ensembles[wildcards.run].members
        ]

    def member_weights(self, wildcards: Any) -> list[list[Any]]:
        """An ensemble's members, by the names of their runs, and their weights."""
        ensemble = self.ensembles[wildcards.run]
        return [[point.run, w] for point, w in zip(ensemble.members, ensemble.weights, strict=True)]

    def submission_ids(self, wildcards: Any) -> str:
        """By which ids a submission names its articles."""
        return str(self.config["corpora"][wildcards.corpus].get("submission_ids", "benchmark"))

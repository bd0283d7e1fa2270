"""What the configuration asks of comparisons: a baseline, an ablation, columns, an order."""

from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet as pq

from tests.workflow.conftest import Project
from tests.workflow.edits import RUN05, W3

RAW = W3.replace("paper", "raw")
W6 = W3.replace("w3", "w6")


def test_an_ablation_makes_the_runs_that_it_needs_and_says_what_each_switch_makes(
    branch: Project,
) -> None:
    branch.config["sweep"] |= {"cleaning": ["paper", "raw"]}
    branch.config["ablation"] = {"words": 3}
    planned = branch.planned()
    # Not the two runs and the ensemble that differ from the base on both axes.
    assert planned["similarity"] == planned["judge"] == planned["clean"] == 1
    branch.snakemake()
    rows = list(csv.DictReader(io.StringIO(branch.read("my/tiny/table.csv").decode())))
    assert {row["run"] for row in rows} == {W3, W6, RAW, RUN05}
    found = pq.read_table(branch.folder / "results/my/tiny/comparisons.parquet").to_pylist()
    told = {(r["run"], r["other"]) for r in found if r["family"] == "ablation"}
    assert told == {(W6, W3), (RAW, W3)}
    page = branch.read("my/tiny/table.md").decode()
    assert "## Ablation: paper · 3 words with one axis switched, by MRR@100" in page
    assert "| words: 6 words" in page and "| cleaning: raw" in page
    assert branch.planned() == {}


def test_a_baseline_columns_and_an_order_change_conclusions_alone(branch: Project) -> None:
    branch.config["evaluation"] = {"baseline": W6, "sort": "metric"}
    branch.config["corpora"]["tiny"]["strata"] = ["hashvalue"]
    assert {*branch.planned()} == {"columns", "conclude", "table", "plots", "setup"}
    branch.snakemake()
    facts = json.loads(branch.read("my/tiny/conclusions.json"))
    assert facts["baseline"] == W6
    page = branch.read("my/tiny/table.md").decode()
    assert "## Against 6 words, by MRR@100" in page and "| hashvalue |" in page
    rows = csv.DictReader(io.StringIO(branch.read("my/tiny/table.csv").decode()))
    figures = [float(row["text-to-image_MRR@100"]) for row in rows]
    assert figures == sorted(figures, reverse=True)
    strata = pq.read_table(branch.folder / "results/my/tiny/strata.parquet")
    assert {*strata["by"].to_pylist()} == {"length", "margin", "hashvalue"}
    branch.config["corpora"]["tiny"]["strata"] = ["no such column"]
    said = branch.snakemake(ok=False)
    assert "no column 'no such column' (strata); it has article, aid, url" in said


def test_per_article_results_are_exact_beyond_k(branch: Project) -> None:
    branch.config["evaluation"] = {"top": 3, "recall_at": [1, 3]}
    branch.snakemake()
    folder = branch.folder / f"results/tiny/runs/{W3}"
    judged = {r["article_id"]: r for r in pq.read_table(folder / "per_article.parquet").to_pylist()}
    assert max(row["rank"] for row in judged.values()) > 3
    first = {}
    for row in pq.read_table(folder / "ranking.parquet").to_pylist():
        first.setdefault(row["article_id"], []).append(row["image_id"])
    qrels = pq.read_table(branch.folder / "results/tiny/corpus/qrels.parquet").to_pylist()
    for pair in qrels:
        shown = first[pair["article_id"]]
        rank = judged[pair["article_id"]]["rank"]
        inside = shown.index(pair["image_id"]) + 1 if pair["image_id"] in shown else None
        assert inside == (rank if rank <= 3 else None)

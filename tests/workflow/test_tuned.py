"""Parameters chosen on one corpus and used on another: what runs, and what must not."""

from __future__ import annotations

import json

from tests.tiny import make_corpus
from tests.workflow.conftest import Project

RUN = "memory.paper.w3.tiny.best"
CHOICE = f"dev/tuned/{RUN}/chosen.json"


def tuned(branch: Project) -> None:
    make_corpus(branch.folder / "dev", n=12, seed=5)
    lines = (branch.folder / "dev/translations.tsv").read_text("utf-8").splitlines()[1:]
    with (branch.folder / "data/translations.tsv").open("a", encoding="utf-8") as memory:
        memory.write("\n".join(lines) + "\n")
    config = branch.config
    config["corpora"]["dev"] = {"pairs": "dev/articles.tsv", "photos": "dev/images"}
    config["sweep"]["scorer"] = ["cosine", "best", "banked"]
    config["scorers"] = {
        "soft": {"kind": "inverted_softmax"},
        "banked": {"kind": "nnn", "bank": "dev", "nearest": 4},
    }
    config["blends"] = {"fused": {"kind": "rrf"}}
    config["ensembles"] = {"fusion": {"blend": "fused", "members": [{"words": 3}, {"words": 6}]}}
    config["tuned"] = {
        "best": {"scorer": "soft", "dev": "dev", "grid": {"temperature": [0.01, 0.1]}},
        "weighted": {"dev": "dev", "members": [{"words": 3}, {"words": 6}]},
    }


def test_what_is_chosen_on_one_corpus_is_used_on_another(branch: Project) -> None:
    tuned(branch)
    branch.snakemake()
    chosen = json.loads(branch.read(CHOICE))
    assert chosen["values"]["temperature"] in (0.01, 0.1) and chosen["articles"] == 12
    page = branch.read("my/tiny/table.md").decode()
    assert "## Chosen on one corpus, judged on this" in page and "here less there" in page
    assert "too high" not in page
    facts = json.loads(branch.read("my/tiny/conclusions.json"))
    assert {best["looks_at"] for best in facts["best"]} == {
        "inductive",
        "gallery",
        "bank",
        "transductive",
    }
    assert branch.planned() == {}
    before = branch.read(CHOICE)

    rows = (branch.folder / "data/articles.tsv").read_bytes().split(b"\r\n")
    (branch.folder / "data/articles.tsv").write_bytes(b"\r\n".join(rows[:-2]) + b"\r\n")
    planned = branch.planned()
    assert "tune" not in planned and "weigh" not in planned, "the test corpus chooses nothing"
    branch.snakemake()
    assert branch.read(CHOICE) == before

    branch.config["tuned"]["best"]["grid"]["temperature"] = [0.01, 0.1, 1.0]
    planned = branch.planned()
    assert planned["tune"] == 2 and "embed_texts" not in planned
    branch.config["tuned"]["best"]["grid"]["temperature"] = [0.01, 0.1]

    rows = (branch.folder / "dev/articles.tsv").read_bytes().split(b"\r\n")
    (branch.folder / "dev/articles.tsv").write_bytes(b"\r\n".join(rows[:-2]) + b"\r\n")
    planned = branch.planned()
    assert planned["tune"] == 2 and planned["weigh"] == 3


def test_a_run_that_is_judged_where_it_was_chosen_says_so(branch: Project) -> None:
    branch.config["scorers"] = {"soft": {"kind": "inverted_softmax"}}
    branch.config["sweep"]["scorer"] = ["best"]
    grid = {"temperature": [0.01, 0.1]}
    branch.config["tuned"] = {"best": {"scorer": "soft", "dev": "tiny", "grid": grid}}
    branch.snakemake()
    page = branch.read("my/tiny/table.md").decode()
    assert "Tuned on this very corpus, so that their figures are too high" in page


def test_what_cannot_be_tuned_is_refused_in_a_line(branch: Project) -> None:
    soft = {"scorer": "cosine", "dev": "tiny", "grid": {"temperature": [1]}}
    for name, entry, said in (
        ("best", soft, "tuned.best.grid.temperature: cosine has no such parameter"),
        ("best", {**soft, "dev": "nowhere"}, "tuned.best.dev: there is no corpus 'nowhere'"),
        ("best", {**soft, "scorer": "cosin"}, "tuned.best.scorer: 'cosin' is not one of scorers"),
        ("best", {"dev": "tiny"}, "tuned.best: give either scorer and grid, or members"),
        ("best", {**soft, "metric": "F1"}, "tuned.best.metric"),
    ):
        branch.config["tuned"] = {name: entry}
        assert said in branch.snakemake("-n", ok=False), said
    branch.config["tuned"] = {}
    branch.config["scorers"] = {"near": {"kind": "nnn", "bank": "tiny"}}
    branch.config["sweep"]["scorer"] = ["near"]
    said = "scorers.near.bank: tiny would be its own bank; name another corpus, or gallery"
    assert said in branch.snakemake("-n", ok=False)
    branch.config["scorers"] = {"near": {"kind": "nnn", "bank": "tinny"}}
    assert "there is no corpus 'tinny'; did you mean" in branch.snakemake("-n", ok=False)

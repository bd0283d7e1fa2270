"""The workflow, really run on a tiny corpus."""

from __future__ import annotations

import copy
import csv
import io
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import pytrec_eval

from tests.loopback_google import Loopback
from tests.loopback_photos import LoopbackPhotos, Reply
from tests.tiny import make_corpus, write_articles
from tests.workflow.conftest import Project

RUNS = [
    "memory.paper.w3.tiny.cosine",
    "memory.paper.w6.tiny.cosine",
    "run05.memory.paper.tiny.cosine",
]


def table(project: Project, corpus: str = "tiny") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(project.read(f"my/{corpus}/table.csv").decode())))


def one_run(project: Project) -> None:
    """Leave out what says nothing of a corpus: one run is as good as three, and sooner there."""
    project.config["sweep"]["words"], project.config["ensembles"] = [3], {}


def rankings(project: Project, run: str) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for row in pq.read_table(
        project.folder / f"results/tiny/runs/{run}/ranking.parquet"
    ).to_pylist():
        lists.setdefault(row["article_id"], []).append(row["image_id"])
    return lists


def test_every_run_has_a_row_and_a_submission(finished: Project) -> None:
    assert [row["run"] for row in table(finished)] == RUNS
    for run in RUNS:
        lines = finished.read(f"tiny/runs/{run}/submission.tsv").decode().splitlines()
        assert len(lines) == 15 and {line.count("\t") for line in lines} == {100}


def test_table_equals_pytrec_eval_on_the_rankings(finished: Project) -> None:
    folder = finished.folder / "results/tiny"
    qrels: dict[str, dict[str, int]] = {}
    for row in pq.read_table(folder / "corpus/qrels.parquet").to_pylist():
        qrels.setdefault(row["article_id"], {})[row["image_id"]] = 1
    measures = {"recip_rank", "recall_1", "recall_5", "recall_10"}
    for row in table(finished):
        run = {
            article: {image: float(-rank) for rank, image in enumerate(images)}
            for article, images in rankings(finished, row["run"]).items()
        }
        found = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
        for ours, theirs in (
            ("MRR@100", "recip_rank"),
            ("R@1", "recall_1"),
            ("R@5", "recall_5"),
            ("R@10", "recall_10"),
        ):
            mean = sum(values[theirs] for values in found.values()) / len(qrels)
            assert float(row[f"text-to-image_{ours}"]) == pytest.approx(mean, abs=1e-12)


def test_order_of_rows_and_names_of_everything_change_no_rank(
    finished: Project, tmp_path: Path
) -> None:
    again = Project.copied(tmp_path / "project")
    data = again.folder / "data"
    shutil.copytree(finished.folder / "data", data)
    rows = make_corpus(tmp_path / "same")
    rng = np.random.default_rng(8)
    new_article = {
        row["article"]: f"x{n}" for row, n in zip(rows, rng.permutation(14), strict=True)
    }
    new_image = {row["iid"]: f"z{n}" for row, n in zip(rows, rng.permutation(14), strict=True)}
    renamed = []
    for row in rows:
        file = f"{new_image[row['iid']]}.png"
        (data / "images" / row["imgFile"]).rename(data / "images" / file)
        changed = {"article": new_article[row["article"]], "iid": new_image[row["iid"]]}
        renamed.append(row | changed | {"imgFile": file})
    write_articles(data / "articles.tsv", [renamed[i] for i in rng.permutation(14)])
    memory = (data / "translations.tsv").read_text("utf-8").splitlines()
    shuffled = [memory[0], *(memory[1 + i] for i in rng.permutation(len(memory) - 1))]
    (data / "translations.tsv").write_text("\n".join(shuffled) + "\n", "utf-8")
    again.snakemake()
    for run in RUNS:
        before, after = rankings(finished, run), rankings(again, run)
        assert {
            new_article[article]: [new_image[image] for image in images]
            for article, images in before.items()
        } == after
    assert again.read("my/tiny/table.csv") == finished.read("my/tiny/table.csv")


def test_a_corpus_without_truth_gives_submissions_and_no_table(branch: Project) -> None:
    data = branch.folder / "data"
    rows = make_corpus(data)
    articles = ["articleID\taid\turl\t\t\thashvalue\ttitle\ttext"]
    articles += [f"{r['article']}\t\t\t\t\t\t{r['title']}\t{r['text']}" for r in rows]
    (data / "test-articles.tsv").write_bytes("\r\n".join(articles).encode("cp1252"))
    images = ["img\tiid\timgFile", *(f"\t{r['iid']}\t{r['imgFile']}" for r in rows), "\t\t"]
    (data / "test-images.tsv").write_text("\n".join(images), "utf-8")
    branch.config["corpora"]["blind"] = {
        "articles": "data/test-articles.tsv",
        "images": "data/test-images.tsv",
        "photos": "data/images",
    }
    branch.config["sweep"]["corpus"] = ["blind"]
    one_run(branch)
    assert "\nblind: 14 articles, no truth; nothing was refused.\n" in branch.snakemake()
    run = RUNS[0]
    assert branch.read(f"blind/runs/{run}/submission.tsv") == branch.read(
        f"tiny/runs/{run}/submission.tsv"
    )
    assert not (branch.folder / "results/my/blind/table.csv").exists()


def test_bad_configs_end_in_one_line_before_any_job(branch: Project) -> None:
    good = copy.deepcopy(branch.config)
    for change, line in (
        ({"sweep": {**good["sweep"], "words": ["ten"]}}, "config: sweep.words[0]: 'ten' is no"),
        ({"swep": {}}, "config: swep: unknown key; did you mean 'sweep'?"),
        ({"models": {"tiny": {"checkpoint": "gone.pt"}}}, "models.tiny.checkpoint: gone.pt does"),
        ({}, "config.yaml: line 1: the key 'sweep' stands on line"),
    ):
        branch.config = {**good, **change}
        if not change:  # what the file below it says twice
            base = branch.folder / "config/config.yaml"
            text = base.read_text("utf-8")
            base.write_text(f"{text}\nsweep: {{words: [5]}}\n", "utf-8")
            line = line.replace("line 1", f"line {len(text.splitlines()) + 2}")
        said = branch.snakemake("-n", ok=False)
        # Snakemake itself says which profile and config files it found.
        lines = [text for text in said.splitlines() if not text.startswith(("Using ", "Config "))]
        assert len(lines) == 1 and line in lines[0], said


def test_a_missing_translation_is_one_clear_line_and_the_log_has_it(branch: Project) -> None:
    memory = branch.folder / "data/translations.tsv"
    lines = memory.read_text("utf-8").splitlines()
    memory.write_text("\n".join([lines[0], *lines[6:]]) + "\n", "utf-8")
    said = branch.snakemake(ok=False)
    log = (branch.folder / "results/logs/translate/tiny.memory.log").read_text("utf-8")
    for text in (said, log):
        assert "5 of 28 texts are not in the translation memory" in text
        assert "Nr. 0" in text and "Traceback" not in text


def test_a_photo_that_does_not_open_is_refused_and_the_run_goes_on(branch: Project) -> None:
    (branch.folder / "data/images/photo2.png").write_bytes(b"<html>gone</html>")
    (branch.folder / "data/images/photo7.png").unlink()
    one_run(branch)
    printed = branch.snakemake()
    rejects = pq.read_table(branch.folder / "results/tiny/corpus/rejects.parquet").to_pylist()
    assert [(row["kind"], row["id"], row["line"]) for row in rejects] == [
        ("image", "photo2", 4),
        ("image", "photo7", 9),
    ]
    assert "photo unreadable" in branch.read("my/tiny/losses.html").decode()
    assert all(int(row["text-to-image_n"]) == 12 for row in table(branch))
    said = "12 of 14 articles; 2 have no photo. Refused: 2 of 14 photos (1 missing, 1 unreadable)"
    for name in ("table.md", "table.html", "losses.html", "numbers.json"):
        assert said in branch.read(f"my/tiny/{name}").decode(), name
    # In the terminal: the figures with their line, and what more than a tenth is lost of.
    assert said in " ".join(printed.split())
    assert "\nwarning: corpus tiny has lost more than a tenth: 2 of 14 photos" in printed


def test_the_report_opens_offline_with_its_numbers_filled_in(branch: Project) -> None:
    branch.snakemake("--report", "report.html")
    page = (branch.folder / "report.html").read_text("utf-8")
    assert "system-message" not in page and "{{" not in page.split("<body", 1)[-1][:2000]
    best = max(float(row["text-to-image_MRR@100"]) for row in table(branch))
    assert f"{best:.5f}" in page
    assert "3 runs over 14 articles" in page
    assert "14 of 14 articles; nothing was refused." in page
    assert "mailto:" not in page


def test_photos_come_by_url_once_and_dead_links_are_listed(branch: Project) -> None:
    data = branch.folder / "data"
    rows = make_corpus(data)
    photos = {row["imgFile"]: (data / "images" / row["imgFile"]).read_bytes() for row in rows}

    def schedule(key: str, nth: int) -> Reply:
        if key.endswith("photo5.png"):
            return Reply(b"gone", status=404)
        return Reply(b"busy", status=503) if nth == 0 else Reply(photos[Path(key).name])

    with LoopbackPhotos(schedule) as server:
        for row in rows:
            row["img"] = f"{server.url}/news/{row['imgFile']}"
            row["imgFile"] = ""
        write_articles(data / "articles.tsv", rows)
        branch.config["corpora"]["tiny"] = {
            "pairs": "data/articles.tsv",
            "photos": "data/fetched",
            "download": {"requests_per_second": 200},
        }
        one_run(branch)
        branch.snakemake()
        asked = len(server.keys)
        assert asked == 13 * 2 + 1
        assert branch.planned() == {}
        assert all(int(row["text-to-image_n"]) == 13 for row in table(branch))
        assert "1 of 14 photos (not fetched)" in branch.read("my/tiny/table.md").decode()
        shutil.rmtree(branch.folder / "results")
        branch.snakemake("results/tiny/corpus/images.parquet")
        assert len(server.keys) == asked
    listed = pq.read_table(branch.folder / "results/tiny/corpus/downloads.parquet").to_pylist()
    assert [(r["image_id"], r["reason"]) for r in listed if not r["file"]] == [
        ("photo5", "dead link: HTTP 404")
    ]
    log = (branch.folder / "results/logs/download/tiny.log").read_text("utf-8")
    assert "'photo5': dead link" in log


def test_translations_are_bought_once_and_outlive_results(branch: Project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    branch.config["sweep"]["translation"] = ["google"]
    # Two corpora of the same texts, translated at once: what one job asks for the other waits for.
    branch.config["corpora"]["again"] = branch.config["corpora"]["tiny"]
    branch.config["sweep"]["corpus"] = ["tiny", "again"]
    targets = [f"results/{corpus}/text/google/translated.parquet" for corpus in ("tiny", "again")]
    with Loopback() as server:
        # Python reads this at its start: deep-translator then asks the server on loopback.
        (site / "sitecustomize.py").write_text(
            "import deep_translator.constants\n"
            f"deep_translator.constants.BASE_URLS['GOOGLE_TRANSLATE'] = {server.url!r}\n"
        )
        env = {"PYTHONPATH": str(site)}
        branch.snakemake(*targets, env=env)
        assert len(server.asked) == 28
        shutil.rmtree(branch.folder / "results")
        branch.snakemake(*targets, env=env)
        assert len(server.asked) == 28
    translated = pq.read_table(branch.folder / "results/tiny/text/google/translated.parquet")
    for row in translated.to_pylist():
        assert row["title"] == f"EN [{row['source_title']}]"
        assert row["text"] == f"EN [{row['source_text']}]"

"""Runs in TREC's format, compared: figures as ranx and trec_eval have them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval
import ranx

from rematch.commands.evaluate import main


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs over 80 queries with one to three relevant documents; the second lacks some."""
    folder = tmp_path_factory.mktemp("trec")
    rng = np.random.default_rng(0)
    relevant = [rng.choice(60, rng.integers(1, 4), replace=False) for _ in range(80)]
    lines = [f"q{i} 0 d{j} 1" for i, several in enumerate(relevant) for j in several]
    (folder / "q.txt").write_text("\n".join(lines))
    for name, lift in (("bm25", 0.4), ("clip", 1.5), ("noise", 0.0)):
        rows = []
        for i, several in enumerate(relevant):
            score = rng.normal(size=60)
            score[several] += lift
            if name == "clip" and i % 20 == 0:
                continue
            order = np.argsort(-score)[:30]
            rows += [f"q{i} Q0 d{j} {r} {score[j]:.9f} {name}" for r, j in enumerate(order, 1)]
        (folder / f"{name}.trec").write_text("\n".join(rows) + "\n")
    return folder


def compared(files: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    runs = [str(files / f"{name}.trec") for name in ("bm25", "clip", "noise")]
    options = ["--qrels", str(files / "q.txt"), "--resamples", "500", "--top", "20"]
    assert main([*runs, *options, "--recall-at", "1", "5", "20", *more]) == 0
    return capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_figures_are_those_of_ranx_and_trec_eval(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {
        row["run"]: row
        for row in csv.DictReader(io.StringIO(compared(files, capsys, "--format", "csv")))
    }
    qrels = ranx.Qrels.from_file(str(files / "q.txt"), kind="trec")
    for name, row in rows.items():
        run = ranx.Run.from_file(str(files / f"{name}.trec"), kind="trec")
        names = ["mrr@20", "recall@1", "recall@5", "recall@20"]
        want = ranx.evaluate(qrels, run, names, make_comparable=True)
        for theirs, ours in zip(names, ("MRR@20", "R@1", "R@5", "R@20"), strict=True):
            assert float(row[f"text-to-image_{ours}"]) == pytest.approx(want[theirs], abs=1e-12)
        judge = pytrec_eval.RelevanceEvaluator(qrels.to_dict(), {"recall.5"})
        per_query = judge.evaluate(run.to_dict()).values()
        total = sum(each["recall_5"] for each in per_query) / 80
        assert float(row["text-to-image_R@5"]) == pytest.approx(total, abs=1e-12)
        assert row["text-to-image_n"] == "80"


def test_the_table_says_what_is_best_and_what_is_chance(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = compared(files, capsys)
    assert "Best of 3 runs by MRR@20: clip with" in said
    assert "No better than chance by MRR@20: noise." in " ".join(said.split())
    assert "## Against bm25, by MRR@20" in said and "articles" not in said and "photo" not in said
    lines = [line for line in said.splitlines() if line.startswith("| ")]
    assert [line.split()[1] for line in lines[2:5]] == ["clip", "bm25", "noise"]
    together = compared(files, capsys, "--together")
    assert "of them independent" in together and "of them independent" not in said
    again = compared(files, capsys, "--baseline", "clip", "--gallery", "1000")
    assert "## Against clip" in again and "0.00100" in again
    for form, start in (("html", "<!doctype html>"), ("tex", "% Made by")):
        assert compared(files, capsys, "--format", form).startswith(start)


def test_mistakes_end_in_a_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, qrels = str(files / "bm25.trec"), str(files / "q.txt")
    for arguments, says in (
        ([run, "--qrels", str(files / "none")], "cannot be read"),
        ([run, run, "--qrels", qrels], "a run is given twice"),
        ([run, "--qrels", qrels, "--baseline", "x"], "no run is called 'x'; there are bm25"),
        ([qrels, "--qrels", qrels], "has more fields or fewer"),
    ):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert says in said and said.count("\n") == 1

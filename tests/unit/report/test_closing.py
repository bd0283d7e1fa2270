"""The end of `make run`: figures of the best runs, and no line wider than the terminal."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from rematch.report.closing import ending


def corpus(folder: Path, runs: int) -> None:
    folder.mkdir(parents=True)
    way = "text-to-image_"
    names = [
        "run",
        "name",
        "letters",
        "at_chance",
        f"{way}n",
        *(f"{way}{m}" for m in ("MRR@100", "R@1")),
    ]
    names += [f"{way}MRR@100_low", f"{way}MRR@100_high"]
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        for n in range(runs):
            label = f"a rather long label of a run that was made from many parts, number {n}"
            rows.writerow(
                [f"run{n}", label, "ab", "MRR@100" * (n == 44), 50, n / 100, 0.5, n / 200, n / 50]
            )
    said = [f"Best of {runs} runs by MRR@100: run{runs - 1} with " + "many words " * 20]
    numbers = {"metrics": ["MRR@100", "R@1"], "doubts": ["a doubt"], "concluded": said}
    (folder / "numbers.json").write_text(json.dumps(numbers))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_many_runs_fit_one_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(width))
    corpus(tmp_path / "results/mine/news", 46)
    lines = ending("results/mine", ["news"], lambda _: True)
    assert len(lines) <= 30 and max(map(len, lines)) <= width
    figures = [line for line in lines if line.startswith("a rather long")]
    assert len(figures) == 12 and " 0.4500 " in figures[0] and " 0.4400° " in figures[1]
    assert "… the best 12 of 46 runs by MRR@100" in lines
    (at,) = [at for at, line in enumerate(lines) if line.startswith("Best of 46 runs by MRR@100")]
    assert all("many words" in line or "words" in line for line in lines[at + 1 :])
    assert any(line.startswith("next:") for line in lines[at - 2 : at]) and "a doubt" in lines


def test_a_corpus_without_truth_has_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ending("results/mine", ["news"], lambda _: False)
    assert "each run's ranking and submission: results/news/runs/<run>/" in lines
    assert not any("figures" in line for line in lines)

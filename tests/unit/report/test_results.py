"""The results table: CSV exact, Markdown aligned, HTML safe."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rematch import forms
from rematch.errors import UserError
from rematch.report import (
    as_csv,
    as_html,
    as_latex,
    as_markdown,
    reference as published,
    results,
    wording,
)

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "resources" / "reference" / "hcmus2021.csv"
NAMES = ["MRR@100", "R@1", "R@5", "R@10", "R@50", "R@100"]


def description(words: object, **more: object) -> dict[str, object]:
    run: dict[str, object] = {
        "run": f"w{words}",
        "label": f"{words} words",
        "translation": "marian",
        "cleaning": "paper",
        "words": words,
        "model": "ViT-B/32",
        "scorer": "cosine",
        "ensemble": None,
        "weights": None,
    }
    return run | more


PAPER_RUNS = [
    {"run": "e", "label": "the ensemble", "ensemble": "run05", "weights": {"w10": 1, "w40": 1}},
    *(description(words) for words in (10, 20, 30, 40)),
]


def scores(
    runs: list[dict[str, Any]], directions: tuple[str, ...] = ("image-to-text", "text-to-image")
) -> list[pa.Table]:
    """A table a run; figures rise with the run's place, so the last is the best."""
    return [
        forms.from_rows(
            [
                {
                    "run": run["run"],
                    "direction": direction,
                    "metric": metric,
                    "value": (i + 1) / 70 + j / 7,
                    "low": i / 70 + j / 7,
                    "high": (i + 2) / 70 + j / 7,
                    "n": 1915,
                }
                for direction in directions
                for j, metric in enumerate(NAMES)
            ],
            forms.METRICS,
        )
        for i, run in enumerate(runs)
    ]


def built(runs: list[dict[str, Any]], **more: Any) -> results.Results:
    return results.build(scores(runs), runs, published.read_reference(REFERENCE), **more)


def tables_in(markdown: str) -> list[list[str]]:
    """The tables of a Markdown text as their lines."""
    blocks = [block.split("\n") for block in markdown.strip().split("\n\n")]
    return [lines for lines in blocks if lines[0].startswith("| ")]


def test_the_reference_is_the_papers_table_1() -> None:
    rows = published.read_reference(REFERENCE)
    assert [(row.run, row.words, row.ensemble) for row in rows] == [
        ("01", "10", ""),
        ("02", "20", ""),
        ("03", "30", ""),
        ("04", "40", ""),
        ("05", "", "run05"),
    ]
    assert [row.values["MRR@100"] for row in rows] == [
        "0.23576",
        "0.25521",
        "0.27323",
        "0.27446",
        "0.29434",
    ]
    assert rows[3].values["R@5"] == "0.368677"
    assert "R@1" not in rows[0].values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("run,words,MRR@100\n01,10,0.2\n", "line 2: column 'ensemble' is missing"),
        ("run,words,ensemble,MRR@100\n01,,,0.2\n", "line 2: neither"),
        ("run,words,ensemble,MRR@100\n01,10,,high\n", "line 2, column 'MRR@100': 'high'"),
    ],
)
def test_a_damaged_reference_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "reference.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"reference\.csv") as refused:
        published.read_reference(path)
    assert says in str(refused.value)


def test_csv_keeps_every_digit_and_stands_beside_the_paper() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv.table_csv(built(PAPER_RUNS)))))
    assert [row["run"] for row in rows] == ["w10", "w20", "w30", "w40", "e"]
    for row in rows:
        i = next(i for i, run in enumerate(PAPER_RUNS) if run["run"] == row["run"])
        for direction in ("text-to-image", "image-to-text"):
            assert row[f"{direction}_n"] == "1915"
            for j, metric in enumerate(NAMES):
                assert float(row[f"{direction}_{metric}"]) == (i + 1) / 70 + j / 7
                assert float(row[f"{direction}_{metric}_low"]) == i / 70 + j / 7
                assert float(row[f"{direction}_{metric}_high"]) == (i + 2) / 70 + j / 7
    assert [row["paper_run"] for row in rows] == ["01", "02", "03", "04", "05"]
    assert rows[3]["paper_R@5"] == "0.368677"
    assert json.loads(rows[4]["weights"]) == {"w10": 1.0, "w40": 1.0}
    assert (rows[0]["words"], rows[4]["words"]) == ("10", "")


def test_a_run_matches_the_paper_by_words_or_by_the_ensembles_name() -> None:
    runs = [
        description(None),
        description(15),
        description(20, run="a", model="x"),
        description(20, run="b", model="y"),
        {"run": "other", "ensemble": "other", "words": 10},
        {"run": "named", "ensemble": "run05"},
    ]
    table = built(runs)
    matched = {run.name: table.paper(run) for run in table.runs}
    assert {name: row.run if row else None for name, row in matched.items()} == {
        "wNone": None,
        "w15": None,
        "a": "02",
        "b": "02",
        "other": None,
        "named": "05",
    }


def test_markdown_is_aligned_fits_the_terminal_and_says_what_does_not_vary_once() -> None:
    text = as_markdown.table_md(built(PAPER_RUNS, corpus="NewsImages 2021"))
    assert max(map(len, text.split("\n"))) <= 120
    blocks = tables_in(text)
    assert len(blocks) == 3
    for lines in blocks:
        bars = [[i for i, c in enumerate(line) if c == "|"] for line in lines]
        assert all(places == bars[0] for places in bars)
    assert text.count("ViT-B/32") == 1 and text.count("marian") == 1
    assert "1,915 queries" in text
    # Text to image first, whatever the order of the metrics.
    assert text.index("Text to image") < text.index("Image to text") < text.index("Table 1")
    first = [[cell.strip() for cell in line.split("|")[1:-1]] for line in blocks[0]]
    assert first[0][:3] == ["words", "ensemble", "MRR@100"]
    assert [row[0] for row in first[2:]] == ["10", "20", "30", "40", "–"]
    assert first[-1][1] == "run05"
    assert first[2][2] == f"{2 / 70:.5f}"
    assert "0.368677" in text and "compare the shape" in text
    assert "mean of 10 words, 40 words" in text


def test_the_best_of_each_column_is_bold() -> None:
    runs = [description(10), description(20), description(30)]
    given = scores(runs, ("text-to-image",))
    # The last two share the best figure.
    given[1] = given[2].set_column(0, "run", pa.array(["w20"] * len(NAMES)))
    table = results.build(given, runs)
    lines = tables_in(as_markdown.table_md(table))[0][2:]
    assert [line.count("**") for line in lines] == [0, 12, 12]
    page = as_html.table_html(table)
    assert page.count("class='best'") == 12
    assert as_latex.table_tex(table).count(r"\textbf") == 12
    single = results.build(given[:1], runs[:1])
    assert "*" not in as_markdown.table_md(single)


FACTS: dict[str, Any] = {
    "queries": 1915,
    "groups": 1900,
    "baseline": "e",
    "ablation": {"base": "w40", "switched": {"w10": "words", "w20": "words"}},
    "best": [
        {"looks_at": "inductive", "run": "w40", "within": ["w30", "w10"], "of": 4},
        {"looks_at": "gallery", "run": "e", "within": [], "of": 1},
    ],
    "letters": {"w10": "b", "w20": "b", "w30": "ab", "w40": "a", "e": "c"},
    "same": [["w10", "w20"]],
    "detectable": 0.01294,
    "chance": {"text-to-image": {name: 0.01 for name in NAMES}},
    "at_chance": {"text-to-image": {"w40": ["MRR@100", "R@1"], "w10": ["R@1"]}},
}


def concluded(**more: Any) -> results.Results:
    differences = [
        {
            "run": run,
            "other": other,
            "family": family,
            "metric": metric,
            "difference": d,
            "low": d - 0.1,
        }
        | {"high": d + 0.1, "p": 1e-9, "p_holm": p, "effect": 0.5, "n": 1915}
        for family, other, run, d, p in (
            ("baseline", "e", "w10", -0.2, 1e-9),
            ("baseline", "e", "w40", 0.1, 0.04321),
            ("ablation", "w40", "w10", -0.05, 0.5),
            ("ablation", "w40", "w20", -0.15, 0.5),
        )
        for metric in ("MRR@100", "R@1")
    ]
    answers = [
        {"question": question, "subject": subject, "metric": "MRR@100", "answer": answer}
        | {
            "estimate": 0.0123,
            "low": 0.001,
            "high": 0.02,
            "p": 0.03,
            "pairs": 4,
            "values": "1 against 2",
        }
        for question, subject, answer in (
            ("translation", "memory against none, model x", "yes"),
            *(("cleaning", f"step {n}", "cannot tell") for n in range(9)),
        )
    ]
    return built(
        PAPER_RUNS,
        corpus="news",
        comparisons=forms.from_rows(differences, forms.COMPARISONS),
        hypotheses=forms.from_rows(answers, forms.HYPOTHESES),
        facts=FACTS,
        **more,
    )


def test_what_is_concluded_stands_beside_the_figures() -> None:
    table = concluded()
    text = " ".join(as_markdown.table_md(table).split())
    page = " ".join(Page(as_html.table_html(table)).words)
    for said in (
        "Of 4 inductive runs none is better than chance by MRR@100: the highest, w40, has 0.0714",
        "The one gallery run: e, MRR@100 0.0143",
        "With 1,915 articles (1,900 of them independent), differences below 0.013 MRR@100",
        "No better than chance by MRR@100: 40 words.",
        "Identical, every rank and margin the same: 10 words = 20 words.",
        "Against run05, by MRR@100",
        "Ablation: 40 words with one axis switched, by MRR@100",
        "Yes (memory against none, model x over 4 pairs of runs)",
        "Does translation help?",
        "Of 9: cannot tell in 9; hypotheses.parquet has them all.",
        "p 0.0300",
    ):
        assert said in text and said in page
    # What is at chance is marked, and never the best, however high.
    line = next(
        line for line in tables_in(as_markdown.table_md(table))[0] if line.startswith("| 40")
    )
    assert "0.07143°" in line and "**0.07143" not in line and "**0.35714**" in line
    assert "| a " in line
    (chance,) = [line for line in tables_in(as_markdown.table_md(table))[0] if "chance" in line]
    assert chance.count("0.01000") == 6
    against = next(
        lines for lines in tables_in(as_markdown.table_md(table)) if "effect" in lines[0]
    )
    assert [line.split("|")[1].strip() for line in against[2:]] == ["40 words", "10 words", "run05"]
    assert "+0.1000" in against[2] and "0.0432" in against[2] and "under 0.0001" in against[3]
    ablation = [lines for lines in tables_in(as_markdown.table_md(table)) if "axis" in lines[0]][-1]
    assert [line.split("|")[1].strip() for line in ablation[2:]] == [
        "words: 20 words",
        "words: 10 words",
    ]
    # The paper is never the last thing.
    assert as_markdown.table_md(table).index("Table 1") < as_markdown.table_md(table).index(
        "Against"
    )
    assert max(map(len, as_markdown.table_md(table).split("\n"))) <= 120


def test_csv_holds_what_is_concluded() -> None:
    rows = {r["run"]: r for r in csv.DictReader(io.StringIO(as_csv.table_csv(concluded())))}
    assert [rows["w40"][name] for name in ("name", "letters", "at_chance")] == [
        "40 words",
        "a",
        "MRR@100 R@1",
    ]
    assert float(rows["w40"]["minus_baseline"]) == 0.1
    assert float(rows["w40"]["minus_baseline_p"]) == 0.04321
    assert rows["e"]["minus_baseline"] == rows["w20"]["minus_baseline"] == ""
    numbers = as_csv.numbers(concluded())
    doubts, best = numbers["doubts"], numbers["concluded"]
    assert isinstance(doubts, list) and len(doubts) == 3 and "differences below" in doubts[0]
    assert isinstance(best, list) and len(best) == 2 and "MRR@100" in best[-1]


def test_tables_are_sorted_by_the_metric_where_that_is_wanted() -> None:
    table = concluded(sort="metric")
    assert [run.name for run in table.runs] == ["w40", "w30", "w20", "w10", "e"]
    assert [run.name for run in concluded().runs] == ["w10", "w20", "w30", "w40", "e"]


def test_latex_escapes_what_it_would_read() -> None:
    runs = [description(10, model="a_b & 100 % {$#^~\\}"), description(20)]
    text = as_latex.table_tex(results.build(scores(runs), runs, [], "x_y"))
    assert r"a\_b \& 100 \% \{\$\#\textasciicircum{}\textasciitilde{}\textbackslash{}\}" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2
    for row in re.findall(r"\\midrule\n(.*?)\\bottomrule", text, re.S):
        columns = {
            len(re.findall(r"(?<!\\)&", line)) for line in row.strip().split("\n") if "&" in line
        }
        assert len(columns) == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here to compile with")
def test_latex_compiles(tmp_path: Path) -> None:
    (tmp_path / "table.tex").write_text(as_latex.table_tex(concluded()), "utf-8")
    (tmp_path / "paper.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs}\usepackage[T1]{fontenc}\usepackage{textcomp}"
        r"\begin{document}\input{table}\end{document}",
        "utf-8",
    )
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "paper"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_weights_that_differ_are_shown() -> None:
    runs = [description(10), description(20)]
    runs.append({"run": "e", "ensemble": "mix", "weights": {"w10": 0.25, "w20": 0.75}})
    assert "Ensemble mix: 0.25 × 10 words + 0.75 × 20 words." in as_markdown.table_md(built(runs))


def sweep(count: int) -> list[dict[str, Any]]:
    return [
        description(
            (5, 10, 20, 40, "all")[i % 5],
            run=f"r{i}",
            model=f"model-{i // 5}",
            cleaning=("paper", "none")[i % 2],
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("reference", [True, False])
def test_a_sweep_of_fifty_keeps_the_configs_order(reference: bool) -> None:
    runs = sweep(50)
    paper = published.read_reference(REFERENCE) if reference else []
    table = results.build(pa.concat_tables(scores(runs)), runs, paper)
    text = as_markdown.table_md(table)
    lines = tables_in(text)[0]
    assert len(lines) == 52 and max(map(len, lines)) <= 120
    models = [line.split("|")[3].strip() for line in lines[2:]]
    assert models == [run["model"] for run in runs]
    assert ("Table 1" in text) is reference
    assert ("Table 1" in as_html.table_html(table)) is reference
    assert ("paper_run" in as_csv.table_csv(table)) is reference


def test_no_truth_is_said_and_the_runs_are_still_listed() -> None:
    runs = [description(10), description(20)]
    table = results.build([], runs, published.read_reference(REFERENCE), "mine")
    assert wording.NO_TRUTH in as_markdown.table_md(table)
    assert len(tables_in(as_markdown.table_md(table))[0]) == 4
    assert "no truth" in as_html.table_html(table)
    assert [row["run"] for row in csv.DictReader(io.StringIO(as_csv.table_csv(table)))] == [
        "w10",
        "w20",
    ]
    empty = forms.from_rows([], forms.METRICS)
    assert as_markdown.table_md(results.build(empty, runs)).count(wording.NO_TRUTH) == 1


def test_a_run_without_metrics_keeps_its_row() -> None:
    runs = [description(10), description(20), description(30)]
    table = results.build(scores(runs[:2]), runs)
    line = tables_in(as_markdown.table_md(table))[0][-1]
    assert line.split("|")[1].strip() == "30" and line.count("–") == 7
    assert as_html.table_html(table).count(">–</td>") == 12


class Page(HTMLParser):
    """Holds a page to be well formed, and gathers its tags and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_html_is_well_formed_self_contained_and_escaped() -> None:
    evil = "<script>alert('x')</script>\" onload=\"|`*&amp;\n[a](b)"
    runs = [description(10, cleaning=evil, label=evil), description(20, run="b", model=evil)]
    runs.append({"run": "e", "ensemble": evil, "weights": {evil: 1, "b": 2}})
    paper = [published.Reference(evil, "10", evil, {"MRR@100": "0.1"})]
    table = results.build(scores(runs), runs, paper, corpus=evil)
    html = as_html.table_html(table)
    page = Page(html)
    assert "script" not in page.tags and "onload" not in page.attributes
    assert evil in page.words
    assert not {"link", "img", "iframe"} & page.tags
    assert "http" not in html and "url(" not in html and "@import" not in html

    markdown = as_markdown.table_md(table)
    assert "<" not in markdown and "](b)" in markdown and "\\[a]" in markdown
    for lines in tables_in(markdown):
        counts = [line.replace("\\|", "").count("|") for line in lines]
        assert counts == [counts[0]] * len(lines)
    rows = list(csv.DictReader(io.StringIO(as_csv.table_csv(table), newline="")))
    assert rows[0]["cleaning"] == evil


def test_html_of_the_paper_runs_holds_every_figure() -> None:
    page = Page(as_html.table_html(built(PAPER_RUNS, corpus="NewsImages 2021")))
    words = set(page.words)
    for i in range(5):
        assert {f"{(i + 1) / 70 + j / 7:.5f}" for j in range(6)} <= words
    assert {"Text to image", "Image to text", "0.368677", "1,915 queries"} <= words


def test_mistakes_are_refused() -> None:
    runs = [description(10)]
    with pytest.raises(UserError, match="'w20', which the configuration does not name"):
        results.build(scores([description(20)]), runs)
    with pytest.raises(UserError, match="given twice"):
        results.build(scores(runs) * 2, runs)
    with pytest.raises(UserError, match="described twice"):
        results.build([], runs * 2)
    with pytest.raises(UserError, match="no id"):
        results.build([], [{"label": "x"}])

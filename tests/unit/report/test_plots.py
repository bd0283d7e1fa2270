"""The plots: right figures in them, the same bytes every time, nothing clipped or overlapping."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rematch import forms
from rematch.report import plots, reference, results
from rematch.report.plots import figure as drawing, look, recall, words
from rematch.report.runs import varying

ROOT = Path(__file__).parents[3]
REFERENCE = reference.read_reference(ROOT / "resources" / "reference" / "hcmus2021.csv")
GALLERY = 1915
Curves = dict[str, npt.NDArray[np.float64]]


def case(
    runs: list[dict[str, Any]], reference: bool = True, corpus: str = "NewsImages 2021"
) -> tuple[results.Results, Curves]:
    """Made-up figures; run i has MRR@100 of .1 + .005 i."""
    rows: list[dict[str, object]] = []
    curves = {}
    for i, run in enumerate(runs):
        for j, metric in enumerate(["MRR@100", "R@1", "R@5", "R@10", "R@50", "R@100"]):
            value = 0.1 + 0.005 * i + 0.1 * j
            rows.append(
                {
                    "run": run["run"],
                    "direction": "text-to-image",
                    "metric": metric,
                    "value": value,
                    "low": value - 0.01,
                    "high": value + 0.01,
                    "n": GALLERY,
                }
            )
        curves[run["run"]] = np.linspace(0.05, 0.5 + 0.005 * i, 100)
    table = forms.from_rows(rows, forms.METRICS)
    return results.build(table, runs, REFERENCE if reference else [], corpus), curves


def points(*axes: tuple[str, list[Any]]) -> list[dict[str, Any]]:
    """Every combination of the axes' values."""
    names = [name for name, _ in axes]
    return [
        {"run": "-".join(map(str, values)), **dict(zip(names, values, strict=True))}
        for values in itertools.product(*(values for _, values in axes))
    ]


ENSEMBLES: list[dict[str, Any]] = [
    {"run": "e1", "ensemble": "run05"},
    {"run": "e2", "ensemble": "a very long name of an ensemble of everything there is"},
]
PAPER = points(("words", [10, 20, 30, 40])) + ENSEMBLES[:1]
CASES: dict[str, list[dict[str, Any]]] = {
    "one": points(("words", [None])),
    "paper": PAPER,
    "two axes": points(("words", [10, 20, "all"]), ("model", ["ViT-B/32", "RN50"])) + ENSEMBLES,
    "forty-eight": points(
        ("translation", ["google", "marian"]),
        ("cleaning", ["paper", "none"]),
        ("model", ["ViT-B/32", "ViT-B/16", "RN50x4"]),
        ("words", [10, 20, 40, "all"]),
    )
    + ENSEMBLES,
    "fifty models": points(("words", [20]), ("model", [f"model {i} of many" for i in range(50)])),
    "fifty word counts": points(("words", list(range(1, 51)))),
    "only ensembles": ENSEMBLES,
    "fifty ensembles": [{"run": f"e{i}", "ensemble": f"e{i}"} for i in range(50)],
    "every axis": points(
        ("translation", ["a", "b"]),
        ("cleaning", ["a", "b"]),
        ("words", [10, "all"]),
        ("model", ["a", "b"]),
        ("scorer", ["a", "b", "c"]),
    ),
}


def drawn(figure: Figure) -> Figure:
    FigureCanvasAgg(figure).draw()
    return figure


def figures(runs: list[dict[str, Any]], reference: bool = True) -> list[Figure]:
    table, curves = case(runs, reference)
    with drawing._style():
        return [
            drawn(words._metrics_figure(table, "text-to-image")),
            drawn(recall._recall_figure(curves, table, GALLERY, "text-to-image")),
        ]


@pytest.mark.parametrize("name", CASES)
def test_no_text_overlaps_another_or_leaves_the_page(name: str) -> None:
    for figure in figures(CASES[name]):
        boxes = []
        legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
        assert len(legends) == 1
        texts = [figure._suptitle, *legends[0].get_texts()]  # type: ignore[attr-defined]
        for ax in figure.axes:
            if not ax.axison:
                continue
            texts += [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label]  # type: ignore[attr-defined]
            for axis in (ax.xaxis, ax.yaxis):
                texts += [tick.label1 for tick in axis._update_ticks()]  # those in view
            # Panels keep a size that can be read beside the legend.
            assert ax.get_window_extent().width > 1.8 * figure.dpi
            assert ax.get_window_extent().height > 1.5 * figure.dpi
            assert not ax.get_window_extent().overlaps(legends[0].get_window_extent())
        for text in texts:
            if text.get_text() and text.get_visible():
                boxes.append((text.get_text(), text.get_window_extent()))
        page = figure.bbox
        for text, box in boxes:
            assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, text
            assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, text
        for (a, one), (b, two) in itertools.combinations(boxes, 2):
            width = min(one.x1, two.x1) - max(one.x0, two.x0)
            height = min(one.y1, two.y1) - max(one.y0, two.y0)
            assert not (width > 1 and height > 2), (a, b)


def test_the_panels_show_the_figures() -> None:
    figure = figures(PAPER)[0]
    panels = {ax.get_title(loc="left"): ax for ax in figure.axes if ax.axison}
    assert list(panels) == ["MRR@100", "R@5", "R@10", "R@50", "R@100"]
    lines = panels["MRR@100"].get_lines()
    ours = [line for line in lines if len(np.atleast_1d(line.get_xdata())) == 4]
    assert len(ours) == 1
    assert ours[0].get_ydata() == pytest.approx([0.1, 0.105, 0.11, 0.115])
    ticks = [label.get_text() for label in panels["R@5"].get_xticklabels()]
    assert ticks == ["10", "20", "30", "40"]
    crosses = [line for line in lines if line.get_marker() == "x"]
    assert [float(line.get_ydata()[0]) for line in crosses] == [0.23576, 0.25521, 0.27323, 0.27446]
    across = {float(line.get_ydata()[0]) for line in lines if list(line.get_xdata()) == [0, 1]}
    assert sorted(across) == pytest.approx([0.12, 0.29434])
    for ax in panels.values():
        low, high = ax.get_ylim()
        for line in ax.get_lines():
            assert (low <= np.asarray(line.get_ydata())).all()
            assert (np.asarray(line.get_ydata()) <= high).all()


def test_all_words_stand_last_and_the_paper_is_left_out_where_there_is_none() -> None:
    figure = figures(points(("words", ["all", 40, 5])), reference=False)[0]
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["5", "40", "all"]
    assert ax.get_lines()[0].get_ydata() == pytest.approx([0.11, 0.105, 0.1])
    assert not [line for line in ax.get_lines() if line.get_marker() == "x"]


@pytest.mark.parametrize("name", ["forty-eight", "every axis", "two axes", "fifty models"])
def test_looks_tell_all_lines_apart(name: str) -> None:
    table, _ = case(CASES[name])
    runs = [run for run in table.runs if run.ensemble is None]
    axes = [axis for axis in varying(runs) if axis != "words"]
    looks, entries = look.looks_of(runs, axes)
    seen: dict[look.Look, tuple[str, ...]] = {}
    for run in runs:
        values = tuple(run.axes[axis] for axis in axes)
        assert seen.setdefault(looks[run.name], values) == values
    # One heading an axis and one sample a value: the sum, not the product.
    assert len(entries) == sum(1 + len({run.axes[axis] for run in runs}) for axis in axes)


def test_recall_shows_every_run_and_chance() -> None:
    table, curves = case(PAPER)
    with drawing._style():
        figure = recall._recall_figure(curves, table, GALLERY, "text-to-image")
    lines = [np.asarray(line.get_ydata()) for line in figure.axes[0].get_lines()]
    assert len(lines) == 6
    for curve in curves.values():
        assert any(np.array_equal(line, curve) for line in lines)
    assert any(np.allclose(line, np.arange(1, 101) / GALLERY) for line in lines)
    table, curves = case(CASES["forty-eight"])
    with drawing._style():
        figure = recall._recall_figure(curves, table, GALLERY, "text-to-image")
    shown = [np.asarray(line.get_ydata()) for ax in figure.axes for line in ax.get_lines()]
    for curve in curves.values():
        assert any(np.array_equal(line, curve) for line in shown)


def test_names_are_text_and_never_markup() -> None:
    runs = points(("model", ["$x^2$ <script>", "_hidden", "a\nb & c"]), ("words", [10, 20]))
    table, curves = case(runs, corpus="<script>$\\frac")
    for svg in (plots.metrics_by_words(table), plots.recall_curves(curves, table, GALLERY)):
        root = ElementTree.fromstring(svg)
        assert not [node for node in root.iter() if node.tag.endswith(("script", "image"))]
    with drawing._style():
        figure = words._metrics_figure(table, "text-to-image")
    texts = [text.get_text() for text in figure.axes[-1].get_legend().get_texts()]
    assert {"$x^2$ <script>", "_hidden", "a b & c"} <= set(texts)


def test_no_truth_is_said() -> None:
    table = results.build([], PAPER, REFERENCE)
    for svg in (plots.metrics_by_words(table), plots.recall_curves({}, table, GALLERY)):
        ElementTree.fromstring(svg)
        assert b"<text" not in svg and len(svg) > 2000
    with drawing._style():
        figure = words._metrics_figure(table, "text-to-image")
    assert "no truth" in figure.texts[0].get_text()


def test_other_metrics_than_the_papers_are_shown_too() -> None:
    runs = points(("words", [10, 20]))
    rows = [
        {"run": run["run"], "direction": "text-to-image", "metric": metric}
        | {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}
        for run in runs
        for metric in ("R@3", "MRR@10")
    ]
    table = results.build(forms.from_rows(rows, forms.METRICS), runs, REFERENCE)
    with drawing._style():
        figure = drawn(words._metrics_figure(table, "text-to-image"))
    assert [ax.get_title(loc="left") for ax in figure.axes if ax.axison] == ["MRR@10", "R@3"]


SCRIPT = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import test_plots as t
table, curves = t.case(t.CASES["two axes"])
sys.stdout.buffer.write(t.plots.metrics_by_words(table))
sys.stdout.buffer.write(t.plots.recall_curves(curves, table, t.GALLERY))
"""


def test_the_same_bytes_in_another_process_and_under_other_settings(tmp_path: Path) -> None:
    table, curves = case(CASES["two axes"])
    here = plots.metrics_by_words(table) + plots.recall_curves(curves, table, GALLERY)
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 20\nlines.linewidth: 7\nsvg.fonttype: none\ntext.parse_math: True\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT, ROOT / "workflow" / "scripts", Path(__file__).parent],
        env={
            "PATH": os.environ["PATH"],
            "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
            "MPLCONFIGDIR": str(tmp_path),
            "PYTHONHASHSEED": "12345",
            "LC_ALL": "C",
            "TZ": "Asia/Tokyo",
            "SOURCE_DATE_EPOCH": "1",
        },
        capture_output=True,
        check=True,
    ).stdout
    assert there == here
    assert b"<dc:date>" not in here

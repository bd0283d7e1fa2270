"""Parts of the articles, and what ails runs, as rows of sheets."""

from __future__ import annotations

from rematch.evaluate import TEXT_TO_IMAGE
from rematch.report.answers import Rows
from rematch.report.results import NONE, Results

DIAGNOSIS_NOTE = (
    "Hubness: skewness of how many articles each photo is among the first ten of, 0 without hubs "
    "(hubs.parquet names the worst). Never shown: photos in no article's list. Cut: texts longer "
    "than the model's context. Sure: mean probability of the first photo, by a softmax whose "
    "temperature comes from the other half of the articles; right: how often it is; error: the "
    "mean of what these differ by, in ten bins of as many articles. How alike runs are: "
    "agreement.parquet. Of identical runs there is the first."
)


def strata_rows(results: Results) -> Rows:
    """The baseline and the best runs by parts of the articles, in the first metric."""
    first = results.metrics[0] if results.metrics else ""
    shown = [results.baseline, *(best["run"] for best in results.best)]
    runs = [run for run in dict.fromkeys(shown) if run]
    found = {
        (row["by"], row["stratum"], row["run"]): row
        for row in results.strata
        if row["metric"] == first and row["run"] in runs
    }
    rows = []
    # A run's margins are its own: they part the articles for it alone.
    for by, stratum, _ in dict.fromkeys((b, s, b == "margin" and r) for b, s, r in found):
        cells, n = [], 0
        for run in runs:
            row = found.get((by, stratum, run))
            n = max(n, row["n"]) if row else n
            cells.append(
                f"{row['value']:.4f} ({row['low']:.3f}–{row['high']:.3f})" if row else NONE
            )
        rows.append([by, stratum, f"{n:,}", *cells])
    names = [results.name_of(run) for run in runs]
    return f"Parts of the articles, by {first}", ["by", "part", "n", *names], rows


def diagnosis_rows(results: Results) -> Rows:
    """What ails each run."""
    head = ["run", "hubness", "never shown", "cut", "sure", "right", "error", "95 % interval"]
    found = {row["run"]: row for row in results.diagnosis}
    rows = []
    for run in results.runs:
        row = found.get(run.name)
        if row is None or run.name in results.shown_once:
            continue
        cells = [f"{row['skewness']:.2f}", _share(row["never"]), _share(row["cut"])]
        cells += [_share(row["sure"]), _share(row["right"])]
        known = row["calibration_error"] is not None
        cells.append(f"{row['calibration_error']:.3f}" if known else NONE)
        cells.append(f"{row['low']:.3f}–{row['high']:.3f}" if known else NONE)
        rows.append([results.name_of(run.name), *cells])
    return "Diagnosis", head, rows


def _share(value: float | None) -> str:
    return NONE if value is None else f"{100 * value:.1f} %"


def chosen_rows(results: Results) -> Rows:
    """What was chosen elsewhere for tuned runs: how they do there and here, and the gap."""
    head = ["run", "chosen", "on", "by", "there", "here", "here less there"]
    rows = []
    for found in results.chosen:
        run = str(found["run"])
        metric, corpus = str(found["metric"]), str(found["corpus"])
        weights = any(name in results.names for name in found["values"])
        shown = {k: v for k, v in found["values"].items() if v or not weights}
        values = ", ".join(f"{results.name_of(k)} {v:g}" for k, v in shown.items())
        cell = results.cells.get((run, TEXT_TO_IMAGE, metric))
        own = corpus == results.corpus
        rows.append(
            [
                results.name_of(run),
                f"{values} (of {found['tried']:,} tried)",
                f"{corpus}{', this corpus' if own else ''}, n {found['articles']:,}",
                metric,
                f"{found['value']:.4f}",
                f"{cell.value:.4f}" if cell else NONE,
                f"{cell.value - found['value']:+.4f}" if cell else NONE,
            ]
        )
    return "Chosen on one corpus, judged on this", head, rows


def own_lines(results: Results) -> list[str]:
    """A line on the runs that were tuned on the corpus that they are judged on."""
    own = [each["run"] for each in results.chosen if each["corpus"] == results.corpus]
    if not own:
        return []
    names = ", ".join(results.name_of(run) for run in own)
    return [
        f"Tuned on this very corpus, so that their figures are too high: {names}. Judge them on "
        "another."
    ]

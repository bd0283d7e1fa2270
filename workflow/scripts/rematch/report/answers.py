"""What an experiment concludes, in words with numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rematch.evaluate import TEXT_TO_IMAGE
from rematch.report.results import NONE, Difference, Results

MOST = 6
"""Runs that a line names; more are counted."""

SOME = 2
"""Groups of identical runs that a line names."""

Rows = tuple[str, list[str], list[list[str]]]


def best_lines(results: Results) -> list[str]:
    """The best run of each label, and those that cannot be told from it."""
    first = results.metrics[0] if results.metrics else ""
    out = []
    for best in results.best:
        label = f"{best['looks_at']} " if best["looks_at"] else ""
        cell = results.cells[best["run"], TEXT_TO_IMAGE, first]
        figure = f"{cell.value:.4f} ({cell.low:.3f}–{cell.high:.3f}, n {cell.n:,})"
        if best["of"] == 1:
            out.append(f"The one {label}run: {best['run']}, {first} {figure}.")
            continue
        if first in results.at_chance.get(TEXT_TO_IMAGE, {}).get(best["run"], ()):
            out.append(
                f"Of {best['of']:,} {label}runs none is better than chance by {first}: "
                f"the highest, {best['run']}, has {figure}."
            )
            continue
        near = [results.name_of(run) for run in best["within"]]
        within = f"; within chance of it: {_some(near)}" if near else "; no other is within chance"
        out.append(
            f"Best of {best['of']:,} {label}runs by {first}: {best['run']} with {figure}{within}."
        )
    return out


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {more:,} more" if more > 0 else "")


def doubts(results: Results) -> list[str]:
    """What bounds the conclusions: differences that cannot be seen, chance, and identical runs."""
    return [*filter(None, [detectable_line(results), chance_line(results), *same_lines(results)])]


def detectable_line(results: Results) -> str:
    """The smallest difference that this corpus can show."""
    if results.detectable is None:
        return ""
    queries, groups = results.counts["queries"], results.counts["groups"]
    apart = f" ({groups:,} of them independent)" if groups < queries else ""
    return (
        f"With {queries:,} {results.noun}{apart}, differences below {results.detectable:.3f} "
        f"{results.metrics[0]} between two runs cannot be told from chance (80 % power at 5 %, two "
        "runs compared; more, where more are)."
    )


def chance_line(results: Results) -> str:
    """Which runs are no better than a random order."""
    runs = results.at_chance.get(TEXT_TO_IMAGE, {})
    first = results.metrics[0]
    lost = [results.name_of(run) for run, metrics in runs.items() if first in metrics]
    if not lost:
        return ""
    return f"No better than chance by {first}: {_some(lost)}."


def same_lines(results: Results) -> list[str]:
    """A line on runs that came to the same."""
    named = [" = ".join(_named(results, runs)) for runs in results.same]
    if not named:
        return []
    more = f"; and {len(named) - SOME:,} more" if len(named) > SOME else ""
    return [f"Identical, every rank and margin the same: {'; '.join(named[:SOME])}{more}."]


def _named(results: Results, runs: Sequence[str]) -> list[str]:
    names = [results.name_of(run) for run in runs]
    return names[:MOST] + ([f"{len(names) - MOST:,} more"] if len(names) > MOST else [])


def baseline_rows(results: Results) -> Rows:
    """Every run against the baseline by the first metric, the best first."""
    first = results.metrics[0] if results.metrics else ""
    once = [each for each in results.against("baseline") if each.run not in results.shown_once]
    found = sorted(once, key=lambda each: -each.difference)
    title = f"Against {results.name_of(results.baseline)}, by {first}"
    rows = [[*_interval(results, each.run), *_shown(each)] for each in found]
    if rows:
        rows.append([*_interval(results, results.baseline), *[NONE] * 4])
    head = ["run", first, "95 % interval", "difference", "95 % interval", "p (Holm)", "effect"]
    return title, head, rows


def _interval(results: Results, run: str) -> list[str]:
    cell = results.cells[run, TEXT_TO_IMAGE, results.metrics[0]]
    return [results.name_of(run), f"{cell.value:.5f}", f"{cell.low:.3f}–{cell.high:.3f}"]


def ablation_rows(results: Results) -> Rows:
    """Each axis switched alone, the largest difference first."""
    found = sorted(results.against("ablation"), key=lambda each: -abs(each.difference))
    first = results.metrics[0] if results.metrics else ""
    base = results.name_of(results.ablation.get("base", ""))
    title = f"Ablation: {base} with one axis switched, by {first}"
    rows = []
    for each in found:
        axis = results.ablation["switched"][each.run]
        value = results.value_of(each.run, axis)
        rows.append([f"{axis}: {value}", *_interval(results, each.run)[1:], *_shown(each)])
    head = ["axis", first, "95 % interval", "difference", "95 % interval", "p (Holm)", "effect"]
    return title, head, rows


def _shown(found: Difference) -> list[str]:
    return [
        f"{found.difference:+.4f}",
        f"{found.low:+.4f} to {found.high:+.4f}",
        shown_p(found.p_holm),
        f"{found.effect:+.2f}",
    ]


def shown_p(p: float) -> str:
    """A p-value as people read it."""
    return "under 0.0001" if p < 0.0001 else f"{p:.4f}"


QUESTIONS = {
    "falls": "Does {metric} fall with the number of words?",
    "rises": "Does {metric} rise with the number of words?",
    "ensemble": "Does the ensemble beat its best member?",
    "translation": "Does translation help?",
    "multilingual": "Does translation help against a model that reads the original?",
    "cleaning": "Does each cleaning step help?",
}

ANSWERS = {"yes": "Yes", "no": "No, the contrary", "cannot tell": "It cannot be told"}


def answer_lines(results: Results) -> list[tuple[str, list[str]]]:
    """The paper's questions, with the answers of this experiment's runs."""
    out = []
    for question, asked in QUESTIONS.items():
        rows = [row for row in results.hypotheses if row["question"] == question]
        if rows:
            out.append((asked.format(metric=rows[0]["metric"]), list(_answers(rows))))
    return out


def _answers(rows: Sequence[dict[str, object]]) -> Iterator[str]:
    if len(rows) > MOST:
        counts = {answer: sum(row["answer"] == answer for row in rows) for answer in ANSWERS}
        said = ", ".join(f"{answer} in {n:,}" for answer, n in counts.items() if n)
        yield f"Of {len(rows):,}: {said}; hypotheses.parquet has them all. The clearest:"
        rows = sorted(rows, key=lambda row: (float(str(row["p"])), str(row["subject"])))[:MOST]
    for row in rows:
        trend = row["question"] in ("falls", "rises")
        measured = "a step" if trend else f"{row['metric']}"
        pairs = f" over {row['pairs']} pairs of runs" if not trend and row["pairs"] != 1 else ""
        yield (
            f"{ANSWERS[str(row['answer'])]} ({row['subject']}{pairs}): {row['values']}; "
            f"{row['estimate']:+.4f} {measured} ({row['low']:+.4f} to {row['high']:+.4f}, "
            f"p {shown_p(float(str(row['p'])))})."
        )

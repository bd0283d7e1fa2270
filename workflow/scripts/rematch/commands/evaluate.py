"""Compare runs in TREC's format: metrics with intervals, letters, differences and chance.

    python -m rematch.commands.evaluate run1.trec run2.trec --qrels q.txt

A run's file has a line `query Q0 document rank score tag` for each document of a query's list; the
qrels `query 0 document relevance`. Queries of the qrels that a run does not have count 0.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rematch.errors import UserError, say
from rematch.evaluate import Conclusions, compare_runs, judged
from rematch.report import Results, build, table_csv, table_html, table_md, table_tex
from rematch.storage import read_trec_qrels, read_trec_run

FORMS = {"md": table_md, "csv": table_csv, "html": table_html, "tex": table_tex}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 after an error said on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m rematch.commands.evaluate",
        description="Compare runs in TREC's format: intervals, letters, differences, chance.",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="query Q0 document rank score tag")
    parser.add_argument("--qrels", required=True, help="query 0 document relevance")
    parser.add_argument("--top", type=_count, default=100, help="depth of MRR (default 100)")
    parser.add_argument(
        "--recall-at", type=_count, nargs="+", default=[1, 5, 10, 50, 100], metavar="K"
    )
    parser.add_argument("--baseline", help="run to compare with, by its name (default: the first)")
    parser.add_argument(
        "--gallery", type=_count, help="documents in all (default: those that any file names)"
    )
    parser.add_argument(
        "--together",
        action="store_true",
        help="redraw queries that share a relevant document, or do so by way of others, together",
    )
    parser.add_argument("--resamples", type=_count, default=10_000)
    parser.add_argument("--format", choices=FORMS, default="md")
    options = parser.parse_args(arguments)
    try:
        say(FORMS[options.format](_results(options)))
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _results(options: argparse.Namespace) -> Results:
    names = run_names(options.runs)
    baseline = options.baseline or names[0]
    if baseline not in names:
        raise UserError(f"--baseline: no run is called {baseline!r}; there are {', '.join(names)}")
    qrels = read_trec_qrels(options.qrels)
    documents = set(qrels["image_id"].to_pylist())
    ranked = {}
    for name, path in zip(names, options.runs, strict=True):
        ranking = read_trec_run(path)
        documents.update(ranking["image_id"].unique().to_pylist())
        ranked[name] = judged(ranking, qrels, source=path)
    pairs = zip(qrels["article_id"].to_pylist(), qrels["image_id"].to_pylist(), strict=True)
    found: Conclusions = compare_runs(
        ranked,
        list(pairs) if options.together else [],
        max(options.gallery or 0, len(documents)),
        baseline,
        top=options.top,
        recall_at=sorted(set(options.recall_at)),
        resamples=options.resamples,
        threads=os.cpu_count() or 1,
    )
    runs = [{"run": name, "label": name} for name in names]
    more = {"comparisons": found.comparisons, "facts": found.facts, "noun": "queries"}
    return build(found.metrics, runs, sort="metric", **more)


def run_names(paths: Sequence[str]) -> list[str]:
    """What runs are called: their files' names without ending, or the paths where these repeat."""
    stems = [Path(path).stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else list(paths)
    if len(set(names)) < len(names):
        raise UserError("a run is given twice; name each file once")
    return names


if __name__ == "__main__":
    sys.exit(main())

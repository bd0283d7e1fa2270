"""What a reading of a corpus came to: counts, for other jobs and for the log."""

from __future__ import annotations

import pyarrow as pa

from rematch import forms
from rematch.corpus.reading import Corpus
from rematch.corpus.rejects import reject_counts
from rematch.corpus.tables import table_of


def count_table(corpus: Corpus) -> pa.Table:
    """`Corpus.counts` as `forms.COUNTS`."""
    return table_of(corpus.counts.items(), forms.COUNTS)


def summary_lines(corpus: Corpus) -> list[str]:
    """Lines for the log: one each for articles, photos and pairs, one a class of rejects."""
    count = corpus.counts
    lines = [
        f"{kind}s: {count[f'{kind}_rows']:,} rows = {count[f'{kind}s']:,} kept + "
        f"{count[f'{kind}s_repeated']:,} repeated + {count[f'{kind}s_refused']:,} refused; "
        f"{count[f'{kind}_blank']:,} blank rows skipped"
        for kind in ("article", "image", "pair")
        if kind != "pair" or corpus.has_truth
    ]
    if not corpus.has_truth:
        lines.append("pairs: no truth given, nothing can be evaluated")
    lines += [
        f"refused: {row['kind']}, {row['reason']}: {row['rows']:,}"
        for row in reject_counts(corpus.rejects).to_pylist()
    ]
    return lines

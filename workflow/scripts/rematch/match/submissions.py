"""The benchmark's run file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa


def submission(
    ranking: pa.Table, columns: int = 100, written: Callable[[str], str] = lambda item: item
) -> str:
    """The benchmark's run file: TSV, header `articleID iid1 ... iid<columns>`, a row an article.

    The rank is the column's position. A gallery with fewer photos leaves the last columns empty,
    since the official evaluator expects all of them. Articles stand by the ids that `written`
    gives for the table's, and in their order.
    """
    articles = ranking["article_id"].combine_chunks().dictionary_encode()
    rows = articles.indices.to_numpy()
    ranks, photos = ranking["rank"].to_numpy(), ranking["image_id"].combine_chunks()
    named = [written(article) for article in articles.dictionary.to_pylist()]
    order = np.lexsort((ranks, rows))
    ends = np.searchsorted(rows[order], np.arange(len(named)), side="right")
    lines = {}
    for row, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        here = order[start:end]
        listed = dict(
            zip(ranks[here].tolist(), photos.take(pa.array(here)).to_pylist(), strict=True)
        )
        lists = (listed.get(rank, "") for rank in range(1, columns + 1))
        lines[named[row]] = "\t".join([named[row], *lists])
    header = "\t".join(["articleID", *(f"iid{rank}" for rank in range(1, columns + 1))])
    return "\n".join([header, *(lines[name] for name in sorted(lines))]) + "\n"

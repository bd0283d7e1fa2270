"""The benchmark's run file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def submission(
    ranking: pa.Table, columns: int = 100, written: Callable[[str], str] = lambda item: item
) -> str:
    """The benchmark's run file: TSV, header `articleID iid1 ... iid<columns>`, a row an article.

    The rank is the column's position. A gallery with fewer photos leaves the last columns empty,
    since the official evaluator expects all of them. Articles stand by the ids that `written`
    gives for the table's, and in their order.

    Args:
        ranking: `forms.RANKING`, of which `score` may be missing.
    """
    articles, photos = (
        ranking[name].combine_chunks().dictionary_encode() for name in ("article_id", "image_id")
    )
    named = [written(article) for article in articles.dictionary.to_pylist()]
    lines = sorted(set(named))
    line = {name: row for row, name in enumerate(lines)}
    rows = np.array([line[name] for name in named], dtype=np.int64)[articles.indices.to_numpy()]
    ranks = ranking["rank"].to_numpy()
    within = (ranks >= 1) & (ranks <= columns)

    empty = len(photos.dictionary)
    cells = np.full((len(lines), columns), empty)
    cells[rows[within], ranks[within] - 1] = photos.indices.to_numpy()[within]
    texts = pa.concat_arrays([photos.dictionary, pa.array([""], pa.string())])
    ends = pa.array(np.arange(0, cells.size + 1, columns, dtype=np.int32))
    lists = pa.ListArray.from_arrays(ends, texts.take(pa.array(cells.reshape(-1))))
    header = "\t".join(["articleID", *(f"iid{rank}" for rank in range(1, columns + 1))])
    joined = pc.binary_join(lists, "\t").to_pylist()
    body = (f"{name}\t{photos}\n" for name, photos in zip(lines, joined, strict=True))
    return "".join([f"{header}\n", *body])

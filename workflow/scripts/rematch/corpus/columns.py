"""Further columns of a corpus' tables, to part its articles by. No model sees them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from rematch import forms
from rematch.corpus.entering import entered
from rematch.corpus.layouts import read_source
from rematch.corpus.spec import CorpusSpec
from rematch.errors import UserError


def read_columns(spec: CorpusSpec, names: Sequence[str]) -> pa.Table:
    """The values of columns for each article that came in at the door: `forms.COLUMNS`.

    An article in several rows has the first value that is not empty.

    Args:
        spec: where the corpus lies.
        names: of columns, as the header has them.

    Raises:
        UserError: no file has a column of this name, or see `entering.entered`.
    """
    door = entered(spec)
    paths = [*spec.pairs, *([spec.articles] if spec.articles is not None else [])]
    sources = [read_source(path, spec.reader(), names) for path in paths]
    for name in names:
        if not any(name in source.header for source in sources):
            known = ", ".join(dict.fromkeys(each for s in sources for each in s.header if each))
            raise UserError(f"{paths[0]}, line 1: no column {name!r} (strata); it has {known}")
    found: dict[str, list[str]] = {key: [""] * len(names) for key in door.articles}
    for source in sources:
        for record in source.records:
            values = found.get(door.key(record.article_id))
            if values is not None:
                for at, value in enumerate(record.more):
                    values[at] = values[at] or value.strip()
    rows = [
        (door.articles[key].article_id, name, value)
        for key, values in found.items()
        for name, value in zip(names, values, strict=True)
    ]
    rows.sort()
    return forms.from_rows(
        [dict(zip(forms.COLUMNS.names, row, strict=True)) for row in rows], forms.COLUMNS
    )

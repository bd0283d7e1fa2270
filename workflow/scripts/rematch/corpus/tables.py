"""From rows to tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa


def table_of(rows: Iterable[Sequence[object]], schema: pa.Schema) -> pa.Table:
    """A table of `schema`, whose columns are the rows' values in their order."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        {
            column.name: pa.array(values, type=column.type)
            for column, values in zip(schema, columns, strict=True)
        },
        schema=schema,
    )

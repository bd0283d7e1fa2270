"""Reading and writing Parquet artifacts, whole or not at all. Their forms: `rematch.forms`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rematch.errors import AGAIN, UserError
from rematch.storage.files import replacing, unreadable


def write(table: pa.Table, path: str | os.PathLike[str], made_by: str | None = None) -> None:
    """Write `table` as Parquet, whole or not at all.

    Args:
        made_by: the lineage of the job, to be kept in the file; see `demand_planned`.
    """
    if made_by is not None:
        table = table.replace_schema_metadata({"made_by": made_by})
    with replacing(path) as beside:
        pq.write_table(table, beside)


def demand_planned(paths: Iterable[str], planned: Mapping[str, str]) -> None:
    """Refuse to join what was made otherwise than the plan asks for.

    Args:
        paths: files that carry the lineage of the job that made them.
        planned: the plan's lineages by path; what it does not name is not looked at.

    Raises:
        UserError: a file carries another, or none.
    """
    for path in paths:
        try:
            carried = (pq.read_schema(path).metadata or {}).get(b"made_by", b"").decode()
        except (OSError, pa.ArrowException, UnicodeError) as error:
            raise unreadable(path, error) from error
        if carried != planned.get(path, carried):
            raise UserError(
                f"{path}: was made otherwise than this configuration asks for, and is not joined "
                f"with the others; {AGAIN}"
            )


def read(path: str | os.PathLike[str], schema: pa.Schema) -> pa.Table:
    """Read a Parquet artifact and hold it to `schema`: those columns, types and order.

    Columns that `schema` does not have are not read.

    Raises:
        UserError: the file cannot be read, a column is missing or has another type, or an id is
            null.
    """
    try:
        with pq.ParquetFile(path) as file:  # `read_table` would import pandas
            missing = [name for name in schema.names if name not in file.schema_arrow.names]
            if missing:
                raise UserError(f"{Path(path)}: column {missing[0]!r} is missing; {AGAIN}")
            table = file.read(schema.names)
        table = table.select(schema.names).cast(schema)
    except (OSError, pa.ArrowException, UnicodeError) as error:
        raise unreadable(path, error) from error
    for name in schema.names:
        if name.endswith("_id") and table[name].null_count:
            raise UserError(f"{Path(path)}: column {name!r} has a null id; every row needs an id")
    return table


def read_all(paths: Iterable[str | os.PathLike[str]], schema: pa.Schema) -> pa.Table:
    """`read` several artifacts of one form, one after the other in one table."""
    return pa.concat_tables([schema.empty_table(), *(read(path, schema) for path in paths)])

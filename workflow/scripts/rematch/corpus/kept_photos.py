"""What an earlier reading of a corpus found in its photos' files, so that none is opened twice."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.parquet as pq

from rematch import forms
from rematch.storage import tables


def write_photos(photos: pa.Table, path: str | os.PathLike[str], made_by: str) -> None:
    """Write `forms.PHOTOS` for a later reading of the corpus; `made_by` as in `known_photos`."""
    tables.write(photos.replace_schema_metadata({"made_by": made_by}), path)


def known_photos(path: str | os.PathLike[str], made_by: str) -> dict[str, str]:
    """The `known` of `read_corpus` from an earlier reading's file; nothing where there is none.

    Args:
        path: written by `write_photos`.
        made_by: says which code and libraries read photos; what others found is not believed.
    """
    try:
        found = pq.read_table(path)
        if (found.schema.metadata or {}).get(b"made_by") != made_by.encode():
            return {}
        rows = found.cast(forms.PHOTOS)
    except (OSError, ValueError):  # not there, or damaged: photos can be opened again
        return {}
    return dict(zip(rows["sha256"].to_pylist(), rows["digest"].to_pylist(), strict=True))

"""Runs and qrels as TREC has them: lines of fields between white space."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rematch import forms
from rematch.errors import UserError

_RUN = ("query", "q0", "document", "rank", "score", "tag")
_QRELS = ("query", "iteration", "document", "relevance")


def read_trec_run(path: str | os.PathLike[str]) -> pa.Table:
    """A run, `query Q0 document rank score tag` a line: `forms.RANKING`, scores as float64.

    Documents are ranked by score, the highest first, as trec_eval does. It orders equal scores by
    the documents' ids, which may know the answer; here the file's own ranks decide, then its lines.

    Raises:
        UserError: the file cannot be read, a line has other fields, a score is no finite number or
            a rank no whole one, or a query has a document twice.
    """
    frame = _read(Path(path), _RUN)
    score, rank = _numbers(frame, "score", path), _numbers(frame, "rank", path)
    codes, queries = pd.factorize(frame["query"])
    order = np.lexsort((rank, -score, codes))
    twice = frame.duplicated(["query", "document"]).to_numpy()
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        query, document = frame["query"].iloc[row], frame["document"].iloc[row]
        raise UserError(
            f"{path}, line {row + 1}: query {query!r} has document {document!r} twice; remove one"
        )
    sorted_codes = codes[order]
    starts = np.searchsorted(sorted_codes, np.arange(len(queries)))
    places = np.arange(len(frame)) - starts[sorted_codes] + 1
    return pa.table(
        {
            "article_id": pa.array(frame["query"].to_numpy()[order], pa.string()),
            "rank": pa.array(places, pa.int32()),
            "image_id": pa.array(frame["document"].to_numpy()[order], pa.string()),
            "score": pa.array(score[order], pa.float64()),
        }
    )


def read_trec_qrels(path: str | os.PathLike[str]) -> pa.Table:
    """Qrels, `query iteration document relevance` a line: `forms.QRELS`, of relevance 1 and above.

    Raises:
        UserError: the file cannot be read, a line has other fields, a relevance is no number, or
            nothing is relevant.
    """
    frame = _read(Path(path), _QRELS)
    kept = frame[_numbers(frame, "relevance", path) >= 1]
    if kept.empty:
        raise UserError(f"{path}: no line has a relevance of 1 or more; nothing can be evaluated")
    columns = [pa.array(kept[name].to_numpy(), pa.string()) for name in ("query", "document")]
    return pa.table(columns, schema=forms.QRELS)


def _read(path: Path, names: Sequence[str]) -> pd.DataFrame:
    text: Any = {"names": [*names, "more"], "header": None, "dtype": str, "keep_default_na": False}
    form = f"each line is: {' '.join(names)}"
    try:
        frame = pd.read_csv(
            path,
            sep=r"\s+",
            quoting=csv.QUOTE_NONE,
            na_filter=False,
            index_col=False,
            encoding="utf-8",
            **text,
        )
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no UTF-8 text; {form}") from error
    except pd.errors.ParserError as error:
        raise UserError(f"{path}: {str(error).splitlines()[0]}; {form}") from error
    if frame.empty:
        raise UserError(f"{path}: is empty; {form}")
    odd = (frame[names[-1]] == "") | (frame["more"] != "")
    if odd.any():
        line = int(odd.to_numpy().argmax()) + 1
        raise UserError(f"{path}, line {line}: has more fields or fewer; {form}")
    return frame


def _numbers(frame: pd.DataFrame, name: str, path: object) -> Any:
    found = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(found)
    if wrong.any():
        row = int(wrong.argmax())
        value = frame[name].iloc[row]
        raise UserError(f"{path}, line {row + 1}: {name} {value!r} is no finite number; mend it")
    return found

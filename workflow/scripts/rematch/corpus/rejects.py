"""What was refused: the classes of reasons, and how rejects are counted and said.

A reason is "class: detail". The classes are those of rows, of which some stand for a photo's
(`photos.reasons`); only they are counted, so a detail may say what helps a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa

from rematch.corpus.tables import table_of

Kind = Literal["article", "image", "pair"]

FIELDS = "wrong number of fields"
NO_ARTICLE_ID = "no article id"
NO_IMAGE_ID = "no image id"
NO_CONTENT = "no title and no text"
CONTROL_IN_ID = "control character in id"
ARTICLE_TAKEN = "article id taken"
IMAGE_TAKEN = "image id taken"
UNSAFE_NAME = "unsafe photo name"
UNKNOWN_ARTICLE = "unknown article"
UNKNOWN_IMAGE = "unknown image"
ARTICLE_REFUSED = "article refused"
IMAGE_REFUSED = "image refused"
NO_PAIR = "no known pair"

REJECT_COUNTS = pa.schema([("kind", pa.string()), ("reason", pa.string()), ("rows", pa.int64())])
"""Refused things by kind and class of reason."""


def reason_class(reason: str) -> str:
    """The stable part of a reject's reason: what stands before the first ": "."""
    return reason.split(": ", 1)[0]


def reject_counts(rejects: pa.Table) -> pa.Table:
    """Count rejects (`forms.REJECTS`) by kind and class of reason.

    Returns:
        A table of `REJECT_COUNTS`, sorted by kind, then most rows first, then reason.
    """
    counted = Counter(
        (kind, reason_class(reason))
        for kind, reason in zip(
            rejects["kind"].to_pylist(), rejects["reason"].to_pylist(), strict=True
        )
    )
    rows = [(kind, reason, rows) for (kind, reason), rows in counted.items()]
    rows.sort(key=lambda row: (row[0], -row[2], row[1]))
    return table_of(rows, REJECT_COUNTS)


def said_of(rejects: Sequence[Sequence[Any]], *kinds: Kind) -> str:
    """Why rows were refused, by reason, with the first of each, for a message.

    Args:
        rejects: the values of rows of `forms.REJECTS`.
        kinds: those that matter.
    """
    first: dict[str, tuple[str, int, str]] = {}
    count: Counter[str] = Counter()
    for file, line, kind, _, reason in sorted(map(tuple, rejects)):
        if kind in kinds:
            name, _, detail = reason.partition(": ")
            first.setdefault(name, (file, line, f" ({detail})" if detail else ""))
            count[name] += 1
    said = [
        f"{name}: {n:,}, first in {first[name][0]}, line {first[name][1]}{first[name][2]}"
        for name, n in count.most_common(3)
    ]
    return "; ".join(said) or "there are none; check the file"

"""A layout as somebody would add it: this file, and nothing else. See test_declared."""

from __future__ import annotations

from collections.abc import Sequence

from rematch.corpus.layouts.published import Published
from rematch.methods import Method

METHOD = Method(
    name="gazette",
    does="the gazette's own list of articles",
    source="nowhere",
    run="Gazette",
)

NAMES = {"article_id": ("no",), "title": ("head",), "text": ("body",), "image_id": ("pic",)}


class Gazette(Published):
    """Its articles are numbered."""

    name = METHOD.name
    year = 2030
    header = "no, head, body, pic"
    names = NAMES

    def fits(self, header: Sequence[str]) -> bool:
        """Its first column is the number."""
        return header[0] == "no"

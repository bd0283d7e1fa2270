"""MediaEval NewsImages 2025, `newsarticles.csv` (github.com/Informfully/Challenges).

Comma, quoted, `article_id article_url article_title article_tags image_id image_url`; photos
`<image_id>.jpg`. There is no text: the tags ("people;people|organisations;...") are read as the
text, and `fields: title` in a cleaning leaves them out.
"""

from __future__ import annotations

from collections.abc import Sequence

from rematch.corpus.layouts.published import Published
from rematch.methods import Method

METHOD = Method(
    name="newsimages2025",
    does="`newsarticles.csv` as `pairs`. It has no text: the tags stand for it, and "
    "`fields: title` in a cleaning leaves them out",
    source="github.com/Informfully/Challenges",
    run="NewsImages2025",
)

NAMES = {
    "article_id": ("article_id",),
    "title": ("article_title",),
    "text": ("article_tags",),
    "image_id": ("image_id",),
    "url": ("image_url",),
}


class NewsImages2025(Published):
    """Its tags are read as the text."""

    name = METHOD.name
    year = 2025
    header = "article_id, article_url, article_title, article_tags, image_id, image_url"
    names = NAMES

    def fits(self, header: Sequence[str]) -> bool:
        """Its article's id and title are named as nowhere else."""
        return {"article_id", "article_title"} <= set(header)

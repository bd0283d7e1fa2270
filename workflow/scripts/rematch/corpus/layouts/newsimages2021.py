"""MediaEval NewsImages 2021 (github.com/NewsImagesDataset/NewsImagesDataset).

Training pairs and the test set's truth `article aid url img iid hashvalue title text imgFile`, test
articles `articleID aid url <empty> <empty> hashvalue title text`, test images `img iid imgFile`;
photos `<iid>.<extension>`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rematch.corpus.layouts.published import Published
from rematch.methods import Method

METHOD = Method(
    name="newsimages2021",
    does="MediaEval NewsImages 2021: training pairs, test articles and images, the test set's "
    "truth",
    source="github.com/NewsImagesDataset/NewsImagesDataset",
    run="NewsImages2021",
)

NAMES = {
    "article_id": ("article", "articleID"),
    "title": ("title",),
    "text": ("text",),
    "image_id": ("iid",),
    "photo": ("imgFile",),
    "url": ("img",),
}


class NewsImages2021(Published):
    """Its articles have two schemes of ids."""

    name = METHOD.name
    year = 2021
    header = "article, aid, url, img, iid, hashvalue, title, text, imgFile"
    two_schemes = True
    names = NAMES

    def fits(self, header: Sequence[str]) -> bool:
        """Any of its files has one of these."""
        return not header[0].startswith("#") and not {"article", "articleID", "iid"}.isdisjoint(
            header
        )

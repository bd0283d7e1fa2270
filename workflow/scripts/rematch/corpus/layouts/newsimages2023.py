"""MediaEval NewsImages 2023, the GDELT parts.

`# article aid url img iid hashvalue title text imgFile Date`, tab-separated, in
`GDELT-P1-Test-Text.txt`, `...-Img.txt`, `GDELT-P2-...`, as a participant published them
(github.com/pooja-premnath/MediaEval-2023-NewsImages); the training files have these columns at the
same places by another participant's code (github.com/xxm1215/qust_mediaeval2023). A file of texts
leaves the image's columns empty, one of images the article's; P2's images have no URL. `# article`
is a time stamp that different articles share, so an article goes by its `aid`. The text is tags.
Names may be wrapped in spaces and commas, which participants' code strips.

The RT files of 2022 and 2023 have other columns (`titleEN`, photos named by `hashvalue`) whose full
header was not to be found: read them as `generic`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rematch.corpus.layouts.published import Published
from rematch.methods import Method

METHOD = Method(
    name="newsimages2023",
    does="the GDELT parts of 2023, `GDELT-P*-Test-Text.txt` as `articles`, `...-Img.txt` as "
    "`images`, a training file as `pairs`. An article goes by its `aid`, since several share a "
    "`# article`; the text is tags",
    source="github.com/pooja-premnath/MediaEval-2023-NewsImages",
    run="NewsImages2023",
)

NAMES = {
    "article_id": ("aid",),
    "title": ("title",),
    "text": ("text",),
    "image_id": ("iid",),
    "photo": ("imgFile",),
    "url": ("img",),
}


class NewsImages2023(Published):
    """Its header begins with a mark of comments."""

    name = METHOD.name
    year = 2023
    header = "# article, aid, url, img, iid, hashvalue, title, text, imgFile, Date"
    wrapping = "#, "
    names = NAMES

    def fits(self, header: Sequence[str]) -> bool:
        """Its first column is called "# article"."""
        return header[0].strip(self.wrapping) == "article" and header[0].startswith("#")

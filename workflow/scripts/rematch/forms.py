"""The artifacts' forms (DESIGN "way of the data"): the schema of each table.

Rows are keyed by string ids. Nothing is aligned by position across files: who combines two
tables joins them by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_S = pa.string()

ARTICLES = pa.schema([("article_id", _S), ("title", _S), ("text", _S), ("digest", _S)])
"""`digest`: SHA-256 of the source title and text; orders rows and breaks ties."""

IMAGES = pa.schema([("image_id", _S), ("file", _S), ("digest", _S)])
"""`file`: path of the photo; `digest`: SHA-256 of its decoded pixels and size."""

PHOTOS = pa.schema([("sha256", _S), ("digest", _S)])
"""What the corpus' photos hold: the SHA-256 of a file, and its `digest` as in `IMAGES`, so that
another reading of the corpus need not decode it again."""

DOWNLOADS = pa.schema([("image_id", _S), ("file", _S), ("reason", _S)])
"""A row a photo with a URL: its file's name, or the reason that there is none."""

QRELS = pa.schema([("article_id", _S), ("image_id", _S)])
"""The truth, one row a relevant pair. Read by evaluation alone."""

REJECTS = pa.schema([("file", _S), ("line", pa.int64()), ("kind", _S), ("id", _S), ("reason", _S)])
"""`line`: 1-based line in `file`; `kind`: "article", "image" or "pair"; `reason`: for a person."""

COUNTS = pa.schema([("name", _S), ("rows", pa.int64())])
"""What became of a corpus' rows: `corpus.reading.Corpus.counts`."""

COLUMNS = pa.schema([("article_id", _S), ("column", _S), ("value", _S)])
"""Further columns of a corpus' table, a row an article and column, that `strata` names: the metrics
are said by them too. No score may see them."""

UNPAIRED = pa.schema([("article_id", _S), ("reason", _S)])
"""Articles that no kept pair names, and so no metric counts; `reason`: the class of what happened
to the first of their pairs, or `corpus.rejects.NO_PAIR`. It comes from the truth: no score may see
it."""

TEXTS = pa.schema(
    [
        ("article_id", _S),
        ("title", _S),
        ("text", _S),
        ("source_title", _S),
        ("source_text", _S),
    ]
)
"""Translated and cleaned text, beside what it was before the step."""

UNTRANSLATED = pa.schema([("article_id", _S), ("field", _S), ("reason", _S)])
"""Titles and texts that are in the source language after translation. `field`: "title" or "text";
`reason`: "unchanged", accepted as it came back, or "failed: " and what went wrong."""

CHANGES = pa.schema(
    [
        ("step", _S),
        ("texts", pa.int64()),
        ("tokens", pa.int64()),
        ("kind", _S),
        ("before", _S),
        ("after", _S),
        ("count", pa.int64()),
    ]
)
"""What a cleaning changed. For each step a row of kind "step" with how many texts and tokens it
changed, then its commonest ("common") and, for the speller, most doubtful ("worst") replacements.
Kind "skipped": the step left texts alone that are not in its language. For the speller's guard,
where there are texts whose capitals tell no names: `count` of these ("caseless"), of the words in
them left as they are ("left"), and the commonest of these with what they would have become
("spared")."""

QUERIES = pa.schema([("article_id", _S), ("query", _S)])
"""The first N words of each article, as an encoder reads them; or windows over them, a row each."""

RANKING = pa.schema(
    [("article_id", _S), ("rank", pa.int32()), ("image_id", _S), ("score", pa.float32())]
)
"""Text to image: each article's first K photos; `rank` counts from 1."""

IMAGE_RANKING = pa.schema(
    [("image_id", _S), ("rank", pa.int32()), ("article_id", _S), ("score", pa.float32())]
)
"""Image to text: each photo's first K articles."""

PER_ARTICLE = pa.schema(
    [
        ("article_id", _S),
        ("relevant", pa.int32()),
        ("rank", pa.int32()),
        ("reciprocal_rank", pa.float64()),
        ("ranks", pa.list_(pa.field("element", pa.int32()))),
        ("margin", pa.float32()),
    ]
)
"""How a run did by one article of the qrels. `relevant`: its right photos; `rank`: the exact rank
of the first of them in the whole gallery, empty where none was ranked; `reciprocal_rank`: 1 / rank,
beyond K too, 0 without a rank; `ranks`: of all its right photos, ascending, so that it is a hit at
k where `rank` <= k; `margin`: by how much its best score exceeds its second best."""

PER_IMAGE = pa.schema([("image_id", _S), *(PER_ARTICLE.field(i) for i in range(1, 5))])
"""The same the other way: how a run did by one photo of the qrels, with all articles to rank."""

METRICS = pa.schema(
    [
        ("run", _S),
        ("direction", _S),
        ("metric", _S),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
    ]
)
"""One row a run x direction x metric; `low`, `high`: 95 % interval; `n`: number of queries."""

COMPARISONS = pa.schema(
    [
        ("run", _S),
        ("other", _S),
        ("family", _S),
        ("metric", _S),
        ("difference", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("p", pa.float64()),
        ("p_holm", pa.float64()),
        ("effect", pa.float64()),
        ("n", pa.int64()),
    ]
)
"""Paired differences of two runs' means, `run` minus `other`, from text to image, with 95 %
interval. `family`: "baseline", "best" or "ablation"; `p`: of a sign-flip test, two-sided; `p_holm`:
corrected for the runs of a family and metric; `effect`: the difference in standard deviations of
the articles' differences; `n`: articles."""

HYPOTHESES = pa.schema(
    [
        ("question", _S),
        ("subject", _S),
        ("metric", _S),
        ("answer", _S),
        ("estimate", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("p", pa.float64()),
        ("pairs", pa.int64()),
        ("values", _S),
    ]
)
"""Answers to questions about the experiment. `question`: "falls" or "rises" (does the metric, with
the number of words), "ensemble" (does it beat its best member), "translation", "multilingual" (a
model on translated texts against another on the originals) or "cleaning" (does a step help);
`subject`: of what, for a person; `answer`: "yes", "no" (the contrary) or "cannot tell"; `estimate`:
the mean difference, or the mean change from one word count to the next, with 95 % interval; `p`:
corrected for the subjects of a question (Holm); `pairs`: of runs, or the word counts of a line;
`values`: the means compared."""

STRATA = pa.schema(
    [
        ("run", _S),
        ("by", _S),
        ("stratum", _S),
        ("metric", _S),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
    ]
)
"""Metrics of a part of the articles, from text to image. `by`: "length" (words of title and text),
"margin" (of the run's best score over its second best; of more than 100 runs for the baseline and
the best only) or a column of the corpus' table; `low`, `high`: 95 % interval; `n`: articles of the
stratum."""

DIAGNOSIS = pa.schema(
    [
        ("run", _S),
        ("skewness", pa.float64()),
        ("never", pa.float64()),
        ("cut", pa.float64()),
        ("temperature", pa.float64()),
        ("calibration_error", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("brier", pa.float64()),
        ("sure", pa.float64()),
        ("right", pa.float64()),
    ]
)
"""What ails a run. `skewness`: of how many articles each photo is among the first ten (hubness);
`never`: share of the photos in no article's list; `cut`: share of the texts that the model's
context cut; `calibration_error`: of the first photo's probability, a softmax over the list at the
`temperature` of the other half of the articles, with 95 % interval; `brier`: its mean squared
error; `sure`, `right`: its mean, and how often the first photo is right."""

HUBS = pa.schema([("run", _S), ("image_id", _S), ("occurrences", pa.int64())])
"""The ten worst hubs of each run, the worst first. `occurrences`: of how many articles the photo is
among the first ten."""

AGREEMENT = pa.schema([("run", _S), ("other", _S), ("overlap", pa.float64())])
"""How alike the lists of two runs are: mean rank-biased overlap (persistence .9), 0 to 1; of very
many runs, each with the first only."""

CURVES = pa.schema([("run", _S), ("direction", _S), ("k", pa.int32()), ("recall", pa.float64())])
"""Mean recall@k, one row a run x direction x k."""


def only(schema: pa.Schema, *names: str) -> pa.Schema:
    """The form of some of a table's columns, for who needs no others."""
    return pa.schema([schema.field(name) for name in names])


def from_rows(rows: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    """A table of `schema` from dictionaries; an empty list gives an empty table."""
    return pa.Table.from_pylist(rows, schema=schema)


Float32 = npt.NDArray[np.float32]
Block = tuple[Sequence[str], Float32]
"""Ids of some rows, and the rows: float32 [b, m]."""


class Scored(Protocol):
    """Scores of every article with every photo, wherever they are."""

    @property
    def path(self) -> str:
        """What they are called in messages."""

    @property
    def article_ids(self) -> tuple[str, ...]:
        """n distinct ids, in the order of the rows."""

    @property
    def gallery(self) -> tuple[str, ...]:
        """m distinct image ids, in the order of the columns."""

    def blocks(self) -> Iterator[Block]:
        """All rows, in order: article ids [b], float32 scores [b, m]."""


@dataclass(frozen=True)
class Embeddings:
    """Vectors by id.

    Attributes:
        ids: n distinct ids.
        vectors: float32 [n, d], each row of L2 norm 1.
        metadata: what made them: model, checkpoint SHA-256, precision and the like.
    """

    ids: tuple[str, ...]
    vectors: Float32
    metadata: Mapping[str, str]

    @property
    def width(self) -> int:
        """d."""
        return int(self.vectors.shape[1])

    def take(self, ids: Sequence[str]) -> Float32:
        """The vectors of these ids, float32 [len(ids), d].

        Raises:
            KeyError: one is not there.
        """
        row = {name: index for index, name in enumerate(self.ids)}
        return self.vectors[[row[name] for name in ids]]

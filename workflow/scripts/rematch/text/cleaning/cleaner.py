"""Text cleaning as an axis: each variant is a list of named steps.

The paper (HCMUS at MediaEval NewsImages 2021) lists Unicode normalisation, white space, lower
case, contractions, articles, word segmentation and spelling, the last two with ekphrasis; it is
silent on how it called that library. What each step does here is said at its function.

A step takes a text and a `Context` and returns a text. The context knows the text as it was
written, so that steps after `lower` can still tell names from words. Each article is cleaned by
itself: its result does not depend on the others.

`contractions`, `articles` and `spell` know English alone and leave texts in other languages as
they are; so does the part of `segment` that needs word statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import cast

import pyarrow as pa

from rematch import forms
from rematch.errors import UserError
from rematch.methods import chosen
from rematch.text.cleaning.context import Context, Step
from rematch.text.cleaning.replacements import Change, Record
from rematch.text.cleaning.wordstats import load


@cache
def step_of(name: str) -> Step:
    """The function of a step."""
    return cast(Step, chosen("cleanings", name).load())


@cache
def has(name: str, trait: str) -> bool:
    """Whether a step says of itself that it has a trait; see `text.cleaning`."""
    return trait in chosen("cleanings", name).method.traits


@dataclass(frozen=True)
class Cleaning:
    """One point of the cleaning axis.

    `steps`: names of `methods("cleanings")`, in the order in which they run; none leaves the texts
    alone.
    `guard`: whether `spell` spares names and doubtful cases. `language`: of the texts, as an
    ISO 639-1 code. Raises UserError for an unknown step.
    """

    steps: tuple[str, ...]
    guard: bool = True
    language: str = "en"

    def __post_init__(self) -> None:
        for step in self.steps:
            chosen("cleanings", step)

    @property
    def needs_statistics(self) -> bool:
        """Whether a step reads the English word statistics."""
        return self.language == "en" and any(has(step, "statistics") for step in self.steps)

    def skips(self, step: str) -> bool:
        """Whether a step knows English alone, and the texts are in another language."""
        return has(step, "english") and self.language != "en"


@dataclass(frozen=True)
class Cleaned:
    """The cleaned texts, in the order of their sources, and a record a step."""

    texts: list[str]
    changes: list[Change]


def clean(
    texts: Sequence[str],
    cleaning: Cleaning,
    statistics: Path | None,
    beside: Sequence[int] | None = None,
) -> Cleaned:
    """Run the variant's steps over each text.

    `statistics`: the directory that `wordstats.build_statistics` made; may be None where
    `cleaning.needs_statistics` is false. `beside`: for each text the place in `texts` of the other
    part of its article; None: each stands alone. Raises UserError if the statistics are needed and
    incomplete.
    """
    words = None
    if cleaning.needs_statistics:
        if statistics is None:
            raise UserError("cleaning: `segment` and `spell` need the word statistics")
        words = load(statistics)
    records = [Record(step, cleaning.skips(step)) for step in cleaning.steps]
    repairs = list(takewhile(lambda record: has(record.step, "repair"), records))
    none = Context("", cleaning, words)
    sources = [_through(repairs, text, none) for text in texts]
    cleaned = []
    for place, source in enumerate(sources):
        context = Context(source, cleaning, words, sources[beside[place]] if beside else "")
        cleaned.append(_through(records[len(repairs) :], source, context))
    return Cleaned(cleaned, [record.change() for record in records])


def _through(records: Sequence[Record], text: str, context: Context) -> str:
    """`text` after some steps, each noted in its record."""
    for record in records:
        before = text
        if not record.skipped:
            text = step_of(record.step)(text, context)
        record.add(before, text)
        if has(record.step, "guarded") and not record.skipped and context.guard:
            record.guarded(context)
    return text


def clean_articles(
    texts: pa.Table, cleaning: Cleaning, statistics: Path | None
) -> tuple[pa.Table, list[Change]]:
    """`clean` every title and text of a corpus: `forms.TEXTS` -> `forms.TEXTS`.

    What was there before the step stands beside its result. Titles and texts are cleaned apart,
    though each may look at the other's capitals, and recorded together. The rows keep their order.
    """
    titles, bodies = texts["title"].to_pylist(), texts["text"].to_pylist()
    n = len(titles)
    beside = [*range(n, 2 * n), *range(n)]
    cleaned = clean(titles + bodies, cleaning, statistics, beside)
    columns = {
        "article_id": texts["article_id"],
        "title": cleaned.texts[:n],
        "text": cleaned.texts[n:],
        "source_title": titles,
        "source_text": bodies,
    }
    return pa.table(columns, schema=forms.TEXTS), cleaned.changes

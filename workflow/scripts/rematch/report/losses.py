"""What a corpus lost on its way to a number, in a file and in one line to stand beside the number.

Of a corpus' rows, photos and pairs some are refused; articles without a known photo are no queries;
texts keep their language where a translator could do nothing; a query may be empty. How these are
counted is in `report.tally`. Here nothing but the standard library is needed, since Snakemake
itself says what was lost when a run is over.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from rematch.errors import UserError

ROWS, PHOTOS, PAIRS = "rows", "photos", "pairs"
"""Refused, of all that were read (repeated ones left out). Rows: of articles."""

ARTICLES = "articles"
"""Articles that no kept pair names, of those that were kept."""

TEXTS = "texts"
"""Titles and texts that a translation left in their language, of those that are not blank."""

QUERIES = "queries"
"""Articles of which a cleaning leaves no word, of those that were kept."""

UNCHANGED = "unchanged"
FAILED = "failed"
"""Classes of reason of `forms.UNTRANSLATED`."""

MANY = 10
"""More than one in so many lost is worth a warning."""

SHOWN = 2
"""Reasons named in a line; of more, the others are summed up."""

LANGUAGES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hi": "Hindi",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}

_NO_PHOTO = "no photo"
_HAVE = {
    "no known pair": ("have no known pair", "has no known pair"),
    "unknown image": ("are paired with unknown photos", "is paired with an unknown photo"),
    _NO_PHOTO: ("have no photo", "has no photo"),
}


@dataclass(frozen=True)
class Loss:
    """`lost` of `of` things, for one reason; a row of `losses.csv`.

    `what`: see the constants. `variant`: the translation (of texts), or translation and cleaning
    joined by a dot (of queries), else "". `reason`: a class, or "" where nothing was lost.
    `language`: in which texts were left, as a code.
    """

    what: str
    variant: str
    reason: str
    lost: int
    of: int
    language: str = ""


def to_csv(losses: Iterable[Loss]) -> str:
    out = io.StringIO()
    write = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerow
    write([field.name for field in fields(Loss)])
    for loss in losses:
        write(astuple(loss))
    return out.getvalue()


def from_csv(path: str | Path) -> list[Loss]:
    """What `to_csv` wrote.

    Raises:
        UserError: the file is damaged.
    """
    with Path(path).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    try:
        return [
            Loss(
                what=row["what"],
                variant=row["variant"],
                reason=row["reason"],
                lost=int(row["lost"]),
                of=int(row["of"]),
                language=row["language"],
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{path}: is no table of losses; delete the file to have it made again"
        ) from None


def kept(losses: Iterable[Loss], what: str) -> int:
    """How many of `what` are left."""
    found = [loss for loss in losses if loss.what == what]
    return found[0].of - sum(loss.lost for loss in found) if found else 0


def empty_queries(losses: Iterable[Loss], variants: Iterable[tuple[str, str]]) -> int:
    """How many articles have an empty query: where several variants are blended, the most of one.

    Args:
        losses: of a corpus.
        variants: translation and cleaning, of a run or of each of an ensemble's members.
    """
    counts = Counter[str]()
    for loss in losses:
        if loss.what == QUERIES:
            counts[loss.variant] += loss.lost
    return max((counts[".".join(variant)] for variant in variants), default=0)


def line(losses: Sequence[Loss], photos: int | None = None) -> str:
    """How many queries a number rests on, what was refused and why, and what doubts the rest.

    Args:
        losses: of a corpus; there is no row of `ARTICLES` if it has no truth.
        photos: the queries are so many photos, not articles. What is said of texts is left out.
    """
    if photos is not None:
        refused_photos = _refused(losses, PHOTOS)
        more = f". Refused: {refused_photos}" if refused_photos else "; none was refused"
        return f"{_scored_photos(losses, photos)}{more}."
    said = [_scored(losses)]
    refused = [text for what in (PHOTOS, PAIRS, ROWS) if (text := _refused(losses, what))]
    if refused:
        said.append(f"Refused: {', '.join(refused)}")
    elif ";" in said[0]:
        said.append("Nothing was refused")
    else:
        said[0] += "; nothing was refused"
    translations = {loss.variant for loss in losses if loss.what == TEXTS}
    for variant in sorted(translations):
        text = _untranslated(losses, variant)
        if text:
            said.append(f"{variant}: {text}" if len(translations) > 1 else text)
    empty = _empty(losses)
    return f"{'. '.join([*said, empty] if empty else said)}."


def warning(losses: Sequence[Loss], corpus: str, page: str) -> str:
    """What of a corpus was lost by more than a tenth, and the `page` to see; "" if nothing was."""
    said = []
    for what, variant in dict.fromkeys((loss.what, loss.variant) for loss in losses):
        found = _of(losses, what, variant)
        lost, of = sum(loss.lost for loss in found), found[0].of
        if lost * MANY > of:
            kind = {
                ARTICLES: "articles are not scored",
                TEXTS: f"texts are left in {_language(found[0].language)} ({variant})",
                QUERIES: f"articles have an empty query ({variant})",
            }.get(what, f"{what} are refused")
            said.append(f"{lost:,} of {of:,} {kind}")
    if not said:
        return ""
    return f"corpus {corpus} has lost more than a tenth: {', '.join(said)}; see {page}"


def _of(losses: Iterable[Loss], what: str, variant: str | None = None) -> list[Loss]:
    return [loss for loss in losses if loss.what == what and variant in (None, loss.variant)]


def _scored_photos(losses: Sequence[Loss], photos: int) -> str:
    alone = kept(losses, PHOTOS) - photos
    said = f"{photos:,} of {kept(losses, PHOTOS):,} photos"
    be = "is" if alone == 1 else "are"
    return f"{said}; {alone:,} {be} in no known pair" if alone else said


def _scored(losses: Sequence[Loss]) -> str:
    articles = _of(losses, ARTICLES)
    if not articles:
        return f"{kept(losses, ROWS):,} articles, no truth"
    reasons = Counter[str]()
    for loss in articles:
        reasons[loss.reason if loss.reason in _HAVE else _NO_PHOTO] += loss.lost
    causes = [f"{lost:,} {_HAVE[reason][lost == 1]}" for reason, lost in _ordered(reasons) if lost]
    said = f"{kept(losses, ARTICLES):,} of {articles[0].of:,} articles"
    return f"{said}; {', '.join(causes)}" if causes else said


def _refused(losses: Sequence[Loss], what: str) -> str:
    found = [loss for loss in _of(losses, what) if loss.lost]
    if not found:
        return ""
    reasons = Counter[str]()
    for loss in found:
        reasons[loss.reason.removeprefix("photo ").replace("image", "photo")] += loss.lost
    return f"{sum(reasons.values()):,} of {found[0].of:,} {what} ({_reasons(reasons)})"


def _untranslated(losses: Sequence[Loss], variant: str) -> str:
    found = [loss for loss in _of(losses, TEXTS, variant) if loss.lost]
    if not found:
        return ""
    reasons = Counter[str]()
    for loss in found:
        reasons[loss.reason.partition(":")[0]] += loss.lost
    words = {UNCHANGED: "came back unchanged", FAILED: FAILED}
    why = ", ".join(
        f"{reasons[reason]:,} {words.get(reason, reason)}"
        for reason in sorted(reasons, key=lambda reason: (reason != FAILED, reason))
    )
    lost = sum(reasons.values())
    texts = "text" if lost == 1 else "texts"
    return f"{lost:,} {texts} kept in {_language(found[0].language)}: {why}"


def _empty(losses: Sequence[Loss]) -> str:
    found = _of(losses, QUERIES)
    counts = Counter[str]()
    reasons = Counter[str]()
    for loss in found:
        counts[loss.variant] += loss.lost
        reasons[loss.reason] += loss.lost
    few, many = (min(counts.values()), max(counts.values())) if counts else (0, 0)
    if not many:
        return ""
    number = f"{many:,} of" if few == many else f"{few:,} to {many:,} of"
    why = " or ".join(reason for reason, lost in _ordered(reasons) if lost)
    return f"{number} {found[0].of:,} articles have an empty query ({why}) and share one ranking"


def _reasons(reasons: Counter[str]) -> str:
    if len(reasons) == 1:
        return next(iter(reasons))
    ordered = _ordered(reasons)
    shown = SHOWN + (len(ordered) == SHOWN + 1)  # rather its name than "other"
    named = [f"{lost:,} {reason}" for reason, lost in ordered[:shown]]
    others = sum(lost for _, lost in ordered[shown:])
    return ", ".join([*named, f"{others:,} other"] if others else named)


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _language(code: str) -> str:
    return LANGUAGES.get(code, f"the source language ({code})" if code else "the source language")

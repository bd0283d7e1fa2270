"""Cleaning steps that know characters and no words."""

from __future__ import annotations

import re
import unicodedata

from rematch.methods import Method
from rematch.text.cleaning.context import Context

METHODS = (
    Method(
        name="unicode",
        does="repairs broken characters, and drops soft hyphens and other invisible ones; put it "
        "first: later it cannot repair all",
        source="ftfy (Speer 2019)",
        run="unicode_step",
        traits=("repair", "first"),
    ),
    Method(
        name="whitespace",
        does="one space between words",
        source="the paper, step 2",
        run="whitespace_step",
        traits=("repair",),
    ),
    Method(
        name="lower",
        does="small letters",
        source="the paper, step 2",
        run="lower_step",
    ),
)


_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_AFTER_I = re.compile("(?<=\u00ce)\u00ad(?=[A-Za-z])")
"""The soft hyphen of "MAÎ-TRE", which ftfy takes for a Greek letter amid Latin ones."""

_AMP = re.compile("&amp;(?:amp;)+")

MARKS = 30
"""Combining marks that a letter keeps: as many as in Unicode's stream-safe text (UAX 15)."""


def unicode_step(text: str, context: Context) -> str:
    """Repair by ftfy (mojibake, HTML entities, ligatures, curly quotes), NFC, no invisibles.

    Soft hyphens and zero-width characters go, a joiner inside an emoji included; so do combining
    marks on a letter beyond `MARKS`. Idempotent.
    """
    import ftfy

    text = _few_marks(_AFTER_I.sub("", _unnested(text)))
    # Repair comes before taking out: a soft hyphen may be the second half of a broken "í" ("Ã" and
    # it). But taking out can complete a broken sequence, and a repair can bring an invisible
    # character to light: repeat until nothing changes.
    for _ in range(8):
        before = text
        text = _few_marks(_INVISIBLE.sub("", ftfy.fix_text(text)))
        text = unicodedata.normalize("NFC", text)
        if text == before:
            break
    return text


def _unnested(text: str) -> str:
    """`text` with "&amp;amp;…" as "&amp;" where ftfy would undo entities, one level a pass."""
    if "&amp;amp;" not in text:
        return text
    lines = text.split("\n")
    return "\n".join(line if "<" in line else _AMP.sub("&amp;", line) for line in lines)


def _few_marks(text: str) -> str:
    """`text` without the marks beyond `MARKS` in a row, which take normalising quadratic time."""
    if len(text) <= MARKS or text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for character in text:
        if unicodedata.combining(character):
            run += 1
        elif not _INVISIBLE.match(character):
            run = 0
        if run <= MARKS:
            kept.append(character)
    return text if len(kept) == len(text) else "".join(kept)


def whitespace_step(text: str, context: Context) -> str:
    """Every run of white space (NBSP, thin space, line end, tab) is one space; none at the ends.

    Idempotent.
    """
    return " ".join(text.split())


def lower_step(text: str, context: Context) -> str:
    """Lower case by Unicode's rules, whatever the locale. Idempotent."""
    return text.lower()

"""Cleaning steps that know characters and no words."""

from __future__ import annotations

import re
import unicodedata

from rematch.context import Context

_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def unicode_step(text: str, context: Context) -> str:
    """Repair by ftfy (mojibake, HTML entities, ligatures, curly quotes), NFC, no invisibles.

    Soft hyphens and zero-width characters go, a joiner inside an emoji included. Idempotent.
    """
    import ftfy

    # Taking out an invisible character can complete a broken sequence, and a repair can bring
    # an invisible one to light: repeat until nothing changes.
    for _ in range(8):
        before = text
        text = unicodedata.normalize("NFC", ftfy.fix_text(_INVISIBLE.sub("", text)))
        if text == before:
            break
    return text


def whitespace_step(text: str, context: Context) -> str:
    """Every run of white space (NBSP, thin space, line end, tab) is one space; none at the ends.

    Idempotent.
    """
    return " ".join(text.split())


def lower_step(text: str, context: Context) -> str:
    """Lower case by Unicode's rules, whatever the locale. Idempotent."""
    return text.lower()

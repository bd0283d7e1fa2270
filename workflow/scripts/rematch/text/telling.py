"""In which language texts are, told by their commonest little words, and how long they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

LITTLE = {
    "de": "der die das und ist nicht ein eine einen einem einer mit von für auf im dem den zu sich "
    "auch nach bei wird werden sind aus über wie zwei vor zum zur",
    "en": "the of and to is that it for was with as at by from has have are be this his her not an "
    "after over two who will its on their",
    "es": "el los las y es por con para una del se su al lo más pero como sus ha tras sobre",
    "fr": "le les des est et dans une pour du qui au sur par pas plus avec ce sont aux deux",
    "it": "il di che è per una con del della non le gli dei alla sono nel più anche dopo",
    "nl": "het een van en is dat op te voor met zijn niet aan er om ook door naar bij uit worden",
    "pt": "o os as do da em um uma para com não por mais dos das ao no na foi após",
}
"""By language, words that few texts in it lack."""

_SETS = {language: frozenset(words.split()) for language, words in LITTLE.items()}
_WORD = re.compile(r"[^\W\d_]+")

LEAST = 0.04
"""Of a text's words the share that are such, below which nothing is told: a list of names, tags."""

SAMPLE = 500
"""Texts that are looked at."""


def language_of(texts: Sequence[str]) -> str | None:
    """The language that most of the texts seem to be in, as ISO 639-1 has it; None: not told."""
    step = max(1, len(texts) // SAMPLE)
    counts = Counter(word.lower() for text in texts[::step] for word in _WORD.findall(text))
    shares = {each: sum(counts[word] for word in words) for each, words in _SETS.items()}
    best = max(shares, key=lambda each: shares[each])
    return best if shares[best] > LEAST * counts.total() else None


def distinct_to_translate(texts: Iterable[str]) -> list[str]:
    """The distinct texts that have a letter: what a translator would be asked for."""
    return [text for text in dict.fromkeys(texts) if any(map(str.isalpha, text))]

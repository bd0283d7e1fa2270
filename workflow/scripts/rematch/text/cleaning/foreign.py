"""Words of other languages that look like misspellings of English ones."""

from __future__ import annotations

from collections.abc import Mapping

from rematch.text.cleaning.wordsearch import LONGEST, edits, slips

LIKELY = 2e-6
"""The share of all words that a likely correction has: once in 500,000."""

ELSEWHERE = ("de", "es", "fr")
"""Languages whose words, names among them, are no misspellings of English ones. Three more (it,
pt, nl) would save one name in 2,000 of those that are lost."""

RARE = 0.02
"""A misspelling is made elsewhere, too: a word is not kept that is rarer there than a fiftieth of
the English one ("picure" in Spanish texts, for "picture")."""

SHORTEST = 6
LONG = 8
"""Letters of the shortest word that is kept of other languages, and of an English one of which all
misspellings are looked for there; of shorter ones slips of the hand are (see `spelling`)."""


def foreign(counts: Mapping[str, int]) -> list[str]:
    """Words of other languages that the guarded speller would turn into a likely English one.

    They have `SHORTEST` letters and more, and begin as the English word does. They are taken from
    wordfreq's lists of the languages `ELSEWHERE`, whatever `counts` come from.
    """
    import wordfreq

    lists = [wordfreq.get_frequency_dict(language, "large") for language in ELSEWHERE]
    others = set().union(*lists)
    total = sum(counts.values())
    found: set[str] = set()
    for word, count in counts.items():
        if count < LIKELY * total or not SHORTEST - 1 <= len(word) <= LONGEST:
            continue
        near = edits(word, range(1, len(word) + 1)) if len(word) >= LONG else slips(word)
        rare = RARE * max(shares.get(word, 0) for shares in lists)
        found.update(
            other
            for other in others.intersection(near)
            if max(shares.get(other, 0) for shares in lists) >= rare
        )
    return sorted(word for word in found if len(word) >= SHORTEST and word not in counts)

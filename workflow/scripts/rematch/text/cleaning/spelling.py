"""The cleaning step that corrects misspellings, and its guard."""

from __future__ import annotations

import re

from rematch.methods import Method
from rematch.text.cleaning.context import TOKEN, Context, in_case_of
from rematch.text.cleaning.foreign import LIKELY
from rematch.text.cleaning.wordstats import WordStatistics

METHODS = (
    Method(
        name="spell",
        does="corrects words; with `guard` it spares names and doubtful cases",
        source="the paper, step 2; ekphrasis (Norvig 2007)",
        run="spell_step",
        traits=("english", "statistics", "guarded"),
    ),
)


_NOT_A_WORD = re.compile(r"[\d@#_]|://|www\.|[^\W\d_]\.[^\W\d_]", re.IGNORECASE)
_WORD = re.compile(r"(?P<word>[^\W\d_]+)(?P<rest>(?:['’][^\W\d_]+)*)")

COMMON = 1e-5
"""A word's share of all words from which it is common: once in 100,000."""

ANY_SLIP = 9
"""Letters from which one edit makes no name a word, or hardly ever, whatever the edit is."""

SLIPS = {"swapped": 6, "doubled": 6, "left out": 7}
"""The same for the slips of a hand that types, which few names are."""

FREQUENT = 1e-4
"""A word's share from which it may miss a letter in a word of six, too: once in 10,000."""


def spell_step(text: str, context: Context) -> str:
    """Correct unknown words with ekphrasis' `SpellCorrector`.

    Never touched, guard or not: known words, words of one letter, words with letters beyond a-z,
    tokens that hold digits or look like a link, an address, a hashtag or an abbreviation.

    Without the guard an unknown word becomes the commonest known word one edit away, or else
    two: ekphrasis' default. The guard spares words that have a capital in the source, and takes
    a correction only if it is likely: see `_likely`. Where the source's capitals tell no names
    (`Context.caseless`), a correction has to be `_safe` too. The suffix 's is kept. English only.

    Idempotent in one context. Cleaning a cleaned text again is another matter: the names have
    lost their capitals.
    """
    statistics = context.statistics
    if statistics is None:
        return text
    words: WordStatistics = statistics

    def corrected(match: re.Match[str]) -> str:
        word = match["word"]
        lower = word.lower()
        if len(word) < 2 or not word.isascii() or lower in words:
            return match[0]
        if match["rest"] and match["rest"][1:].lower() != "s":
            return match[0]
        if context.guard:
            if lower != word or lower in context.names:
                return match[0]
            best = words.correct(lower, near=True)
            if not _likely(lower, best, words):
                return match[0]
            if context.caseless and not _safe(lower, best, words):
                context.spared.append((lower, best))
                return match[0]
        else:
            best = words.correct(lower)
        return in_case_of(word, best) + match["rest"]

    def token(match: re.Match[str]) -> str:
        if _NOT_A_WORD.search(match[0]):
            return match[0]
        return _WORD.sub(corrected, match[0])

    return TOKEN.sub(token, text)


def _likely(word: str, best: str, statistics: WordStatistics) -> bool:
    """Whether the guard takes `best`, one edit away, for what was meant by `word`.

    Five letters and more (shorter names lie too near to words: "Kiew", "knew"), the same first
    letter, and `best` no rarity. Another form of the same
    word ("wakeboards" for "wakeboard", "bicycler" for "bicycle") and a compound of two common
    words ("diveboard") are no mistakes.
    """
    if best == word or len(word) < 5 or word[0] != best[0]:
        return False
    if statistics.probability(best) < LIKELY:
        return False
    if _forms(word, best) or _forms(word.removesuffix("s"), best.removesuffix("s")):
        return False
    return not any(
        statistics.probability(word[:cut]) >= COMMON
        and statistics.probability(word[cut:]) >= COMMON
        for cut in range(3, len(word) - 2)
    )


def _safe(word: str, best: str, statistics: WordStatistics) -> bool:
    """Whether `word`, one edit away from `best`, is hardly a name.

    No name is a word that other languages write (in their texts names stand too), and seldom one
    that is long (`ANY_SLIP`) or what becomes of a common word by a slip of the hand (`SLIPS`).
    benchmarks/README.md says how many names survive, and how many misspellings.
    """
    slip = _slip(word, best)
    least = SLIPS.get(slip, ANY_SLIP)
    if slip == "left out" and statistics.probability(best) >= FREQUENT:
        least -= 1
    return len(word) >= least and word not in statistics.elsewhere


def _slip(word: str, best: str) -> str:
    """What went wrong in `word`, one edit away from `best`: a key of `SLIPS`, or "other"."""
    longer, shorter = (word, best) if len(word) > len(best) else (best, word)
    pairs = enumerate(zip(longer, shorter, strict=False))
    place = next((i for i, (a, b) in pairs if a != b), len(shorter))
    if len(word) == len(best):
        if word[place : place + 2] == best[place : place + 2][::-1]:
            return "swapped"
        return "doubled" if _doubled(word, place) and _doubled(best, place) else "other"
    if place and longer[place] == longer[place - 1]:
        return "doubled"
    return "left out" if len(word) < len(best) else "other"


def _doubled(word: str, place: int) -> bool:
    return word[place] in (word[place - 1 : place], word[place + 1 : place + 2])


def _forms(one: str, other: str) -> bool:
    """Whether two words one edit apart look like forms of one word: they differ in the ending."""
    if len(one) == len(other):
        return one[:-1] == other[:-1] and one[-1] in "sdrng"
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[:-1] == shorter and longer[-1] in "sdry"

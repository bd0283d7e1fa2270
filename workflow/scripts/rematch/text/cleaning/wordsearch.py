"""Searching a list of words as ekphrasis does, with the same answers and in bounded time.

ekphrasis lists every string one edit away, or two, and keeps the words: 6 GB for a word of 12,000
letters. Its segmenter recurs once a letter and remembers lists.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import inf, log10

LETTERS = "abcdefghijklmnopqrstuvwxyz"

LONGEST = 64
"""Letters of the longest word that is taken for a misspelling."""

PIECE = 20
"""Letters of the longest word that a word is segmented into; ekphrasis' `max_split_length`."""


class Words:
    """Words by their counts, ready to be searched."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        self.longest = min(max(map(len, counts), default=0), LONGEST)

    @cached_property
    def ordered(self) -> list[str]:
        """The words in alphabetical order."""
        return sorted(self.counts)

    @cached_property
    def edges(self) -> tuple[frozenset[str], frozenset[str]]:
        """All beginnings of words, and all ends: 0.5 s, for far corrections only."""
        return (
            frozenset(word[:cut] for word in self.counts for cut in range(len(word) + 1)),
            frozenset(word[cut:] for word in self.counts for cut in range(len(word) + 1)),
        )

    def near(self, text: str) -> Iterator[str]:
        """The words one edit away from `text`; some several times."""
        if len(text) <= self.longest + 1:
            cuts = range(self._beginning(text) + 1)
            yield from (word for word in edits(text, cuts) if word in self.counts)

    def far(self, text: str) -> Iterator[str]:
        """The words two edits away from `text`; some several times."""
        if len(text) > self.longest + 2:
            return
        starts, ends = self.edges
        # After the first edit there is one to go. So what stands after the known beginning and two
        # letters more has to end a word; further back, so has what stands after the first edit.
        known = self._beginning(text)
        end = next(cut for cut in range(len(text) + 1) if text[cut:] in ends)
        for once in edits(text, range(known + 1)):
            if once[self._beginning(once) + 2 :] in ends:
                yield from edits_to_words(once, self.counts, starts, ends)
        for once in edits(text, range(max(known + 1, end - 2), len(text) + 1)):
            if once[known + 2 :] in ends:
                yield from edits_to_words(once, self.counts, starts, ends)

    def _beginning(self, text: str) -> int:
        """How many letters of `text` begin a word."""
        place = bisect_left(self.ordered, text)
        return max(
            (_shared(text, word) for word in self.ordered[max(0, place - 1) : place + 1]), default=0
        )


def edits(text: str, cuts: Iterable[int]) -> Iterator[str]:
    """The strings one edit away behind each of the `cuts`; behind all, ekphrasis' `edit_step`.

    An edit is a letter left out, put in or replaced, or two neighbours swapped.
    """
    for cut in cuts:
        left, right = text[:cut], text[cut:]
        if right:
            yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        for letter in LETTERS:
            if right:
                yield left + letter + right[1:]
            yield left + letter + right


def slips(word: str) -> Iterator[str]:
    """What a slip of the hand makes of a word, but for its first letter.

    A letter left out or doubled, two neighbours swapped, or the wrong one doubled ("wodden").
    """
    for cut in range(1, len(word)):
        left, letter, right = word[:cut], word[cut], word[cut + 1 :]
        yield left + right
        yield left + letter + letter + right
        yield left + left[-1] + right
        if right:
            yield left + right[0] + right
            yield left + right[0] + letter + right[1:]
    yield word[:1] + word


def edits_to_words(
    text: str, words: Container[str], starts: frozenset[str], ends: frozenset[str]
) -> Iterator[str]:
    """The `words` one edit away from `text`.

    `starts`, `ends`: all beginnings and ends of the words, the words and "" among them.
    """
    for cut in range(len(text) + 1):
        left, right = text[:cut], text[cut:]
        if left not in starts:  # no longer beginning will start a word either
            return
        candidates: list[str] = []
        if right in ends:
            candidates += [left + letter + right for letter in LETTERS]
        if right and right[1:] in ends:
            candidates += [left + letter + right[1:] for letter in LETTERS]
            candidates.append(left + right[1:])
        if len(right) > 1 and right[2:] in ends:
            candidates.append(left + right[1] + right[0] + right[2:])
        for candidate in candidates:
            if candidate in words:
                yield candidate


Split = tuple[float, list[str]]
"""The logarithm of a split's probability, and its words."""


def _best(firsts: Sequence[str], scores: Sequence[float], rests: Sequence[Split]) -> Split:
    """The likeliest of a word's first parts with the best split of the rest of it."""
    sums = [score + rest[0] for score, rest in zip(scores, rests, strict=True)]
    top = max(sums)
    splits = zip(firsts, rests, sums, strict=True)
    return top, max([first, *rest[1]] for first, rest, total in splits if total == top)


class Segmenter:
    """ekphrasis' Viterbi split of a word into the likeliest words.

    The probability of a word after another is that of the pair where it was counted, else the
    word's own; of an unknown word a tenth a letter. Equal splits are decided by the alphabet.
    """

    def __init__(self, words: Mapping[str, int], pairs: Mapping[str, int]) -> None:
        """`words`: counts of words; `pairs`: of two, joined by `_`."""
        self._words = words
        self._pairs = pairs
        self._total = float(sum(words.values()))

    def __call__(self, text: str) -> list[str]:
        """The parts of `text`, all of at most `PIECE` letters."""
        # The best split of what begins at a place, and where it differs, after the word before.
        plain: list[Split] = [(0.0, [])] * (len(text) + 1)
        after: list[dict[str, Split]] = [{} for _ in plain]
        for start in range(len(text) - 1, -1, -1):
            ends = range(start + 1, min(len(text), start + PIECE) + 1)
            firsts = [text[start:end] for end in ends]
            rests = [
                after[end].get(first, plain[end]) for end, first in zip(ends, firsts, strict=True)
            ]
            alone = [self._alone(first) for first in firsts]
            plain[start] = _best(firsts, alone, rests)
            befores = [text[begin:start] for begin in range(max(0, start - PIECE), start)]
            for before in befores or ["<S>"]:
                if self._pairs and before in self._words:
                    paired = [
                        self._after(before, first, own)
                        for first, own in zip(firsts, alone, strict=True)
                    ]
                    after[start][before] = _best(firsts, paired, rests)
        return after[0].get("<S>", plain[0])[1]

    def _alone(self, word: str) -> float:
        count = self._words.get(word)
        if count is None:
            return log10(10.0 / (self._total * 10 ** len(word)))
        return log10(count / self._total) if count else -inf

    def _after(self, before: str, word: str, own: float) -> float:
        count = self._pairs.get(f"{before}_{word}")
        if count is None:
            return own
        given = float(self._words[before])
        return log10(count / given) if count and given else own


def _shared(one: str, other: str) -> int:
    """How many letters two words begin with alike."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))

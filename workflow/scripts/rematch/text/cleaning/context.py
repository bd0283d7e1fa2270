"""What a cleaning step may ask about the text that it works on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Protocol

from rematch.text.cleaning.wordstats import WordStatistics

LETTERS = re.compile(r"[^\W\d_]+")
TOKEN = re.compile(r"\S+")

_LABEL = re.compile(
    r"\b((?i:vitamin|provitamin|hepatitis|influenza|serie|series|group|type|class|grade|level|plan|"
    r"team|category|annex|appendix|section|block|hall|pool|platform|exit)s?) A\b"
)


class Settings(Protocol):
    """What the steps read of a cleaning."""

    @property
    def guard(self) -> bool: ...

    @property
    def language(self) -> str: ...


class Context:
    """What a step may ask about the text it works on: its source, language and settings."""

    def __init__(
        self,
        source: str,
        cleaning: Settings,
        statistics: WordStatistics | None = None,
        beside: str = "",
    ) -> None:
        """`beside`: the other part of the article, for a title its text and the reverse."""
        self.source = source
        self.language = cleaning.language
        self.guard = cleaning.guard
        self.statistics = statistics
        self.beside = beside
        self.spared: list[tuple[str, str]] = []
        """Corrections that `spell` would have made if the source had capitals."""

    @cached_property
    def names(self) -> frozenset[str]:
        """Words with a capital anywhere in the source, in lower case.

        A sentence's first word is among them, and every word of a heading in capitals: left
        uncorrected, which does less harm than a name corrected. Where the source shows no capitals,
        those beside it are among them too.
        """
        sources = (self.source, self.beside) if self.caseless else (self.source,)
        return frozenset(
            word.lower()
            for source in sources
            for word in LETTERS.findall(source)
            if word != word.lower()
        )

    @cached_property
    def caseless(self) -> bool:
        """Whether the source's capitals do not tell its names from its words.

        They tell them if a word that is not the first has a capital, and is not all capitals
        ("EU"). A source whose first word alone has one goes by what stands beside it: the title
        "A dog runs" by its text; without that it might have been made by `str.capitalize`. A
        source without any, or in capitals throughout, goes by itself: tags under a real title. One
        that begins with a small letter writes names small too, whatever else has a capital: tags
        such as "hipkins, Labour party, biren".
        """
        if self.source.lstrip()[:1].islower():
            return True
        first, others = _capitals(self.source)
        return not others and not (first and _capitals(self.beside)[1])

    @cached_property
    def written(self) -> Mapping[str, str]:
        """Each token of the source by its lower-case form; the first of several stands."""
        forms: dict[str, str] = {}
        for token in self.source.split():
            forms.setdefault(token.lower(), token)
        return forms

    @cached_property
    def labels(self) -> frozenset[str]:
        """Words that a capital "A" belongs to in the source, as in "Vitamin A", in lower case."""
        return frozenset(match[1].lower() for match in _LABEL.finditer(self.source))


def _capitals(text: str) -> tuple[bool, bool]:
    """Whether the first word begins with a capital and has small letters, and whether another.

    The first may be "A" or "I"; elsewhere these tell nothing.
    """
    first = False
    for place, match in enumerate(LETTERS.finditer(text)):
        word = match[0]
        if place and word[0].isupper() and not word.isupper():
            return first, True
        if not place:
            first = word[0].isupper() and (len(word) == 1 or not word.isupper())
    return first, False


Step = Callable[[str, Context], str]
"""A step: text -> text."""


def words(listed: str) -> frozenset[str]:
    """The words of a line."""
    return frozenset(listed.split())


def in_case_of(token: str, replacement: str) -> str:
    """`replacement` in capitals or with a first capital if `token` has them."""
    if len(token) > 1 and token.isupper():
        return replacement.upper()
    if token[0].isupper():
        return replacement[0].upper() + replacement[1:]
    return replacement

"""What a service's answers are worth: whether one is a translation, a name, or a notice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rematch.outside import short

UNCHANGED = "unchanged"
FORBIDDEN = "HTTP 403"
REPEATED = "same answer to different texts"

# Google serves this page with status 200, and deep_translator returns it as a translation.
_ERROR_PAGE = re.compile(r"\s*Error \d{3} \([^)]{1,60}\)!!1")

_WORD = re.compile(r"[^\W\d_]{2,}")

_SHORT_BYTES, _SHORT_WORDS = 60, 3

_PARTICLE = re.compile(
    # Between the capitals of names, and of titles in many languages.
    "a|à|af|al|am|an|and|at|auf|aus|av|bei|beim|ben|bin|by|da|dal|das|de|del|della|den|der|des|"
    "di|die|do|dos|du|e|el|en|et|for|für|ibn|im|in|into|la|le|les|lo|los|mit|of|och|on|op|or|os|"
    "over|sur|ten|ter|the|to|um|und|van|vom|von|vor|with|y|zu|zum|zur|über"
)

MANY_SHORT = 6
"""So many short texts of one answer are no synonyms any more."""

MANY = 3
"""So many different texts of one answer show that it is none."""


def has_letter(text: str) -> bool:
    """Whether there is anything to translate."""
    return any(char.isalpha() for char in text)


def same(text: str, answer: str) -> bool:
    """Whether an answer is its text, but for case and white space."""
    return "".join(text.split()).casefold() == "".join(answer.split()).casefold()


def fault(text: str, answer: str | None) -> str | None:
    """What is wrong with an answer by itself, or None."""
    if answer is None or not answer.strip():
        return "no answer"
    if _ERROR_PAGE.match(answer) and not _ERROR_PAGE.match(text):
        return "error page"
    try:
        answer.encode("utf-8")
    except UnicodeEncodeError:
        return "not text"
    return None


def untranslated(text: str, source: str, target: str) -> bool:
    """Whether a text that came back unchanged holds more than names and foreign words.

    Names, numbers and titles of works come back as they are, and should. So look at the words
    that do not begin with a capital: the little words, verbs and adjectives, which differ
    between languages. With none it is taken as a name; else it counts as untranslated if they
    are more frequent in the source language than in the target ("mit", not "of"), or if the
    word lists (wordfreq) do not know the languages.
    """
    words = [word.lower() for word in _WORD.findall(text) if not word[0].isupper()]
    if not words:
        return False
    from wordfreq import zipf_frequency

    try:
        return (
            sum(zipf_frequency(word, source) - zipf_frequency(word, target) for word in words) > 0
        )
    except (LookupError, ImportError):
        return True


def may_stay(text: str) -> bool:
    """Whether a text that came back unchanged twice may be right so.

    That is a short one ("tagesschau.de", "eBay", "Rio de Janeiro"), or one whose words mostly
    begin with capitals, but for the little words within names ("Haus an der Isar").
    """
    words = [word for word in map(_bare, text.split()) if has_letter(word)]
    if len(words) <= _SHORT_WORDS and len(text.strip().encode()) <= _SHORT_BYTES:
        return True
    named = [_names(word) for word in words]
    counted = [
        name
        for place, (word, name) in enumerate(zip(words, named, strict=True))
        if not (_PARTICLE.fullmatch(word) and any(named[:place]) and any(named[place + 1 :]))
    ]
    return 3 * sum(counted) >= 2 * len(counted)


def _bare(word: str) -> str:
    return word.strip("\"'“”„»«’()[]{},;:!?….-–")


def _names(word: str) -> bool:
    """Whether a word looks like a name, an address or a sign: it has a capital, digit or dot."""
    return any(char.isupper() or char.isdigit() or char in ".@#/_&" for char in word)


def shown(text: str) -> str:
    """A text for a line of the log."""
    return repr(short(text, 60))


class Repeats:
    """Notices that a service gives in the place of translations: one answer to many texts.

    Three texts that differ by more than case, white space and punctuation are many. Of short ones
    ("mehr", "Weiter", "mehr dazu": "more") `MANY_SHORT` are, unless they hold digits that the
    answer lacks. Texts that differ in words of up to four letters only count as one.
    """

    def __init__(self, known: Sequence[tuple[str, str]]) -> None:
        self._texts: dict[str, dict[str, list[str]]] = {}
        self._notices: set[str] = set()
        for text, answer in known:
            self._group(text, answer).append(text)

    def take(self, text: str, answer: str) -> list[str] | None:
        """The texts that a notice was taken from, this one included; None if it is no notice."""
        said = _form(answer)
        if said in self._notices:
            return [text]
        self._group(text, answer).append(text)
        groups = self._texts[said]
        short = all(_plausible(each, answer) for texts in groups.values() for each in texts)
        if len(groups) < (MANY_SHORT if short else MANY):
            return None
        self._notices.add(said)
        return [each for texts in self._texts.pop(said).values() for each in texts]

    def _group(self, text: str, answer: str) -> list[str]:
        return self._texts.setdefault(_form(answer), {}).setdefault(_gist(text), [])


class Refusals:
    """Whether a service refuses every request, or a text: a firewall thinks ill of some.

    `served`: the service has translated something, now or at an earlier time.
    """

    def __init__(self) -> None:
        self.served = False
        self._texts: set[str] = set()

    def answered(self) -> None:
        """Something was translated."""
        self.served = True
        self._texts.clear()

    def of_all(self, kind: str, texts: Sequence[str]) -> bool:
        """Whether every further request would be refused too."""
        self._texts.update(texts)
        return not self.served or kind != FORBIDDEN or len(self._texts) >= MANY


def _form(text: str) -> str:
    """A text without case, white space and punctuation."""
    return "".join(filter(str.isalnum, text.casefold())) or text


def _gist(text: str) -> str:
    words = re.findall(r"\d+|[^\W\d_]+", text.casefold())
    long = sorted({word for word in words if len(word) > 4 or word.isdigit()})
    return " ".join(long) if len(long) > 1 else _form(text)


def _plausible(text: str, answer: str) -> bool:
    """Whether both are so short that other texts may have the same translation."""
    digits = set(re.findall(r"\d+", text)) - set(re.findall(r"\d+", answer))
    return not digits and len(text.split()) <= 3 and len(answer.split()) <= 3

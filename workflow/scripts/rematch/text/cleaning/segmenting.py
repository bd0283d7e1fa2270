"""The cleaning step that parts what was glued together."""

from __future__ import annotations

import re

from rematch.methods import Method
from rematch.text.cleaning.context import LETTERS, TOKEN, Context, words

METHODS = (
    Method(
        name="segment",
        does="parts #hashtags and glued sentences",
        source="the paper, step 2; ekphrasis (Baziotis et al. 2017)",
        run="segment_step",
        traits=("statistics",),
    ),
)


_UPPER = "A-ZÀ-ÖØ-Þ"
_LOWER = "a-zß-öø-ÿ"
_LINK = re.compile(r"://|www\.|@", re.IGNORECASE)
_HASHTAG = re.compile(r"#(\w*[^\W\d_]\w*)")
_SENTENCE = re.compile(rf"(?<=[^\W_]{{2}})([.!?:…]+)(?=[\"„“«»(]?(?:[{_UPPER}][{_LOWER}]|[IA]$))")
_CAMEL = re.compile(
    rf"(?<=[{_LOWER}\d])(?=[{_UPPER}][{_LOWER}])|(?<=[{_UPPER}])(?=[{_UPPER}][{_LOWER}]{{2}})"
)
_STUCK = re.compile(rf"(.+[{_LOWER}]{{2}})([{_UPPER}][{_LOWER}]+)")
_OPENERS = words(
    "the this that these those there they and but when while after before according for from "
    "with however because since also his her their our she you "
    "der die das dem den des ein eine einer einem einen und aber auch als bei bis dann dass doch "
    "für gegen hier ihr ihre immer man mit nach noch nun nur ob seit sein seine sie sind trotz "
    "über unter vom von vor was weil wenn wer wie wir wo zum zur zwar während im"
)
"""Words that begin a sentence and end no name; "In" is missing for "KünstlerIn"."""


def segment_step(text: str, context: Context) -> str:
    """Split what was glued together; the result of a lower-cased text is in lower case.

    - Sentences without a space between ("hatte.Die", "Jahr?Wir") are parted after the
      punctuation, and a word from a sentence opener stuck to it ("FallEine", "dogThe"), both
      judged by the capitals of the source, in any language;
    - a hashtag loses its # and is split at its capitals ("#KeepCalm"), or, in English and
      without capitals, by ekphrasis' segmenter ("#keepcalm") where that finds known words only.

    Everything else stays whole. ekphrasis' segmenter is not let loose on unknown words: on 1,432
    English captions it split eight of the kind of "throughwindow" well and "portrate" badly, and
    it tears names and foreign words ("damaligen" into "dam ali gen"). Idempotent.
    """

    def split(match: re.Match[str]) -> str:
        token = match[0]
        if _LINK.search(token):
            return token
        source = token if token != token.lower() else context.written.get(token, token)
        parted = _HASHTAG.sub(lambda tag: _split_hashtag(tag, context), source)
        parted = _SENTENCE.sub(r"\1 ", parted)
        parted = LETTERS.sub(lambda word: _split_word(word[0]), parted)
        if parted == source:
            return token
        return parted if token == source and token != token.lower() else parted.lower()

    return TOKEN.sub(split, text)


def _split_hashtag(tag: re.Match[str], context: Context) -> str:
    """The words of a hashtag, with a space before them where the # was glued to a word."""
    lead = " " if tag.start() and tag.string[tag.start() - 1].isalnum() else ""
    words = []
    for body in tag[1].split("_"):
        known = context.statistics
        if body != body.lower():
            words.append(_CAMEL.sub(" ", body))
        elif known is None or body in known or not _splittable(body):
            words.append(body)
        else:
            parts = known.segment(body)
            whole = all(part in known for part in parts)
            words.append(" ".join(parts) if whole else body)
    return lead + " ".join(word for word in words if word)


def _split_word(word: str) -> str:
    """A run of letters, split where a sentence opener is stuck to its end."""
    stuck = _STUCK.fullmatch(word)
    if stuck and stuck[2].lower() in _OPENERS:
        return f"{stuck[1]} {stuck[2]}"
    return word


def _splittable(word: str) -> bool:
    # The segmenter recurs once a letter.
    return word.isascii() and word.isalpha() and word.islower() and len(word) <= 40

"""Cleaning steps that know English: contractions and articles."""

from __future__ import annotations

import re

from rematch.methods import Method
from rematch.text.cleaning.context import Context, in_case_of, words

METHODS = (
    Method(
        name="contractions",
        does='writes out "he\'s"',
        source="the paper, step 2; ekphrasis, contractions",
        run="contractions_step",
        traits=("english",),
    ),
    Method(
        name="articles",
        does="drops a, an, the",
        source="the paper, step 2",
        run="articles_step",
        traits=("english",),
    ),
)


_CONTRACTION = re.compile(
    r"(?<![\w'’])(?:[^\W\d_]+(?:['’][^\W\d_]+)+|['’](?:tis|twas|em))(?![\w'’])", re.IGNORECASE
)
_IS = words("he she it that there here what where who when how why")
_POSSESSIVE_TOO = words("someone somebody everyone everybody anyone something")
_WOULD = words("i you he she it we they who that there")
_HAS_BEFORE = words("been got gotten had become")
_BETWEEN = words(
    "not never already just always only also even still ever long once previously recently since "
    "all both"
)
_PARTICIPLES = words(
    "better been begun bitten blown bought broken brought built caught chosen done drawn driven "
    "drunk eaten fallen felt flown forgotten fought found frozen given gone got gotten grown had "
    "heard held hidden kept known laid left lost made meant met paid ridden risen rung said sat "
    "seen sent shaken shown slept sold sought spent spoken stolen stood struck stuck sung sunk "
    "sworn swum taken taught thought thrown told understood woken won worn written"
)
_ED_BASES = words("bed embed shed shred sled wed")

_ARTICLE = re.compile(
    r"(?<![\w'’./&@#+-])(a|an|the)(?:\s+(?=[\w\"“”„«»'‘’(\[#$€£])|\s*\Z)", re.IGNORECASE
)


def contractions_step(text: str, context: Context) -> str:
    """Expand English contractions with the `contractions` library, in any case of letters.

    Only tokens with an apostrophe, straight or curly, are looked up, so "gonna" and "Jan." stay.
    Where the library errs or has one answer to an ambiguous form, this decides:

    - 's after a noun or a name is a possessive and stays ("Merkel's"), after "someone" and the
      like too; after he, she, it, that, what, there … it is "is", or "has" before been, got,
      had, become;
    - 'd after a pronoun is "had" before "better" and before a word that can only be a participle
      ("he'd gone", "he'd never seen", "she'd wanted"), else "would";
    - n't, 'll, 've, 're are expanded after any word; "o'clock" stays.

    Idempotent. English only.
    """

    def expanded(match: re.Match[str]) -> str:
        token = match[0]
        full = _expand(token.lower().replace("’", "'"), text[match.end() :])
        return token if full is None else in_case_of(token, full)

    return _CONTRACTION.sub(expanded, text)


def articles_step(text: str, context: Context) -> str:
    """Drop a, an and the as whole words, in any case of letters, and the space after them.

    Only before a space and a word, or at the text's end (texts break off mid-sentence). So "a.m.",
    "A-level", "A/C", "U.S.A." and "an A, not a B" keep theirs; so does the "A" of "Vitamin A" and
    other labels where the source has it in capitals. Idempotent. English only.
    """

    def dropped(match: re.Match[str]) -> str:
        if context.labels and match[1].lower() == "a":
            ahead = text[max(0, match.start() - 30) : match.start()].split()
            if ahead and ahead[-1].lower() in context.labels:
                return match[0]
        return ""

    return _ARTICLE.sub(dropped, text).rstrip() if _ARTICLE.search(text) else text


def _expand(key: str, following: str) -> str | None:
    """The expansion of a lower-case contraction, or None; `following` is the text after it."""
    import contractions

    head, _, tail = key.partition("'")
    if key == "o'clock" or (tail == "s" and head in _POSSESSIVE_TOO):
        return None
    if tail == "s" and head in _IS:
        return f"{head} has" if _next_word(following) in _HAS_BEFORE else f"{head} is"
    if tail == "d" and head in _WOULD:
        return f"{head} had" if _is_participle(_next_word(following)) else f"{head} would"
    fixed = str(contractions.fix(key, leftovers=False, slang=False))
    if "'" not in fixed:
        return fixed
    if key.endswith("n't"):
        return f"{key[:-3]} not"
    for ending, full in (("'ll", "will"), ("'ve", "have"), ("'re", "are")):
        if key.endswith(ending) and key.count("'") == 1:
            return f"{head} {full}"
    return None


def _next_word(following: str) -> str:
    """The next word in lower case, adverbs skipped; "" if punctuation comes first."""
    for match in re.finditer(r"\s+([^\W\d_]+)|.", following, re.DOTALL):
        word = (match[1] or "").lower()
        if word not in _BETWEEN:
            return word
    return ""


def _is_participle(word: str) -> bool:
    regular = len(word) > 3 and word.endswith("ed") and not word.endswith("eed")
    return word in _PARTICIPLES or (regular and word not in _ED_BASES)

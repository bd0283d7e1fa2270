"""Text cleaning as an axis: each variant is a list of named steps.

The paper (HCMUS at MediaEval NewsImages 2021) lists Unicode normalisation, white space, lower
case, contractions, articles, word segmentation and spelling, the last two with ekphrasis; it is
silent on how it called that library. What each step does here is said at its function.

A step takes a text and a `Context` and returns a text. The context knows the text as it was
written, so that steps after `lower` can still tell names from words. Each text is cleaned by
itself: its result does not depend on the other texts.

`contractions`, `articles` and `spell` know English alone and leave texts in other languages as
they are; so does the part of `segment` that needs word statistics.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from rematch import tables
from rematch.errors import UserError
from rematch.wordstats import WordStatistics, load

COMMONEST = 20
"""How many replacements a step's record keeps."""


@dataclass(frozen=True)
class Cleaning:
    """One point of the cleaning axis.

    `steps`: names in `STEPS`, in the order in which they run; none leaves the texts alone.
    `guard`: whether `spell` spares names and doubtful cases. `language`: of the texts, as an
    ISO 639-1 code. Raises UserError for an unknown step.
    """

    steps: tuple[str, ...]
    guard: bool = True
    language: str = "en"

    def __post_init__(self) -> None:
        for step in self.steps:
            if step not in STEPS:
                raise UserError(f"cleaning: unknown step {step!r}; known are {', '.join(STEPS)}")

    @property
    def needs_statistics(self) -> bool:
        """Whether a step reads the English word statistics."""
        return self.language == "en" and not WITH_STATISTICS.isdisjoint(self.steps)


@dataclass(frozen=True)
class Change:
    """What one step did to all texts.

    `texts`, `tokens`: how many texts, and how many space-separated tokens, it changed.
    `common`: the commonest replacements as (before, after, count), outer punctuation left off.
    `worst`: for `spell`, the corrections least like their source first, (before, after, count).
    `skipped`: the step knows English alone and the texts are in another language.
    """

    step: str
    texts: int
    tokens: int
    common: tuple[tuple[str, str, int], ...]
    worst: tuple[tuple[str, str, int], ...] = ()
    skipped: bool = False


@dataclass(frozen=True)
class Cleaned:
    """The cleaned texts, in the order of their sources, and a record a step."""

    texts: list[str]
    changes: list[Change]


class Context:
    """What a step may ask about the text it works on: its source, language and settings."""

    def __init__(
        self, source: str, cleaning: Cleaning, statistics: WordStatistics | None = None
    ) -> None:
        self.source = source
        self.language = cleaning.language
        self.guard = cleaning.guard
        self.statistics = statistics

    @cached_property
    def names(self) -> frozenset[str]:
        """Words with a capital anywhere in the source, in lower case.

        A sentence's first word is among them, and every word of a heading in capitals: left
        uncorrected, which does less harm than a name corrected.
        """
        return frozenset(
            word.lower() for word in _LETTERS.findall(self.source) if word != word.lower()
        )

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


Step = Callable[[str, Context], str]


def clean(texts: Sequence[str], cleaning: Cleaning, statistics: Path | None) -> Cleaned:
    """Run the variant's steps over each text.

    `statistics`: the directory that `wordstats.build` made; may be None where
    `cleaning.needs_statistics` is false. Raises UserError if it is needed and incomplete.
    """
    words = None
    if cleaning.needs_statistics:
        if statistics is None:
            raise UserError("cleaning: `segment` and `spell` need the word statistics")
        words = load(statistics)
    records = [_Record(step, cleaning) for step in cleaning.steps]
    cleaned = []
    for source in texts:
        text = source
        context: Context | None = None
        for record in records:
            before = text
            if context is None and record.step not in REPAIRS:
                context = Context(text, cleaning, words)
            if not record.skipped:
                text = STEPS[record.step](
                    text, context if context is not None else Context(text, cleaning, words)
                )
            record.add(before, text)
        cleaned.append(text)
    return Cleaned(cleaned, [record.change() for record in records])


def changes_table(changes: Sequence[Change]) -> pa.Table:
    """The records as `tables.CHANGES`."""
    rows: list[dict[str, object]] = []
    for change in changes:
        counted = {"step": change.step, "texts": change.texts, "tokens": change.tokens}
        rows.append({**counted, "kind": "skipped" if change.skipped else "step"})
        for kind, entries in (("common", change.common), ("worst", change.worst)):
            rows += [
                {**counted, "kind": kind, "before": before, "after": after, "count": count}
                for before, after, count in entries
            ]
    return tables.from_rows(rows, tables.CHANGES)


def clean_articles(
    texts: pa.Table, cleaning: Cleaning, statistics: Path | None
) -> tuple[pa.Table, list[Change]]:
    """`clean` every title and text of a corpus: `tables.TEXTS` -> `tables.TEXTS`.

    What was there before the step stands beside its result. Titles and texts are cleaned apart,
    and recorded together. The rows keep their order.
    """
    titles, bodies = texts["title"].to_pylist(), texts["text"].to_pylist()
    cleaned = clean(titles + bodies, cleaning, statistics)
    columns = {
        "article_id": texts["article_id"],
        "title": cleaned.texts[: len(titles)],
        "text": cleaned.texts[len(titles) :],
        "source_title": titles,
        "source_text": bodies,
    }
    return pa.table(columns, schema=tables.TEXTS), cleaned.changes


def describe(changes: Sequence[Change]) -> list[str]:
    """The records as lines for a log."""
    lines = []
    for change in changes:
        if change.skipped:
            lines.append(f"{change.step}: left alone, it knows English only")
            continue
        lines.append(f"{change.step}: {change.tokens} tokens in {change.texts} texts changed")
        if change.common:
            lines.append(f"  commonest: {_listed(change.common)}")
        if change.worst:
            lines.append(f"  most doubtful: {_listed(change.worst)}")
    return lines


# --- the steps


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
        return token if full is None else _in_case_of(token, full)

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
        parted = _LETTERS.sub(lambda word: _split_word(word[0]), parted)
        if parted == source:
            return token
        return parted if token == source and token != token.lower() else parted.lower()

    return _TOKEN.sub(split, text)


def spell_step(text: str, context: Context) -> str:
    """Correct unknown words with ekphrasis' `SpellCorrector`.

    Never touched, guard or not: known words, words of one letter, words with letters beyond a-z,
    tokens that hold digits or look like a link, an address, a hashtag or an abbreviation.

    Without the guard an unknown word becomes the commonest known word one edit away, or else
    two: ekphrasis' default. The guard spares words that have a capital in the source, and takes
    a correction only if it is likely: see `_likely`. The suffix 's is kept. English only.

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
        else:
            best = words.correct(lower)
        return _in_case_of(word, best) + match["rest"]

    def token(match: re.Match[str]) -> str:
        if _NOT_A_WORD.search(match[0]):
            return match[0]
        return _WORD.sub(corrected, match[0])

    return _TOKEN.sub(token, text)


STEPS: dict[str, Step] = {
    "unicode": unicode_step,
    "whitespace": whitespace_step,
    "lower": lower_step,
    "contractions": contractions_step,
    "articles": articles_step,
    "segment": segment_step,
    "spell": spell_step,
}
"""Every step by its name in the config. A new one is a function and a line here."""

REPAIRS = frozenset({"unicode", "whitespace"})
"""Steps that change no word: the text after them is the source that `Context` looks at."""

ENGLISH = frozenset({"contractions", "articles", "spell"})
"""Steps that leave other languages alone."""

WITH_STATISTICS = frozenset({"segment", "spell"})
"""Steps that read the word statistics."""


# --- patterns


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_UPPER = "A-ZÀ-ÖØ-Þ"
_LOWER = "a-zß-öø-ÿ"
_TOKEN = re.compile(r"\S+")
_LETTERS = re.compile(r"[^\W\d_]+")
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")

_CONTRACTION = re.compile(
    r"(?<![\w'’])(?:[^\W\d_]+(?:['’][^\W\d_]+)+|['’](?:tis|twas|em))(?![\w'’])", re.IGNORECASE
)
_IS = _words("he she it that there here what where who when how why")
_POSSESSIVE_TOO = _words("someone somebody everyone everybody anyone something")
_WOULD = _words("i you he she it we they who that there")
_HAS_BEFORE = _words("been got gotten had become")
_BETWEEN = _words(
    "not never already just always only also even still ever long once previously recently since "
    "all both"
)
_PARTICIPLES = _words(
    "better been begun bitten blown bought broken brought built caught chosen done drawn driven "
    "drunk eaten fallen felt flown forgotten fought found frozen given gone got gotten grown had "
    "heard held hidden kept known laid left lost made meant met paid ridden risen rung said sat "
    "seen sent shaken shown slept sold sought spent spoken stolen stood struck stuck sung sunk "
    "sworn swum taken taught thought thrown told understood woken won worn written"
)
_ED_BASES = _words("bed embed shed shred sled wed")

_ARTICLE = re.compile(
    r"(?<![\w'’./&@#+-])(a|an|the)(?:\s+(?=[\w\"“”„«»'‘’(\[#$€£])|\s*\Z)", re.IGNORECASE
)
_LABEL = re.compile(
    r"\b((?i:vitamin|provitamin|hepatitis|influenza|serie|series|group|type|class|grade|level|plan|"
    r"team|category|annex|appendix|section|block|hall|pool|platform|exit)s?) A\b"
)

_LINK = re.compile(r"://|www\.|@", re.IGNORECASE)
_HASHTAG = re.compile(r"#(\w*[^\W\d_]\w*)")
_SENTENCE = re.compile(rf"(?<=[^\W_]{{2}})([.!?:…]+)(?=[\"„“«»(]?(?:[{_UPPER}][{_LOWER}]|[IA]$))")
_CAMEL = re.compile(
    rf"(?<=[{_LOWER}\d])(?=[{_UPPER}][{_LOWER}])|(?<=[{_UPPER}])(?=[{_UPPER}][{_LOWER}]{{2}})"
)
_STUCK = re.compile(rf"(.+[{_LOWER}]{{2}})([{_UPPER}][{_LOWER}]+)")
_OPENERS = _words(
    "the this that these those there they and but when while after before according for from "
    "with however because since also his her their our she you "
    "der die das dem den des ein eine einer einem einen und aber auch als bei bis dann dass doch "
    "für gegen hier ihr ihre immer man mit nach noch nun nur ob seit sein seine sie sind trotz "
    "über unter vom von vor was weil wenn wer wie wir wo zum zur zwar während im"
)
"""Words that begin a sentence and end no name; "In" is missing for "KünstlerIn"."""

_NOT_A_WORD = re.compile(r"[\d@#_]|://|www\.|[^\W\d_]\.[^\W\d_]", re.IGNORECASE)
_WORD = re.compile(r"(?P<word>[^\W\d_]+)(?P<rest>(?:['’][^\W\d_]+)*)")


# --- what the steps are made of


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


def _in_case_of(token: str, replacement: str) -> str:
    """`replacement` in capitals or with a first capital if `token` has them."""
    if len(token) > 1 and token.isupper():
        return replacement.upper()
    if token[0].isupper():
        return replacement[0].upper() + replacement[1:]
    return replacement


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


COMMON = 1e-5
"""A word's share of all words from which it is common: once in 100,000."""

LIKELY = 2e-6
"""The share that the guard wants a correction to have: once in 500,000."""


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


def _forms(one: str, other: str) -> bool:
    """Whether two words one edit apart look like forms of one word: they differ in the ending."""
    if len(one) == len(other):
        return one[:-1] == other[:-1] and one[-1] in "sdrng"
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[:-1] == shorter and longer[-1] in "sdry"


# --- the record of changes


class _Record:
    """Counts one step's changes over the texts."""

    def __init__(self, step: str, cleaning: Cleaning) -> None:
        self.step = step
        self.skipped = step in ENGLISH and cleaning.language != "en"
        self.texts = 0
        self.tokens = 0
        self.replacements: Counter[tuple[str, str]] = Counter()

    def add(self, before: str, after: str) -> None:
        if before == after:
            return
        self.texts += 1
        for old, new in _replacements(before.split(" "), after.split(" ")):
            self.tokens += max(len(old), 1)
            self.replacements[_bare(" ".join(old), " ".join(new))] += 1

    def change(self) -> Change:
        listed = [(old, new, count) for (old, new), count in self.replacements.items()]
        common = sorted(listed, key=lambda entry: (-entry[2], entry))
        worst: list[tuple[str, str, int]] = []
        if self.step == "spell":
            worst = sorted(listed, key=lambda entry: (_likeness(entry[0], entry[1]), entry))
        return Change(
            self.step,
            self.texts,
            self.tokens,
            tuple(common[:COMMONEST]),
            tuple(worst[:COMMONEST]),
            self.skipped,
        )


def _replacements(old: list[str], new: list[str]) -> list[tuple[list[str], list[str]]]:
    """The runs of tokens that differ."""
    if len(old) == len(new):
        return [([a], [b]) for a, b in zip(old, new, strict=True) if a != b]
    # The matcher looks for the longest common run and may misplace a change beside repeated
    # words; with the equal ends cut off, a single change is found exactly.
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (old[start:end], new[first:last])
        for kind, start, end, first, last in matcher.get_opcodes()
        if kind != "equal"
    ]


def _bare(old: str, new: str) -> tuple[str, str]:
    """Both without the punctuation they share at their ends."""
    while old and new and old[0] == new[0] and not old[0].isalnum():
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1] and not old[-1].isalnum():
        old, new = old[:-1], new[:-1]
    return old, new


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, old, new, autojunk=False).ratio()


def _listed(entries: Sequence[tuple[str, str, int]]) -> str:
    return ", ".join(
        f"{old!r} → {new!r}" + (f" ({count})" if count > 1 else "") for old, new, count in entries
    )

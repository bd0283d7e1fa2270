"""Step 1 of the paper: the articles' titles and texts from German into English.

A text is asked for once in its life: what the translation memory (`text.memory`) holds is
taken from it, every other distinct text goes to the backend, and each answer is in the memory
before anything else happens to it. So a run that is killed at any point loses nothing, and the
next one asks only for the rest.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from rematch import forms
from rematch.errors import UserError
from rematch.forms import TEXTS, UNTRANSLATED
from rematch.text.memory import fill, import_tsv
from rematch.text.translation.answers import UNCHANGED, has_letter, same, shown
from rematch.text.translation.asking import NOT_ASKED
from rematch.text.translation.pieces import Pieces
from rematch.text.translation.splitting import split_text
from rematch.text.translators import Backend, TranslationOptions, build

__all__ = [
    "Summary",
    "TranslationOptions",
    "Translations",
    "fill",
    "import_tsv",
    "split_text",
    "translate",
    "translate_articles",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Summary:
    """Counts of one translation, in distinct texts unless said otherwise.

    `passed`: without a letter, taken as they are. `hits`: cost nothing, known to the backend
    before. `asked`: sent to it. `requests`: sent in all, further tries included. `unchanged`:
    answers equal to their text and believed. `retried`: what went wrong and was tried again, by
    kind, in requests or answers. `failed`: what failed for good, or was not asked for after the
    service had failed, by kind. `conflicts`: entries of the memory that a later, different one
    replaced. `elsewhere`: got by another job while this one ran.
    """

    backend: str
    source: str
    target: str
    texts: int
    passed: int
    hits: int
    asked: int
    requests: int
    unchanged: int
    retried: Mapping[str, int]
    failed: Mapping[str, int]
    conflicts: int
    elsewhere: int
    seconds: float

    def lines(self) -> list[str]:
        """For the log, one fact a line."""
        failed = {kind: count for kind, count in self.failed.items() if kind != NOT_ASKED}
        said = [
            f"translation {self.source}-{self.target} by {self.backend}: "
            f"{self.texts} distinct texts in {self.seconds:.1f} s",
            f"known before: {self.hits}; without a letter: {self.passed}; asked for: {self.asked} "
            f"in {self.requests} requests; failed: {sum(failed.values())}",
        ]
        if NOT_ASKED in self.failed:
            said.append(f"not asked for any more: {self.failed[NOT_ASKED]}")
        if self.elsewhere:
            said.append(f"asked for by another job meanwhile: {self.elsewhere}")
        if self.unchanged:
            said.append(f"answers equal to their text, taken as names: {self.unchanged}")
        if self.conflicts:
            said.append(
                f"texts translated differently more than once in the memory, "
                f"the latest taken: {self.conflicts}"
            )
        for what, counts in (("tried again", self.retried), ("failed", failed)):
            if counts:
                said.append(f"{what}: {_listed(counts)}")
        return said


@dataclass(frozen=True)
class Translations:
    """`targets`: translation by text. `failures`: kind of failure by text that has none.

    `unchanged`: texts that a translator gave back as they were, now or at an earlier time.
    `stopped`: why the run ended before its end. `offline`: it did as nobody was reached.
    """

    targets: Mapping[str, str]
    failures: Mapping[str, str]
    summary: Summary
    stopped: str | None = None
    offline: bool = False
    unchanged: frozenset[str] = frozenset()

    def demand_all(self) -> None:
        """Raise a UserError if a text has no translation; the others are in the memory."""
        if not self.failures:
            return
        backend = self.summary.backend
        if self.offline:
            raise UserError(
                f"translation: {backend} cannot be reached ({self.stopped}), and "
                f"{len(self.failures)} of {self.summary.texts} texts have no translation yet; see "
                f"to the network and run again: what was translated is kept"
            )
        # Rather one that was tried than one that a stopped run never came to.
        first = min(self.failures, key=lambda text: self.failures[text] == NOT_ASKED)
        raise UserError(
            f"{len(self.failures)} of {self.summary.texts} texts could not be translated by "
            f"{backend} ({_listed(Counter(self.failures.values()))}; first: {shown(first)})"
            + (f": {self.stopped}" if self.stopped else "")
            + "; the others are kept; run again to retry, or import translations for these"
        )


def translate(texts: Sequence[str], options: TranslationOptions) -> Translations:
    """Translate the distinct `texts`, from the memory where possible.

    A text without any letter is its own translation. A text longer than the backend takes is
    cut at sentence ends, and its translated pieces are joined. Texts that fail stay in
    `failures`; `Translations.demand_all` makes an error of them.

    Raises:
        UserError: a wrong option or language, a missing key, a memory that cannot be used, or,
            with a backend that asks nobody, texts it does not hold (unless `options.on_failure`
            is "keep").
    """
    started = time.monotonic()
    backend = build(options)
    distinct = list(dict.fromkeys(texts))
    targets = {text: text for text in distinct if not has_letter(text)}
    passed = len(targets)
    known = {text: backend.known(text) for text in distinct if text not in targets}
    targets |= {text: said for text, said in known.items() if said is not None}
    unknown = [text for text, said in known.items() if said is None]
    hits = len(known) - len(unknown)
    log.info(
        "translation: %d distinct texts, %d known, %d to ask", len(distinct), hits, len(unknown)
    )
    run, failures = _asked(backend, options, unknown, targets, hits, len(distinct))
    asking = run.asking if run else None
    elsewhere = run.elsewhere(unknown) if run else 0
    summary = Summary(
        backend=options.backend,
        source=options.source,
        target=options.target,
        texts=len(distinct),
        passed=passed,
        hits=hits,
        asked=len(unknown) - elsewhere - Counter(failures.values())[NOT_ASKED] if asking else 0,
        requests=asking.requests if asking else 0,
        unchanged=asking.unchanged if asking else 0,
        retried=dict(asking.retried) if asking else {},
        failed=dict(Counter(failures.values())),
        conflicts=backend.conflicts,
        elsewhere=elsewhere,
        seconds=time.monotonic() - started,
    )
    return Translations(
        targets,
        failures,
        summary,
        asking.stopped if asking else None,
        asking.offline if asking else False,
        _unchanged(backend, targets),
    )


def _asked(
    backend: Backend,
    options: TranslationOptions,
    unknown: Sequence[str],
    targets: dict[str, str],
    hits: int,
    distinct: int,
) -> tuple[Pieces | None, dict[str, str]]:
    """Have what the memory does not hold translated, into `targets`; who asked, and what failed.

    Raises:
        UserError: as `translate`.
    """
    if unknown and backend.engine is None:
        if not options.keeps:
            raise UserError(
                f"{len(unknown)} of {distinct} texts are not in the translation memory "
                f"{options.memory} (first: {', '.join(map(shown, unknown[:3]))}); add them to it, "
                f"choose another translation backend, or set on_failure: keep"
            )
        return None, dict.fromkeys(unknown, "not in the memory")
    if not unknown or backend.engine is None or backend.store is None:
        return None, {}
    run = Pieces(backend.engine, backend.store, options)
    run.asking.refusals.served = bool(hits)
    failures = run.fill(list(unknown), targets, f"translate ({hits} from memory)")
    run.see_that_any(bool(hits))
    return run, failures


def translate_articles(
    articles: pa.Table, options: TranslationOptions
) -> tuple[pa.Table, pa.Table, Summary]:
    """Translate the titles and texts of `articles` (forms.ARTICLES) into forms.TEXTS.

    Title and text are translated, and kept, apart. The rows keep their order. A single text that
    cannot be translated stays as it is, unless `options.on_failure` is "stop".

    Returns:
        The texts; forms.UNTRANSLATED, the titles and texts that came back or stayed as they
        were, which depends on the corpus and the translations alone; and what was done.

    Raises:
        UserError: see `translate`; or texts could not be translated, and not by their own fault
            (the service is down, refuses, or cannot be reached) or `options.on_failure` is
            "stop". The summary is in the log by then, and what was translated is in the memory.
    """
    titles = [title or "" for title in articles["title"].to_pylist()]
    texts = [text or "" for text in articles["text"].to_pylist()]
    translations = translate(titles + texts, options)
    for line in translations.summary.lines():
        log.info("%s", line)
    if translations.stopped is not None or not options.keeps:
        translations.demand_all()
    if translations.failures:
        log.warning(
            "%d of %d texts could not be translated by %s (%s); they stay in the source language, "
            "and will be asked for again by the next translation",
            *(len(translations.failures), translations.summary.texts, options.backend),
            _listed(Counter(translations.failures.values())),
        )
    targets = translations.targets
    columns = {
        "article_id": articles["article_id"],
        "title": [targets.get(title, title) for title in titles],
        "text": [targets.get(text, text) for text in texts],
        "source_title": titles,
        "source_text": texts,
    }
    rows: list[dict[str, object]] = []
    for item, *fields in zip(articles["article_id"].to_pylist(), titles, texts, strict=True):
        for name, text in zip(("title", "text"), fields, strict=True):
            reason = _reason(text, translations)
            if reason is not None:
                rows.append({"article_id": item, "field": name, "reason": reason})
    untranslated = forms.from_rows(rows, UNTRANSLATED)
    return pa.table(columns, schema=TEXTS), untranslated, translations.summary


def _reason(text: str, translations: Translations) -> str | None:
    """Why a text is in the source language still, if it is."""
    if text in translations.failures:
        return f"failed: {translations.failures[text]}"
    return UNCHANGED if text in translations.unchanged else None


def _unchanged(backend: Backend, targets: Mapping[str, str]) -> frozenset[str]:
    """Texts that a translator gave back as they were. What a person imported so is meant so."""
    store = backend.store
    if backend.engine is None or store is None:
        return frozenset()
    return frozenset(
        text
        for text, said in targets.items()
        if has_letter(text) and same(text, said) and not store.is_imported(text)
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))

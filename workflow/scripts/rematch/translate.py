"""Step 1 of the paper: the articles' titles and texts from German into English.

A text is asked for once in its life: what the translation memory (`rematch.memory`) holds is
taken from it, every other distinct text goes to the backend, and each answer is in the memory
before anything else happens to it. So a run that is killed at any point loses nothing, and the
next one asks only for the rest.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from rematch.errors import UserError
from rematch.memory import Memory, fill, import_tsv
from rematch.polite import LONGEST_PAUSE_S, Gate, backoff
from rematch.progress import progress
from rematch.tables import TEXTS
from rematch.translators import build
from rematch.translators.base import (
    Ask,
    Backend,
    Engine,
    RequestFailed,
    TranslationOptions,
)

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

GIVE_UP_AFTER = 20
"""So many failed texts in a row end a run: the service is down, or blocks us."""

NOT_ASKED = "not asked"

# Google serves this page with status 200, and deep_translator returns it as a translation.
_ERROR_PAGE = re.compile(r"\s*Error \d{3} \([^)]{1,60}\)!!1")

_WORD = re.compile(r"[^\W\d_]{2,}")

_SENTENCE_END = re.compile(
    # The texts glue sentences ("hatte.Die"), so a capital may follow at once.
    r"[.!?…]+[\"'“”»«’)\]]*(?:\s+|(?=[A-ZÄÖÜ„«»]))"
)


@dataclass(frozen=True)
class Summary:
    """Counts of one translation, in distinct texts unless said otherwise.

    `passed`: without a letter, taken as they are. `hits`: cost nothing, known to the backend
    before. `asked`: sent to it. `requests`: sent in all, further tries included. `unchanged`:
    answers equal to their text and believed. `retried`: what went wrong and was tried again, by
    kind, in requests or answers. `failed`: what failed for good, by kind. `conflicts`: entries
    of the memory that a later, different one replaced.
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
    seconds: float

    def lines(self) -> list[str]:
        """For the log, one fact a line."""
        said = [
            f"translation {self.source}-{self.target} by {self.backend}: "
            f"{self.texts} distinct texts in {self.seconds:.1f} s",
            f"known before: {self.hits}; without a letter: {self.passed}; asked for: {self.asked} "
            f"in {self.requests} requests; failed: {sum(self.failed.values())}",
        ]
        if self.unchanged:
            said.append(f"answers equal to their text, taken as names: {self.unchanged}")
        if self.conflicts:
            said.append(
                f"texts translated differently more than once in the memory, "
                f"the latest taken: {self.conflicts}"
            )
        for what, counts in (("tried again", self.retried), ("failed", self.failed)):
            if counts:
                kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
                said.append(f"{what}: {kinds}")
        return said


@dataclass(frozen=True)
class Translations:
    """`targets`: translation by text. `failures`: kind of failure by text that has none."""

    targets: Mapping[str, str]
    failures: Mapping[str, str]
    summary: Summary
    stopped: str | None = None

    def demand_all(self) -> None:
        """Raise a UserError if a text has no translation; the others are in the memory."""
        if not self.failures:
            return
        kinds = ", ".join(
            f"{kind} {count}" for kind, count in sorted(Counter(self.failures.values()).items())
        )
        # Rather one that was tried than one that a stopped run never came to.
        first = min(self.failures, key=lambda text: self.failures[text] == NOT_ASKED)
        raise UserError(
            f"{len(self.failures)} of {self.summary.texts} texts could not be translated by "
            f"{self.summary.backend} ({kinds}; first: {_short(first)})"
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
            with a backend that asks nobody, texts it does not hold.
    """
    started = time.monotonic()
    backend = build(options)
    targets: dict[str, str] = {}
    unknown: list[str] = []
    passed = hits = 0
    distinct = list(dict.fromkeys(texts))
    for text in distinct:
        known = backend.known(text) if _has_letter(text) else text
        if known is None:
            unknown.append(text)
        else:
            targets[text] = known
            hits += _has_letter(text)
    passed = len(distinct) - hits - len(unknown)
    log.info(
        "translation: %d distinct texts, %d known, %d to ask", len(distinct), hits, len(unknown)
    )

    failures: dict[str, str] = {}
    run: _Run | None = None
    if unknown and backend.engine is None:
        raise UserError(
            f"{len(unknown)} of {len(distinct)} texts are not in the translation memory "
            f"{options.memory} (first: {', '.join(map(_short, unknown[:3]))}); "
            f"add them to it, or choose another translation backend"
        )
    if unknown and backend.engine is not None and options.memory is not None:
        run = _Run(backend, backend.engine, options, options.memory)
        failures = run.fill(unknown, targets, f"translate ({hits} from memory)")
    summary = Summary(
        backend=options.backend,
        source=options.source,
        target=options.target,
        texts=len(distinct),
        passed=passed,
        hits=hits,
        asked=len(unknown) - Counter(failures.values())[NOT_ASKED],
        requests=run.requests if run else 0,
        unchanged=run.unchanged if run else 0,
        retried=dict(run.retried) if run else {},
        failed=dict(Counter(failures.values())),
        conflicts=backend.conflicts,
        seconds=time.monotonic() - started,
    )
    return Translations(targets, failures, summary, run.stopped if run else None)


def translate_articles(articles: pa.Table, options: TranslationOptions) -> tuple[pa.Table, Summary]:
    """Translate the titles and texts of `articles` (tables.ARTICLES) into tables.TEXTS.

    Title and text are translated, and kept, apart. The rows keep their order.

    Raises:
        UserError: see `translate`; or a text could not be translated. The summary is in the
            log by then, and what was translated is in the memory.
    """
    titles = [title or "" for title in articles["title"].to_pylist()]
    texts = [text or "" for text in articles["text"].to_pylist()]
    translations = translate(titles + texts, options)
    for line in translations.summary.lines():
        log.info("%s", line)
    translations.demand_all()
    columns = {
        "article_id": articles["article_id"],
        "title": [translations.targets[title] for title in titles],
        "text": [translations.targets[text] for text in texts],
        "source_title": titles,
        "source_text": texts,
    }
    return pa.table(columns, schema=TEXTS), translations.summary


def split_text(text: str, max_chars: int) -> list[tuple[str, str]]:
    """Cut `text` into (piece, white space after it), no piece longer than `max_chars`.

    Cuts at the last sentence end that fits, else at the last white space, else anywhere. The
    pieces and their white space together are `text`, but for white space around the whole.
    """
    pieces: list[tuple[str, str]] = []
    text = text.strip()
    while len(text) > max_chars:
        ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, max_chars + 1)]
        if not ends:
            ends = [match.end() for match in re.finditer(r"\s+", text[: max_chars + 1])]
        # A match may reach one past the limit, but then with white space only.
        ends = [end for end in ends if len(text[:end].rstrip()) <= max_chars]
        cut = ends[-1] if ends else max_chars
        piece, rest = text[:cut].rstrip(), text[cut:].lstrip()
        pieces.append((piece, text[len(piece) : len(text) - len(rest)]))
        text = rest
    return [*pieces, (text, "")]


class _Run:
    """One run's asking: threads, failures, counts."""

    def __init__(
        self, backend: Backend, engine: Engine, options: TranslationOptions, folder: Path
    ) -> None:
        self.requests = 0
        self.unchanged = 0
        self.retried: Counter[str] = Counter()
        self.stopped: str | None = None
        self._backend = backend
        self._engine = engine
        self._options = options
        self._folder = folder
        self._memory = Memory(folder)
        self._gate: Gate | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._failed = 0
        self._in_a_row = 0

    def fill(self, unknown: Sequence[str], targets: dict[str, str], what: str) -> dict[str, str]:
        """Add the translations of `unknown` to `targets`; the kind of failure of the others."""
        self._engine.open()  # a missing key or unknown language shows before any thread starts
        pieces = {text: split_text(text, self._engine.max_chars) for text in unknown}
        wanted = dict.fromkeys(
            piece
            for text in unknown
            for piece, _ in pieces[text]
            if _has_letter(piece) and self._backend.known(piece) is None
        )
        answers: dict[str, str] = {}
        kinds: dict[str, str] = {}
        if self._engine.service:
            gate = self._folder / f".{self._options.backend}.rate"
            self._gate = Gate(gate, self._options.requests_per_second)
        try:
            # Closed before the memory and the gate are: threads may still be using these.
            with closing(self._ask_all(self._ordered(wanted))) as asked:
                shown = progress(asked, len(wanted), what, "texts", lambda: f"{len(kinds)} failed")
                for text, answer, kind in shown:
                    if answer is None:
                        kinds[text] = kind
                    else:
                        answers[text] = answer
            failures = {}
            for text in unknown:
                bad = [kinds[piece] for piece, _ in pieces[text] if piece in kinds]
                if bad:
                    failures[text] = bad[0]
                else:
                    targets[text] = self._joined(pieces[text], answers)
            # The pieces are in the memory; the whole goes there for who looks it up offline.
            whole = [(text, targets[text]) for text in unknown if text in targets]
            self._keep([pair for pair in whole if pair[0] not in answers])
        finally:
            self._memory.close()
            if self._gate is not None:
                self._gate.close()
        return failures

    def _ordered(self, wanted: Iterable[str]) -> list[str]:
        size = self._engine.size
        return list(wanted) if size is None else sorted(wanted, key=size, reverse=True)

    def _joined(self, pieces: Sequence[tuple[str, str]], answers: Mapping[str, str]) -> str:
        joined = ""
        for piece, space in pieces:
            answer = answers.get(piece) or self._backend.known(piece) or piece
            joined += answer.strip() + (space or " ")
        return joined.strip()

    def _ask_all(self, texts: Sequence[str]) -> Generator[tuple[str, str | None, str]]:
        size = self._engine.batch
        batches = [texts[start : start + size] for start in range(0, len(texts), size)]
        workers = self._options.threads if self._engine.service else 1
        pool = ThreadPoolExecutor(workers, thread_name_prefix="translate")
        try:
            for future in as_completed([pool.submit(self._ask, batch) for batch in batches]):
                yield from future.result()
        finally:
            # Also when interrupted: what is under way may finish and is kept.
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, batch: Sequence[str]) -> list[tuple[str, str | None, str]]:
        """Ask for a batch until each text has its answer (kept by then) or has failed."""
        done: list[tuple[str, str | None, str]] = []
        pending = list(batch)
        doubted: set[str] = set()
        tries = 0
        while pending:
            if self._stop.is_set() or not (self._gate is None or self._gate.wait(self._stop)):
                return done + [(text, None, NOT_ASKED) for text in pending]
            with self._lock:
                self.requests += 1
            try:
                answers = self._own_ask()(pending)
            except RequestFailed as failure:
                if failure.refused:
                    self._end(f"{self._options.backend} refuses requests ({failure.kind})")
                if (
                    failure.again
                    and tries < self._options.retries
                    and self._back_off(failure, tries)
                ):
                    tries += 1
                    continue
                return done + self._fail(pending, failure.kind)
            good: list[tuple[str, str]] = []
            bad: dict[str, str] = {}
            for text, answer in zip(pending, answers, strict=True):
                if isinstance(answer, RequestFailed):
                    bad[text] = answer.kind
                    if not answer.again:
                        doubted.add(text)
                    continue
                kind = self._fault(text, answer)
                if kind is None and answer is not None:
                    good.append((text, answer))
                else:
                    bad[text] = kind or "no answer"
            self._keep(good)
            done += [(text, answer, "") for text, answer in good]
            with self._lock:
                self.unchanged += sum(_same(text, answer) for text, answer in good)
                if good:
                    self._in_a_row = 0
            for text in doubted & bad.keys():
                done += self._fail([text], bad.pop(text))
            with self._lock:
                self.retried.update(bad.values())
            pending = list(bad)
            doubted |= bad.keys()
        return done

    def _own_ask(self) -> Ask:
        # One translator a thread: deep_translator keeps the text of the request in it.
        if not hasattr(self._thread, "ask"):
            self._thread.ask = self._engine.open()
        ask: Ask = self._thread.ask
        return ask

    def _keep(self, pairs: Sequence[tuple[str, str]]) -> None:
        options = self._options
        key = self._backend.key or options.backend
        self._memory.append(pairs, key, options.source, options.target)

    def _fault(self, text: str, answer: str | None) -> str | None:
        """What is wrong with an answer, or None."""
        if answer is None or not answer.strip():
            return "no answer"
        if _ERROR_PAGE.match(answer) and not _ERROR_PAGE.match(text):
            return "error page"
        try:
            answer.encode("utf-8")
        except UnicodeEncodeError:
            return "not text"
        if self._engine.service and _same(text, answer):
            options = self._options
            if _untranslated(text, options.source, options.target):
                return "unchanged"
        return None

    def _back_off(self, failure: RequestFailed, tries: int) -> bool:
        """Wait before the next try; false if the run ends instead."""
        delay = backoff(self._options.backoff_s, tries)
        if failure.retry_after is not None:
            if failure.retry_after > LONGEST_PAUSE_S:
                self._end(
                    f"{self._options.backend} wants no request for {failure.retry_after:.0f} s"
                )
                return False
            delay = max(delay, failure.retry_after)
        with self._lock:
            self.retried[failure.kind] += 1
        if failure.kind == "HTTP 429" or failure.retry_after is not None:
            log.info("%s: all requests rest for %.1f s", failure.kind, delay)
            if self._gate is not None:
                self._gate.pause(delay)
                return True
        self._stop.wait(delay)
        return True

    def _fail(self, texts: Sequence[str], kind: str) -> list[tuple[str, str | None, str]]:
        with self._lock:
            for text in texts:
                self._failed += 1
                self._in_a_row += 1
                # The first ones one by one; a long night of failures must not fill the log.
                if self._failed <= 20 or self._failed % 100 == 0:
                    log.warning(
                        "%s: no translation of %s (%d failed)", kind, _short(text), self._failed
                    )
            dead = self._in_a_row >= GIVE_UP_AFTER
        if dead:
            self._end(f"{GIVE_UP_AFTER} texts in a row failed")
        return [(text, None, kind) for text in texts]

    def _end(self, reason: str) -> None:
        with self._lock:
            if self.stopped is None:
                self.stopped = f"stopped, {reason}"
                log.error("translation stopped: %s", reason)
        self._stop.set()


def _has_letter(text: str) -> bool:
    return any(char.isalpha() for char in text)


def _same(text: str, answer: str) -> bool:
    return "".join(text.split()).casefold() == "".join(answer.split()).casefold()


def _untranslated(text: str, source: str, target: str) -> bool:
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


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:59] + "…")

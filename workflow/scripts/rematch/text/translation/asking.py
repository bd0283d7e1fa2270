"""Asking a service or model for a text: tries, pauses, what is wrong with an answer, giving up."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence

from rematch.outside import LONGEST_PAUSE_S, Gate, backoff
from rematch.text.memory import Store
from rematch.text.translation.answers import (
    REPEATED,
    UNCHANGED,
    Refusals,
    fault,
    has_letter,
    may_stay,
    same,
    shown,
    untranslated,
)
from rematch.text.translation.keeping import Keeping
from rematch.text.translation.splitting import split_text
from rematch.text.translators import Ask, Engine, RequestFailed, TranslationOptions, taking_turns

log = logging.getLogger(__name__)

GIVE_UP_AFTER = 20
"""So many failed texts in a row end a run: the service is down, or blocks us."""

OFFLINE_AFTER = 12
"""So many texts without any connection, and none before, end a run: there is no network."""

FIRST_TRIES = 2
"""Further tries of a text while nobody has been reached at all."""

SMALLEST = 100
"""Bytes of a text that no service calls too long: it is refused for another reason."""

NOT_ASKED = "not asked"

Outcome = tuple[str, str | None, str]
"""A text, its translation, and if there is none the kind of failure."""


class Asking:
    """Gets translations from a backend's engine into its memory; used by several threads.

    `unchanged`, `retried`, `requests`: see `translate.Summary`. `stopped`: why the run ended
    early. `offline`: it did because nobody was reached.
    """

    def __init__(self, engine: Engine, store: Store, options: TranslationOptions) -> None:
        self.requests = 0
        self.unchanged = 0
        self.retried: Counter[str] = Counter()
        self.stopped: str | None = None
        self.offline = False
        self.refusals = Refusals()
        self._engine = engine
        self._store = store
        self._options = options
        self._gate: Gate | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._failed = 0
        self._in_a_row = 0
        self._met = False  # somebody has answered, in whatever way
        self._unmet: set[str] = set()
        self._kind_unmet = ""
        self._believed: list[str] = []  # names, after a doubt
        self._keeping = Keeping(store, engine.service)

    @property
    def ended(self) -> bool:
        """Whether nothing more is asked for."""
        return self._stop.is_set()

    def open(self) -> None:
        """Get ready: see that there is room, a key, a language.

        Raises:
            UserError: there is not.
        """
        self._engine.open()
        self._store.reserve()
        if self._engine.service:
            path = self._store.folder / f".{self._options.backend}.rate"
            self._gate = Gate(path, self._options.requests_per_second)

    def end(self) -> None:
        """Ask for nothing more; what is under way may finish and is kept."""
        self._stop.set()

    def close(self) -> None:
        """Close what the threads have used, once they have ended."""
        if self.stopped is not None:  # a service that ends like this may have sent all back
            self._store.withdraw(self._believed)
        self._store.close()
        if self._gate is not None:
            self._gate.close()

    def pause(self, seconds: float) -> None:
        """Wait, or until the run ends."""
        self._stop.wait(seconds)

    def taken_back(self, texts: Sequence[str]) -> list[str]:
        """Those of `texts` whose answer has proved to be none since it was kept."""
        return [text for text in texts if text in self._keeping.withdrawn]

    def see_that_met(self) -> None:
        """End as offline if texts are left that had no connection: it is none of their fault."""
        if self.stopped is None and any(self._store.get(text) is None for text in self._unmet):
            self._end_offline()

    def ask(self, batch: Sequence[str]) -> list[Outcome]:
        """Ask for a batch until each text has its answer (kept by then) or has failed."""
        done: list[Outcome] = []
        pending = list(batch)
        doubted: dict[str, str] = {}
        tries, before = 0, NOT_ASKED
        while pending:
            if not self._turn():  # what was tried has failed, if not as often as it might
                return done + [(text, None, doubted.get(text, before)) for text in pending]
            try:
                with taking_turns(self._turn):
                    answers = self._own_ask()(pending)
            except RequestFailed as failure:
                if failure.too_long and len(pending) == 1 and self._may_halve(pending[0]):
                    return [*done, self._in_halves(pending[0])]
                if self._worth_another(failure, tries, pending):
                    tries, before = tries + 1, failure.kind
                    continue
                return done + self._fail(pending, failure)
            self._meet(pending)
            good: list[tuple[str, str]] = []
            bad: dict[str, RequestFailed] = {}
            for text, answer in zip(pending, answers, strict=True):
                failure_of = self._fault(text, answer, doubted)
                if failure_of is not None:
                    bad[text] = failure_of
                elif isinstance(answer, str):
                    good.append((text, answer))
            for text in self._keeping.keep(good):
                bad[text] = RequestFailed(REPEATED)
            good = [pair for pair in good if pair[0] not in bad]
            done += [(text, answer, "") for text, answer in good]
            with self._lock:
                self.unchanged += sum(same(text, answer) for text, answer in good)
                # A service that sends everything back does not become a good one by names.
                if any(not same(text, answer) for text, answer in good):
                    self._in_a_row = 0
                    self.refusals.answered()
            for text in [text for text in bad if text in doubted or not bad[text].again]:
                done += self._fail([text], bad.pop(text))
            with self._lock:
                self.retried.update(failure.kind for failure in bad.values())
            pending = list(bad)
            doubted |= {text: failure.kind for text, failure in bad.items()}
        return done

    def _turn(self) -> bool:
        """Wait until a request may be sent; false if the run ends."""
        if self._stop.is_set() or not (self._gate is None or self._gate.wait(self._stop)):
            return False
        with self._lock:
            self.requests += 1
        return True

    def _meet(self, texts: Sequence[str]) -> None:
        """Somebody was reached, whatever came of it."""
        with self._lock:
            self._met = True
            self._unmet.difference_update(texts)

    def _own_ask(self) -> Ask:
        # One translator a thread: deep_translator keeps the text of the request in it.
        if not hasattr(self._thread, "ask"):
            self._thread.ask = self._engine.open()
        ask: Ask = self._thread.ask
        return ask

    def _fault(
        self, text: str, answer: str | RequestFailed | None, doubted: dict[str, str]
    ) -> RequestFailed | None:
        """What is wrong with an answer, or None."""
        if isinstance(answer, RequestFailed):
            return answer
        kind = fault(text, answer)
        if kind is not None or answer is None or not self._engine.service:
            return None if kind is None else RequestFailed(kind)
        if same(text, answer):
            if doubted.get(text) == UNCHANGED and may_stay(text):
                with self._lock:
                    self._believed.append(text)
            elif untranslated(text, self._options.source, self._options.target):
                return RequestFailed(UNCHANGED)
            return None
        return None

    def _may_halve(self, text: str) -> bool:
        return len(text.encode("utf-8", "replace")) > SMALLEST

    def _in_halves(self, text: str) -> Outcome:
        """Ask for a text that is too long in pieces of half its load at most."""
        load = self._engine.load
        self._meet([text])
        with self._lock:
            self.retried["cut again"] += 1
        joined = ""
        for piece, space in split_text(text, load(text) / 2, load):
            answer = self._store.get(piece) if has_letter(piece) else piece
            if answer is None:
                ((_, answer, kind),) = self.ask([piece])
                if answer is None:
                    return text, None, kind
            joined += answer.strip() + (space or " ")
        joined = joined.strip()
        self._store.append([(text, joined)])
        return text, joined, ""

    def _worth_another(self, failure: RequestFailed, tries: int, texts: Sequence[str]) -> bool:
        """Whether to try once more; the wait before it is over then."""
        with self._lock:
            dead = failure.refused and self.refusals.of_all(failure.kind, texts)
        if dead:
            self._end(f"{self._options.backend} refuses requests ({failure.kind})")
        most = self._options.retries
        if not failure.unreachable:
            self._meet(texts)
        else:
            with self._lock:
                if not self._unmet:
                    log.info("%s: %s; trying on", self._options.backend, failure.kind)
                self._unmet.update(texts)
                self._kind_unmet = failure.kind
                most = most if self._met else min(most, FIRST_TRIES)
                offline = not self._met and len(self._unmet) >= OFFLINE_AFTER
            if offline:
                self._end_offline()
        again = failure.again and tries < most and not self._stop.is_set()
        return again and self._back_off(failure, tries)

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

    def _fail(self, texts: Sequence[str], failure: RequestFailed) -> list[Outcome]:
        if failure.kind == NOT_ASKED:
            return [(text, None, NOT_ASKED) for text in texts]
        with self._lock:
            for text in texts:
                self._failed += 1
                self._in_a_row += 1
                # The first ones one by one; a long night of failures must not fill the log.
                if self._met and (self._failed <= 20 or self._failed % 100 == 0):
                    log.warning(
                        "%s: no translation of %s (%d failed)",
                        *(failure.kind, shown(text), self._failed),
                    )
            dead = self._in_a_row >= GIVE_UP_AFTER
        if dead:
            self._end(f"{GIVE_UP_AFTER} texts in a row failed")
        return [(text, None, failure.kind) for text in texts]

    def _end(self, reason: str) -> None:
        with self._lock:
            if self.stopped is None:
                self.stopped = f"stopped, {reason}"
                log.error("translation stopped: %s", reason)
        self._stop.set()

    def _end_offline(self) -> None:
        with self._lock:
            if self.stopped is None:
                self.offline = True
                self.stopped = self._kind_unmet
        self._stop.set()

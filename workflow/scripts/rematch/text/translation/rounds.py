"""Many texts: threads that ask for them, and other jobs that ask for the same ones."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from rematch.outside import LONGEST_PAUSE_S
from rematch.text.memory import Store
from rematch.text.translation.answers import REPEATED
from rematch.text.translation.asking import NOT_ASKED, Asking, Outcome
from rematch.text.translation.claims import Claims
from rematch.text.translators import Engine

log = logging.getLogger(__name__)

AHEAD = 64
"""Texts claimed before others, for the threads to take."""

POLL_S = 0.25
"""Seconds between two looks at what other jobs have got."""

WAIT_S = LONGEST_PAUSE_S + 300.0
"""So long nothing may come from a job that we wait for: then it is stuck, and we ask ourselves."""


class Rounds:
    """Has `asking` ask for texts, on `threads` threads.

    A text that another process on the same memory asks for is not asked for again: its answer is
    waited for. `elsewhere`: the texts that came so.
    """

    def __init__(self, asking: Asking, engine: Engine, store: Store, threads: int) -> None:
        self.elsewhere: set[str] = set()
        self._asking = asking
        self._engine = engine
        self._store = store
        self._threads = threads if engine.service else 1

    def ask(self, texts: Sequence[str]) -> Generator[Outcome]:
        """Ask for distinct texts; what was answered is kept by the time it is yielded.

        A text comes a second time if its answer has proved to be none; texts that a stopped run
        did not come to do not come at all.

        Raises:
            UserError: a missing key or unknown language, or a memory that cannot be written,
                before anything is asked for.
        """
        try:
            self._asking.open()
            pool = ThreadPoolExecutor(self._threads, thread_name_prefix="translate")
            claims = Claims(self._store.folder, self._store.key)
            try:
                yield from self._rounds(texts, pool, claims)
            finally:
                # Also when interrupted: what is under way may finish and is kept.
                self._asking.end()
                pool.shutdown(wait=True, cancel_futures=True)
                claims.close()
        finally:
            self._asking.close()

    def _rounds(
        self, texts: Sequence[str], pool: ThreadPoolExecutor, claims: Claims
    ) -> Generator[Outcome]:
        yield from self._round(texts, pool, claims)
        # Texts that a notice was the answer to, before it was known as one.
        again = self._asking.taken_back(texts)
        if again and not self._asking.ended:
            yield from self._round(again, pool, claims)
        for text in again:
            if self._store.get(text) is None:
                yield text, None, REPEATED
        self._asking.see_that_met()

    def _round(
        self, texts: Sequence[str], pool: ThreadPoolExecutor, claims: Claims
    ) -> Generator[Outcome]:
        queue, others = deque(self._ordered(texts)), _Others()
        under_way: dict[Future[list[Outcome]], list[str]] = {}
        while (queue or under_way or others.texts) and not self._asking.ended:
            if queue and sum(map(len, under_way.values())) < AHEAD:
                # Whole batches: what others have asked for has gone from the queue.
                ahead = max(AHEAD, self._engine.batch)
                mine, theirs = claims.take(queue.popleft() for _ in range(min(ahead, len(queue))))
                others.add(theirs)
                self._store.refresh()
                found, asked = self._parted(mine)
                claims.release(found)
                yield from self._found(found)
                for batch in self._batches(asked):
                    under_way[pool.submit(self._asking.ask, batch)] = batch
                continue
            done, _ = wait(under_way, POLL_S if others.texts else None, FIRST_COMPLETED)
            for future in done:
                outcomes = future.result()
                claims.release(under_way.pop(future))
                yield from (each for each in outcomes if each[2] != NOT_ASKED)
            if others.texts and not queue:
                if not under_way:
                    self._asking.pause(POLL_S)
                self._store.refresh()
                yield from self._found(others.remove(self._parted(others.texts)[0]))
                queue += others.freed(claims)
        for future, batch in under_way.items():  # stopped: what is under way comes to its end
            yield from (each for each in future.result() if each[2] != NOT_ASKED)
            claims.release(batch)

    def _parted(self, texts: Iterable[str]) -> tuple[list[str], list[str]]:
        """Those that the memory holds by now, and the others."""
        found: list[str] = []
        missing: list[str] = []
        for text in texts:
            (missing if self._store.get(text) is None else found).append(text)
        return found, missing

    def _found(self, texts: Sequence[str]) -> Generator[Outcome]:
        for text in texts:
            self.elsewhere.add(text)
            yield text, self._store.get(text), ""

    def _ordered(self, texts: Iterable[str]) -> list[str]:
        size = self._engine.size
        return list(texts) if size is None else sorted(texts, key=size, reverse=True)

    def _batches(self, texts: Sequence[str]) -> Generator[list[str]]:
        size = self._engine.batch
        for start in range(0, len(texts), size):
            yield list(texts[start : start + size])


class _Others:
    """Texts that other jobs are asking for."""

    def __init__(self) -> None:
        self.texts: dict[str, None] = {}
        self._moved = time.monotonic()
        self._said = False

    def add(self, texts: Iterable[str]) -> None:
        if not self.texts:
            self._moved = time.monotonic()
        self.texts |= dict.fromkeys(texts)
        if self.texts and not self._said:
            self._said = True
            log.info("another job asks for some of the texts; waiting for its answers")

    def remove(self, texts: Sequence[str]) -> list[str]:
        for text in texts:
            del self.texts[text]
            self._moved = time.monotonic()
        return list(texts)

    def freed(self, claims: Claims) -> list[str]:
        """Texts to be asked for here after all: the job that had claimed them has not got them.

        Where it does not even end, it is not waited for any longer than `WAIT_S`.
        """
        first = list(self.texts)[:8]
        mine, _ = claims.take(first)
        claims.release(mine)
        if mine and len(mine) == len(first):
            mine = list(self.texts)
        if not mine and self.texts and time.monotonic() - self._moved > WAIT_S:
            log.warning("the other job is stuck; its %d texts are asked for here", len(self.texts))
            claims.close()
            mine = list(self.texts)
        return self.remove(mine)

"""Keeping a service's answers, and taking back those that prove to be notices."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from rematch.text.memory import Store
from rematch.text.translation.answers import REPEATED, Repeats, same, shown

log = logging.getLogger(__name__)


class Keeping:
    """Puts answers into `store`; safe to share between threads.

    An answer is kept as soon as it is there, so that no kill loses it; so what shows only with
    the third text to be a notice is taken back then. `withdrawn`: the texts that lost an answer.

    Args:
        service: whether answers may be notices; those of a model on this machine are not.
    """

    def __init__(self, store: Store, service: bool) -> None:
        self.withdrawn: set[str] = set()
        self._store = store
        self._repeats = Repeats(store.answers()) if service else None
        self._lock = threading.Lock()

    def keep(self, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Keep answers, but for notices in the place of them; the texts of these."""
        refused: list[str] = []
        with self._lock:  # so that what is taken back has been kept by then
            good: list[tuple[str, str]] = []
            for text, answer in pairs:
                if self._is_notice(text, answer):
                    refused.append(text)
                else:
                    good.append((text, answer))
            self._store.append(good)
        return refused

    def _is_notice(self, text: str, answer: str) -> bool:
        if self._repeats is None or same(text, answer):
            return False
        taken = self._repeats.take(text, answer)
        if taken is None:
            return False
        earlier = [each for each in taken if each != text]
        if earlier:
            log.warning(
                "%s: %s, first for %s; not taken for a translation",
                *(REPEATED, shown(answer), shown(earlier[0])),
            )
            self._store.withdraw(earlier)
            self.withdrawn.update(earlier)
        return True

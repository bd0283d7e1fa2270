"""Whole texts, which are asked for in pieces where a service takes no longer ones."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from rematch.storage import progress
from rematch.text.memory import Store
from rematch.text.translation.answers import REPEATED, has_letter
from rematch.text.translation.asking import NOT_ASKED, Asking
from rematch.text.translation.rounds import Rounds
from rematch.text.translation.splitting import split_text
from rematch.text.translators import Engine, TranslationOptions

_DOWN = (
    "HTTP 5",
    "HTTP 429",
    "timeout",
    "no connection",
    "cut short",
    "error page",
    "redirect",
    "too many redirects",
    "unreadable answer",
    REPEATED,
)
"""How kinds of failure begin that are hardly a text's own."""


class Pieces:
    """Whole texts by way of their pieces."""

    def __init__(self, engine: Engine, store: Store, options: TranslationOptions) -> None:
        self.asking = Asking(engine, store, options)
        self._rounds = Rounds(self.asking, engine, store, options.threads)
        self._engine = engine
        self._store = store
        self._backend = options.backend
        self._pieces: dict[str, list[tuple[str, str]]] = {}
        self._answered = False
        self._kinds: dict[str, str] = {}

    def fill(self, unknown: Sequence[str], targets: dict[str, str], what: str) -> dict[str, str]:
        """Add the translations of `unknown` to `targets`; the kind of failure of the others."""
        load = self._engine.load
        self._pieces = {text: split_text(text, 1.0, load) for text in unknown}
        wanted = dict.fromkeys(
            piece
            for pieces in self._pieces.values()
            for piece, _ in pieces
            if has_letter(piece) and self._store.get(piece) is None
        )
        answers: dict[str, str] = {}
        kinds = self._kinds
        with closing(self._rounds.ask(list(wanted))) as asked:
            outcomes = progress(asked, len(wanted), what, "texts", lambda: f"{len(kinds)} failed")
            for piece, answer, kind in outcomes:
                kinds.pop(piece, None)
                answers.pop(piece, None)
                if answer is None:
                    kinds[piece] = kind
                else:
                    answers[piece] = answer
        self._answered = bool(answers)
        failures: dict[str, str] = {}
        for text in unknown:
            bad = [
                kinds.get(piece, NOT_ASKED)
                for piece, _ in self._pieces[text]
                if piece in wanted and self._store.get(piece) is None
            ]
            if bad:
                failures[text] = min(bad, key=lambda kind: kind == NOT_ASKED)
            else:
                targets[text] = self._joined(text)
        # The pieces are in the memory; the whole goes there for who looks it up offline.
        try:
            self._store.append(
                [
                    (text, targets[text])
                    for text in unknown
                    if text in targets and self._store.get(text) is None
                ]
            )
        finally:
            self._store.close()
        return failures

    def see_that_any(self, known: bool) -> None:
        """A service that has never translated any of the texts is down, however few there are."""
        down = [kind for kind in self._kinds.values() if kind.startswith(_DOWN)]
        if down and not known and not self._answered and self.asking.stopped is None:
            self.asking.stopped = f"stopped, {self._backend} translates none of the texts"

    def elsewhere(self, unknown: Sequence[str]) -> int:
        """How many texts another job has asked for, with all their pieces."""
        found = self._rounds.elsewhere
        return sum(all(piece in found for piece, _ in self._pieces[text]) for text in unknown)

    def _joined(self, text: str) -> str:
        joined = ""
        for piece, space in self._pieces[text]:
            answer = self._store.get(piece) if has_letter(piece) else piece
            joined += (answer or piece).strip() + (space or " ")
        return joined.strip()

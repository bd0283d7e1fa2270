"""What a translation backend is, for the orchestration in `text.translation`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rematch.errors import UserError
from rematch.text.memory import Store, warn


@dataclass(frozen=True)
class TranslationOptions:
    """How to translate.

    `backend`: a name of `methods("translations")`. `source`, `target`: language codes.
    `memory`: folder of the translation memory; for the backend "memory" also a TSV; unused by
    "none". `requests_per_second`: ceiling over all processes that share the memory. `threads`:
    requests in flight at once in this process. `timeout_s`: longest silence of a service, while
    connecting or answering; an answer may take three times as long in all. `retries`: further
    tries of a request after a passing failure, the first `backoff_s` later, each next one after
    twice the time. `on_failure`: "keep" goes on with the source text where a single text cannot
    be translated, "stop" ends the run; None is "stop" with "memory", else "keep".

    For "marian" alone: `model`, a folder or a name on Hugging Face; `beam`, translations followed
    at once; `cache`, folder for converted models. `threads` are then the processor's.
    """

    backend: str
    source: str = "de"
    target: str = "en"
    memory: Path | None = None
    requests_per_second: float = 4.0
    threads: int = 4
    timeout_s: float = 20.0
    retries: int = 5
    backoff_s: float = 1.0
    model: Path | str | None = None
    beam: int = 4
    cache: Path | str = "~/.cache/rematch"
    on_failure: Literal["keep", "stop"] | None = None

    @property
    def keeps(self) -> bool:
        """Whether a text that cannot be translated stays as it is, and the run goes on."""
        return (self.on_failure or ("stop" if self.backend == "memory" else "keep")) == "keep"

    @classmethod
    def from_config(cls, translation: Mapping[str, Any]) -> TranslationOptions:
        """From an entry of the config's `translations`, whose keys are these fields."""
        return cls(**{**translation, "memory": Path(translation["memory"])})

    def __post_init__(self) -> None:
        for name in ("requests_per_second", "threads", "timeout_s", "beam"):
            if not getattr(self, name) > 0:
                raise UserError(
                    f"translation {name} is {getattr(self, name)}; it must be above zero"
                )
        for name in ("retries", "backoff_s"):
            if getattr(self, name) < 0:
                raise UserError(
                    f"translation {name} is {getattr(self, name)}; it must not be negative"
                )
        if self.on_failure not in ("keep", "stop", None):
            raise UserError(f"translation on_failure is {self.on_failure!r}; use 'keep' or 'stop'")
        if self.source == self.target and self.backend != "none":
            raise UserError(
                f"translation source and target are both {self.source!r}; "
                f"choose the backend none to leave the texts as they are"
            )


class RequestFailed(Exception):
    """A request brought no answer. Never carries an address or text: these may hold a key.

    `kind`: for counts and the log. `again`: worth another try. `retry_after`: seconds, if the
    service named them. `refused`: every further request would be refused as well. `too_long`:
    a shorter text may pass. `unreachable`: nobody was met at all.
    """

    def __init__(
        self,
        kind: str,
        *,
        again: bool = True,
        retry_after: float | None = None,
        refused: bool = False,
        too_long: bool = False,
        unreachable: bool = False,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.again = again
        self.retry_after = retry_after
        self.refused = refused
        self.too_long = too_long
        self.unreachable = unreachable


Answer = str | None | RequestFailed
"""Of one text; with a RequestFailed only this text has failed."""

Ask = Callable[[Sequence[str]], Sequence[Answer]]
"""Translate some texts: as many answers, in order. Raises RequestFailed. Used by one thread."""


@dataclass(frozen=True)
class Engine:
    """Who is asked for what the memory does not hold.

    `open` is called once in every thread and checks keys and languages without a request.
    `max_chars`: longest text of one request; longer ones arrive in pieces. `limits`: what else
    must not be exceeded, each a measure of a text, which grows with it, and its most. `batch`:
    most texts
    in one request. `service`: false for a model on this machine; the ceiling does not hold for
    it, it is used by one thread, and an answer equal to its text is taken. `size`: texts are
    asked for in descending order of it, so that batches hold texts of one size.
    """

    open: Callable[[], Ask]
    max_chars: int
    batch: int = 1
    service: bool = True
    size: Callable[[str], int] | None = None
    limits: Sequence[tuple[Callable[[str], int], int]] = ()

    def load(self, text: str) -> float:
        """How much of what one request may hold a text takes; above 1 it has to be cut."""
        return max(
            len(text) / self.max_chars, *(measure(text) / most for measure, most in self.limits), 0
        )


@dataclass(frozen=True)
class Backend:
    """`known`: the translation of a text if it costs nothing. `engine`: None asks nobody.

    `store`: what its answers are kept in. `conflicts`: texts of the memory that were replaced.
    """

    known: Callable[[str], str | None]
    engine: Engine | None
    conflicts: int = 0
    store: Store | None = None


def remembering(options: TranslationOptions, engine: Engine, key: str | None = None) -> Backend:
    """A backend that looks into the translation memory first, then asks `engine`.

    `key` tells apart what one name may stand for, such as several models.
    """
    if options.memory is None:
        raise UserError(
            f"translation backend {options.backend!r} needs a folder for its translation memory; "
            f"set the key memory"
        )
    if options.memory.is_file():
        raise UserError(
            f"translation memory {options.memory}: backend {options.backend!r} needs a folder; "
            f"a single TSV serves the backend memory only"
        )
    store = Store(options.memory, key or options.backend, options.source, options.target)
    warn(store.faults)
    return Backend(store.get, engine, store.conflicts, store)


def key_from(variable: str, backend: str) -> str:
    """A service's key, from the environment only, so that it is in no file and no log."""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UserError(
            f"translation backend {backend!r} needs a key: set the environment variable {variable}"
        )
    return key


_turns = threading.local()


@contextmanager
def taking_turns(turn: Callable[[], bool]) -> Iterator[None]:
    """What `another_turn` asks in this thread, within the block."""
    _turns.turn = turn
    try:
        yield
    finally:
        _turns.turn = None


def another_turn() -> None:
    """Wait until this thread may send a further request for the same text.

    Raises:
        RequestFailed: the run ends.
    """
    turn: Callable[[], bool] | None = getattr(_turns, "turn", None)
    if turn is not None and not turn():
        raise RequestFailed("not asked", again=False)

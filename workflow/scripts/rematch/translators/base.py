"""What a translation backend is, for the orchestration in `rematch.translate`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rematch.errors import UserError
from rematch.memory import recall


@dataclass(frozen=True)
class TranslationOptions:
    """How to translate.

    `backend`: a name in `rematch.translators.BUILDERS`. `source`, `target`: language codes.
    `memory`: folder of the translation memory; for the backend "memory" also a TSV; unused by
    "none". `requests_per_second`: ceiling over all processes that share the memory. `threads`:
    requests in flight at once in this process. `timeout_s`: longest silence of a service, while
    connecting or answering. `retries`: further tries of a request after a passing failure,
    the first `backoff_s` later, each next one after twice the time.

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
        if self.source == self.target and self.backend != "none":
            raise UserError(
                f"translation source and target are both {self.source!r}; "
                f"choose the backend none to leave the texts as they are"
            )


class RequestFailed(Exception):
    """A request brought no answer. Never carries an address or text: these may hold a key.

    `kind`: for counts and the log. `again`: worth another try. `retry_after`: seconds, if the
    service named them. `refused`: every further request would be refused as well.
    """

    def __init__(
        self,
        kind: str,
        *,
        again: bool = True,
        retry_after: float | None = None,
        refused: bool = False,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.again = again
        self.retry_after = retry_after
        self.refused = refused


Answer = str | None | RequestFailed
"""Of one text; with a RequestFailed only this text has failed."""

Ask = Callable[[Sequence[str]], Sequence[Answer]]
"""Translate some texts: as many answers, in order. Raises RequestFailed. Used by one thread."""


@dataclass(frozen=True)
class Engine:
    """Who is asked for what the memory does not hold.

    `open` is called once in every thread and checks keys and languages without a request.
    `max_chars`: longest text of one request; longer ones arrive in pieces. `batch`: most texts
    in one request. `service`: false for a model on this machine; the ceiling does not hold for
    it, it is used by one thread, and an answer equal to its text is taken. `size`: texts are
    asked for in descending order of it, so that batches hold texts of one size.
    """

    open: Callable[[], Ask]
    max_chars: int
    batch: int = 1
    service: bool = True
    size: Callable[[str], int] | None = None


@dataclass(frozen=True)
class Backend:
    """`known`: the translation of a text if it costs nothing. `engine`: None asks nobody.

    `key`: the backend of its answers in the memory; None stands for its name.
    """

    known: Callable[[str], str | None]
    engine: Engine | None
    conflicts: int = 0
    key: str | None = None


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
    held = recall(options.memory, options.source, options.target, key or options.backend)
    return Backend(held.translations.get, engine, held.conflicts, key)


def key_from(variable: str, backend: str) -> str:
    """A service's key, from the environment only, so that it is in no file and no log."""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UserError(
            f"translation backend {backend!r} needs a key: set the environment variable {variable}"
        )
    return key

"""The translation backends: one file and one line here for each."""

from __future__ import annotations

from collections.abc import Callable

from rematch.errors import UserError
from rematch.text.translators import (
    deepl,
    google,
    libre,
    marian,
    microsoft,
    mymemory,
    recorded,
    unchanged,
)
from rematch.text.translators.base import Backend, TranslationOptions

BUILDERS: dict[str, Callable[[TranslationOptions], Backend]] = {
    "google": google.build,
    "mymemory": mymemory.build,
    "libre": libre.build,
    "deepl": deepl.build,
    "microsoft": microsoft.build,
    "marian": marian.build,
    "memory": recorded.build,
    "none": unchanged.build,
}


def build(options: TranslationOptions) -> Backend:
    """The backend that `options` names.

    Raises:
        UserError: there is no such backend, or its memory cannot be used.
    """
    if options.backend not in BUILDERS:
        raise UserError(
            f"translation backend {options.backend!r} does not exist; "
            f"choose one of {', '.join(BUILDERS)}"
        )
    return BUILDERS[options.backend](options)

"""The translation backend that options name."""

from __future__ import annotations

from typing import cast

from rematch.methods import chosen
from rematch.text.translators.base import Backend, TranslationOptions


def build(options: TranslationOptions) -> Backend:
    """The backend that `options` names.

    Raises:
        UserError: there is no such backend, or its memory cannot be used.
    """
    return cast(Backend, chosen("translations", options.backend).load()(options))

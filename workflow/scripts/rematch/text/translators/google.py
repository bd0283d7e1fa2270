"""Google Translate's public page, as in the paper: no key, texts under 5,000 characters.

The text is part of the address. 16,200 bytes of it as they are encoded there pass, 17,100 do not.
"""

from __future__ import annotations

from urllib.parse import quote_plus

from rematch.methods import Method
from rematch.text.translators.base import Ask, Backend, Engine, TranslationOptions, remembering

METHOD = Method(
    name="google",
    does="Google Translate's public page, as in the paper: no key",
    source="deep-translator",
    run="build",
)


LONGEST_ADDRESS = 16_000
"""Bytes that a text may have as part of an address."""


def build(options: TranslationOptions) -> Backend:
    def open_() -> Ask:
        from deep_translator import google

        from rematch.text.translators.web import asking

        return asking(
            google,
            lambda: google.GoogleTranslator(source=options.source, target=options.target),
            options.timeout_s,
        )

    limits = [(lambda text: len(quote_plus(text)), LONGEST_ADDRESS)]
    return remembering(options, Engine(open_, max_chars=4999, limits=limits))

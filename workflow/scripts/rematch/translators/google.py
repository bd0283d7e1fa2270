"""Google Translate's public page, as in the paper: no key, texts under 5,000 characters."""

from __future__ import annotations

from rematch.translators.base import Ask, Backend, Engine, TranslationOptions, remembering


def build(options: TranslationOptions) -> Backend:
    def open_() -> Ask:
        from deep_translator import google

        from rematch.translators.web import asking

        return asking(
            google,
            lambda: google.GoogleTranslator(source=options.source, target=options.target),
            options.timeout_s,
        )

    return remembering(options, Engine(open_, max_chars=4999))

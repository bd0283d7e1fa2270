"""Microsoft Translator; MICROSOFT_API_KEY holds the key, MICROSOFT_REGION its region if any.

A request may have 50,000 characters (learn.microsoft.com, "Service limits for Azure
AI Translator").
"""

from __future__ import annotations

import os

from rematch.methods import Method
from rematch.text.translators.base import (
    Ask,
    Backend,
    Engine,
    TranslationOptions,
    key_from,
    remembering,
)

METHOD = Method(
    name="microsoft",
    does="Microsoft Translator; its key in `MICROSOFT_API_KEY`, and `MICROSOFT_REGION`",
    source="deep-translator",
    run="build",
)


def build(options: TranslationOptions) -> Backend:
    def open_() -> Ask:
        from deep_translator import microsoft

        from rematch.text.translators.web import asking

        key = key_from("MICROSOFT_API_KEY", "microsoft")
        region = os.environ.get("MICROSOFT_REGION", "").strip() or None

        class Translator(microsoft.MicrosoftTranslator):  # type: ignore[misc]
            # The library fetches the list of languages for every translator that is made.
            def _get_supported_languages(self) -> dict[str, str]:
                return {code: code for code in (options.source, options.target)}

        return asking(
            microsoft,
            lambda: Translator(
                source=options.source, target=options.target, api_key=key, region=region
            ),
            options.timeout_s,
        )

    return remembering(options, Engine(open_, max_chars=50_000))

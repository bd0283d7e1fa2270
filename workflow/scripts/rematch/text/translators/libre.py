"""LibreTranslate's public server; the key comes from LIBRE_API_KEY.

The server says itself how long a text may be (`charLimit` in its settings), 2,000 characters there;
one that takes less answers with HTTP 400.
"""

from __future__ import annotations

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
    name="libre",
    does="LibreTranslate; a key in `LIBRE_API_KEY` where the server wants one",
    source="deep-translator",
    run="build",
)


def build(options: TranslationOptions) -> Backend:
    def open_() -> Ask:
        from deep_translator import libre
        from deep_translator.constants import LIBRE_LANGUAGES_TO_CODES as known

        from rematch.text.translators.web import asking, form_body, language

        key = key_from("LIBRE_API_KEY", "libre")
        return asking(
            libre,
            lambda: libre.LibreTranslator(
                source=language(options.source, known),
                target=language(options.target, known),
                api_key=key,
                use_free_api=False,  # the free server the library knows is gone
            ),
            options.timeout_s,
            rewrite=form_body,
        )

    return remembering(options, Engine(open_, max_chars=2000))

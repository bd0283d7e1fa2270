"""DeepL's interface; the key comes from DEEPL_API_KEY, and one ending in ":fx" is a free one.

A request may have 128 KiB (developers.deepl.com, "Usage and limits").
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

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
    name="deepl",
    does="DeepL; its key in `DEEPL_API_KEY`",
    source="deep-translator",
    run="build",
)


def build(options: TranslationOptions) -> Backend:
    def open_() -> Ask:
        from deep_translator import deepl
        from deep_translator.constants import DEEPL_LANGUAGE_TO_CODE as known

        from rematch.text.translators.web import asking, language

        key = key_from("DEEPL_API_KEY", "deepl")
        return asking(
            deepl,
            lambda: deepl.DeeplTranslator(
                source=language(options.source, known),
                target=language(options.target, known),
                api_key=key,
                use_free_api=key.endswith(":fx"),
            ),
            options.timeout_s,
            rewrite=_by_header,
        )

    # The rest of the request is a few hundred bytes.
    limits = [(lambda text: len(quote_plus(text)), 127 * 1024)]
    return remembering(options, Engine(open_, max_chars=127 * 1024, limits=limits))


def _by_header(method: str, kwargs: dict[str, Any]) -> str:
    """As DeepL wants it since 2025: a POST, the key in a header; deep_translator sends a GET."""
    from rematch.text.translators.web import form_body

    key = kwargs["params"].pop("auth_key")
    kwargs["headers"] = {"Authorization": f"DeepL-Auth-Key {key}"}
    for name in ("source_lang", "target_lang"):
        kwargs["params"][name] = kwargs["params"][name].upper()
    return form_body(method, kwargs)

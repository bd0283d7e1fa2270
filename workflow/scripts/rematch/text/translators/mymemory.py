"""MyMemory's public interface: no key, texts under 500 bytes, a daily quota."""

from __future__ import annotations

import re

from rematch.methods import Method
from rematch.text.translators.base import (
    Ask,
    Backend,
    Engine,
    RequestFailed,
    TranslationOptions,
    remembering,
)

METHOD = Method(
    name="mymemory",
    does="MyMemory: no key, texts under 500 bytes, a daily quota",
    source="deep-translator",
    run="build",
)


_NOTICE = re.compile(r"\s*(MYMEMORY WARNING|INVALID LANGUAGE PAIR)")
_LENGTH = re.compile(r"\s*QUERY LENGTH LIMIT")


def build(options: TranslationOptions) -> Backend:
    def open_() -> Ask:
        from deep_translator import mymemory
        from deep_translator.constants import MY_MEMORY_LANGUAGES_TO_CODES as known

        from rematch.text.translators.web import asking, language

        return asking(
            mymemory,
            lambda: mymemory.MyMemoryTranslator(
                source=language(options.source, known), target=language(options.target, known)
            ),
            options.timeout_s,
            inspect=_inspect,
        )

    limits = [(lambda text: len(text.encode()), 499)]
    return remembering(options, Engine(open_, max_chars=499, limits=limits))


def _inspect(answer: str) -> None:
    # Said with status 200 in the place of the translation.
    if _LENGTH.match(answer):
        raise RequestFailed("too long", again=False, too_long=True)
    if _NOTICE.match(answer):
        raise RequestFailed(f"notice ({answer[:60]})", again=False, refused=True)

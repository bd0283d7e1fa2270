"""The backend "memory": only what a translation memory or TSV holds; nobody is asked."""

from __future__ import annotations

from rematch.errors import UserError
from rematch.methods import Method
from rematch.text.memory import recall
from rematch.text.translators.base import Backend, TranslationOptions

METHOD = Method(
    name="memory",
    does="offline: only what the memory holds",
    source="this project",
    run="build",
)


def build(options: TranslationOptions) -> Backend:
    if options.memory is None:
        raise UserError(
            "translation backend 'memory' needs the translations' file or folder; "
            "set the key memory"
        )
    held = recall(options.memory, options.source, options.target)
    return Backend(held.translations.get, engine=None, conflicts=held.conflicts)

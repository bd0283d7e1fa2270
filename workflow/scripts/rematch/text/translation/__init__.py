"""Translating a corpus' texts, whatever the service does."""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.text.translation.translating import translate_articles as translate_articles
else:
    __getattr__ = handing_on(__name__)

"""Translation backends, a file each."""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.text.translators.base import (
        Ask as Ask,
        Backend as Backend,
        Engine as Engine,
        RequestFailed as RequestFailed,
        TranslationOptions as TranslationOptions,
        taking_turns as taking_turns,
    )
    from rematch.text.translators.building import build as build
else:
    __getattr__ = handing_on(__name__)
